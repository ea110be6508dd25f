"""Checkout over HTTP: a paddle's link, what its holder pays by it, and the processor's webhooks.

Owns: the routes `folios/{paddle}/link`, `/checkout/{token}` and `/webhooks/stripe`. Invariant: a
token is kept as a digest alone and ends; whoever has one sees one folio and pays what the page
said, or nothing; a webhook counts only with its signature, and once.
Source: decision 0021, issue 8 point 2.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from typing import Final

from quart import Blueprint, Response, request

from saleroom.auction.roles import Role
from saleroom.billing.invoicing import Act
from saleroom.billing.paying import Wanted
from saleroom.billing.payment import Method, Payment
from saleroom.http.money.api_payments import PAID
from saleroom.http.money.billing_shapes import (
    FolioView,
    Heard,
    LinkToken,
    LinkView,
    OwnPayment,
    PaymentView,
)
from saleroom.http.money.money_desk import (
    Asked,
    MoneyDesk,
    key_of,
    payment_json,
    public_base,
    required_key,
)
from saleroom.http.requests.api_requests import respond
from saleroom.http.requests.bodies import read_body
from saleroom.http.requests.contract import NOBODY_ASKED, REQUIRED_KEY, Payload, contract
from saleroom.http.requests.problems import Problem
from saleroom.http.services import Services
from saleroom.payments.ports import (
    CardReport,
    NotDone,
    PaymentReport,
    ProcessorEvent,
    RefundReport,
    WebhookRefused,
)
from saleroom.storage.billing_ports import CheckoutLink
from saleroom.storage.ports import NotFound

logger = logging.getLogger("saleroom.payments")

TAG: Final = "Checkout"
LINK_BYTES: Final = 32
LINK_MS: Final = 30 * 24 * 3_600_000
"""Long enough for a reminder or two; a new link is a click."""
BY_LINK: Final = "link"
TOKEN_PATH: Final = {"token": LinkToken}
UNKNOWN_LINK: Final = "UNKNOWN_LINK"
SIGNATURE: Final = "Stripe-Signature"


def checkout_routes(services: Services, desk: MoneyDesk) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("checkout", __name__)
    checkout = Checkout(services, desk)

    @routes.post("/events/<event>/folios/<paddle>/link")
    @contract(
        "Make a link by which a paddle is paid for",
        tag=TAG,
        who=Role.DONOR,
        answers={201: LinkView},
        refusals=("EVENT_NOT_OPEN",),
        description="For staff and the paddle's holder. It ends the link before it.",
    )
    async def link(event: str, paddle: str) -> Response:
        asked = await desk.own_or_staff(event, paddle, writes=True)
        token, expires_at = await checkout.new_link(asked.sale.event, asked.sale.paddle)
        url = f"{public_base(services)}/pay/{token}"
        return respond({"url": url, "expires_at": expires_at}, 201)

    @routes.get("/checkout/<token>")
    @contract(
        "Read what is to be paid by a link",
        tag=TAG,
        who=NOBODY_ASKED,
        path=TOKEN_PATH,
        answers={200: FolioView},
        refusals=(UNKNOWN_LINK, "EVENT_NOT_CLOSED", "OVERLOADED"),
    )
    async def read(token: str) -> Response:
        return respond(await desk.folio_json(await checkout.of_link(token)))

    @routes.post("/checkout/<token>/payments")
    @contract(
        "Pay by a link",
        tag=TAG,
        who=NOBODY_ASKED,
        path=TOKEN_PATH,
        body=OwnPayment,
        headers=(REQUIRED_KEY,),
        answers={201: PaymentView},
        refusals=(
            UNKNOWN_LINK,
            *PAID,
            "NO_CARD",
            "AMOUNT_CHANGED",
            "PAYMENT_UNDER_WAY",
            "OVERLOADED",
            "OUTCOME_UNKNOWN",
        ),
        description="By the card on file, or on the processor's page, whose address is the `url`.",
    )
    async def pay(token: str) -> Response:
        key = required_key()
        asked = await checkout.of_link(token)
        payment = await checkout.pay(asked, token, await read_body(OwnPayment), key)
        return respond(payment_json(payment, is_staff=False), 201)

    @routes.post("/webhooks/stripe")
    @contract(
        "Hear what Stripe has to say",
        tag=TAG,
        who=NOBODY_ASKED,
        body=Payload(("application/json",)),
        invalid=None,
        answers={200: Heard},
        refusals=("FORBIDDEN", "OVERLOADED", "OUTCOME_UNKNOWN"),
        description=f"Signed by Stripe in `{SIGNATURE}`.",
    )
    async def stripe() -> Response:
        body = await request.get_data(as_text=False)
        assert isinstance(body, bytes)
        try:
            event = services.till.processor.read_webhook(body, request.headers.get(SIGNATURE))
        except WebhookRefused as refused:
            raise Problem("FORBIDDEN", str(refused)) from None
        return respond({"taken": await checkout.hear(event)})

    return routes


def digest_of(token: str) -> bytes:
    """Give what is kept of a link's token."""
    return hashlib.sha256(token.encode()).digest()


class Checkout:
    """What whoever has a link may do, and what webhooks bring. Raises Problem."""

    def __init__(self, services: Services, desk: MoneyDesk) -> None:
        self._services = services
        self._desk = desk

    async def new_link(self, event: str, paddle: int) -> tuple[str, int]:
        """Give the token of a new link and when it ends."""
        token, expires_at = secrets.token_urlsafe(LINK_BYTES), self._now_ms() + LINK_MS
        link = CheckoutLink(event, paddle, digest_of(token), expires_at)
        await self._services.stores.billing.put_link(link)
        return token, expires_at

    async def of_link(self, token: str) -> Asked:
        """Give what a link's holder asks about. Only its digest is compared, by the store."""
        try:
            link = await self._services.stores.billing.link(digest_of(token))
        except NotFound:
            raise Problem(UNKNOWN_LINK) from None
        if link.expires_at_ms <= self._now_ms():
            raise Problem(UNKNOWN_LINK)
        return await self._desk.of_paddle(link.event, link.paddle, BY_LINK)

    async def pay(self, asked: Asked, token: str, body: OwnPayment, key: str) -> Payment:
        """Pay what the page said. A page of the processor's that was left open gives way."""
        method = Method(body.method)
        card = await self._desk.chargeable(asked) if method is Method.CARD else None
        back_to = f"{public_base(self._services)}/pay/{token}"
        wanted = Wanted(
            method,
            body.amount,
            key_of(asked.by, key),
            asked.by,
            is_fee_covered=body.cover_fee,
            is_exact=True,
        )
        till = self._services.till
        try:
            return await till.pay(asked.sale, wanted, card, back_to)
        except NotDone as declined:
            if declined.code != "PAYMENT_UNDER_WAY":
                raise
            folio = await till.store.folio(asked.sale.event, asked.sale.paddle)
            left = folio.open_payment
            if left is None or left.method is not Method.CHECKOUT or left.reference is None:
                raise
            await till.void(asked.sale, left.id, Act(self._now_ms(), BY_LINK))
        return await till.pay(asked.sale, wanted, card, back_to)

    async def hear(self, event: ProcessorEvent) -> bool:
        """Take a verified webhook in; False for one that was known, or is about nothing of ours."""
        till, store, report = self._services.till, self._services.stores.billing, event.report
        if report is None or await store.knows_event(event.id):
            return False
        is_ours = False
        if isinstance(report, PaymentReport):
            is_ours = await till.hear_payment(report)
        elif isinstance(report, RefundReport):
            is_ours = await till.hear_refund(report)
        elif isinstance(report, CardReport) and report.event and report.user:
            is_ours = await self._hear_card(report.event, report.user, report.setup)
        await store.note_event(event.id, self._now_ms())
        logger.info("webhook %s %s: %s", event.id, event.kind, "taken" if is_ours else "not ours")
        return is_ours

    async def _hear_card(self, event: str, user: str, setup: str) -> bool:
        try:
            await self._services.cards.confirm(event, user, setup)
        except NotDone:
            return False
        return True

    def _now_ms(self) -> int:
        return self._services.clock.now_ms()
