"""Receipts and statements over HTTP.

Owns: the routes of an invoice's receipt, and `/me/statements`. Invariant: a receipt is for the
paddle's holder and for staff, a statement for its own person; no cache keeps either; all drawing is
a worker's. Source: issue 8 point 4, I11.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Final

import attrs
from quart import Blueprint, Response

from saleroom.auction.roles import Role, outranks
from saleroom.billing.invoice import Invoice
from saleroom.http.money.receipt_desk import ReceiptDesk
from saleroom.http.money.receipt_shapes import InvoiceNumber, ReceiptView, StatementQuery, Year
from saleroom.http.operations.audit_trail import Trail
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_requests import event_id, path_number, respond
from saleroom.http.requests.bodies import read_query
from saleroom.http.requests.contract import SIGNED_IN, contract
from saleroom.http.requests.problems import Problem
from saleroom.http.sale.api_replicas import Replicas
from saleroom.http.services import Services
from saleroom.receipts.html import POLICY
from saleroom.receipts.receipt import NotSettled, Receipt
from saleroom.storage.ports import Full, NotFound
from saleroom.storage.receipt_ports import TOPIC

TAG: Final = "Receipts"
HTML, PDF = "text/html", "application/pdf"
PATH: Final = {"number": InvoiceNumber}
REFUSALS: Final = ("UNKNOWN_INVOICE", "NOT_SETTLED")
YEARS: Final = range(2000, 3000)


def receipt_routes(
    services: Services, access: Access, replicas: Replicas, trail: Trail
) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("receipts", __name__)
    desk = ReceiptDesk(services.stores, services.workers)
    gate = _Gate(access, replicas, desk)

    @routes.get("/events/<event>/invoices/<number>/receipt")
    @contract(
        "Read an invoice's receipt",
        tag=TAG,
        who=Role.DONOR,
        path=PATH,
        answers={200: ReceiptView},
        refusals=REFUSALS,
        description="Once it is settled, for the paddle's holder and for staff.",
    )
    async def read(event: str, number: str) -> Response:
        return respond(receipt_json(await gate.receipt(event, number)))

    @routes.get("/events/<event>/invoices/<number>/receipt.html")
    @contract(
        "Read an invoice's receipt as a page",
        tag=TAG,
        who=Role.DONOR,
        path=PATH,
        answers={200: HTML},
        refusals=(*REFUSALS, "RATE_LIMITED"),
    )
    async def page(event: str, number: str) -> Response:
        drawn = await desk.page(await gate.receipt(event, number, is_drawn=True))
        headers = {"Cache-Control": "no-store", "Content-Security-Policy": POLICY}
        return Response(drawn, 200, headers, content_type=f"{HTML}; charset=utf-8")

    @routes.get("/events/<event>/invoices/<number>/receipt.pdf")
    @contract(
        "Fetch an invoice's receipt on paper",
        tag=TAG,
        who=Role.DONOR,
        path=PATH,
        answers={200: PDF},
        refusals=(*REFUSALS, "RATE_LIMITED"),
    )
    async def paper(event: str, number: str) -> Response:
        receipt = await gate.receipt(event, number, is_drawn=True)
        return _paper(await desk.paper(receipt), f"receipt-{event}-{receipt.label}")

    @routes.post("/events/<event>/invoices/<number>/receipt/mail")
    @contract(
        "Send an invoice's receipt again",
        tag=TAG,
        who=Role.CLERK,
        path=PATH,
        answers={202: None},
        refusals=REFUSALS,
        description="Each receipt is sent once by itself, when its invoice is settled.",
    )
    async def send(event: str, number: str) -> Response:
        identity, role = await access.admit(Role.CLERK, event_id(event))
        receipt = await gate.receipt(event, number)
        owed, now_ms = await desk.letter(receipt), services.clock.now_ms()
        await services.stores.outbox.owe(event, TOPIC, owed.payload, now_ms)
        await trail.note(identity.user, role, "receipt.send", event=event, target=receipt.label)
        return Response(b"", 202)

    @routes.get("/me/statements/<year>.pdf")
    @contract(
        "Fetch one's year on paper",
        tag=TAG,
        who=SIGNED_IN,
        path={"year": Year},
        query=StatementQuery,
        answers={200: PDF},
        refusals=("NOT_FOUND", "LIMIT_REACHED", "RATE_LIMITED"),
        description="All that one paid at events in that year, and what of it is deductible. A "
        "refund counts in the year of its payment.",
    )
    async def statement(year: str) -> Response:
        asked = read_query(StatementQuery)
        identity = await access.admit_signed_in()
        number = path_number(year, "NOT_FOUND")
        if number not in YEARS:
            raise Problem("NOT_FOUND")
        try:
            made = await desk.statement(identity.user, number, asked.locale)
        except Full as full:
            raise Problem("LIMIT_REACHED", str(full)) from None
        return _paper(await desk.paper(made), f"statement-{number}")

    return routes


def receipt_json(receipt: Receipt) -> dict[str, Any]:
    """Give a receipt as clients read it."""
    return {
        "event": receipt.sale.id,
        "title": receipt.sale.title,
        "currency": receipt.sale.currency,
        "organisation": receipt.sale.seller.name,
        "invoice": receipt.invoice,
        "label": receipt.label,
        "invoiced_at": receipt.invoiced_at_ms,
        "paddle": receipt.buyer.paddle,
        "name": receipt.buyer.name,
        "lines": [attrs.asdict(line, value_serializer=_by_value) for line in receipt.lines],
        "payments": [
            {"method": payment.method.value, "at": payment.at_ms, "amount": payment.amount}
            for payment in receipt.payments
        ],
        "fee_cover": receipt.fee_cover,
        "paid": receipt.paid,
        "deductible": receipt.deductible,
    }


@attrs.frozen(eq=False)
class _Gate:
    access: Access
    replicas: Replicas
    desk: ReceiptDesk

    async def receipt(self, event: str, number: str, *, is_drawn: bool = False) -> Receipt:
        """Give a receipt to whoever may see it. Raises Problem.

        Another's invoice does not exist for a donor. What is drawn counts against their rate: it
        costs a worker some 50 ms.
        """
        enter = self.access.admit if is_drawn else self.access.require
        identity, role = await enter(Role.DONOR, event_id(event))
        await self.access.is_draft(event, role)
        try:
            invoice = await self.desk.invoice(event, path_number(number, "UNKNOWN_INVOICE"))
            if outranks(role, Role.CLERK) or await self._holds(identity.user, invoice):
                return await self.desk.receipt(invoice)
        except NotSettled:
            raise Problem("NOT_SETTLED") from None
        except NotFound:
            pass
        raise Problem("UNKNOWN_INVOICE")

    async def _holds(self, user: str, invoice: Invoice) -> bool:
        state = await self.replicas.state(invoice.event)
        return bool(state.paddle_of.get(user) == invoice.paddle)


def _by_value(_: object, __: object, value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def _paper(drawn: bytes, name: str) -> Response:
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'inline; filename="{name}.pdf"',
    }
    return Response(drawn, 200, headers, content_type=PDF)
