"""The desk over HTTP: a guest read, changed and checked in, and the tables.

Owns: the routes of one registration and of `/api/v1/events/{id}/tables`. Invariant: staff of the
event see guests, and a guest themself; notes and locks' reasons are for staff alone. What was done
to a guest is in the audit, which names what is private and does not repeat it.
Source: PROTOCOL 7, rules 19, 24 and 25, issue 6 point 3.
"""

from __future__ import annotations

from quart import Blueprint, Response

from saleroom.auction.roles import Role, outranks
from saleroom.http.desk.desk_shapes import GuestChanges, GuestView, TablePage, TableQuery
from saleroom.http.desk.guests import UNKNOWN_PADDLE, Guests, own_json
from saleroom.http.operations.audit_trail import Trail
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_requests import event_id, path_number, read_page, respond
from saleroom.http.requests.bodies import read_changes, read_query
from saleroom.http.requests.contract import IDEMPOTENCY_KEY, contract
from saleroom.http.requests.problems import Problem
from saleroom.http.services import Services
from saleroom.storage.ports import NotFound

TAG = "Registrations"
ASKED = ("MALFORMED", "ID_REUSED", "EVENT_CLOSED", "EVENT_NOT_OPEN", "INVALID_AMOUNT")
"""What a published event may say to the command behind a change."""
PRIVATE = frozenset({"name", "email", "phone", "notes"})
"""What the audit names, and does not repeat."""


def desk_routes(services: Services, access: Access, guests: Guests, trail: Trail) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("desk", __name__)
    desk = services.stores.desk

    @routes.get("/events/<event>/registrations/<paddle>")
    @contract("Read a registration", tag=TAG, who=Role.DONOR, answers={200: GuestView})
    async def read(event: str, paddle: str) -> Response:
        identity, role = await access.require(Role.DONOR, event_id(event))
        number = path_number(paddle, UNKNOWN_PADDLE)
        is_draft = await access.is_draft(event, role)
        is_staff = outranks(role, Role.CLERK)
        try:
            view = await guests.one(event, number, is_draft=is_draft)
        except Problem:
            if is_staff:
                raise
            raise Problem("FORBIDDEN", "this paddle is not yours") from None
        if is_staff:
            return respond(view)
        if view["user"] != identity.user:
            raise Problem("FORBIDDEN", "this paddle is not yours")
        return respond(own_json(view))

    @routes.patch("/events/<event>/registrations/<paddle>")
    @contract(
        "Change a registration",
        tag=TAG,
        who=Role.CLERK,
        body=GuestChanges,
        invalid="INVALID_REGISTRATION",
        headers=(IDEMPOTENCY_KEY,),
        answers={200: GuestView},
        refusals=("EVENT_PUBLISHED", *ASKED),
    )
    async def change(event: str, paddle: str) -> Response:
        identity, role = await access.admit(Role.CLERK, event_id(event))
        number = path_number(paddle, UNKNOWN_PADDLE)
        changes = await read_changes(GuestChanges, "INVALID_REGISTRATION")
        before = await guests.one(event, number, is_draft=await access.is_draft(event, role))
        view = await guests.change(event, number, changes, identity.user, role)
        await trail.note(
            identity.user,
            role,
            "registration.change",
            event=event,
            target=f"paddle {number}",
            before=before,
            after=view,
            private=PRIVATE,
        )
        return respond(view)

    @routes.post("/events/<event>/registrations/<paddle>/check-in")
    @contract("Check a guest in", tag=TAG, who=Role.CLERK, answers={200: GuestView})
    async def check_in(event: str, paddle: str) -> Response:
        identity, role = await access.admit(Role.CLERK, event_id(event))
        number = path_number(paddle, UNKNOWN_PADDLE)
        is_draft = await access.is_draft(event, role)
        try:
            await desk.check_in(event, number, identity.user, services.clock.now_ms())
        except NotFound:
            raise Problem(UNKNOWN_PADDLE) from None
        return respond(await guests.one(event, number, is_draft=is_draft))

    @routes.delete("/events/<event>/registrations/<paddle>/check-in")
    @contract("Undo a check-in", tag=TAG, who=Role.CLERK, answers={200: GuestView})
    async def undo_check_in(event: str, paddle: str) -> Response:
        identity, role = await access.admit(Role.CLERK, event_id(event))
        number = path_number(paddle, UNKNOWN_PADDLE)
        is_draft = await access.is_draft(event, role)
        try:
            await desk.undo_check_in(event, number)
        except NotFound:
            raise Problem(UNKNOWN_PADDLE) from None
        what, target = "registration.undo_check_in", f"paddle {number}"
        await trail.note(identity.user, role, what, event=event, target=target)
        return respond(await guests.one(event, number, is_draft=is_draft))

    @routes.get("/events/<event>/tables")
    @contract(
        "List the tables",
        tag=TAG,
        who=Role.CLERK,
        query=TableQuery,
        answers={200: TablePage},
    )
    async def tables(event: str) -> Response:
        asked = read_query(TableQuery)
        limit = read_page(services.limits).limit
        _, role = await access.require(Role.CLERK, event_id(event))
        is_draft = await access.is_draft(event, role)
        shown, unseated, following = await guests.tables(
            event, asked.cursor, limit, is_draft=is_draft
        )
        return respond({"tables": shown, "unseated": unseated, "next": following})

    return routes
