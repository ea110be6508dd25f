"""Copies of events over HTTP: last year's sale, as a draft of this year's.

Owns: the route `/api/v1/events/{id}/duplicate`, and what of an event goes into a copy. Invariant: a
copy holds what its organiser said and nothing of what happened: no bid, no registration, no paddle;
it is made whole or not at all. Source: PROTOCOL 7, RULES "Events and lots".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from quart import Blueprint, Response

from saleroom.auction.definition import define_lot, lot_plain, soft_close_plain
from saleroom.auction.roles import Role
from saleroom.auction.state import EventState
from saleroom.http.catalogue.api_definitions import event_json
from saleroom.http.catalogue.api_donors import all_donors
from saleroom.http.catalogue.api_shapes import EventView
from saleroom.http.catalogue.catalogue_shapes import EventCopy
from saleroom.http.operations.audit_trail import Trail
from saleroom.http.requests.api_access import DRAFT, Access
from saleroom.http.requests.api_requests import defining, event_id, new_event_id, respond
from saleroom.http.requests.bodies import read_body
from saleroom.http.requests.contract import contract
from saleroom.http.sale.api_replicas import Replicas
from saleroom.http.services import Services
from saleroom.storage.ports import EventRow, LotRow

TIMES = ("starts_at", "ends_at")
LEFT_OUT = ("donor_paddle",)
"""Paddles are of one evening: the same number will be somebody else's."""


def copy_routes(services: Services, access: Access, replicas: Replicas, trail: Trail) -> Blueprint:
    """Make the route."""
    routes = Blueprint("copies", __name__)
    copies = _Copies(services, replicas)

    @routes.post("/events/<event>/duplicate")
    @contract(
        "Copy an event into a new draft",
        tag="Events",
        who=Role.ADMIN,
        body=EventCopy,
        invalid="INVALID_EVENT",
        answers={201: EventView},
        description="With its settings, lots, categories and donors; without bids or people.",
    )
    async def duplicate(event: str) -> Response:
        wanted = await read_body(EventCopy, "INVALID_EVENT")
        await access.require(Role.ADMIN, event_id(event))
        identity, role = await access.admit(Role.ADMIN, None)
        source = await access.row(event)
        with defining("INVALID_EVENT"):
            row = await copies.make(source, wanted)
        await trail.note(
            identity.user, role, "event.duplicate", event=row.id, target=f"event {event}"
        )
        return respond(event_json(row), 201, {"Location": f"/api/v1/events/{row.id}"})

    return routes


@attrs.frozen(eq=False)
class _Copies:
    services: Services
    replicas: Replicas

    async def make(self, source: EventRow, wanted: EventCopy) -> EventRow:
        """Keep a copy. Raises DefinitionError where a time would leave its bounds."""
        stores = self.services.stores
        rows = await stores.catalogue.lots(source.id)
        settings = dict(source.settings)
        if source.status != DRAFT:
            state = await self.replicas.state(source.id)
            rows = _as_decided(state, rows)
            settings["soft_close"] = soft_close_plain(state.soft_close)
        shift = _shift(source, wanted.starts_at)
        if wanted.starts_at is not None:
            settings["starts_at"] = wanted.starts_at
        row = attrs.evolve(
            source,
            id=new_event_id(),
            title=wanted.title or source.title,
            status=DRAFT,
            settings=settings,
            created_at_ms=self.services.clock.now_ms(),
            version=1,
        )
        lots = [_copied(lot, shift) for lot in rows]
        categories = [category.name for category in await stores.index.categories(source.id)]
        donors = await all_donors(stores.index, source.id)
        await stores.catalogue.add_copy(row, lots, categories, donors)
        return row


def _as_decided(state: EventState, rows: list[LotRow]) -> list[LotRow]:
    """Give the lots of a published event as its journal has them, with their catalogue fields."""
    kept = {row.lot: row for row in rows}
    decided = []
    for number, lot in state.lots.items():
        plain = lot_plain(lot.definition)
        row = kept.get(number) or LotRow(number, plain, {})
        decided.append(attrs.evolve(row, definition=plain))
    return decided


def _copied(row: LotRow, shift: int) -> LotRow:
    moved: Mapping[str, Any] = {
        name: value + shift if name in TIMES else value
        for name, value in row.definition.items()
        if name not in LEFT_OUT
    }
    return attrs.evolve(row, definition=lot_plain(define_lot(moved)), version=1)


def _shift(source: EventRow, starts_at: int | None) -> int:
    """Give the ms by which the times of lots move."""
    before: int | None = source.settings.get("starts_at")
    return 0 if before is None or starts_at is None else starts_at - before
