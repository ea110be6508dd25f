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

import attrs
import trio

from saleroom.storage.memory_accounts import MemoryAccounts, MemorySignIns
from saleroom.storage.memory_audit import MemoryAudit
from saleroom.storage.memory_billing import MemoryBilling
from saleroom.storage.memory_catalogue import MemoryCatalogue
from saleroom.storage.memory_desk import MemoryDesk, MemoryPeople
from saleroom.storage.memory_index import MemoryIndex, MemoryShelves
from saleroom.storage.memory_media import MemoryImports, MemoryMediaLedger
from saleroom.storage.memory_messages import MemoryOutbox, MemoryRecipients
from saleroom.storage.memory_privacy import MemoryPrivacy
from saleroom.storage.memory_receipts import MemoryReceiptLog
from saleroom.storage.memory_wishes import MemoryJoinCodes, MemoryWatching, MemoryWishLists
from saleroom.storage.ports import (
    Batch,
    Conflict,
    Fenced,
    NotFound,
    Ownership,
    Record,
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
    """A `Journal` without a disk. `outbox` takes the messages owed."""

    def __init__(
        self, people: MemoryPeople | None = None, outbox: MemoryOutbox | None = None
    ) -> None:
        self.outbox = outbox if outbox is not None else MemoryOutbox()
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
        for row in batch.outbox:
            self.outbox.take(event, row)

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
    shelves = MemoryShelves()
    catalogue = MemoryCatalogue(people, shelves)
    billing, outbox = MemoryBilling(), MemoryOutbox()
    journal, audit = MemoryJournal(people, outbox), MemoryAudit()
    recipients = MemoryRecipients(people, sign_ins, catalogue)
    watching, wish_lists = MemoryWatching(), MemoryWishLists()
    return Stores(
        journal=journal,
        snapshots=MemorySnapshots(),
        catalogue=catalogue,
        hot=MemoryHotStore(),
        audit=audit,
        accounts=MemoryAccounts(sign_ins),
        sign_ins=sign_ins,
        index=MemoryIndex(shelves),
        desk=MemoryDesk(people),
        join_codes=MemoryJoinCodes(catalogue.event),
        watching=watching,
        wish_lists=wish_lists,
        privacy=MemoryPrivacy(
            people, catalogue, journal, watching, wish_lists, sign_ins, audit, recipients
        ),
        media=MemoryMediaLedger(catalogue.shown_media),
        imports=MemoryImports(catalogue),
        billing=billing,
        outbox=outbox,
        recipients=recipients,
        receipts=MemoryReceiptLog(billing, outbox),
    )
