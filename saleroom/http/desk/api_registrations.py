"""Registrations over HTTP: who holds which paddle.

Owns: the routes of `/api/v1/events/{id}/registrations`. Invariant: a donor registers and agrees for
themself alone; on a published event every change is a command, asked by that user with the house's
right. A number that is asked for again moves its former holder to the lowest free one.
Source: PROTOCOL 7, rules 19, 24 and 25, issue 6 point 3.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import attrs
from quart import Blueprint, Response

from saleroom.auction.roles import Role, outranks
from saleroom.http.catalogue.api_definitions import event_definition
from saleroom.http.catalogue.api_drafts import Drafts
from saleroom.http.catalogue.api_shapes import (
    AcceptedTerms,
    NewNumber,
    NewRegistration,
    NumberedPaddle,
    RegistrationView,
)
from saleroom.http.desk.desk_shapes import GuestPage, GuestQuery
from saleroom.http.desk.guests import UNKNOWN_PADDLE, Guests
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_asking import ask_event, house_command
from saleroom.http.requests.api_requests import (
    defining,
    event_id,
    idempotency_key,
    path_number,
    read_object,
    read_page,
    respond,
)
from saleroom.http.requests.bodies import read_query
from saleroom.http.requests.contract import IDEMPOTENCY_KEY, contract
from saleroom.http.requests.problems import Problem
from saleroom.http.services import Services
from saleroom.protocol.reading import read_shape
from saleroom.storage.ports import Registration

TAG = "Registrations"
DONORS_PADDLES = range(100, 1_000)
"""What a donor may ask for: the numbers that a sale gives by itself (rule 19)."""
EVENT_ASKED = ("MALFORMED", "ID_REUSED", "EVENT_PUBLISHED", "EVENT_CLOSED")
"""What a published event may say to the command behind a change."""


def registration_routes(
    services: Services, access: Access, drafts: Drafts, guests: Guests
) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("registrations", __name__)
    desk = _Desk(services, access, guests)

    @routes.post("/events/<event>/registrations")
    @contract(
        "Register a bidder",
        tag=TAG,
        who=Role.DONOR,
        body=NewRegistration,
        invalid="INVALID_REGISTRATION",
        headers=(IDEMPOTENCY_KEY,),
        answers={201: RegistrationView},
        refusals=("PADDLE_TAKEN", *EVENT_ASKED),
    )
    async def register(event: str) -> Response:
        raw = await read_object()
        identity, role = await access.admit(Role.DONOR, event_id(event))
        with defining("INVALID_REGISTRATION"):
            wanted = attrs.asdict(read_shape(NewRegistration, raw))
        if not outranks(role, Role.CLERK):
            wanted = _own(wanted, identity.user)
        if await access.is_draft(event, role):
            made = await drafts.register(event, **wanted)
        else:
            made = await desk.register(event, wanted, identity.user, role)
        location = f"/api/v1/events/{event}/registrations/{made.paddle}"
        return respond(attrs.asdict(made), 201, {"Location": location})

    @routes.get("/events/<event>/registrations")
    @contract(
        "List and search registrations",
        tag=TAG,
        who=Role.CLERK,
        query=GuestQuery,
        answers={200: GuestPage},
    )
    async def index(event: str) -> Response:
        asked, limit = read_query(GuestQuery), read_page(services.limits).limit
        _, role = await access.require(Role.CLERK, event_id(event))
        is_draft = await access.is_draft(event, role)
        shown, following = await guests.page(event, asked, limit, is_draft=is_draft)
        return respond({"registrations": shown, "next": following})

    @routes.post("/events/<event>/registrations/<paddle>/accept-terms")
    @contract(
        "Accept the terms",
        tag=TAG,
        who=Role.DONOR,
        headers=(IDEMPOTENCY_KEY,),
        answers={200: AcceptedTerms},
        refusals=("EVENT_NOT_OPEN", *EVENT_ASKED),
    )
    async def accept_terms(event: str, paddle: str) -> Response:
        identity, role = await access.admit(Role.DONOR, event_id(event))
        number = path_number(paddle, UNKNOWN_PADDLE)
        await access.site(event, role)
        row = await desk.row(event, number)
        if not outranks(role, Role.CLERK) and (row is None or row.user != identity.user):
            raise Problem("FORBIDDEN", "this paddle is not yours")
        version = event_definition(await access.row(event)).terms_version
        changed = {"paddle": number, "terms_version": version}
        await guests.ask(event, changed, identity.user, role)
        return respond(changed)

    @routes.post("/events/<event>/registrations/<paddle>/renumber")
    @contract(
        "Give a paddle another number",
        tag=TAG,
        who=Role.ADMIN,
        body=NewNumber,
        invalid="INVALID_REGISTRATION",
        headers=(IDEMPOTENCY_KEY,),
        answers={200: NumberedPaddle},
        refusals=("PADDLE_TAKEN", "EVENT_NOT_OPEN", *EVENT_ASKED),
    )
    async def renumber(event: str, paddle: str) -> Response:
        raw = await read_object()
        identity, role = await access.admit(Role.ADMIN, event_id(event))
        number = path_number(paddle, UNKNOWN_PADDLE)
        with defining("INVALID_REGISTRATION"):
            new = read_shape(NewNumber, raw).paddle
        moved = await desk.renumber(event, number, new, identity.user, role)
        return respond({"paddle": new, "moved_to": moved})

    return routes


@attrs.frozen(eq=False)
class _Desk:
    """The registrations of published events."""

    services: Services
    access: Access
    guests: Guests

    async def register(
        self, event: str, wanted: Mapping[str, Any], by: str, role: Role
    ) -> Registration:
        fields = {name: value for name, value in wanted.items() if value is not None}
        ask = house_command("add_paddle", fields, idempotency_key())
        site = await self.access.site(event, role)
        ack = await ask_event(site, ask, by, Role.ADMIN, self.services.limits.answer_s)
        return Registration(**{**wanted, "paddle": ack["paddle"]})

    async def renumber(self, event: str, old: int, new: int, by: str, role: Role) -> int | None:
        """Give a paddle a number; give the one that its former holder has now, None without one.

        Two commands: cut short between them, the former holder has moved and the number is free,
        and the request sent again goes on from there.
        """
        await self.access.site(event, role)
        state = await self.guests.replicas.state(event)
        moved = None
        if old != new and old in state.paddles and new in state.paddles:
            moved = state.free_paddle()
            away = {"paddle": new, "new_paddle": moved}
            await self.guests.ask(event, away, by, role, _derived(idempotency_key(), "away"))
        await self.guests.ask(event, {"paddle": old, "new_paddle": new}, by, role)
        return moved

    async def row(self, event: str, paddle: int) -> Registration | None:
        """Give who holds a paddle, as the tables have it."""
        rows = await self.services.stores.catalogue.registrations(event, paddle - 1, 1)
        return rows[0] if rows and rows[0].paddle == paddle else None


def _derived(key: str | None, step: str) -> str | None:
    """Give the key of one step of a request that is more than one command."""
    if key is None:
        return None
    return hashlib.blake2b(f"{step}:{key}".encode(), digest_size=16).hexdigest()


def _own(wanted: Mapping[str, Any], user: str) -> dict[str, Any]:
    """Hold a donor to their own name. Raises Problem."""
    if wanted["user"] not in (None, user):
        raise Problem("FORBIDDEN", "you may register yourself only")
    if wanted["paddle"] not in (None, *DONORS_PADDLES):
        raise Problem("FORBIDDEN", "numbers other than 100 to 999 are the house's to give")
    return {**wanted, "user": user}
