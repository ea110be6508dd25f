"""An event's journal as a file, and back.

Owns: the form of exports: JSON Lines, a header and then one fact a line. Invariant: an import is
byte for byte the journal that was exported, checked by its chain, under a new epoch; people's names
are not in it. Source: I5, ARCHITECTURE 3.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing

import attrs
import orjson

from saleroom.auction.book import Book
from saleroom.auction.definition import lot_plain
from saleroom.auction.record import GENESIS, RecordDamaged, chain_key, decode_entry, next_head
from saleroom.audit import NOT_REPLAYABLE, records_of
from saleroom.storage.ports import (
    Conflict,
    EventRow,
    LotRow,
    NotFound,
    Record,
    Registration,
    Stores,
)

FORMAT = 1


class NotAnExport(ValueError):
    """The file is no export, or it was changed; the text names the line."""


async def export_lines(stores: Stores, event: str) -> AsyncGenerator[bytes, None]:
    """Give an event's export, line by line. Raises NotFound."""
    is_empty = True
    async with aclosing(records_of(stores.journal, event)) as records:
        async for record in records:
            if is_empty:
                is_empty = False
                row = await stores.catalogue.event(event)
                header = {"saleroom_export": FORMAT, "event": event, "public": row.public}
                yield orjson.dumps(header)
            fact = orjson.loads(record.body)
            yield orjson.dumps({"head": record.head.hex(), "fact": fact})
    if is_empty:
        raise NotFound(f"event {event} has no journal")


@attrs.frozen
class Export:
    """A journal read from a file, its chain checked."""

    event: str
    is_public: bool
    records: list[Record]


def read_export(lines: Iterable[bytes]) -> Export:
    """Read an export and check its chain. Raises NotAnExport."""
    event: str | None = None
    is_public = False
    records: list[Record] = []
    head, key, seq = GENESIS, b"", 0
    for number, line in enumerate(lines, 1):
        try:
            raw = orjson.loads(line)
            if event is None:
                if raw["saleroom_export"] != FORMAT:
                    raise NotAnExport(f"line {number}: an export of another format")
                event, is_public = str(raw["event"]), raw["public"] is True
                continue
            body = orjson.dumps(raw["fact"], option=orjson.OPT_SORT_KEYS)
            entry = decode_entry(body)
            key = key or chain_key(body)
            head = next_head(head, body, key)
            if raw["head"] != head.hex() or entry.position != len(records) + 1:
                raise NotAnExport(f"line {number}: the chain does not hold")
            if entry.seq is not None:
                seq += 1
                if entry.seq != seq:
                    raise NotAnExport(f"line {number}: seq {entry.seq} stands where {seq} belongs")
        except (KeyError, TypeError, orjson.JSONDecodeError, RecordDamaged) as error:
            raise NotAnExport(f"line {number}: not a line of an export: {error}") from None
        records.append(Record(entry.position, entry.seq, body, head))
    if event is None or not records:
        raise NotAnExport("it holds no facts")
    return Export(event, is_public, records)


async def restore_export(stores: Stores, export: Export, now_ms: int) -> str:
    """Write an export's catalogue and then, whole or not at all, its journal; give the new epoch.

    The journal comes last: it is what a running server looks for.
    Raises Conflict when the event exists here, NotAnExport when the facts do not replay.
    """
    event = export.event
    book = _replayed(export.records)
    if book.state.id != event:
        raise NotAnExport(f"the facts are of event {book.state.id}")
    if await stores.journal.read(event, 0, 1):
        raise Conflict(f"event {event} has a journal")
    epoch = secrets.token_hex(8)
    await _restore_catalogue(stores, book, export.is_public, now_ms)
    await stores.journal.create(event, epoch, export.records)
    return epoch


def _replayed(records: list[Record]) -> Book:
    try:
        book = Book.load(records[0].body)
        for record in records[1:]:
            book.replay(record.body)
    except NOT_REPLAYABLE as error:
        raise NotAnExport(f"the facts do not replay: {error}") from None
    return book


async def _restore_catalogue(stores: Stores, book: Book, is_public: bool, now_ms: int) -> None:
    state = book.state
    definition = state.definition
    row = EventRow(
        state.id, definition.title, definition.currency, state.status, is_public, {}, now_ms
    )
    await stores.catalogue.add_event(row)
    for lot in state.lots.values():
        await stores.catalogue.add_lot(state.id, LotRow(lot.number, lot_plain(lot.definition), {}))
    for paddle in state.paddles.values():
        name = paddle.user or f"Paddle {paddle.number}"
        await stores.catalogue.put_registration(
            state.id, Registration(paddle.number, paddle.user, name, table=paddle.table)
        )
