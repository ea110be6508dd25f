"""Tables of lots and bids over HTTP, for the house.

Owns: the routes `lots.csv` and `bids.csv` of an event. Invariant: a table leaves in pages of a
bounded number of rows; no cell of it is a formula; a max or a reserve is in none.
Source: PROTOCOL 7, RFC 4180.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import attrs
import trio
from quart import Blueprint, Response

from saleroom.auction.roles import Role
from saleroom.auction.state import EventState
from saleroom.http.catalogue.lots import Lots
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_requests import event_id
from saleroom.http.requests.contract import contract
from saleroom.http.requests.problems import Problem
from saleroom.http.sale.api_history import bids_of
from saleroom.http.sale.api_replicas import Replicas
from saleroom.http.sale.api_results import csv_text

TAG = "Tables"
PAGE_ROWS = 500
LOT_COLUMNS = (
    "lot",
    "title",
    "mode",
    "state",
    "category",
    "donor",
    "donor_name",
    "opening_minor",
    "buy_now_minor",
    "quantity",
    "fmv_minor",
    "price_minor",
    "leader",
    "bid_count",
    "starts_at",
    "ends_at",
    "description",
)
AMOUNTS = ("opening", "buy_now", "fmv", "price")
"""In the minor unit; so named that an import does not take them for what people write."""
BID_COLUMNS = ("lot", "title", "seq", "at", "bidder", "amount", "leader", "source")


def export_routes(access: Access, lots: Lots, replicas: Replicas) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("exports", __name__)

    @routes.get("/events/<event>/lots.csv")
    @contract("Fetch the lots as a table", tag=TAG, who=Role.CLERK, answers={200: "text/csv"})
    async def lot_sheet(event: str) -> Response:
        await access.require(Role.CLERK, event_id(event))
        found = await lots.all(await access.reader(event))
        rows = ({**lot, **{f"{n}_minor": lot.get(n) for n in AMOUNTS}} for lot in found)
        return _sheet(f"lots-{event}", LOT_COLUMNS, rows)

    @routes.get("/events/<event>/bids.csv")
    @contract(
        "Fetch the bids as a table",
        tag=TAG,
        who=Role.CLERK,
        answers={200: "text/csv"},
        refusals=("EVENT_NOT_OPEN",),
    )
    async def bid_sheet(event: str) -> Response:
        _, role = await access.require(Role.CLERK, event_id(event))
        if await access.is_draft(event, role):
            raise Problem("EVENT_NOT_OPEN", "the event is a draft")
        return _sheet(f"bids-{event}", BID_COLUMNS, _bids(await replicas.state(event)))

    return routes


def _sheet(name: str, columns: tuple[str, ...], rows: Iterator[Mapping[str, Any]]) -> Response:
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{name}.csv"',
    }
    pages = _pages(columns, rows)
    return Response(pages, 200, headers, content_type="text/csv; charset=utf-8")


async def _pages(
    columns: tuple[str, ...], rows: Iterator[Mapping[str, Any]]
) -> AsyncIterator[bytes]:
    """Give the table page by page, its header with the first."""
    shown: Iterable[Mapping[str, Any]] = islice(rows, PAGE_ROWS)
    yield csv_text(columns, _known(columns, shown)).encode()
    while page := list(islice(rows, PAGE_ROWS)):
        await trio.lowlevel.checkpoint()
        _, _, text = csv_text(columns, _known(columns, page)).partition("\r\n")
        yield text.encode()


def _known(
    columns: tuple[str, ...], rows: Iterable[Mapping[str, Any]]
) -> Iterator[Mapping[str, Any]]:
    return ({name: row.get(name) for name in columns} for row in rows)


def _bids(state: EventState) -> Iterator[Mapping[str, Any]]:
    """Give every bid that stands, lot by lot.

    Each lot's bids are taken in their turn; one that comes in meanwhile may be among them.
    """
    for number in sorted(state.lots):
        lot = state.lots[number]
        for bid in bids_of(lot):
            yield {"lot": number, "title": lot.definition.title, **attrs.asdict(bid)}
