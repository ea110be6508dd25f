"""Categories over HTTP: the headings under which an event's lots stand.

Owns: the routes of `/api/v1/events/{id}/categories`. Invariant: everybody reads them, staff change
them, whether the event is a draft or not: the rules know nothing of them. Source: PROTOCOL 7.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import attrs
from quart import Blueprint, Response

from saleroom.auction.roles import Role
from saleroom.http.catalogue.catalogue_shapes import (
    CategoryChanges,
    CategoryList,
    CategoryOrder,
    CategoryView,
    NewCategory,
)
from saleroom.http.operations.audit_trail import Trail
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_reading import CommonTo, answer_read
from saleroom.http.requests.api_requests import event_id, path_number, respond
from saleroom.http.requests.bodies import read_body
from saleroom.http.requests.contract import ANYONE, contract
from saleroom.http.requests.problems import Problem
from saleroom.http.services import Services
from saleroom.protocol.shapes import Number
from saleroom.storage.index_ports import CATEGORIES_MAX, CategoryRow
from saleroom.storage.ports import Conflict, Full, NotFound

TAG = "Categories"
UNKNOWN = "UNKNOWN_CATEGORY"
PATH = {"category": Number}


def category_routes(services: Services, access: Access, trail: Trail) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("categories", __name__)
    index = services.stores.index

    @routes.get("/events/<event>/categories")
    @contract("List categories", tag=TAG, who=ANYONE, answers={200: CategoryList})
    async def listed(event: str) -> Response:
        reader = await access.reader(event_id(event))
        rows = await index.categories(reader.event)
        return answer_read(
            {"categories": [attrs.asdict(row) for row in rows]}, common_to=CommonTo.ALL
        )

    @routes.post("/events/<event>/categories")
    @contract(
        "Add a category",
        tag=TAG,
        who=Role.CLERK,
        body=NewCategory,
        answers={201: CategoryView},
        refusals=("NAME_TAKEN", "TOO_MANY"),
    )
    async def add(event: str) -> Response:
        body = await read_body(NewCategory)
        identity, role = await access.admit(Role.CLERK, event_id(event))
        with _refusing("UNKNOWN_EVENT", "NAME_TAKEN"):
            row = await index.add_category(event, body.name)
        await trail.note(
            identity.user,
            role,
            "category.add",
            event=event,
            target=f"category {row.id}",
            after={"name": row.name},
        )
        location = f"/api/v1/events/{event}/categories/{row.id}"
        return respond(attrs.asdict(row), 201, {"Location": location})

    @routes.patch("/events/<event>/categories/<category>")
    @contract(
        "Rename a category",
        tag=TAG,
        who=Role.CLERK,
        body=CategoryChanges,
        path=PATH,
        answers={200: CategoryView},
        refusals=(UNKNOWN, "STALE_VERSION", "NAME_TAKEN"),
    )
    async def rename(event: str, category: str) -> Response:
        body = await read_body(CategoryChanges)
        identity, role = await access.admit(Role.CLERK, event_id(event))
        number = path_number(category, UNKNOWN)
        await access.row(event)
        rows = {row.id: row for row in await index.categories(event)}
        kept = rows.get(number)
        if kept is None:
            raise Problem(UNKNOWN)
        if kept.version != body.version:
            raise Problem("STALE_VERSION")
        with _refusing(UNKNOWN, "NAME_TAKEN"):
            row = await index.put_category(event, CategoryRow(number, body.name, body.version))
        await trail.note(
            identity.user,
            role,
            "category.rename",
            event=event,
            target=f"category {number}",
            before={"name": kept.name},
            after={"name": row.name},
        )
        return respond(attrs.asdict(row))

    @routes.delete("/events/<event>/categories/<category>")
    @contract(
        "Remove a category",
        tag=TAG,
        who=Role.CLERK,
        path=PATH,
        answers={204: None},
        refusals=(UNKNOWN, "IN_USE"),
    )
    async def remove(event: str, category: str) -> Response:
        identity, role = await access.admit(Role.CLERK, event_id(event))
        number = path_number(category, UNKNOWN)
        await access.row(event)
        with _refusing(UNKNOWN, "IN_USE"):
            await index.remove_category(event, number)
        target = f"category {number}"
        await trail.note(identity.user, role, "category.remove", event=event, target=target)
        return Response(b"", 204)

    @routes.put("/events/<event>/categories/order")
    @contract(
        "Put categories in order",
        tag=TAG,
        who=Role.CLERK,
        body=CategoryOrder,
        answers={200: CategoryList},
        refusals=("STALE_VERSION",),
    )
    async def order(event: str) -> Response:
        body = await read_body(CategoryOrder)
        identity, role = await access.admit(Role.CLERK, event_id(event))
        await access.row(event)
        with _refusing("UNKNOWN_EVENT", "STALE_VERSION"):
            await index.order_categories(event, body.categories)
        await trail.note(
            identity.user,
            role,
            "category.order",
            event=event,
            after={"categories": body.categories},
        )
        rows = await index.categories(event)
        return respond({"categories": [attrs.asdict(row) for row in rows]})

    return routes


@contextmanager
def _refusing(missing: str, conflict: str) -> Iterator[None]:
    try:
        yield
    except NotFound:
        raise Problem(missing) from None
    except Conflict:
        raise Problem(conflict) from None
    except Full:
        raise Problem("TOO_MANY", f"an event has at most {CATEGORIES_MAX} categories") from None
