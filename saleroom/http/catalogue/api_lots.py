"""Lots over HTTP: added, listed, read, changed, put in order and taken out.

Owns: the routes of `/api/v1/events/{id}/lots`. Invariant: each change is decided where the event
stands, in its draft or in its journal, and told to the audit. Source: PROTOCOL 7, RULES "Events and
lots".
"""

from __future__ import annotations

from typing import Any

from quart import Blueprint, Response, request

from saleroom.auction.roles import Role
from saleroom.http.catalogue.api_drafts import Drafts
from saleroom.http.catalogue.api_shapes import LotChanges, LotPage, LotView, NewLot, WithdrawalQuery
from saleroom.http.catalogue.catalogue_shapes import LotOrder, LotOrderView
from saleroom.http.catalogue.lot_list import LotQuery
from saleroom.http.catalogue.lots import UNKNOWN_LOT, Lots, queued_json
from saleroom.http.operations.audit_trail import PRIVATE_OF_LOTS, Trail, lot_values
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_reading import CommonTo, answer_read
from saleroom.http.requests.api_requests import (
    defining,
    event_id,
    path_number,
    read_object,
    read_page,
    respond,
    version_field,
)
from saleroom.http.requests.bodies import read_body, read_query
from saleroom.http.requests.contract import ANYONE, IDEMPOTENCY_KEY, contract
from saleroom.http.services import Services
from saleroom.storage.ports import LotRow

TAG = "Lots"
EVENT_ASKED = ("MALFORMED", "ID_REUSED", "EVENT_PUBLISHED", "EVENT_CLOSED")
"""What a published event may say to the command behind a change."""
WITHDRAWN_REASON = "taken out by the house"


def lot_routes(
    services: Services, access: Access, drafts: Drafts, lots: Lots, trail: Trail
) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("lots", __name__)

    async def whole(row: LotRow, event: str) -> dict[str, Any]:
        return queued_json(row, await lots.donors.of(event, is_house=True))

    @routes.post("/events/<event>/lots")
    @contract(
        "Add a lot",
        tag=TAG,
        who=Role.ADMIN,
        body=NewLot,
        invalid="INVALID_LOT",
        headers=(IDEMPOTENCY_KEY,),
        answers={201: LotView},
        refusals=EVENT_ASKED,
    )
    async def add(event: str) -> Response:
        raw = await read_object()
        identity, role = await access.admit(Role.ADMIN, event_id(event))
        with defining("INVALID_LOT"):
            if await access.is_draft(event, role):
                row = await drafts.add_lot(event, raw)
            else:
                row = await lots.add(event, raw, identity.user, role)
        await trail.note(
            identity.user,
            role,
            "lot.add",
            event=event,
            target=f"lot {row.lot}",
            after=lot_values(row),
            private=PRIVATE_OF_LOTS,
        )
        location = f"/api/v1/events/{event}/lots/{row.lot}"
        return respond(await whole(row, event), 201, {"Location": location})

    @routes.get("/events/<event>/lots")
    @contract(
        "List lots",
        tag=TAG,
        who=ANYONE,
        query=LotQuery,
        answers={200: LotPage},
        refusals=("UNKNOWN_CURSOR",),
    )
    async def index(event: str) -> Response:
        query, limit = read_query(LotQuery), read_page(services.limits).limit
        reader = await access.reader(event_id(event))
        page = await lots.page(reader, query, limit)
        return answer_read({"lots": page.lots, "next": page.next}, common_to=CommonTo.GUESTS)

    @routes.get("/events/<event>/lots/<lot>")
    @contract("Read a lot", tag=TAG, who=ANYONE, answers={200: LotView})
    async def read(event: str, lot: str) -> Response:
        reader = await access.reader(event_id(event))
        found = await lots.one(reader, path_number(lot, UNKNOWN_LOT))
        return answer_read(found, common_to=CommonTo.GUESTS)

    @routes.patch("/events/<event>/lots/<lot>")
    @contract(
        "Change a lot",
        tag=TAG,
        who=Role.ADMIN,
        body=LotChanges,
        invalid="INVALID_LOT",
        headers=(IDEMPOTENCY_KEY,),
        answers={200: LotView},
        refusals=("STALE_VERSION", "LOT_CLOSED", *EVENT_ASKED),
    )
    async def change(event: str, lot: str) -> Response:
        raw = await read_object()
        identity, role = await access.admit(Role.ADMIN, event_id(event))
        number = path_number(lot, UNKNOWN_LOT)
        with defining("INVALID_LOT"):
            version = version_field(raw)
            changes = {name: value for name, value in raw.items() if name != "version"}
            if await access.is_draft(event, role):
                before, row = await drafts.change_lot(event, number, changes, version)
            else:
                before, row = await lots.change(
                    event, number, changes, version, identity.user, role
                )
        await trail.note(
            identity.user,
            role,
            "lot.change",
            event=event,
            target=f"lot {number}",
            before=lot_values(before),
            after=lot_values(row),
            private=PRIVATE_OF_LOTS,
        )
        return respond(await whole(row, event))

    @routes.delete("/events/<event>/lots/<lot>")
    @contract(
        "Take a lot out",
        tag=TAG,
        who=Role.ADMIN,
        query=WithdrawalQuery,
        headers=(IDEMPOTENCY_KEY,),
        answers={204: None},
        refusals=("LOT_CLOSED", *EVENT_ASKED),
    )
    async def remove(event: str, lot: str) -> Response:
        identity, role = await access.admit(Role.ADMIN, event_id(event))
        number = path_number(lot, UNKNOWN_LOT)
        if await access.is_draft(event, role):
            await drafts.remove_lot(event, number)
        else:
            reason = request.args.get("reason") or WITHDRAWN_REASON
            await lots.withdraw(event, number, reason, identity.user, role)
        target = f"lot {number}"
        await trail.note(identity.user, role, "lot.remove", event=event, target=target)
        return Response(b"", 204)

    @routes.put("/events/<event>/lots/order")
    @contract(
        "Put lots in their running order",
        tag=TAG,
        who=Role.ADMIN,
        body=LotOrder,
        answers={200: LotOrderView},
        refusals=("STALE_VERSION", "EVENT_PUBLISHED"),
        description="Of a draft all lots; of a published event those that have not opened, which "
        "change places among themselves.",
    )
    async def order(event: str) -> Response:
        body = await read_body(LotOrder)
        identity, role = await access.admit(Role.ADMIN, event_id(event))
        if await access.is_draft(event, role):
            placed = await drafts.order_lots(event, body.lots)
        else:
            placed = await lots.order(event, body.lots)
        after = {"lots": placed}
        await trail.note(identity.user, role, "lot.order", event=event, after=after)
        return respond(after)

    return routes
