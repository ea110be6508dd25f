"""Rebuilding an event from what is durable.

Owns: the way from snapshot and journal to a book and a published state. Invariant: the term is
raised before anything is read, so no earlier owner can write behind our back; every head is
checked against the chain. Source: I3, I4, I5.
"""

from __future__ import annotations

import gc
import logging
from collections import deque
from collections.abc import Callable

import attrs
import trio

from saleroom.actors.site import Saved, Site
from saleroom.auction.book import Book
from saleroom.auction.clone import clone
from saleroom.auction.record import RecordDamaged, decode_entry
from saleroom.auction.snapshot import SnapshotDamaged, restore_in_steps
from saleroom.auction.state import EventState
from saleroom.protocol.wire_facts import WireFact, wire_fact
from saleroom.storage.ports import Catalogue, Journal, NotFound, Record, Snapshot, Snapshots

logger = logging.getLogger("saleroom.actors")

PAGE_RECORDS = 1_000
REPLAY_SLICE = 200
"""Records replayed between two looks at the loop: about 2 ms."""


@attrs.frozen
class Rebuilt:
    """An event as its stores have it. tail: its newest public facts, in order."""

    book: Book
    published: EventState
    head: bytes
    term: int
    epoch: str
    alive_at: int | None
    tail: list[WireFact]
    saved: Saved


async def rebuild(site: Site, journal: Journal, snapshots: Snapshots) -> Rebuilt:
    """Take the event over and rebuild it.

    Raises what the stores raise, NotFound for an event without a journal, and RecordDamaged when
    the chain does not hold or has lost what was told.
    """
    ownership = await journal.take_term(site.event)
    tail: deque[WireFact] = deque(maxlen=site.limits.tail.facts)
    known = site.published.seq if site.published is not None else 0
    kept, saved = await _from_snapshot(site, journal, snapshots)
    book = kept or await _from_start(site, journal)
    if book.state.seq > known:
        await _older_tail(site, journal, book.state.position, known, tail)

    def replay(record: Record) -> None:
        entry = book.replay(record.body)
        _check(record, book)
        if entry.seq is not None and entry.seq > known:
            tail.append(wire_fact(entry))

    await _read(site.event, journal, book.state.position, None, replay)
    _check_told(site, book, ownership.epoch)
    return Rebuilt(
        book=book,
        published=clone(book.state),
        head=book.head,
        term=ownership.term,
        epoch=ownership.epoch,
        alive_at=ownership.alive_at_ms,
        tail=list(tail),
        saved=saved,
    )


async def learn_names(site: Site, catalogue: Catalogue) -> None:
    """Read who holds which paddle, for greetings. Raises what the catalogue raises."""
    names: dict[int, str] = {}
    while True:
        after = max(names, default=0)
        rows = await catalogue.registrations(site.event, after, PAGE_RECORDS)
        names.update((row.paddle, row.name) for row in rows)
        if len(rows) < PAGE_RECORDS:
            break
    site.names = names


async def restored(snapshot: Snapshot) -> tuple[Book, int]:
    """Rebuild a book from a snapshot in small steps, so that the loop goes on.

    Gives it with the position up to which the chunks go. Raises SnapshotDamaged.
    """
    steps = restore_in_steps(snapshot.body, snapshot.chunks)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            rebuilt: tuple[Book, int] = done.value
            return rebuilt
        await _rest()


async def _from_snapshot(
    site: Site, journal: Journal, snapshots: Snapshots
) -> tuple[Book | None, Saved]:
    snapshot = await snapshots.newest(site.event)
    if snapshot is None:
        return None, Saved()
    try:
        book, chunked = await restored(snapshot)
    except SnapshotDamaged as error:
        logger.warning("event %s: %s; reading the whole journal", site.event, error)
        return None, Saved()
    last = await journal.read(site.event, book.state.position - 1, 1)
    if not last or last[0].head != book.head:
        logger.warning("event %s: a snapshot of another past; reading the journal", site.event)
        return None, Saved()
    return book, Saved(snapshot.position, chunked, len(snapshot.chunks))


async def _from_start(site: Site, journal: Journal) -> Book:
    first = await journal.read(site.event, 0, 1)
    if not first:
        raise NotFound(f"event {site.event} has no first record")
    book = Book.load(first[0].body)
    _check(first[0], book)
    return book


async def _older_tail(
    site: Site, journal: Journal, position: int, known: int, tail: deque[WireFact]
) -> None:
    """Encode the facts before a snapshot that readers may still resume from."""

    def encode(record: Record) -> None:
        if record.seq is not None and record.seq > known:
            tail.append(wire_fact(decode_entry(record.body)))

    await _read(site.event, journal, max(0, position - site.limits.tail.facts), position, encode)


async def _read(
    event: str,
    journal: Journal,
    after: int,
    upto: int | None,
    take: Callable[[Record], None],
) -> None:
    """Hand over the records at positions `after` < p <= `upto`, looking at the loop in between."""
    while True:
        page = await journal.read(event, after, PAGE_RECORDS)
        for count, record in enumerate(page, 1):
            if upto is not None and record.position > upto:
                return
            take(record)
            if count % REPLAY_SLICE == 0:
                await _rest()
        if len(page) < PAGE_RECORDS:
            return
        after = page[-1].position


async def _rest() -> None:
    """Set what was rebuilt aside, unseen by the collector, since it stays; look at the loop."""
    gc.freeze()
    await trio.lowlevel.checkpoint()


def _check_told(site: Site, book: Book, epoch: str) -> None:
    """What was told is durable: a journal without it is not the one that this site knows."""
    published = site.published
    if published is not None and (
        epoch != published.epoch or book.state.position < published.state.position
    ):
        raise RecordDamaged(f"the journal of epoch {epoch} lacks facts that were told")


def _check(record: Record, book: Book) -> None:
    if record.head != book.head:
        raise RecordDamaged(f"position {record.position}: the chain does not hold")
