"""Events over HTTP: made, listed, read, changed and published.

Owns: the routes of `/api/v1/events`. Invariant: drafts are seen by staff alone, private events by
those with a token; what stands on a published event comes from its view. Source: PROTOCOL 7.
"""

from __future__ import annotations

from typing import Any

import attrs
from quart import Blueprint, Response

from saleroom.auction.roles import Role, outranks
from saleroom.http.catalogue.api_definitions import event_json
from saleroom.http.catalogue.api_drafts import Drafts
from saleroom.http.catalogue.api_published import PublishedEvents
from saleroom.http.catalogue.api_shapes import (
    EventChanges,
    EventPage,
    EventQuery,
    EventView,
    NewEvent,
)
from saleroom.http.catalogue.api_views import Views
from saleroom.http.operations.audit_trail import PRIVATE_OF_EVENTS, Trail, event_values
from saleroom.http.requests.api_access import DRAFT, Access, role_of
from saleroom.http.requests.api_requests import (
    defining,
    event_id,
    flag_field,
    read_object,
    read_page,
    respond,
    version_field,
)
from saleroom.http.requests.contract import ANYONE, IDEMPOTENCY_KEY, contract
from saleroom.http.requests.problems import Problem
from saleroom.http.services import Services
from saleroom.protocol.identity import Identity
from saleroom.storage.ports import EventRow, NotFound, StoreUnavailable

TAG = "Events"
LIVE = ("status", "seq", "raised", "server_time")


def event_routes(
    services: Services,
    access: Access,
    drafts: Drafts,
    published: PublishedEvents,
    views: Views,
    trail: Trail,
) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("events", __name__)
    catalogue, limits = services.stores.catalogue, services.limits

    @routes.post("/events")
    @contract(
        "Make an event",
        tag=TAG,
        who=Role.ADMIN,
        body=NewEvent,
        invalid="INVALID_EVENT",
        answers={201: EventView},
    )
    async def create() -> Response:
        raw = await read_object()
        identity, role = await access.admit(Role.ADMIN, None)
        with defining("INVALID_EVENT"):
            stays_draft = flag_field(raw, "draft", False)
            row = await drafts.create({k: v for k, v in raw.items() if k != "draft"})
        await trail.note(
            identity.user,
            role,
            "event.add",
            event=row.id,
            after=event_values(row),
            private=PRIVATE_OF_EVENTS,
        )
        if not stays_draft:
            row = await drafts.publish(row.id, identity.user)
            await trail.note(identity.user, role, "event.publish", event=row.id)
        return respond(event_json(row), 201, {"Location": f"/api/v1/events/{row.id}"})

    @routes.post("/events/<event>/publish")
    @contract(
        "Publish a draft",
        tag=TAG,
        who=Role.ADMIN,
        answers={200: EventView},
        refusals=("EVENT_PUBLISHED",),
    )
    async def publish(event: str) -> Response:
        identity, role = await access.admit(Role.ADMIN, event_id(event))
        row = await drafts.publish(event, identity.user)
        await trail.note(identity.user, role, "event.publish", event=event)
        return respond(event_json(row))

    @routes.patch("/events/<event>")
    @contract(
        "Change an event",
        tag=TAG,
        who=Role.ADMIN,
        body=EventChanges,
        invalid="INVALID_EVENT",
        headers=(IDEMPOTENCY_KEY,),
        answers={200: EventView},
        refusals=("STALE_VERSION", "EVENT_PUBLISHED", "EVENT_CLOSED", "ID_REUSED"),
        description="Once it is published, its currency, ladder and terms stay, and `starts_at` "
        "changes until it opens.",
    )
    async def change(event: str) -> Response:
        raw = await read_object()
        identity, role = await access.admit(Role.ADMIN, event_id(event))
        before = await access.row(event)
        with defining("INVALID_EVENT"):
            version = version_field(raw)
            changes = {name: value for name, value in raw.items() if name != "version"}
            if before.status == DRAFT:
                row = await drafts.change(event, changes, version)
            else:
                row = await published.change(before, changes, version, identity.user, role)
        await trail.note(
            identity.user,
            role,
            "event.change",
            event=event,
            before=event_values(before),
            after=event_values(row),
            private=PRIVATE_OF_EVENTS,
        )
        return respond(event_json(row))

    @routes.get("/events")
    @contract(
        "List events",
        tag=TAG,
        who=ANYONE,
        query=EventQuery,
        answers={200: EventPage},
        refusals=("UNKNOWN_CURSOR",),
    )
    async def index() -> Response:
        page, identity = read_page(limits), await access.identify()
        after = event_id_or_start(page.after)
        if after is not None:
            await known_cursor(after)
        shown: list[EventRow] = []
        while len(shown) <= page.limit:
            rows = await catalogue.list_events(after, limits.page_max)
            shown += [row for row in rows if _is_visible(row, identity)]
            if len(rows) < limits.page_max:
                break
            after = rows[-1].id
        kept = shown[: page.limit]
        following = kept[-1].id if len(shown) > page.limit else None
        shown_rows = [event_json(as_told(row), is_listed=True) for row in kept]
        return respond({"events": shown_rows, "next": following})

    async def known_cursor(event: str) -> None:
        """Refuse the place of no event, at which a list would seem to end. Raises Problem."""
        try:
            await catalogue.event(event)
        except NotFound:
            raise Problem("UNKNOWN_CURSOR") from None

    def as_told(row: EventRow) -> EventRow:
        """Give a row with the status that people have been told, which the catalogue follows."""
        state = services.registry.state(row.id)
        return row if state is None else attrs.evolve(row, status=state.status)

    @routes.get("/events/<event>")
    @contract("Read an event", tag=TAG, who=ANYONE, answers={200: EventView})
    async def read(event: str) -> Response:
        reader = await access.reader(event_id(event))
        if reader.is_draft and reader.row is not None:
            return respond(event_json(reader.row))
        view = await views.event(event)
        live = {name: view[name] for name in LIVE}
        about: dict[str, Any] = {"id": event, "title": view["title"], "currency": view["currency"]}
        try:
            about = event_json(reader.row or await catalogue.event(event))
        except StoreUnavailable:
            about["public"] = reader.is_public
        return respond({**about, **live})

    return routes


def event_id_or_start(cursor: str) -> str | None:
    """Read the cursor of a list of events: the last one seen, None at the beginning."""
    if not cursor:
        return None
    try:
        return event_id(cursor)
    except Problem:
        raise Problem("MALFORMED", "'cursor' is what `next` gave") from None


def _is_visible(row: EventRow, identity: Identity | None) -> bool:
    if row.status == DRAFT:
        return identity is not None and outranks(role_of(identity, row.id), Role.CLERK)
    return row.public or identity is not None
