"""The audit of a journal: nothing was changed, and it still tells the same story.

Owns: the checks of one event's records. Invariant: the first fault is named by its place; a journal
that passes is whole, in order, chained, and replays under the rules of this release.
Source: I5, I10; the receipt of PROTOCOL section 3.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import attrs

from saleroom.auction.book import Book
from saleroom.auction.record import GENESIS, chain_key, next_head
from saleroom.auction.snapshot import SnapshotDamaged, restore
from saleroom.storage.ports import Journal, NotFound, Record, Snapshot, Stores

PAGE_RECORDS = 1_000
NOT_REPLAYABLE = (ValueError, LookupError, AssertionError, TypeError, AttributeError)
"""What the rules raise at facts that no sale can have led to; RecordDamaged is a ValueError."""


@attrs.frozen
class Receipt:
    """What a bidder holds: the head that an ack gave, and its seq unless the fact was private."""

    head: str
    seq: int | None = None


@attrs.frozen
class Finding:
    """The outcome. fault: the first one in words, None when all holds."""

    event: str
    facts: int
    seq: int
    head: str
    fault: str | None = None


async def records_of(journal: Journal, event: str, after: int = 0) -> AsyncGenerator[Record, None]:
    """Go over an event's records, page by page; who stops early closes it.

    Raises what the journal raises.
    """
    while True:
        page = await journal.read(event, after, PAGE_RECORDS)
        for record in page:
            yield record
        if len(page) < PAGE_RECORDS:
            return
        after = page[-1].position


async def audit(stores: Stores, event: str, receipts: Sequence[Receipt] = ()) -> Finding:
    """Check the chain, the replay, the newest snapshot, and receipts.

    Raises NotFound for an event without a journal.
    """
    auditor = _Auditor(event, await stores.snapshots.newest(event), receipts)
    async with aclosing(records_of(stores.journal, event)) as records:
        async for record in records:
            fault = auditor.take(record)
            if fault is not None:
                return auditor.finding(f"{_place(record)}: {fault}")
    if auditor.book is None:
        raise NotFound(f"event {event} has no journal")
    return auditor.finding(auditor.last_fault())


@attrs.define(eq=False)
class _Auditor:
    event: str
    snapshot: Snapshot | None
    receipts: Sequence[Receipt]
    book: Book | None = None
    seq: int = 0
    position: int = 0
    head: bytes = GENESIS
    key: bytes | None = None
    _seen: dict[str, int] = attrs.field(factory=dict)

    def take(self, record: Record) -> str | None:
        """Check the next record; say what is wrong with it, None when nothing is."""
        if record.position != self.position + 1:
            return f"it follows position {self.position}"
        self.position = record.position
        try:
            if self.key is None:
                self.key = chain_key(record.body)
            self.head = next_head(self.head, record.body, self.key)
            if self.head != record.head:
                return "the chain does not hold"
            if self.book is None:
                self.book = Book.load(record.body)
            else:
                self.book.replay(record.body)
        except NOT_REPLAYABLE as error:
            return f"it does not replay: {error}"
        if self.book.state.position != record.position:
            return "its position is not the one that was chained"
        if record.seq is not None:
            if record.seq != self.seq + 1:
                return f"seq {record.seq} follows {self.seq}"
            self.seq = record.seq
        if self.book.state.seq != self.seq:
            return "its seq is not the one that was chained"
        if self.receipts:
            self._seen[record.head.hex()] = self.seq
        return self._snapshot_fault(self.book)

    def last_fault(self) -> str | None:
        """Check what can be checked only at the end: receipts, and a snapshot from nowhere."""
        if self.snapshot is not None and self.snapshot.position > self.position:
            return f"a snapshot stands at position {self.snapshot.position}, past the journal's end"
        for receipt in self.receipts:
            if receipt.head not in self._seen:
                return f"receipt {receipt.head[:16]}...: the journal never had this head"
            if receipt.seq not in (None, self._seen[receipt.head]):
                seq = self._seen[receipt.head]
                return f"receipt {receipt.head[:16]}...: this head belongs to seq {seq}"
        return None

    def finding(self, fault: str | None) -> Finding:
        """Sum up."""
        return Finding(self.event, self.position, self.seq, self.head.hex(), fault)

    def _snapshot_fault(self, book: Book) -> str | None:
        snapshot = self.snapshot
        if snapshot is None or snapshot.position != book.state.position:
            return None
        try:
            restored, _ = restore(snapshot.body, snapshot.chunks)
        except SnapshotDamaged as error:
            return f"the snapshot here is damaged: {error}"
        is_same = restored.state == book.state and restored.head == book.head
        return None if is_same else "the snapshot here is not what the journal replays to"


def _place(record: Record) -> str:
    return f"position {record.position}" + ("" if record.seq is None else f", seq {record.seq}")
