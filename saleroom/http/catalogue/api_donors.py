"""Donors of lots over HTTP: who gave what is sold.

Owns: the routes of `/api/v1/events/{id}/donors`, and which donor a reader of lots is told.
Invariant: to others than staff a donor is a name, and a hidden one is nobody; contacts are for
staff alone. Source: PROTOCOL 4 and 7.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from quart import Blueprint, Response

from saleroom.auction.roles import Role
from saleroom.http.catalogue.api_shapes import NumberQuery
from saleroom.http.catalogue.catalogue_shapes import DonorChanges, DonorPage, DonorView, NewDonor
from saleroom.http.operations.audit_trail import PRIVATE_OF_DONORS, Trail
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_reading import CommonTo, answer_read
from saleroom.http.requests.api_requests import event_id, path_number, read_number_page, respond
from saleroom.http.requests.bodies import read_body, read_changes
from saleroom.http.requests.contract import ANYONE, contract
from saleroom.http.requests.keep import Freshness, Keep
from saleroom.http.requests.problems import Problem
from saleroom.http.services import Services
from saleroom.protocol.shapes import Number
from saleroom.storage.index_ports import CatalogueIndex, DonorRow
from saleroom.storage.ports import Conflict, NotFound, StoreUnavailable

TAG = "Donors"
UNKNOWN = "UNKNOWN_DONOR"
PATH = {"donor": Number}
PAGE_ROWS = 1_000
EVENTS_MAX = 64
"""Of which donors are kept, as of views."""
AGE_S = 1.0
"""What another server, or another program, changed is seen within this."""


def donor_routes(services: Services, access: Access, trail: Trail) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("donors", __name__)
    index = services.stores.index

    @routes.get("/events/<event>/donors")
    @contract("List donors", tag=TAG, who=ANYONE, query=NumberQuery, answers={200: DonorPage})
    async def listed(event: str) -> Response:
        after, limit = read_number_page(services.limits)
        reader = await access.reader(event_id(event))
        rows: list[DonorRow] = []
        while len(rows) <= limit:
            page = await index.donors(reader.event, after, PAGE_ROWS)
            rows += [row for row in page if reader.is_staff or not row.is_hidden]
            if len(page) < PAGE_ROWS:
                break
            after = page[-1].id
        shown = [_view(row, is_house=reader.is_staff) for row in rows[:limit]]
        following = rows[limit - 1].id if len(rows) > limit else None
        page_shown = {"donors": shown, "next": following}
        return answer_read(page_shown, common_to=CommonTo.GUESTS)

    @routes.get("/events/<event>/donors/<donor>")
    @contract(
        "Read a donor",
        tag=TAG,
        who=ANYONE,
        path=PATH,
        answers={200: DonorView},
        refusals=(UNKNOWN,),
    )
    async def read(event: str, donor: str) -> Response:
        reader = await access.reader(event_id(event))
        row = await _one(index, event, path_number(donor, UNKNOWN))
        if row.is_hidden and not reader.is_staff:
            raise Problem(UNKNOWN)
        found = _view(row, is_house=reader.is_staff)
        return answer_read(found, common_to=CommonTo.GUESTS)

    @routes.post("/events/<event>/donors")
    @contract("Add a donor", tag=TAG, who=Role.CLERK, body=NewDonor, answers={201: DonorView})
    async def add(event: str) -> Response:
        body = await read_body(NewDonor)
        identity, role = await access.admit(Role.CLERK, event_id(event))
        wanted = DonorRow(0, body.name, body.hidden, body.contact, body.email, body.phone)
        try:
            row = await index.add_donor(event, wanted)
        except NotFound:
            raise Problem("UNKNOWN_EVENT") from None
        await trail.note(
            identity.user,
            role,
            "donor.add",
            event=event,
            target=f"donor {row.id}",
            after=_values(row),
            private=PRIVATE_OF_DONORS,
        )
        location = f"/api/v1/events/{event}/donors/{row.id}"
        return respond(_view(row, is_house=True), 201, {"Location": location})

    @routes.patch("/events/<event>/donors/<donor>")
    @contract(
        "Change a donor",
        tag=TAG,
        who=Role.CLERK,
        body=DonorChanges,
        path=PATH,
        answers={200: DonorView},
        refusals=(UNKNOWN, "STALE_VERSION"),
    )
    async def change(event: str, donor: str) -> Response:
        changes = await read_changes(DonorChanges)
        identity, role = await access.admit(Role.CLERK, event_id(event))
        await access.row(event)
        kept = await _one(index, event, path_number(donor, UNKNOWN))
        if "hidden" in changes:
            changes["is_hidden"] = changes.pop("hidden")
        try:
            row = await index.put_donor(event, attrs.evolve(kept, **changes))
        except NotFound:
            raise Problem(UNKNOWN) from None
        except Conflict:
            raise Problem("STALE_VERSION") from None
        await trail.note(
            identity.user,
            role,
            "donor.change",
            event=event,
            target=f"donor {row.id}",
            before=_values(kept),
            after=_values(row),
            private=PRIVATE_OF_DONORS,
        )
        return respond(_view(row, is_house=True))

    @routes.delete("/events/<event>/donors/<donor>")
    @contract(
        "Remove a donor",
        tag=TAG,
        who=Role.CLERK,
        path=PATH,
        answers={204: None},
        refusals=(UNKNOWN, "IN_USE"),
    )
    async def remove(event: str, donor: str) -> Response:
        identity, role = await access.admit(Role.CLERK, event_id(event))
        number = path_number(donor, UNKNOWN)
        await access.row(event)
        try:
            await index.remove_donor(event, number)
        except NotFound:
            raise Problem(UNKNOWN) from None
        except Conflict:
            raise Problem("IN_USE") from None
        target = f"donor {number}"
        await trail.note(identity.user, role, "donor.remove", event=event, target=target)
        return Response(b"", 204)

    return routes


@attrs.define(eq=False)
class LotDonors:
    """The donors of events' lots, kept for reads."""

    index: CatalogueIndex
    freshness: Freshness
    _keep: Keep[Mapping[int, DonorRow]] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._keep = Keep(self.freshness.edits, EVENTS_MAX, AGE_S)

    async def of(self, event: str, *, is_house: bool) -> Mapping[int, DonorRow]:
        """Give the donors that a reader is told of; without the store, those of before, or none."""
        try:
            known = await self._keep.get(event, event, lambda: self._read(event))
        except StoreUnavailable:
            known = self._keep.last(event) or {}
        if is_house:
            return known
        return {number: row for number, row in known.items() if not row.is_hidden}

    async def _read(self, event: str) -> Mapping[int, DonorRow]:
        return {row.id: row for row in await all_donors(self.index, event)}


async def all_donors(index: CatalogueIndex, event: str) -> list[DonorRow]:
    """Give all donors of an event, by id."""
    rows: list[DonorRow] = []
    while True:
        page = await index.donors(event, rows[-1].id if rows else 0, PAGE_ROWS)
        rows += page
        if len(page) < PAGE_ROWS:
            return rows


async def _one(index: CatalogueIndex, event: str, number: int) -> DonorRow:
    row = (await index.donors_of(event, [number])).get(number)
    if row is None:
        raise Problem(UNKNOWN)
    return row


def _values(row: DonorRow) -> dict[str, Any]:
    values = attrs.asdict(row)
    values["hidden"] = values.pop("is_hidden")
    return {name: value for name, value in values.items() if name not in ("id", "version")}


def _view(row: DonorRow, *, is_house: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": row.id, "name": row.name}
    return {**shown, **_values(row), "version": row.version} if is_house else shown
