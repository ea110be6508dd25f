"""The audit over HTTP: who changed what, for admins.

Owns: the route `/api/v1/audit`. Invariant: an admin narrowed to events reads of those alone.
Source: PROTOCOL 7.
"""

from __future__ import annotations

from typing import Any

from quart import Blueprint, Response

from saleroom.auction.roles import Role
from saleroom.http.catalogue.catalogue_shapes import AuditPage, AuditQuery
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_cursors import cursor_of, place_of
from saleroom.http.requests.api_requests import read_page, respond
from saleroom.http.requests.bodies import read_query
from saleroom.http.requests.contract import contract
from saleroom.http.services import Services
from saleroom.storage.audit_ports import KeptEntry


def audit_routes(services: Services, access: Access) -> Blueprint:
    """Make the route."""
    routes = Blueprint("audit", __name__)

    @routes.get("/audit")
    @contract(
        "List who changed what",
        tag="Audit",
        who=Role.ADMIN,
        query=AuditQuery,
        answers={200: AuditPage},
        refusals=("UNKNOWN_CURSOR",),
        description="Of one event with `event`; of all of them for an admin of the whole server.",
    )
    async def index() -> Response:
        query = read_query(AuditQuery)
        await access.require(Role.ADMIN, query.event)
        asked = [query.event, query.who]
        place, limit = place_of(asked, query.cursor, (int,)), read_page(services.limits).limit
        before = None if place is None else int(place[0])
        kept = await services.stores.audit.entries(
            event=query.event, who=query.who, before=before, limit=limit + 1
        )
        shown = [_view(entry) for entry in kept[:limit]]
        following = cursor_of(asked, [kept[limit - 1].number]) if len(kept) > limit else None
        return respond({"entries": shown, "next": following})

    return routes


def _view(kept: KeptEntry) -> dict[str, Any]:
    entry = kept.entry
    return {
        "number": kept.number,
        "at": entry.at_ms,
        "who": entry.who,
        "role": entry.role,
        "what": entry.what,
        "event": entry.event,
        "target": entry.target,
        "before": entry.before,
        "after": entry.after,
    }
