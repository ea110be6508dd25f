"""An event in play: everything that its facts add up to.

Owns: the shape of an event's state. Invariant: only `apply` changes it; the same facts give the
same state, and nothing in it comes from anywhere else. Source: ARCHITECTURE I1, I10; rules 19, 30.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

import attrs

from saleroom.auction import commands as c
from saleroom.auction.definition import EventDefinition, SoftClose
from saleroom.auction.facts import Fact
from saleroom.auction.lot import Lot
from saleroom.auction.roles import Role
from saleroom.auction.values import value

PUBLISHED, OPEN, PAUSED, CLOSED = "published", "open", "paused", "closed"

EVENT_MACHINE: dict[str, dict[str, str]] = {
    PUBLISHED: {"open_event": OPEN},
    OPEN: {"pause_event": PAUSED, "close_event": CLOSED},
    PAUSED: {"resume_event": OPEN, "close_event": CLOSED},
    CLOSED: {},
}
"""{status: {command: next status}}"""

ONLINE, BY_TEXT = "online", "sms"
"""How a bid came in, of those that are asked from afar."""
PADDLE_FIRST, PADDLE_LAST = 100, 999_999
"""Numbers are given from 100 upwards; a ballroom over 900 bidders goes on past 999."""


@value
class Asked:
    """A command with who asks and when it entered the mailbox (ms of the event clock).

    by: the user. role: the highest on this event, None for nobody. id: the client's, None for what
    the server asks of itself. digest: of the command's body, so that a reused id is noticed.
    source: of a bid, `online` or `sms`; the house has matched the phone of a text to its paddle.
    """

    command: c.Command
    by: str
    role: Role | None
    at: int
    id: str | None = None
    digest: str | None = None
    source: str = ONLINE


@value
class Entry:
    """A fact with its place in the journal."""

    position: int
    seq: int | None
    at: int
    by: str | None
    command: str | None
    digest: str | None
    fact: Fact


@attrs.define
class Paddle:
    """A bidder's number. terms_version: the newest terms accepted, 0 for none.

    is_captain: may act for those of the same table who have opted in. lock_reason: for staff
    alone, None while it is not locked.
    """

    number: int
    user: str | None = None
    limit: int | None = None
    table: str | None = None
    terms_version: int = 0
    is_locked: bool = False
    is_banned: bool = False
    is_captain: bool = False
    opted_in: bool = False
    lock_reason: str | None = None


@attrs.define
class Tally:
    """A paddle's sum of wins, purchases and pledges, and the position that last changed it."""

    total: int = 0
    reached: int = 0


@attrs.frozen(order=True)
class Deadline:
    """Something that the clock brings about: a lot's opening or its end, at `at` (ms)."""

    at: int
    lot: int
    ends: bool


@attrs.define
class EventState:
    """An event. Lots stand in running order; `at` is the time of the last fact, in ms.

    free_from: no free paddle number is below it. deadline: the next one, unless it is stale.
    """

    definition: EventDefinition
    soft_close: SoftClose
    status: str = PUBLISHED
    lots: dict[int, Lot] = attrs.field(factory=dict)
    paddles: dict[int, Paddle] = attrs.field(factory=dict)
    paddle_of: dict[str, int] = attrs.field(factory=dict)
    seq: int = 0
    position: int = 0
    at: int = 0
    paused_at: int | None = None
    last_opened: dict[str, int] = attrs.field(factory=dict)
    tallies: dict[int, Tally] = attrs.field(factory=dict)
    raised: int = 0
    free_from: int = PADDLE_FIRST
    deadline: Deadline | None = attrs.field(default=None, eq=False)
    is_deadline_stale: bool = attrs.field(default=True, eq=False)

    @property
    def id(self) -> str:
        return self.definition.id

    def open_lot_of(self, ring: str) -> Lot | None:
        """Give the live lot that holds a ring, None when the ring is free."""
        for lot in self.running_lots():
            if lot.mode == "live" and lot.definition.ring == ring:
                return lot
        return None

    def running_lots(self) -> Iterator[Lot]:
        """Go over the lots that take bids now."""
        return (lot for lot in self.lots.values() if lot.is_running)

    def free_paddle(self) -> int:
        """Give the lowest free number from 100 upwards."""
        return next(n for n in count(self.free_from) if n not in self.paddles)


def leaderboard(state: EventState) -> list[Mapping[str, Any]]:
    """Rank paddles by their sums (rule 30): `{paddle, total, standing}`, those at 0 left out."""
    standing: dict[int, int] = {}
    for lot in state.running_lots():
        leader, price = lot.standing.leader, lot.standing.price
        if leader is not None and price is not None:
            standing[leader] = standing.get(leader, 0) + price
    ranked = sorted(
        ((paddle, tally) for paddle, tally in state.tallies.items() if tally.total),
        key=lambda item: (-item[1].total, item[1].reached),
    )
    return [
        {"paddle": paddle, "total": tally.total, "standing": standing.get(paddle, 0)}
        for paddle, tally in ranked
    ]
