"""Watch lists over HTTP.

Owns: the routes `watch/{lot}` and `watchers` of an event, and `/me/watching`. Invariant: everybody
sees how many watch a lot, and nobody who they are. Source: PROTOCOL 7, issue 6 point 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from quart import Blueprint, Response

from saleroom.auction.roles import Role
from saleroom.http.catalogue.api_views import Views
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_requests import event_id, path_number, respond
from saleroom.http.requests.bodies import read_query
from saleroom.http.requests.contract import ANYONE, SIGNED_IN, contract
from saleroom.http.requests.problems import Problem
from saleroom.http.sale.own_shapes import WatchedPage, WatchedQuery, WatcherCounts, WatchView
from saleroom.http.sale.watchers import BLUEPRINT, Watchers
from saleroom.http.services import Services
from saleroom.storage.watch_ports import Watch

TAG = "Watch lists"
UNKNOWN_LOT = "UNKNOWN_LOT"
LOTS_MOST = 500  # of one event and user: more than a gala has


def watch_routes(services: Services, access: Access, views: Views) -> Blueprint:
    """Make the routes."""
    routes = Blueprint(BLUEPRINT, __name__)
    watching = services.stores.watching
    watchers = Watchers(watching)

    async def shown(event: str, number: int, watch: Watch | None) -> Response:
        count = (await watchers.counts(event)).get(number, 0)
        since = None if watch is None else watch.at_ms
        oneself = 0 if watch is None else 1
        view = WatchView(number, watch is not None, since, max(count, oneself))
        return respond(attrs.asdict(view))

    @routes.get("/events/<event>/watch/<lot>")
    @contract(
        "Say whether one watches a lot",
        tag=TAG,
        who=Role.DONOR,
        answers={200: WatchView},
        refusals=("EVENT_NOT_OPEN",),
    )
    async def read(event: str, lot: str) -> Response:
        identity, _ = await access.require(Role.DONOR, event_id(event))
        number = await known_lot(event, lot)
        return await shown(event, number, await watching.watch_of(identity.user, event, number))

    @routes.put("/events/<event>/watch/<lot>")
    @contract(
        "Watch a lot",
        tag=TAG,
        who=Role.DONOR,
        answers={200: WatchView},
        refusals=("EVENT_NOT_OPEN", "LIMIT_REACHED"),
    )
    async def watch(event: str, lot: str) -> Response:
        identity, _ = await access.admit(Role.DONOR, event_id(event))
        number = await known_lot(event, lot)
        wanted = Watch(event, number, services.clock.now_ms())
        if not await watching.watch(identity.user, wanted, LOTS_MOST):
            raise Problem("LIMIT_REACHED", f"one watches {LOTS_MOST} lots of an event at most")
        return await shown(event, number, await watching.watch_of(identity.user, event, number))

    @routes.delete("/events/<event>/watch/<lot>")
    @contract(
        "Watch a lot no more",
        tag=TAG,
        who=Role.DONOR,
        answers={204: None},
        refusals=("EVENT_NOT_OPEN",),
    )
    async def unwatch(event: str, lot: str) -> Response:
        identity, _ = await access.admit(Role.DONOR, event_id(event))
        number = path_number(lot, UNKNOWN_LOT)
        if await watching.watch_of(identity.user, event, number) is None:
            await known_lot(event, lot)
        await watching.unwatch(identity.user, event, number)
        return Response(b"", 204)

    @routes.get("/events/<event>/watchers")
    @contract("Count the watchers of lots", tag=TAG, who=ANYONE, answers={200: WatcherCounts})
    async def count(event: str) -> Response:
        await access.reader(event_id(event))
        counts = await watchers.counts(event)
        return respond({"watchers": {str(lot): counts[lot] for lot in sorted(counts)}})

    @routes.get("/me/watching")
    @contract(
        "List what one watches",
        tag=TAG,
        who=SIGNED_IN,
        query=WatchedQuery,
        answers={200: WatchedPage},
    )
    async def mine() -> Response:
        asked = read_query(WatchedQuery)
        identity = await access.signed_in()
        event, _, lot = asked.cursor.partition(":")
        after = (event, int(lot or 0))
        rows = await watching.watches(identity.user, after, asked.limit + 1)
        kept = rows[: asked.limit]
        following = f"{kept[-1].event}:{kept[-1].lot}" if len(rows) > asked.limit else None
        page = [
            {
                "event": row.event,
                "lot": row.lot,
                "since": row.at_ms,
                "now": await standing(row.event, row.lot),
            }
            for row in kept
        ]
        return respond({"watching": page, "next": following})

    async def known_lot(event: str, lot: str) -> int:
        """Give the number of a lot that readers of a published event see. Raises Problem."""
        number = path_number(lot, UNKNOWN_LOT)
        if (await access.reader(event)).is_draft:
            raise Problem("EVENT_NOT_OPEN", "the event is a draft")
        await views.lot(event, number)
        return number

    async def standing(event: str, lot: int) -> Mapping[str, Any] | None:
        try:
            return await views.lot(event, lot)
        except Problem:
            return None

    return routes
