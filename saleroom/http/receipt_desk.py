"""The receipt desk: what receipts and statements are made of, brought together.

Owns: which rows a receipt needs. Invariant: names come from the tables of this moment, so that who
was erased is on no receipt drawn afterwards; nothing is drawn in the server's loop. Must not know:
routes, who asks. Source: issue 8 point 4, I11, decision 0025.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import attrs

from saleroom.billing.invoice import DocumentKind, Invoice
from saleroom.http.problems import Problem
from saleroom.receipts.language import zone_of
from saleroom.receipts.receipt import (
    Buyer,
    NotSettled,
    Receipt,
    Sale,
    Seller,
    Statement,
    StatementEvent,
    receipt_of,
    statement_event,
)
from saleroom.receipts.settlement import settle
from saleroom.storage.ports import EventRow, NotFound, Stores

EVENTS_MAX: Final = 500
"""Of one person that a statement looks at; a thousandth of it is usual."""
PAGE_ROWS: Final = 100


@attrs.frozen(eq=False)
class ReceiptDesk:
    """Make receipts and statements."""

    stores: Stores

    async def invoice(self, event: str, number: int) -> Invoice:
        """Give an invoice. Raises Problem."""
        try:
            return await self.stores.billing.document(event, DocumentKind.INVOICE, number)
        except NotFound:
            raise Problem("UNKNOWN_INVOICE") from None

    async def receipt(self, invoice: Invoice) -> Receipt:
        """Give an invoice's receipt. Raises Problem: NOT_SETTLED, UNKNOWN_EVENT."""
        folio = await self.stores.billing.folio(invoice.event, invoice.paddle)
        row = await self._row(invoice.event)
        buyer = Buyer(invoice.paddle, await self._name(invoice.event, invoice.paddle))
        sale = sale_of(row, invoice.currency)
        try:
            return receipt_of(sale, buyer, invoice, settle(folio))
        except NotSettled:
            raise Problem("NOT_SETTLED") from None

    async def statement(self, user: str, year: int, locale: str | None) -> Statement:
        """Give what a person paid in a year; without a locale in that of the last event.

        Raises Problem: LIMIT_REACHED for who has more than EVENTS_MAX events.
        """
        told: list[tuple[int, StatementEvent]] = []
        name = None
        for event, paddle in await self._paddles(user):
            found = await self._year(event, paddle, year)
            if found is not None:
                told.append(found)
        told.sort(key=lambda each: each[0])
        events = tuple(event for _, event in told)
        last = events[-1] if events else None
        if last is not None:
            name = await self._name(last.sale.id, last.paddle)
        return Statement(
            year,
            name,
            locale or (last.sale.locale if last else None),
            last.sale.time_zone if last else None,
            events,
        )

    async def _year(self, event: str, paddle: int, year: int) -> tuple[int, StatementEvent] | None:
        """Give what a paddle paid in a year of the event's time zone, with when it was made."""
        folio = await self.stores.billing.folio(event, paddle)
        if not folio.documents:
            return None
        row = await self._row(event)
        sale = sale_of(row, folio.documents[0].currency)
        zone = zone_of(sale.time_zone)
        from_ms, to_ms = (
            int(datetime(each, 1, 1, tzinfo=zone).timestamp() * 1000) for each in (year, year + 1)
        )
        found = statement_event(sale, paddle, settle(folio), from_ms, to_ms)
        return None if found is None else (row.created_at_ms, found)

    async def _paddles(self, user: str) -> list[tuple[str, int]]:
        held: list[tuple[str, int]] = []
        while True:
            after = held[-1][0] if held else ""
            page = await self.stores.desk.paddles_of(user, after, PAGE_ROWS)
            held += page
            if len(held) > EVENTS_MAX:
                raise Problem("LIMIT_REACHED", f"a statement has at most {EVENTS_MAX} events")
            if len(page) < PAGE_ROWS:
                return held

    async def _row(self, event: str) -> EventRow:
        try:
            return await self.stores.catalogue.event(event)
        except NotFound:
            raise Problem("UNKNOWN_EVENT") from None

    async def _name(self, event: str, paddle: int) -> str | None:
        try:
            return (await self.stores.desk.guest(event, paddle)).name or None
        except NotFound:
            return None


def sale_of(row: EventRow, currency: str) -> Sale:
    """Give what a receipt says of an event; one without an organisation sells in its own name."""
    details = row.details
    seller = Seller(
        details.get("organisation") or row.title,
        details.get("address"),
        details.get("tax_number"),
        details.get("contact"),
    )
    return Sale(
        row.id, row.title, currency, seller, details.get("locale"), details.get("time_zone")
    )
