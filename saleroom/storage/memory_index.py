"""The index of a catalogue without a disk: categories, donors, and the search for lots.

Owns: `MemoryShelves`, the tables that catalogue and index share. Invariant: as memory.py's; a lot
names only what its event has. Source: index_ports.py.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence

import attrs
import trio

from saleroom.storage.index_ports import CATEGORIES_MAX, CategoryRow, DonorRow
from saleroom.storage.lot_search import (
    CATEGORY,
    DESCRIPTION,
    DONOR,
    TITLE,
    Document,
    document,
    find,
)
from saleroom.storage.ports import Conflict, Full, LotRow, NotFound


@attrs.define
class MemoryShelves:
    """Lots, categories in their order, and donors, by event. An event has its keys in all three."""

    lots: dict[str, dict[int, LotRow]] = attrs.Factory(dict)
    categories: dict[str, list[CategoryRow]] = attrs.Factory(dict)
    donors: dict[str, dict[int, DonorRow]] = attrs.Factory(dict)
    _ids: Iterator[int] = attrs.field(init=False, factory=lambda: itertools.count(1))

    def open(self, event: str) -> None:
        """Make room for an event."""
        self.lots[event], self.categories[event], self.donors[event] = {}, [], {}

    def require_known(self, event: str, row: LotRow) -> None:
        """Refuse a lot that names what is not there; make its category. Raises NotFound, Full."""
        if row.donor is not None and row.donor not in self.donors[event]:
            raise NotFound(f"no donor {row.donor} in event {event}")
        if row.category is not None and self.named(event, row.category) is None:
            self.add_category(event, row.category)

    def require_room(self, event: str, names: Collection[str]) -> None:
        """Refuse more new categories than an event may still have. Raises Full."""
        new = [name for name in names if self.named(event, name) is None]
        if len(self.categories[event]) + len(new) > CATEGORIES_MAX:
            raise Full(f"event {event} has {CATEGORIES_MAX} categories")

    def named(self, event: str, name: str) -> CategoryRow | None:
        """Give the category of a name."""
        return next((row for row in self.categories[event] if row.name == name), None)

    def add_category(self, event: str, name: str) -> CategoryRow:
        """Add a category as the last. Raises Full."""
        if len(self.categories[event]) >= CATEGORIES_MAX:
            raise Full(f"event {event} has {CATEGORIES_MAX} categories")
        made = CategoryRow(next(self._ids), name)
        self.categories[event].append(made)
        return made

    def add_donor(self, event: str, row: DonorRow) -> DonorRow:
        """Add a donor under a new id."""
        made = attrs.evolve(row, id=next(self._ids), version=1)
        self.donors[event][made.id] = made
        return made

    def documents(self, event: str, *, is_house: bool) -> Mapping[int, Document]:
        """Give what search looks at of each lot."""
        return {
            number: document(self._texts(event, row, is_house))
            for number, row in self.lots.get(event, {}).items()
        }

    def _texts(self, event: str, row: LotRow, is_house: bool) -> dict[str, str | None]:
        donor = None if row.donor is None else self.donors[event][row.donor]
        is_shown = donor is not None and (is_house or not donor.is_hidden)
        return {
            TITLE: row.definition.get("title"),
            CATEGORY: row.category,
            DONOR: donor.name if donor is not None and is_shown else None,
            DESCRIPTION: row.details.get("description"),
        }


class MemoryIndex:
    """A `CatalogueIndex` in this process."""

    def __init__(self, shelves: MemoryShelves) -> None:
        self._shelves = shelves

    async def categories(self, event: str) -> list[CategoryRow]:
        await trio.lowlevel.checkpoint()
        return list(self._shelves.categories.get(event, ()))

    async def add_category(self, event: str, name: str) -> CategoryRow:
        await trio.lowlevel.checkpoint()
        self._require_event(event)
        self._require_free(event, name)
        return self._shelves.add_category(event, name)

    async def put_category(self, event: str, row: CategoryRow) -> CategoryRow:
        await trio.lowlevel.checkpoint()
        rows = self._shelves.categories.get(event, [])
        place, kept = self._category(event, row.id)
        if kept.version != row.version:
            raise Conflict(f"category {row.id} is at version {kept.version}, not {row.version}")
        if row.name != kept.name:
            self._require_free(event, row.name)
        rows[place] = attrs.evolve(row, version=row.version + 1)
        lots = self._shelves.lots[event]
        for number, lot in lots.items():
            if lot.category == kept.name:
                lots[number] = attrs.evolve(lot, category=row.name)
        return rows[place]

    async def remove_category(self, event: str, category: int) -> None:
        await trio.lowlevel.checkpoint()
        place, kept = self._category(event, category)
        if any(lot.category == kept.name for lot in self._shelves.lots[event].values()):
            raise Conflict(f"lots name category {category}")
        del self._shelves.categories[event][place]

    async def order_categories(self, event: str, categories: Sequence[int]) -> None:
        await trio.lowlevel.checkpoint()
        rows = {row.id: row for row in self._shelves.categories.get(event, ())}
        if sorted(categories) != sorted(rows):
            raise Conflict(f"event {event} has other categories than those")
        if rows:
            self._shelves.categories[event] = [rows[number] for number in categories]

    async def donors(self, event: str, after: int, limit: int) -> list[DonorRow]:
        await trio.lowlevel.checkpoint()
        rows = self._shelves.donors.get(event, {})
        return [rows[number] for number in sorted(rows) if number > after][:limit]

    async def donors_of(self, event: str, ids: Sequence[int]) -> Mapping[int, DonorRow]:
        await trio.lowlevel.checkpoint()
        rows = self._shelves.donors.get(event, {})
        return {number: rows[number] for number in ids if number in rows}

    async def add_donor(self, event: str, row: DonorRow) -> DonorRow:
        await trio.lowlevel.checkpoint()
        self._require_event(event)
        return self._shelves.add_donor(event, row)

    async def put_donor(self, event: str, row: DonorRow) -> DonorRow:
        await trio.lowlevel.checkpoint()
        kept = self._donor(event, row.id)
        if kept.version != row.version:
            raise Conflict(f"donor {row.id} is at version {kept.version}, not {row.version}")
        put = attrs.evolve(row, version=row.version + 1)
        self._shelves.donors[event][row.id] = put
        return put

    async def remove_donor(self, event: str, donor: int) -> None:
        await trio.lowlevel.checkpoint()
        self._donor(event, donor)
        if any(lot.donor == donor for lot in self._shelves.lots[event].values()):
            raise Conflict(f"lots name donor {donor}")
        del self._shelves.donors[event][donor]

    async def find_lots(self, event: str, words: Sequence[str], *, is_house: bool) -> list[int]:
        await trio.lowlevel.checkpoint()
        return find(self._shelves.documents(event, is_house=is_house), words)

    def _require_event(self, event: str) -> None:
        if event not in self._shelves.lots:
            raise NotFound(f"no event {event}")

    def _require_free(self, event: str, name: str) -> None:
        if self._shelves.named(event, name) is not None:
            raise Conflict(f"event {event} has the category {name!r}")

    def _category(self, event: str, category: int) -> tuple[int, CategoryRow]:
        for place, row in enumerate(self._shelves.categories.get(event, ())):
            if row.id == category:
                return place, row
        raise NotFound(f"no category {category} in event {event}")

    def _donor(self, event: str, donor: int) -> DonorRow:
        row = self._shelves.donors.get(event, {}).get(donor)
        if row is None:
            raise NotFound(f"no donor {donor} in event {event}")
        return row
