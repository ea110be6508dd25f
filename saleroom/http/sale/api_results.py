"""Results over HTTP: the leaderboard, and who won what.

Owns: the routes `leaderboard`, `results` and `results.csv` of an event. Invariant: the results are
the wins as the checkpoint has them, purchases among them, in order of sale; names are for staff
alone; no cell of the CSV is a formula. Source: PROTOCOL 7, rules 11 and 30.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import attrs
from quart import Blueprint, Response

from saleroom.http.catalogue.api_shapes import LeaderboardView, NumberQuery, ResultPage
from saleroom.http.catalogue.api_views import Views
from saleroom.http.requests.api_access import Access, Reader
from saleroom.http.requests.api_reading import CommonTo, answer_read
from saleroom.http.requests.api_requests import event_id, read_number_page
from saleroom.http.requests.contract import ANYONE, contract
from saleroom.http.requests.problems import Problem
from saleroom.http.services import Services
from saleroom.storage.ports import Catalogue

TAG = "Results"
DRAFT = ("EVENT_NOT_OPEN",)
"""A draft has no results."""
COLUMNS = ("lot", "title", "mode", "paddle", "units", "amount", "total", "how", "currency")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet run a cell."""
PAGE_ROWS = 1_000


def result_routes(services: Services, access: Access, views: Views) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("results", __name__)
    results = _Results(services.stores.catalogue, views)

    @routes.get("/events/<event>/leaderboard")
    @contract(
        "Read the leaderboard",
        tag=TAG,
        who=ANYONE,
        answers={200: LeaderboardView},
        refusals=DRAFT,
    )
    async def leaderboard(event: str) -> Response:
        reader = await _published(access, event)
        return answer_read(await views.leaderboard(reader.event), common_to=CommonTo.ALL)

    @routes.get("/events/<event>/results")
    @contract(
        "List who won what",
        tag=TAG,
        who=ANYONE,
        query=NumberQuery,
        answers={200: ResultPage},
        refusals=DRAFT,
    )
    async def index(event: str) -> Response:
        after, limit = read_number_page(services.limits)
        reader = await _published(access, event)
        rows = [row for row in await results.rows(reader) if row["seq"] > after]
        following = rows[limit - 1]["seq"] if len(rows) > limit else None
        page = {"results": rows[:limit], "next": following}
        return answer_read(page, common_to=CommonTo.GUESTS)

    @routes.get("/events/<event>/results.csv")
    @contract(
        "Fetch who won what as a table",
        tag=TAG,
        who=ANYONE,
        answers={200: "text/csv"},
        refusals=DRAFT,
    )
    async def sheet(event: str) -> Response:
        reader = await _published(access, event)
        columns = (*COLUMNS, "name") if reader.is_staff else COLUMNS
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="results-{event}.csv"',
        }
        text = csv_text(columns, await results.rows(reader))
        return Response(text, 200, headers, content_type="text/csv; charset=utf-8")

    return routes


def csv_text(columns: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Write a table as CSV (RFC 4180); a cell that a spreadsheet would run begins with '."""
    named = list(columns)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(named)
    writer.writerows([_cell(row[name]) for name in named] for row in rows)
    return out.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, int | Decimal):
        return str(value)
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


@attrs.frozen(eq=False)
class _Results:
    catalogue: Catalogue
    views: Views

    async def rows(self, reader: Reader) -> list[dict[str, Any]]:
        """Give every win in order of sale; amounts in the minor unit, `amount` of one unit."""
        names = await self._names(reader.event) if reader.is_staff else None
        currency = (await self.views.event(reader.event))["currency"]
        rows = [
            {**win, "total": win["amount"] * win["units"], "currency": currency}
            for win in await self.views.wins(reader.event)
        ]
        if names is not None:
            rows = [{**row, "name": names.get(row["paddle"])} for row in rows]
        return rows

    async def _names(self, event: str) -> dict[int, str]:
        names: dict[int, str] = {}
        after = 0
        while True:
            page = await self.catalogue.registrations(event, after, PAGE_ROWS)
            names.update((row.paddle, row.name) for row in page)
            if len(page) < PAGE_ROWS:
                return names
            after = page[-1].paddle


async def _published(access: Access, event: str) -> Reader:
    """Give who reads an event that has begun. Raises Problem."""
    reader = await access.reader(event_id(event))
    if reader.is_draft:
        raise Problem("EVENT_NOT_OPEN", "the event is a draft")
    return reader
