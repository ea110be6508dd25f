"""Bid histories over HTTP: what was bid on a lot, and what it made of the price.

Owns: the route `/api/v1/events/{id}/lots/{lot}/bids`, and the public form of a lot's bids.
Invariant: a bid is shown by the price that it made, never by the max behind it; bids that were
undone or retracted are gone; people are paddles. Source: PROTOCOL 4 and 7, rules 5, 16, 17 and 18.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from quart import Blueprint, Response

from saleroom.auction.lot import Action, Lot, Standing
from saleroom.http.catalogue.catalogue_shapes import BidEntry, BidPage, PageQuery
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_cursors import cursor_of, place_of
from saleroom.http.requests.api_reading import CommonTo, answer_read
from saleroom.http.requests.api_requests import event_id, path_number, read_page
from saleroom.http.requests.bodies import read_query
from saleroom.http.requests.contract import ANYONE, contract
from saleroom.http.requests.problems import Problem
from saleroom.http.sale.api_replicas import Replicas
from saleroom.http.services import Services

UNKNOWN_LOT = "UNKNOWN_LOT"
ABSENTEE, ONLINE = "absentee", "online"


def history_routes(services: Services, access: Access, replicas: Replicas) -> Blueprint:
    """Make the route."""
    routes = Blueprint("history", __name__)

    @routes.get("/events/<event>/lots/<lot>/bids")
    @contract(
        "List the bids on a lot",
        tag="Lots",
        who=ANYONE,
        query=PageQuery,
        answers={200: BidPage},
        refusals=("EVENT_NOT_OPEN", "UNKNOWN_CURSOR"),
    )
    async def index(event: str, lot: str) -> Response:
        query = read_query(PageQuery)
        limit = read_page(services.limits).limit
        reader = await access.reader(event_id(event))
        number = path_number(lot, UNKNOWN_LOT)
        before = place_of([event, number], query.cursor, (int,))
        if reader.is_draft:
            raise Problem("EVENT_NOT_OPEN", "the event is a draft")
        found = (await replicas.state(reader.event)).lots.get(number)
        if found is None:
            raise Problem(UNKNOWN_LOT)
        bids = bids_of(found)
        end = len(bids) if before is None else max(0, min(len(bids), int(before[0])))
        start = max(0, end - limit)
        shown = [attrs.asdict(bid) for bid in reversed(bids[start:end])]
        following = cursor_of([event, number], [start]) if start else None
        return answer_read({"bids": shown, "next": following}, common_to=CommonTo.ALL)

    return routes


def bids_of(lot: Lot) -> list[BidEntry]:
    """Give a lot's bids that stand, the oldest first, those of earlier rounds among them."""
    earlier = _round(lot.past, lot.past[-1].before) if lot.past else []
    return [*earlier, *_round(lot.actions, lot.standing)]


def _round(actions: Sequence[Action], end: Standing) -> list[BidEntry]:
    """Read bids from actions; what an action made is what stood before the next one.

    end: what stands after the last. Rounds end with a sale or a pass, so that what follows a bid is
    of its own round.
    """
    standings = [*(action.before for action in actions), end]
    bids: list[BidEntry] = []
    first = standings[0]
    if first.price is not None and first.bid_count:
        bids.append(BidEntry(None, None, first.leader, first.price, first.leader, ABSENTEE))
    for action, after in zip(actions, standings[1:], strict=True):
        if action.kind == "bid" and after.price is not None:
            source = action.source or ONLINE
            bids.append(
                BidEntry(action.seq, action.at, action.paddle, after.price, after.leader, source)
            )
        elif action.kind == "assign" and bids and bids[-1].bidder is None:
            bids[-1] = attrs.evolve(bids[-1], bidder=action.paddle, leader=after.leader)
    return bids
