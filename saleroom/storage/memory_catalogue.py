"""The catalogue without a disk: events, their lots, and who holds which paddle.

Owns: the events of one deployment. Invariant: as memory.py's. Source: ports.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import orjson
import trio

from saleroom.storage.index_ports import DonorRow
from saleroom.storage.media_ports import keys_of
from saleroom.storage.memory_desk import MemoryPeople
from saleroom.storage.memory_index import MemoryShelves
from saleroom.storage.ports import Conflict, EventRow, LotRow, NotFound, Registration


class MemoryCatalogue:
    """A `Catalogue` in this process. shelves: what it shares with an index."""

    def __init__(
        self, people: MemoryPeople | None = None, shelves: MemoryShelves | None = None
    ) -> None:
        self._people = people if people is not None else MemoryPeople()
        self._shelves = shelves if shelves is not None else MemoryShelves()
        self._events: dict[str, EventRow] = {}

    async def add_event(self, row: EventRow) -> None:
        await trio.lowlevel.checkpoint()
        self._add_event(row)

    async def put_event(self, row: EventRow) -> EventRow:
        await trio.lowlevel.checkpoint()
        kept = self._event(row.id)
        if kept.version != row.version:
            raise Conflict(f"event {row.id} is at version {kept.version}, not {row.version}")
        put = attrs.evolve(
            row,
            status=kept.status,
            created_at_ms=kept.created_at_ms,
            version=row.version + 1,
        )
        self._events[row.id] = _event_copy(put)
        return _event_copy(put)

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
        lots = self._shelves.lots[event]
        if row.lot in lots:
            raise Conflict(f"lot {row.lot} of event {event} exists")
        self._shelves.require_known(event, row)
        lots[row.lot] = _lot_copy(attrs.evolve(row, place=None))

    async def put_lot(self, event: str, row: LotRow) -> LotRow:
        await trio.lowlevel.checkpoint()
        kept = self._lot(event, row.lot)
        if kept.version != row.version:
            raise Conflict(f"lot {row.lot} is at version {kept.version}, not {row.version}")
        self._shelves.require_known(event, row)
        put = attrs.evolve(row, version=row.version + 1, place=kept.place)
        self._shelves.lots[event][row.lot] = _lot_copy(put)
        return _lot_copy(put)

    async def remove_lot(self, event: str, lot: int) -> None:
        await trio.lowlevel.checkpoint()
        self._lot(event, lot)
        del self._shelves.lots[event][lot]

    async def lots(self, event: str) -> list[LotRow]:
        await trio.lowlevel.checkpoint()
        rows = self._shelves.lots.get(event, {})
        return [_lot_copy(rows[lot]) for lot in sorted(rows)]

    async def lot(self, event: str, lot: int) -> LotRow:
        await trio.lowlevel.checkpoint()
        return _lot_copy(self._lot(event, lot))

    async def order_lots(self, event: str, lots: Sequence[int]) -> None:
        await trio.lowlevel.checkpoint()
        rows = self._shelves.lots.get(event, {})
        if sorted(lots) != sorted(rows):
            raise Conflict(f"event {event} has other lots than those")
        for place, lot in enumerate(lots, 1):
            rows[lot] = attrs.evolve(rows[lot], place=place)

    async def add_copy(
        self,
        row: EventRow,
        lots: Sequence[LotRow],
        categories: Sequence[str],
        donors: Sequence[DonorRow],
    ) -> None:
        await trio.lowlevel.checkpoint()
        self._add_event(row)
        shelves = self._shelves
        for name in categories:
            shelves.add_category(row.id, name)
        ids = {donor.id: shelves.add_donor(row.id, donor).id for donor in donors}
        for lot in lots:
            donor = None if lot.donor is None else ids[lot.donor]
            shelves.lots[row.id][lot.lot] = _lot_copy(attrs.evolve(lot, donor=donor))

    async def put_registration(self, event: str, row: Registration) -> None:
        await trio.lowlevel.checkpoint()
        self._people.upsert(event, [row])

    async def registrations(self, event: str, after: int, limit: int) -> list[Registration]:
        await trio.lowlevel.checkpoint()
        rows = self._people.rows.get(event, {})
        return [rows[paddle] for paddle in sorted(rows) if paddle > after][:limit]

    def has_event(self, event: str) -> bool:
        """Say whether there is such an event."""
        return event in self._events

    def shown_media(self) -> list[str]:
        """Give the keys of all objects that lots show."""
        return [
            key
            for lots in self._shelves.lots.values()
            for lot in lots.values()
            for key in keys_of(lot.details)
        ]

    def insert(
        self,
        event: str,
        lots: Sequence[LotRow],
        registrations: Sequence[Registration],
        *,
        is_first: bool,
    ) -> None:
        """Add an import's rows, or none of them; what is there stays. Raises Conflict, Full."""
        kept, people = self._shelves.lots[event], self._people.rows.get(event, {})
        new_lots = [row for row in lots if row.lot not in kept]
        new_people = [row for row in registrations if row.paddle not in people]
        if is_first and (len(new_lots), len(new_people)) != (len(lots), len(registrations)):
            raise Conflict(f"event {event} has some of these rows")
        self._shelves.require_room(event, {row.category for row in new_lots if row.category})
        for row in new_lots:
            self._shelves.require_known(event, row)
            kept[row.lot] = _lot_copy(row)
        self._people.upsert(event, new_people)

    def _add_event(self, row: EventRow) -> None:
        if row.id in self._events:
            raise Conflict(f"event {row.id} exists")
        self._events[row.id] = _event_copy(row)
        self._shelves.open(row.id)

    def _event(self, event: str) -> EventRow:
        if event not in self._events:
            raise NotFound(f"no event {event}")
        return self._events[event]

    def _lot(self, event: str, lot: int) -> LotRow:
        row = self._shelves.lots.get(event, {}).get(lot)
        if row is None:
            raise NotFound(f"no lot {lot} in event {event}")
        return row


def _copied(value: Mapping[str, Any]) -> dict[str, Any]:
    copied: dict[str, Any] = orjson.loads(orjson.dumps(dict(value)))
    return copied


def _event_copy(row: EventRow) -> EventRow:
    return attrs.evolve(row, settings=_copied(row.settings), details=_copied(row.details))


def _lot_copy(row: LotRow) -> LotRow:
    return attrs.evolve(row, definition=_copied(row.definition), details=_copied(row.details))


def _listing_key(row: EventRow) -> tuple[int, str]:
    return row.created_at_ms, row.id
