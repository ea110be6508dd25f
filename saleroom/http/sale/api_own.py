"""One's own bids, wins and pledges over HTTP, at all events where one has a paddle.

Owns: the routes `/me/bids`, `/me/wins` and `/me/pledges`. Invariant: the paddle is the one that the
event's journal gives the user now; what is read comes from replicas, never from the actor, and few
events at once. Source: PROTOCOL 7, issue 6 point 4.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import attrs
from quart import Blueprint, Response

from saleroom.auction.state import EventState
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_requests import respond
from saleroom.http.requests.bodies import read_query
from saleroom.http.requests.contract import SIGNED_IN, contract
from saleroom.http.sale.api_replicas import Replicas
from saleroom.http.sale.own_sales import own_bids, own_pledges, own_wins, standing_sum
from saleroom.http.sale.own_shapes import (
    EVENTS_MOST,
    OwnBidPage,
    OwnPledgePage,
    OwnQuery,
    OwnWinPage,
)
from saleroom.http.services import Services
from saleroom.storage.ports import NotFound

TAG = "Me"

Told = Callable[[EventState, int], Awaitable[dict[str, Any]]]


def own_routes(services: Services, access: Access, replicas: Replicas) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("own", __name__)
    sales = _OwnSales(services, access, replicas)

    @routes.get("/me/bids")
    @contract("List one's bids", tag=TAG, who=SIGNED_IN, query=OwnQuery, answers={200: OwnBidPage})
    async def bids() -> Response:
        return await sales.page(_bids)

    @routes.get("/me/wins")
    @contract("List one's wins", tag=TAG, who=SIGNED_IN, query=OwnQuery, answers={200: OwnWinPage})
    async def wins() -> Response:
        return await sales.page(_wins)

    @routes.get("/me/pledges")
    @contract(
        "List one's pledges", tag=TAG, who=SIGNED_IN, query=OwnQuery, answers={200: OwnPledgePage}
    )
    async def pledges() -> Response:
        return await sales.page(_pledges)

    return routes


@attrs.frozen(eq=False)
class _OwnSales:
    services: Services
    access: Access
    replicas: Replicas

    async def page(self, told: Told) -> Response:
        """Answer with a part of the events at which whoever asks has a paddle.

        It counts against their rate: an event that nobody reads is rebuilt from its journal.
        """
        asked = read_query(OwnQuery)
        identity = await self.access.admit_signed_in()
        limit = EVENTS_MOST if asked.limit is None else asked.limit
        held = await self.services.stores.desk.paddles_of(identity.user, asked.cursor, limit + 1)
        events = []
        for event, _ in held[:limit]:
            try:
                state = await self.replicas.state(event)
            except NotFound:
                continue  # a draft
            paddle = state.paddle_of.get(identity.user)
            if paddle is not None:
                events.append(await told(state, paddle))
        following = held[limit - 1][0] if len(held) > limit else None
        return respond({"events": events, "next": following})


async def _bids(state: EventState, paddle: int) -> dict[str, Any]:
    bids = await own_bids(state, paddle)
    won = sum(win["total"] for win in await own_wins(state, paddle))
    pledged = sum(pledge["amount"] for pledge in await own_pledges(state, paddle))
    sums = {"leading": standing_sum(bids), "won": won, "pledged": pledged}
    return {**_head(state, paddle), "status": state.status, "bids": bids, "sums": sums}


async def _wins(state: EventState, paddle: int) -> dict[str, Any]:
    wins = await own_wins(state, paddle)
    return {**_head(state, paddle), "wins": wins, "sum": sum(win["total"] for win in wins)}


async def _pledges(state: EventState, paddle: int) -> dict[str, Any]:
    pledges = await own_pledges(state, paddle)
    sum_of = sum(pledge["amount"] for pledge in pledges)
    return {**_head(state, paddle), "pledges": pledges, "sum": sum_of}


def _head(state: EventState, paddle: int) -> dict[str, Any]:
    return {
        "event": state.id,
        "title": state.definition.title,
        "currency": state.definition.currency,
        "paddle": paddle,
    }
