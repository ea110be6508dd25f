"""The commands of an import: all that a published event is asked, at one moment.

Owns: the way of an import's rows through an event's mailbox. Invariant: no command is sent unless
every one would be accepted by the event as it stands, and all are sent without a wait between, so
that nothing comes between the look and the last of them; ids are the import's own, so that a
repeat asks nothing anew. Must not know: tables, files. Source: rule 28, I1, I4, decision 0010.

What all or nothing means here: the journal forgets nothing, so that a row which is in cannot be
taken back. The look and the sending are one step of this process, in which neither the event's
actor nor anybody else runs, and it begins only when nothing of others waits in the mailbox.
What was looked at is therefore what the commands meet. Left over is a crash or a store that is away
in the middle: then some are in and the others not known, and a repeat completes the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import orjson
import trio

from saleroom.actors.mailbox import MailboxFull
from saleroom.actors.site import Site
from saleroom.auction.roles import Role
from saleroom.auction.state import CLOSED, EventState
from saleroom.http.requests.api_asking import house_command
from saleroom.http.requests.problems import Problem, busy
from saleroom.intake.preflight import LOTS
from saleroom.protocol.messages import Ask

SLICE_ROWS = 50
"""Rows worked on between two looks at the loop: under 2 ms."""
SETTLE_S = 2.0
"""How long an event may have others' commands waiting before an import gives way to them."""


class Overtaken(Exception):
    """A number of the import was taken by another, before any of its commands was accepted."""


@attrs.frozen
class Carried:
    """What became of the commands. refused: {row: its nack}; unknown: how many nobody can tell."""

    accepted: int
    refused: Mapping[int, Mapping[str, Any]]
    unknown: int


async def asks_of(kind: str, identifier: str, rows: Sequence[Mapping[str, Any]]) -> list[Ask]:
    """Make the commands of an import's numbered rows, whose ids are the rows' own."""
    asks = []
    for count, row in enumerate(rows, 1):
        asks.append(house_command(*_command(kind, row), f"import-{identifier}-{row['row']}"))
        if count % SLICE_ROWS == 0:
            await trio.lowlevel.checkpoint()
    return asks


async def carry_out(
    site: Site,
    kind: str,
    rows: Sequence[Mapping[str, Any]],
    asks: Sequence[Ask],
    by: str,
    wait_s: float,
) -> Carried:
    """Have an event take all rows. Raises Overtaken, Problem (EVENT_CLOSED, OVERLOADED).

    With any of these, nothing was asked.
    """
    state = await _settled(site)
    if state.status == CLOSED:
        raise Problem("EVENT_CLOSED")
    _require_free(site, state, kind, rows, asks, by)
    answers: dict[int, dict[str, Any]] = {}
    answered = trio.Event()
    _send(site, asks, by, answers, answered)
    with trio.move_on_after(wait_s):
        await answered.wait()
    temporary = ("OUTCOME_UNKNOWN", "OVERLOADED", "INTERNAL")
    nacks = {place: answer for place, answer in answers.items() if answer["type"] == "nack"}
    refused = {p: nack for p, nack in nacks.items() if nack["code"] not in temporary}
    accepted = len(answers) - len(nacks)
    return Carried(
        accepted,
        {rows[place]["row"]: nack for place, nack in refused.items()},
        len(asks) - accepted - len(refused),
    )


async def _settled(site: Site) -> EventState:
    """Wait until an event has decided all that was asked of it, and give its own state.

    The caller must not wait between this and what it asks. Raises Problem (OVERLOADED).
    """
    deadline = trio.current_time() + SETTLE_S
    while True:
        await trio.lowlevel.checkpoint()
        if site.book is not None and site.mailbox.is_empty:
            return site.book.state
        if trio.current_time() >= deadline:
            raise busy("the event has too much to do; confirm again in a moment")
        await trio.sleep(0.001)


def _require_free(
    site: Site,
    state: EventState,
    kind: str,
    rows: Sequence[Mapping[str, Any]],
    asks: Sequence[Ask],
    by: str,
) -> None:
    """Refuse an import that would be refused. Raises Overtaken, Problem."""
    assert site.book is not None
    unanswered = site.mailbox.statistics().unanswered
    if unanswered + len(asks) > site.mailbox.limits.commands:
        raise busy("the event has too much to do; confirm again in a moment")
    taken = state.lots if kind == LOTS else state.paddles
    name = "lot" if kind == LOTS else "paddle"
    are_in = [(by, ask.id) in site.book.answers for ask in asks]
    is_overtaken = any(
        row[name] in taken and not is_in for row, is_in in zip(rows, are_in, strict=True)
    )
    if is_overtaken and not any(are_in):
        raise Overtaken


def _send(
    site: Site,
    asks: Sequence[Ask],
    by: str,
    answers: dict[int, dict[str, Any]],
    answered: trio.Event,
) -> None:
    """Put all commands into the mailbox. Raises Problem (OVERLOADED) with none of them in."""

    def reply_to(place: int) -> Any:
        def take(answer: bytes) -> None:
            answers[place] = orjson.loads(answer)
            if len(answers) == len(asks):
                answered.set()

        return take

    try:
        for place, ask in enumerate(asks):
            site.tell(ask, by, Role.ADMIN, reply_to(place))
    except MailboxFull as full:
        raise busy(str(full)) from None
    if not asks:
        answered.set()


def _command(kind: str, row: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    if kind == LOTS:
        return "add_lot", {**row["fields"], "lot": row["lot"]}
    names = ("paddle", "name", "email", "phone", "table")
    return "add_paddle", {name: row[name] for name in names if row[name] is not None}
