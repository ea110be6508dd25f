"""The receipt desk: what receipts and statements are made of, brought together.

Owns: which rows a receipt needs, and who draws it. Invariant: names come from the tables of this
moment, so that who was erased is on no receipt drawn afterwards; all drawing is a worker's. Must
not know: routes, who asks. Source: issue 8 point 4, I11, decision 0025.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import attrs

from saleroom.billing.folio import Folio
from saleroom.billing.invoice import DocumentKind, Invoice
from saleroom.receipts.language import zone_of
from saleroom.receipts.receipt import (
    Buyer,
    NotSettled,
    Receipt,
    Sale,
    Seller,
    Statement,
    StatementEvent,
    plain,
    receipt_of,
    statement_event,
)
from saleroom.receipts.settlement import settle
from saleroom.receipts.work import RECEIPT_HTML, RECEIPT_LETTER, RECEIPT_PDF, STATEMENT_PDF
from saleroom.storage.ports import EventRow, Full, NotFound, Stores
from saleroom.storage.receipt_ports import OwedReceipt
from saleroom.workers.crew import Workers

EVENTS_MAX: Final = 500
"""Of one person that a statement looks at; a thousandth of it is usual."""
PAGE_ROWS: Final = 100


@attrs.frozen(eq=False)
class ReceiptDesk:
    """Make receipts and statements. Every call may raise what its stores and workers do."""

    stores: Stores
    workers: Workers

    async def invoice(self, event: str, number: int) -> Invoice:
        """Raises NotFound."""
        return await self.stores.billing.document(event, DocumentKind.INVOICE, number)

    async def receipt(self, invoice: Invoice) -> Receipt:
        """Give an invoice's receipt. Raises NotSettled, NotFound (the event)."""
        folio = await self.stores.billing.folio(invoice.event, invoice.paddle)
        row = await self.stores.catalogue.event(invoice.event)
        return await self._receipt(row, folio, invoice)

    async def receipts(self, folio: Folio) -> list[Receipt]:
        """Give the receipts of a folio's invoices that are settled. Raises NotFound (the event)."""
        row = await self.stores.catalogue.event(folio.event)
        made = []
        for document in folio.documents:
            try:
                made.append(await self._receipt(row, folio, document))
            except NotSettled:
                continue
        return made

    async def letter(self, receipt: Receipt) -> OwedReceipt:
        """Write the letter that a receipt goes along with."""
        said: dict[str, str] = await self.workers.run(RECEIPT_LETTER, plain(receipt))
        whose = {"paddle": receipt.buyer.paddle, "invoice": receipt.invoice}
        return OwedReceipt(receipt.invoice, {**whose, **said})

    async def page(self, receipt: Receipt) -> bytes:
        """Draw a receipt as HTML."""
        drawn: bytes = await self.workers.run(RECEIPT_HTML, plain(receipt))
        return drawn

    async def paper(self, paper: Receipt | Statement) -> bytes:
        """Draw a receipt or a statement as PDF."""
        function = RECEIPT_PDF if isinstance(paper, Receipt) else STATEMENT_PDF
        drawn: bytes = await self.workers.run(function, plain(paper))
        return drawn

    async def statement(self, user: str, year: int, locale: str | None) -> Statement:
        """Give what a person paid in a year; without a locale in that of the last event.

        Raises Full for who has more than EVENTS_MAX events.
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
        try:
            row = await self.stores.catalogue.event(event)
        except NotFound:
            return None
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
                raise Full(f"a statement has at most {EVENTS_MAX} events")
            if len(page) < PAGE_ROWS:
                return held

    async def _receipt(self, row: EventRow, folio: Folio, invoice: Invoice) -> Receipt:
        buyer = Buyer(folio.paddle, await self._name(folio.event, folio.paddle))
        return receipt_of(sale_of(row, invoice.currency), buyer, invoice, settle(folio))

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
