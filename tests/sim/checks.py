"""The checkers: what must hold of a run once it is over.

Owns: one function per promise, each giving what breaks it. Invariant: a checker reads what clients
were told and what stores keep, never the server's memory. Source: ARCHITECTURE 3, PROTOCOL 3-5,
rules 8, 28.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import attrs
import orjson

from saleroom.auction.book import Book
from saleroom.auction.snapshot import SnapshotDamaged, restore
from saleroom.auction.state import EventState, leaderboard
from saleroom.audit import Receipt, audit
from saleroom.protocol.answers import ack
from saleroom.protocol.views import LEADERBOARD_TOP, PublicView
from saleroom.storage.ports import Record
from tests.sim.client import Client
from tests.sim.retelling import Retelling
from tests.sim.script import EVENT
from tests.sim.world import Noticed, World


@attrs.define(eq=False)
class Evidence:
    """All that a run leaves. end: the state that its journal leads to."""

    world: World
    clients: Sequence[Client]
    records: Sequence[Record]
    told: Retelling
    end: EventState


def gather(world: World, clients: Sequence[Client]) -> Evidence:
    """Read the journal of a run that is over."""
    records = world.shelf.ledger.records
    told = Retelling(world.sent, {seen.seq for seen in world.seen})
    return Evidence(world, clients, records, told, told.tell(records))


async def check(evidence: Evidence) -> list[str]:
    """Give everything that is wrong: the checker's name and its words."""
    found = [f"{name}: {what}" for name, holds in CHECKERS.items() for what in holds(evidence)]
    found += [f"hot view: {what}" for what in await hot_view(evidence)]
    return found + [f"audit: {what}" for what in await audited(evidence)]


def decisions(evidence: Evidence) -> Iterator[str]:
    """The journal holds what the rules decide, each command once, every deadline in time."""
    yield from evidence.told.faults


def receipts(evidence: Evidence) -> Iterator[str]:
    """Every ack is in the journal, and says of it what was decided, however often it is given."""
    for key, sent in evidence.world.sent.items():
        answer = evidence.told.answers.get(key)
        if answer is None and sent.acks:
            yield f"{key} was acknowledged and is not in the journal: {sent.acks[0]}"
            continue
        for told in sent.acks:
            assert answer is not None
            expected = orjson.loads(ack(key[1], answer))
            if told != expected:
                yield f"{key} was told {told}, and is {expected}"


def refusals(evidence: Evidence) -> Iterator[str]:
    """What was refused for good left no trace, and its refusal speaks of a state that was."""
    standings = evidence.told.standings
    for key, sent in evidence.world.sent.items():
        if sent.final is not None and sent.final["type"] == "nack" and key in evidence.told.answers:
            yield f"{key} was refused and is in the journal: {sent.final}"
        for nack in sent.nacks:
            if "min_next" in nack:
                since = standings.get((nack["lot"], nack["price"], nack["min_next"]))
                if since is None or since > nack["as_of"]:
                    yield f"{key} was refused by a state that was not: {nack}"


def outcomes(evidence: Evidence) -> Iterator[str]:
    """Every command has its one final outcome."""
    for client in evidence.clients:
        for sent in () if client.is_banned else client.pending.values():
            yield f"{client.name} never got an answer to {sent.message}"


def screens(evidence: Evidence) -> Iterator[str]:
    """What a screen made of snapshot and feed is what the journal published at that seq."""
    for seen in evidence.world.seen:
        published = evidence.told.views.get(seen.seq)
        if published is None:
            yield f"{seen.where}: no such seq as {seen.seq}"
            continue
        if seen.status != evidence.told.statuses[seen.seq]:
            yield f"{seen.where}: status {seen.status} at {seen.seq}"
        if set(seen.lots) != set(published):
            yield f"{seen.where}: lots {sorted(seen.lots)} at {seen.seq}"
            continue
        for number, lot in seen.lots.items():
            wrong = {n: v for n, v in lot.items() if v != published[number][n]}
            if wrong:
                right = {name: published[number][name] for name in wrong}
                yield f"{seen.where}: lot {number} at {seen.seq} shows {wrong}, is {right}"


def last_screens(evidence: Evidence) -> Iterator[str]:
    """In the end every screen has every fact, and the leaderboard."""
    board = [dict(row) for row in leaderboard(evidence.end)[:LEADERBOARD_TOP]]
    for client in evidence.clients:
        if client.is_banned:
            continue
        if client.screen.seq != evidence.end.seq:
            yield f"{client.name} ended at seq {client.screen.seq} of {evidence.end.seq}"
        elif list(client.screen.board) != board:
            yield f"{client.name} shows the board {client.screen.board}, it is {board}"


def notices(evidence: Evidence) -> Iterator[str]:
    """A notice is told to its paddle alone, and after the feed that it speaks of."""
    for noticed in evidence.world.noticed:
        paddle = evidence.end.paddle_of.get(noticed.user)
        since = None if paddle is None else _true_since(evidence.told, noticed, paddle)
        if since is None:
            yield f"{noticed.user} was told what is not theirs: {noticed.message}"
        elif since > noticed.seq:
            yield f"{noticed.user} was told at seq {noticed.seq} of {since}: {noticed.message}"


def _true_since(told: Retelling, noticed: Noticed, paddle: int) -> int | None:
    """Give the seq from which a notice could be told to a paddle, None for never."""
    message, number = noticed.message, noticed.message["lot"]
    if message["type"] == "won":
        return told.wins.get((number, paddle, message["amount"]))
    if message["type"] == "max_changed":
        return told.maxes.get((number, paddle, message["max"]))
    led = told.bidders.get((number, paddle))
    stood = told.standings.get((number, message["price"], message["min_next"]))
    return None if led is None or stood is None else max(led, stood)


def secrets(evidence: Evidence) -> Iterator[str]:
    """A max and a reserve reach nobody else, unless they became a price."""
    public = evidence.told.public
    for number, durable in evidence.world.first_told.items():
        if number not in public or public[number] > durable:
            owner = evidence.world.secrets.owners[number]
            yield f"{number}, which {owner} alone may know, was told to another"


def checkpoints(evidence: Evidence) -> Iterator[str]:
    """Every snapshot that was kept is what the journal replays to at its position."""
    book = Book.load(evidence.records[0].body)
    for snapshot in sorted(evidence.world.shelf.album.saved, key=lambda kept: kept.position):
        while book.state.position < snapshot.position:
            book.replay(evidence.records[book.state.position].body)
        try:
            restored, _ = restore(snapshot.body, snapshot.chunks)
        except SnapshotDamaged as error:
            yield f"at position {snapshot.position}: {error}"
            continue
        if (restored.state, restored.head, restored.answers) != (
            book.state,
            book.head,
            book.answers,
        ):
            yield f"at position {snapshot.position}: it is not what the journal replays to"


CHECKERS: dict[str, Callable[[Evidence], Iterator[str]]] = {
    "decisions": decisions,
    "receipts": receipts,
    "refusals": refusals,
    "outcomes": outcomes,
    "screens": screens,
    "last screens": last_screens,
    "notices": notices,
    "secrets": secrets,
    "snapshots": checkpoints,
}


async def hot_view(evidence: Evidence) -> list[str]:
    """In the end the hot store shows what is published, also after it was away.

    Of one that lost what it had, only what it shows must be right: readers do without the rest.
    """
    view = PublicView(evidence.end)
    kept = await evidence.world.shelf.stores.hot.read(EVENT)
    allowed = (None,) if evidence.world.faults["hot store emptied"] else ()
    lots = {number: kept.get(f"lot:{number}") for number in evidence.end.lots}
    return [
        f"lot {number} is {lot!r}"
        for number, lot in lots.items()
        if lot not in (view.lot(number), *allowed)
    ]


async def audited(evidence: Evidence) -> list[str]:
    """The product's own audit passes, with every receipt that was given."""
    acks = [told for sent in evidence.world.sent.values() for told in sent.acks]
    receipts = [Receipt(told["hash"], told.get("seq")) for told in acks]
    finding = await audit(evidence.world.shelf.stores, EVENT, receipts)
    return [] if finding.fault is None else [finding.fault]
