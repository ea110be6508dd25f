"""Journals with a past: sales played through the rules and kept in memory stores.

Owns: what the tests of audit, archive and replay share. Invariant: what is kept is what a server
would have kept. Must not know: what is checked.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import orjson

from saleroom.auction.record import GENESIS, next_head
from saleroom.storage.memory import memory_stores
from saleroom.storage.ports import EventRow, Record, Stores
from tests.auction.book import CHAIN_KEY, Sale, live, pledge, run, sale, silent

EVENT = "gala"
SECRET_MAX, SECRET_RESERVE, SECRET_ABSENTEE = 77_123, 88_991, 55_431
EVENING = f"""
    100  A max {SECRET_MAX}     => 10000 A
    200  B bids 20000           => 21000 A
    300  #2 C max {SECRET_ABSENTEE} => -
    400  auctioneer bars D      => state=open
    500  #2 auctioneer opens    => 10000 C
    600  #2 clerk floor E 30000 => 32500 C
    700  #2 auctioneer sells    => 32500 C state=sold
    800  A max 78000            => 21000 A
"""
"""Lot 1 stays open with a hidden maximum, a raise of it and a reserve; lot 2 sells."""


def evening() -> Sale:
    """Play the evening: silent, live and pledge lots, public and private facts."""
    played = sale(silent(1, reserve=SECRET_RESERVE), live(2, title="A painting"), pledge(3))
    run(played, EVENING)
    return played


def records_of(played: Sale) -> list[Record]:
    """Give what a journal keeps of a sale."""
    return [Record(c.entry.position, c.entry.seq, c.body, c.head) for c in played.written]


def rechained(records: Sequence[Record]) -> list[Record]:
    """Give records whose heads fit their bodies again, as a careful forger would leave them."""
    head, fitted = GENESIS, []
    for record in records:
        head = next_head(head, record.body, bytes.fromhex(CHAIN_KEY))
        fitted.append(attrs.evolve(record, head=head))
    return fitted


def rewritten(record: Record, **fields: object) -> Record:
    """Give a record whose body says something else; its head stays."""
    body = orjson.loads(record.body) | fields
    return attrs.evolve(record, body=orjson.dumps(body, option=orjson.OPT_SORT_KEYS))


async def stores_of(records: Sequence[Record], *, is_public: bool = True) -> Stores:
    """Keep records as the journal of an event that the catalogue knows."""
    stores = memory_stores()
    await stores.catalogue.add_event(
        EventRow(EVENT, "Spring gala", "USD", "open", is_public, {}, 0)
    )
    await stores.journal.create(EVENT, "elsewhere", records[:1])
    kept = stores.journal._journals[EVENT]  # type: ignore[attr-defined]
    kept.records.extend(records[1:])
    return stores
