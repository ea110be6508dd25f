"""An event's sums and its ledger over HTTP, for whoever answers for the money.

Owns: the routes `summary`, `summary.csv` and `ledger.csv` of an event. Invariant: every sum is
reckoned from the ledger when asked; a table leaves in pages of a bounded number of rows, and no
cell of it is a formula. Source: issue 8 point 4, RFC 4180.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any, Final

import attrs
import trio
from quart import Blueprint, Response

from saleroom.auction.roles import Role
from saleroom.billing.invoice import DocumentKind
from saleroom.billing.ledger import Entry
from saleroom.http.money.receipt_shapes import SummaryView
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_requests import event_id, respond
from saleroom.http.requests.contract import contract
from saleroom.http.sale.api_results import csv_text
from saleroom.http.services import Services
from saleroom.intake.amounts import decimals
from saleroom.receipts.language import zone_of
from saleroom.receipts.summary import Reckoning, Summary
from saleroom.storage.billing_ports import Billing
from saleroom.storage.ports import EventRow

TAG: Final = "Sums"
PAGE_ROWS: Final = 500
CSV: Final = "text/csv"
SUMMARY_COLUMNS: Final = ("item", "count", "amount", "amount_minor", "currency")
LEDGER_COLUMNS: Final = (
    "number",
    "at",
    "kind",
    "reference",
    "paddle",
    "debit",
    "credit",
    "amount",
    "amount_minor",
    "currency",
    "by",
    "reason",
)


def summary_routes(services: Services, access: Access) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("summaries", __name__)
    billing = services.stores.billing

    async def admitted(event: str) -> EventRow:
        await access.require(Role.ADMIN, event_id(event))
        return await access.row(event)

    @routes.get("/events/<event>/summary")
    @contract("Read an event's sums", tag=TAG, who=Role.ADMIN, answers={200: SummaryView})
    async def read(event: str) -> Response:
        row = await admitted(event)
        made = await _summary(billing, event)
        return respond({"currency": row.currency, **attrs.asdict(made)})

    @routes.get("/events/<event>/summary.csv")
    @contract("Fetch an event's sums as a table", tag=TAG, who=Role.ADMIN, answers={200: CSV})
    async def sums(event: str) -> Response:
        row = await admitted(event)
        made = await _summary(billing, event)
        rows = [
            {**_amounts(amount, row.currency), "item": item, "count": count}
            for item, count, amount in _items(made)
        ]
        return _sheet(f"summary-{event}", csv_text(SUMMARY_COLUMNS, rows).encode())

    @routes.get("/events/<event>/ledger.csv")
    @contract(
        "Fetch an event's ledger as a table",
        tag=TAG,
        who=Role.ADMIN,
        answers={200: CSV},
        description="One line for each transfer, from its credit account to its debit account, in "
        "the order of the ledger; times in the event's time zone.",
    )
    async def ledger(event: str) -> Response:
        row = await admitted(event)
        first = await billing.ledger(event, 0, PAGE_ROWS)
        return _sheet(f"ledger-{event}", _pages(billing, row, first))

    return routes


async def _summary(billing: Billing, event: str) -> Summary:
    """Add up an event, a page at a time, so that the loop turns in between."""
    reckoning = Reckoning()
    for kind in DocumentKind:
        number = 0
        while documents := await billing.documents(event, kind, number, PAGE_ROWS):
            for document in documents:
                reckoning.take_document(document)
            number = documents[-1].number
    number = 0
    while entries := await billing.ledger(event, number, PAGE_ROWS):
        for entry in entries:
            reckoning.take_entry(entry)
        number = entries[-1].number
    return reckoning.summary((await billing.terms(event)).terms)


def _items(made: Summary) -> Iterator[tuple[str, int | None, int]]:
    """Give a summary line by line: what, how many, how much."""
    for name in ("wins", "purchases", "pledges"):
        kind = getattr(made, name)
        yield name, kind.lines, kind.amount
    for name in ("gross", "premium", "tax", "adjustments"):
        yield name, None, getattr(made, name)
    yield "billed", made.paddles, made.billed
    yield "fee_cover", None, made.fee_cover
    for name, amount in attrs.asdict(made.received).items():
        yield f"received_{name}", None, amount
    for name in (
        "received_sum",
        "refunded",
        "refunds_under_way",
        "unpaid",
        "credit",
        "fees",
        "net",
    ):
        yield name, None, getattr(made, name)
    for lot in made.top_lots:
        yield f"lot {lot.lot}: {lot.title}", lot.units, lot.amount


async def _pages(billing: Billing, row: EventRow, entries: list[Entry]) -> AsyncIterator[bytes]:
    """Give the table page by page, its header with the first."""
    zone = zone_of(row.details.get("time_zone"))
    yield csv_text(LEDGER_COLUMNS, _transfers(row, zone, entries)).encode()
    while len(entries) == PAGE_ROWS:
        entries = await billing.ledger(row.id, entries[-1].number, PAGE_ROWS)
        await trio.lowlevel.checkpoint()
        _, _, text = csv_text(LEDGER_COLUMNS, _transfers(row, zone, entries)).partition("\r\n")
        yield text.encode()


def _transfers(row: EventRow, zone: tzinfo, entries: list[Entry]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        posting = entry.posting
        for transfer in posting.transfers:
            yield {
                **_amounts(transfer.amount, row.currency),
                "number": entry.number,
                "at": datetime.fromtimestamp(posting.at_ms / 1000, zone).isoformat("T", "seconds"),
                "kind": posting.kind.value,
                "reference": posting.reference,
                "paddle": entry.paddle,
                "debit": transfer.debit.value,
                "credit": transfer.credit.value,
                "by": posting.by,
                "reason": posting.reason,
            }


def _amounts(amount: int, currency: str) -> dict[str, Any]:
    """Write an amount as programs read it, in the major and in the minor unit."""
    major = Decimal(amount).scaleb(-decimals(currency))
    return {"amount": major, "amount_minor": amount, "currency": currency}


def _sheet(name: str, body: bytes | AsyncIterator[bytes]) -> Response:
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{name}.csv"',
    }
    return Response(body, 200, headers, content_type=f"{CSV}; charset=utf-8")
