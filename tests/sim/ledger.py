"""The stores of a run, which see more than a server does.

Owns: what is durable at each moment, as heads, seqs and saved snapshots. Invariant: calls behave as
the memory stores' do; what is noted follows the commit without a step in between.
Source: I2, storage/ports.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import trio

from saleroom.storage.memory import (
    MemoryJournal,
    MemorySnapshots,
    memory_stores,
)
from saleroom.storage.memory_catalogue import MemoryCatalogue
from saleroom.storage.memory_desk import MemoryDesk, MemoryPeople
from saleroom.storage.ports import Batch, Ownership, Record, Snapshot, Stores


class Ledger(MemoryJournal):
    """A journal that knows what it holds.

    seq: the newest public fact's; heads: every one. term_taken: set, and replaced, at each term.
    """

    def __init__(self, people: MemoryPeople) -> None:
        super().__init__(people)
        self.records: list[Record] = []
        self.heads: set[str] = set()
        self.seq = 0
        self.term_taken = trio.Event()

    async def take_term(self, event: str) -> Ownership:
        ownership = await super().take_term(event)
        taken, self.term_taken = self.term_taken, trio.Event()
        taken.set()
        return ownership

    async def create(self, event: str, epoch: str, records: Sequence[Record]) -> None:
        await super().create(event, epoch, records)
        self._note(records)

    async def append(self, event: str, term: int, batch: Batch) -> None:
        await super().append(event, term, batch)
        self._note(batch.records)

    def _note(self, records: Sequence[Record]) -> None:
        self.records.extend(records)
        self.heads.update(record.head.hex() for record in records)
        self.seq = max((r.seq for r in records if r.seq is not None), default=self.seq)


class Album(MemorySnapshots):
    """Snapshots of which none is thrown away. saved: all of them, oldest first."""

    def __init__(self) -> None:
        super().__init__()
        self.saved: list[Snapshot] = []

    async def save(
        self,
        event: str,
        position: int,
        head: bytes,
        body: bytes,
        new_chunks: Sequence[bytes],
        first_chunk: int,
    ) -> bool:
        is_kept = await super().save(event, position, head, body, new_chunks, first_chunk)
        if is_kept:
            chunks = list(self._events[event].chunks)
            self.saved.append(Snapshot(position, head, body, chunks))
        return is_kept


class Shelf:
    """One deployment's stores, for as many processes as an evening has."""

    def __init__(self) -> None:
        people = MemoryPeople()
        self.ledger = Ledger(people)
        self.album = Album()
        self.stores: Stores = attrs.evolve(
            memory_stores(),
            journal=self.ledger,
            snapshots=self.album,
            catalogue=MemoryCatalogue(people),
            desk=MemoryDesk(people),
        )
