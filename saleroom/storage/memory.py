"""Stores that keep everything in this process: for tests, rehearsals and a room without Redis.

Owns: one deployment's journals, snapshots, catalogue and hot views, as plain dictionaries.
Invariant: each call is one trio checkpoint and then one synchronous step, so a call either
happened whole or, cancelled, not at all; answers and errors are those of the PostgreSQL and Redis
stores, which run the same behaviour suite. Must not know: threads, files, clocks. What is handed
in or out shares no mutable value with what is kept. Source: ports.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import orjson
import trio

from saleroom.storage.memory_accounts import MemoryAccounts, MemorySignIns
from saleroom.storage.memory_audit import MemoryAudit
from saleroom.storage.memory_desk import MemoryDesk, MemoryPeople
from saleroom.storage.memory_wishes import MemoryJoinCodes, MemoryWatching, MemoryWishLists
from saleroom.storage.ports import (
    Batch,
    Conflict,
    EventRow,
    Fenced,
    LotRow,
    NotFound,
    OutboxRow,
    Ownership,
    Record,
    Registration,
    Snapshot,
    Stores,
    require_chunks,
    require_consecutive,
)

BODIES_KEPT = 2


@attrs.define
class _KeptJournal:
    epoch: str
    records: list[Record]
    term: int = 0
    alive_at_ms: int | None = None


@attrs.define
class _KeptSnapshots:
    chunks: list[bytes] = attrs.Factory(list)
    # (position, head, body, number of chunks it was saved with), oldest first
    bodies: list[tuple[int, bytes, bytes, int]] = attrs.Factory(list)


class MemoryJournal:
    """A `Journal` without a disk. `outbox` shows, per event, the messages owed."""

    def __init__(self, people: MemoryPeople | None = None) -> None:
        self.outbox: dict[str, list[OutboxRow]] = {}
        self._people = people if people is not None else MemoryPeople()
        self._journals: dict[str, _KeptJournal] = {}

    async def create(self, event: str, epoch: str, records: Sequence[Record]) -> None:
        require_consecutive(records, first=1)
        await trio.lowlevel.checkpoint()
        if event in self._journals:
            raise Conflict(f"event {event} has a journal")
        self._journals[event] = _KeptJournal(epoch, list(records))

    async def take_term(self, event: str) -> Ownership:
        await trio.lowlevel.checkpoint()
        kept = self._journals.get(event)
        if kept is None:
            raise NotFound(f"event {event} has no journal")
        kept.term += 1
        return Ownership(kept.term, kept.epoch, kept.alive_at_ms)

    async def append(self, event: str, term: int, batch: Batch) -> None:
        first = batch.records[0].position
        require_consecutive(batch.records, first)
        await trio.lowlevel.checkpoint()
        kept = self._journals.get(event)
        if kept is None or kept.term != term:
            raise Fenced(f"term {term} of event {event} is over")
        if first != len(kept.records) + 1:
            raise Fenced(f"position {first} of event {event} is not the next")
        kept.records.extend(batch.records)
        self._people.renumber(event, batch.renumbered)
        self._people.upsert(event, batch.registrations)
        self.outbox.setdefault(event, []).extend(
            attrs.evolve(row, payload=_copied(row.payload)) for row in batch.outbox
        )

    async def read(self, event: str, after: int, limit: int) -> list[Record]:
        await trio.lowlevel.checkpoint()
        kept = self._journals.get(event)
        return [] if kept is None else kept.records[after : after + limit]

    async def sign(self, event: str, term: int, at_ms: int) -> None:
        await trio.lowlevel.checkpoint()
        kept = self._journals.get(event)
        if kept is not None and kept.term == term:
            kept.alive_at_ms = at_ms

    async def events(self) -> list[str]:
        await trio.lowlevel.checkpoint()
        return list(self._journals)


class MemorySnapshots:
    """`Snapshots` without a disk."""

    def __init__(self) -> None:
        self._events: dict[str, _KeptSnapshots] = {}

    async def chunk_count(self, event: str) -> int:
        await trio.lowlevel.checkpoint()
        kept = self._events.get(event)
        return 0 if kept is None else len(kept.chunks)

    async def save(
        self,
        event: str,
        position: int,
        head: bytes,
        body: bytes,
        new_chunks: Sequence[bytes],
        first_chunk: int,
    ) -> bool:
        await trio.lowlevel.checkpoint()
        kept = self._events.setdefault(event, _KeptSnapshots())
        require_chunks(len(kept.chunks), first_chunk)
        if kept.bodies and position <= kept.bodies[-1][0]:
            return False
        kept.chunks[first_chunk:] = new_chunks
        kept.bodies = [body for body in kept.bodies if body[3] <= first_chunk]
        kept.bodies.append((position, head, body, len(kept.chunks)))
        del kept.bodies[:-BODIES_KEPT]
        return True

    async def newest(self, event: str) -> Snapshot | None:
        await trio.lowlevel.checkpoint()
        kept = self._events.get(event)
        if kept is None or not kept.bodies:
            return None
        position, head, body, chunk_count = kept.bodies[-1]
        return Snapshot(position, head, body, kept.chunks[:chunk_count])


class MemoryCatalogue:
    """A `Catalogue` without a disk."""

    def __init__(self, people: MemoryPeople | None = None) -> None:
        self._people = people if people is not None else MemoryPeople()
        self._events: dict[str, EventRow] = {}
        self._lots: dict[str, dict[int, LotRow]] = {}

    async def add_event(self, row: EventRow) -> None:
        await trio.lowlevel.checkpoint()
        if row.id in self._events:
            raise Conflict(f"event {row.id} exists")
        self._events[row.id] = _event_copy(row)
        self._lots[row.id] = {}

    async def put_event(self, row: EventRow) -> EventRow:
        await trio.lowlevel.checkpoint()
        kept = self._event(row.id)
        if kept.version != row.version:
            raise Conflict(f"event {row.id} is at version {kept.version}, not {row.version}")
        self._events[row.id] = _event_copy(attrs.evolve(row, version=row.version + 1))
        return _event_copy(self._events[row.id])

    async def set_status(self, event: str, status: str) -> None:
        await trio.lowlevel.checkpoint()
        if event in self._events:
            self._events[event] = attrs.evolve(self._events[event], status=status)

    async def event(self, event: str) -> EventRow:
        await trio.lowlevel.checkpoint()
        return _event_copy(self._event(event))

    async def list_events(self, after: str | None, limit: int) -> list[EventRow]:
        await trio.lowlevel.checkpoint()
        rows = sorted(self._events.values(), key=_listing_key, reverse=True)
        if after is not None:
            last = self._events.get(after)
            rows = [] if last is None else [r for r in rows if _listing_key(r) < _listing_key(last)]
        return [_event_copy(row) for row in rows[:limit]]

    async def add_lot(self, event: str, row: LotRow) -> None:
        await trio.lowlevel.checkpoint()
        self._event(event)
        if row.lot in self._lots[event]:
            raise Conflict(f"lot {row.lot} of event {event} exists")
        self._lots[event][row.lot] = _lot_copy(row)

    async def put_lot(self, event: str, row: LotRow) -> LotRow:
        await trio.lowlevel.checkpoint()
        kept = self._lot(event, row.lot)
        if kept.version != row.version:
            raise Conflict(f"lot {row.lot} is at version {kept.version}, not {row.version}")
        self._lots[event][row.lot] = _lot_copy(attrs.evolve(row, version=row.version + 1))
        return _lot_copy(self._lots[event][row.lot])

    async def remove_lot(self, event: str, lot: int) -> None:
        await trio.lowlevel.checkpoint()
        self._lot(event, lot)
        del self._lots[event][lot]

    async def lots(self, event: str) -> list[LotRow]:
        await trio.lowlevel.checkpoint()
        rows = self._lots.get(event, {})
        return [_lot_copy(rows[lot]) for lot in sorted(rows)]

    async def put_registration(self, event: str, row: Registration) -> None:
        await trio.lowlevel.checkpoint()
        self._people.upsert(event, [row])

    async def registrations(self, event: str, after: int, limit: int) -> list[Registration]:
        await trio.lowlevel.checkpoint()
        rows = self._people.rows.get(event, {})
        return [rows[paddle] for paddle in sorted(rows) if paddle > after][:limit]

    def _event(self, event: str) -> EventRow:
        if event not in self._events:
            raise NotFound(f"no event {event}")
        return self._events[event]

    def _lot(self, event: str, lot: int) -> LotRow:
        row = self._lots.get(event, {}).get(lot)
        if row is None:
            raise NotFound(f"no lot {lot} in event {event}")
        return row


class MemoryHotStore:
    """A `HotStore` in this process: the default of a single node."""

    def __init__(self) -> None:
        self._views: dict[str, dict[str, bytes]] = {}
        self._changes: Counter[str] = Counter()

    async def write(self, event: str, values: Mapping[str, bytes]) -> None:
        await trio.lowlevel.checkpoint()
        self._views.setdefault(event, {}).update(values)
        self._changes[event] += 1

    async def read(self, event: str, fields: Sequence[str] | None = None) -> dict[str, bytes]:
        await trio.lowlevel.checkpoint()
        view = self._views.get(event, {})
        if fields is None:
            return dict(view)
        return {field: view[field] for field in fields if field in view}

    async def clear(self, event: str) -> None:
        await trio.lowlevel.checkpoint()
        self._views.pop(event, None)
        self._changes[event] += 1

    def changes(self, event: str) -> int:
        return self._changes[event]

    async def ping(self) -> None:
        await trio.lowlevel.checkpoint()


def memory_stores() -> Stores:
    """Give a fresh, empty deployment whose journal and catalogue share their registrations."""
    people = MemoryPeople()
    sign_ins = MemorySignIns()
    catalogue = MemoryCatalogue(people)
    return Stores(
        journal=MemoryJournal(people),
        snapshots=MemorySnapshots(),
        catalogue=catalogue,
        hot=MemoryHotStore(),
        audit=MemoryAudit(),
        accounts=MemoryAccounts(sign_ins),
        sign_ins=sign_ins,
        desk=MemoryDesk(people),
        join_codes=MemoryJoinCodes(catalogue.event),
        watching=MemoryWatching(),
        wish_lists=MemoryWishLists(),
    )


def _copied(value: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a JSON object as a database does: through its text."""
    copied: dict[str, Any] = orjson.loads(orjson.dumps(dict(value)))
    return copied


def _event_copy(row: EventRow) -> EventRow:
    return attrs.evolve(row, settings=_copied(row.settings))


def _lot_copy(row: LotRow) -> LotRow:
    return attrs.evolve(row, definition=_copied(row.definition), details=_copied(row.details))


def _listing_key(row: EventRow) -> tuple[int, str]:
    return row.created_at_ms, row.id
