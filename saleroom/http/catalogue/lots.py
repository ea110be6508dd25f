"""Lots: read as anybody may see them, and changed as the event's life allows.

Owns: where a lot's parts come from (view, row, donor), and the changes of published lots.
Invariant: once an event is published its journal decides, by commands, and the catalogue follows; a
repeated request mends a catalogue left behind. Must not know: HTTP's paths.
Source: PROTOCOL 7, RULES "Events and lots".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from saleroom.auction.definition import LADDER_DEFAULT, DefinitionError, define_ladder, lot_plain
from saleroom.auction.lot import QUEUED, new_lot
from saleroom.auction.roles import Role
from saleroom.http.catalogue.api_definitions import (
    changed_lot_row,
    lot_definition,
    lot_json,
    new_lot_row,
    rule_fields,
)
from saleroom.http.catalogue.api_donors import LotDonors
from saleroom.http.catalogue.api_rows import LotRows
from saleroom.http.catalogue.api_views import Views
from saleroom.http.catalogue.lot_list import LotPage, LotQuery, page_of, wanted_lots
from saleroom.http.requests.api_access import Access, Reader
from saleroom.http.requests.api_asking import ask_event, house_command
from saleroom.http.requests.api_requests import idempotency_key
from saleroom.http.requests.problems import Problem
from saleroom.http.sale.api_replicas import Replicas
from saleroom.http.services import Services
from saleroom.protocol.views import lot_view
from saleroom.storage.index_ports import CATEGORIES_MAX, DonorRow
from saleroom.storage.lot_search import TITLE, document, find, typed_words
from saleroom.storage.ports import Conflict, Full, LotRow, NotFound

UNKNOWN_LOT = "UNKNOWN_LOT"
_ANY_LADDER = define_ladder(LADDER_DEFAULT)  # a lot without a bid shows no step of it


@attrs.frozen(eq=False)
class Lots:
    """The lots of all events, for those who read and those who run them."""

    services: Services
    access: Access
    views: Views
    replicas: Replicas
    rows: LotRows
    donors: LotDonors

    async def all(self, reader: Reader) -> list[dict[str, Any]]:
        """Give all lots by number, as the reader may see them."""
        return await self._all(reader, await self._rows(reader))

    async def one(self, reader: Reader, number: int) -> dict[str, Any]:
        """Give a lot as the reader may see it. Raises Problem (UNKNOWN_LOT)."""
        donors = await self.donors.of(reader.event, is_house=reader.is_staff)
        if reader.is_draft:
            return queued_json(await self.row(reader.event, number), donors)
        view, kept = await self.views.lot(reader.event, number), await self.rows.of(reader.event)
        return _shown(view, kept.get(number), donors)

    async def row(self, event: str, number: int) -> LotRow:
        """Give a lot's row. Raises Problem (UNKNOWN_LOT)."""
        try:
            return await self.services.stores.catalogue.lot(event, number)
        except NotFound:
            raise Problem(UNKNOWN_LOT) from None

    async def page(self, reader: Reader, query: LotQuery, limit: int) -> LotPage:
        """Give the page of lots that is asked for. Raises Problem (MALFORMED)."""
        rows = await self._rows(reader)
        lots = await self._all(reader, rows)
        if not query.q:
            ranks = {row.lot: row.place for row in rows.values() if row.place is not None}
        else:
            ranks = await self._found(reader, query.q, lots)
            lots = [lot for lot in lots if lot["lot"] in ranks]
        return page_of(wanted_lots(lots, query), query, limit, ranks)

    async def _rows(self, reader: Reader) -> Mapping[int, LotRow]:
        if reader.is_draft:
            rows = await self.services.stores.catalogue.lots(reader.event)
            return {row.lot: row for row in rows}
        return await self.rows.of(reader.event)

    async def _all(self, reader: Reader, rows: Mapping[int, LotRow]) -> list[dict[str, Any]]:
        donors = await self.donors.of(reader.event, is_house=reader.is_staff)
        if reader.is_draft:
            return [queued_json(row, donors) for row in rows.values()]
        views = await self.views.lots(reader.event)
        return [_shown(view, rows.get(view["lot"]), donors) for view in views]

    async def _found(
        self, reader: Reader, text: str, lots: Sequence[Mapping[str, Any]]
    ) -> dict[int, int]:
        """Rank the lots that a search finds; those without a row are looked at here."""
        words = typed_words(text)
        index = self.services.stores.index
        found = await index.find_lots(reader.event, words, is_house=reader.is_staff)
        loose = [lot for lot in lots if lot["version"] == 0]
        found += find({lot["lot"]: document({TITLE: lot["title"]}) for lot in loose}, words)
        return {number: rank for rank, number in enumerate(found, 1)}

    async def add(self, event: str, raw: Mapping[str, Any], by: str, role: Role) -> LotRow:
        """Add a lot to a published event. Raises DefinitionError, Problem."""
        row = new_lot_row(raw, 1)
        await require_donor(self.services, event, row)
        number = await self._ask(event, "add_lot", rule_fields(raw), by, role)
        row = new_lot_row({**raw, "lot": number}, number)
        try:
            await self.services.stores.catalogue.add_lot(event, row)
        except Conflict:
            return row  # the command was repeated, and the first one had come this far
        except (NotFound, Full) as error:
            raise lacking(error) from None
        return row

    async def change(
        self, event: str, number: int, raw: Mapping[str, Any], version: int, by: str, role: Role
    ) -> tuple[LotRow, LotRow]:
        """Change a published lot that is still at `version`; give its row before and after.

        Raises DefinitionError, Problem.
        """
        catalogue = self.services.stores.catalogue
        base = await self.decided_row(event, number)
        if version != base.version:
            raise Problem("STALE_VERSION")
        changed = changed_lot_row(base, raw)
        await require_donor(self.services, event, changed)
        fields = {name: value for name, value in rule_fields(raw).items() if name != "lot"}
        if fields:
            await self._ask(event, "change_lot", {**fields, "lot": number}, by, role)
        try:
            if base.version:
                return base, await catalogue.put_lot(event, changed)
            added = attrs.evolve(changed, version=1)
            await catalogue.add_lot(event, added)
        except Conflict:
            raise Problem("STALE_VERSION") from None
        except (NotFound, Full) as error:
            raise lacking(error) from None
        return base, added

    async def decided_row(self, event: str, number: int) -> LotRow:
        """Give a published lot as its journal has it, with its catalogue fields.

        Its version is 0 when the catalogue has no row of it. Raises Problem (UNKNOWN_LOT).
        """
        lot = (await self.replicas.state(event)).lots.get(number)
        if lot is None:
            raise Problem(UNKNOWN_LOT)
        plain = lot_plain(lot.definition)
        try:
            row = await self.services.stores.catalogue.lot(event, number)
        except NotFound:
            return LotRow(number, plain, {}, version=0)
        return attrs.evolve(row, definition=plain)

    async def withdraw(self, event: str, number: int, reason: str, by: str, role: Role) -> None:
        """Take out a published lot that has not opened. Raises Problem."""
        lot = (await self.replicas.state(event)).lots.get(number)
        if lot is None:
            raise Problem(UNKNOWN_LOT)
        if lot.standing.state != QUEUED:
            raise Problem("LOT_CLOSED", "only a lot that has not opened is taken out", lot=number)
        await self._ask(event, "withdraw_lot", {"lot": number, "reason": reason}, by, role)

    async def order(self, event: str, wanted: Sequence[int]) -> list[int]:
        """Put those lots of a published event that have not opened in order; give the whole order.

        The others stay where they are. Raises Problem (STALE_VERSION).
        """
        catalogue = self.services.stores.catalogue
        decided = list((await self.replicas.state(event)).lots.values())
        waiting = {lot.number for lot in decided if lot.standing.state == QUEUED}
        if waiting != set(wanted):
            raise other_lots()
        kept = {row.lot: row for row in await catalogue.lots(event)}
        for lot in decided:
            if lot.number not in kept:
                row = kept[lot.number] = LotRow(lot.number, lot_plain(lot.definition), {})
                await catalogue.add_lot(event, row)
        following = iter(wanted)
        order = [
            next(following) if row.lot in waiting else row.lot
            for row in sorted(kept.values(), key=running_order)
        ]
        try:
            await catalogue.order_lots(event, order)
        except Conflict:
            raise other_lots() from None
        return order

    async def _ask(
        self, event: str, name: str, fields: Mapping[str, Any], by: str, role: Role
    ) -> int:
        ask = house_command(name, fields, idempotency_key())
        site = await self.access.site(event, role)
        ack = await ask_event(site, ask, by, role, self.services.limits.answer_s)
        number: int = ack["lot"]
        return number


def running_order(row: LotRow) -> tuple[bool, int, int]:
    """Give what the running order compares: lots that nobody has placed come last, by number."""
    return row.place is None, row.place or 0, row.lot


def queued_json(row: LotRow, donors: Mapping[int, DonorRow]) -> dict[str, Any]:
    """Give a lot that has not opened, with all that its organiser said of it."""
    view = lot_view(new_lot(lot_definition(row), _ANY_LADDER))
    return lot_json(view, row, _giver(row, donors), is_house=True)


async def require_donor(services: Services, event: str, row: LotRow) -> None:
    """Refuse a lot whose donor is not of its event, before anything is asked of the event.

    Raises DefinitionError.
    """
    donor = row.donor
    if donor is not None and not await services.stores.index.donors_of(event, [donor]):
        raise DefinitionError("donor", "is no donor of this event")


def lacking(error: NotFound | Full) -> Exception:
    """Tell what a lot refers to and cannot have."""
    if isinstance(error, Full):
        return DefinitionError("category", f"is one more than the {CATEGORIES_MAX} there may be")
    return DefinitionError("donor", "is no donor of this event")


def other_lots() -> Problem:
    """Give the problem of an order that does not name the lots that there are."""
    return Problem("STALE_VERSION", "the lots to be ordered are others; read them again")


def _shown(
    view: Mapping[str, Any], row: LotRow | None, donors: Mapping[int, DonorRow]
) -> dict[str, Any]:
    giver = None if row is None else _giver(row, donors)
    return lot_json(view, row, giver, is_house=False)


def _giver(row: LotRow, donors: Mapping[int, DonorRow]) -> DonorRow | None:
    return None if row.donor is None else donors.get(row.donor)
