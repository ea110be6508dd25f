"""Payments over HTTP: at the desk, and cards on file.

Owns: the routes `folios/{paddle}/payments`, `card` and `sandbox/payments`. Invariant: a clerk may
take money, and an admin alone gives it back or lets it go; whatever moves money bears a key, by
which it happens once. Source: decision 0021, issue 8 point 2.
"""

from __future__ import annotations

import hashlib
from typing import Any

from quart import Blueprint, Response

from saleroom.auction.roles import Role
from saleroom.billing.invoicing import Act
from saleroom.billing.paying import Wanted
from saleroom.billing.payment import Method, Payment
from saleroom.http.money.billing_shapes import (
    Capture,
    CardView,
    NewPayment,
    NewRefund,
    PaymentId,
    PaymentView,
    RefundView,
    SandboxPayments,
    SetupDone,
    SetupView,
)
from saleroom.http.money.money_desk import (
    Asked,
    MoneyDesk,
    card_json,
    key_of,
    payment_json,
    refund_json,
    required_key,
)
from saleroom.http.operations.audit_trail import Trail
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_requests import event_id, respond
from saleroom.http.requests.bodies import read_body, read_body_if_any
from saleroom.http.requests.contract import REQUIRED_KEY, contract
from saleroom.http.requests.problems import Problem
from saleroom.http.services import Services
from saleroom.payments.sandbox import SandboxCharge, SandboxProcessor

TAG = "Payments"
PAYMENT_PATH = {"payment": PaymentId}
UNKNOWN_PAYMENT = "UNKNOWN_PAYMENT"
PAID = ("EVENT_NOT_OPEN", "EVENT_NOT_CLOSED", "ID_REUSED", "INVALID_AMOUNT")
"""What may be said of any payment that is asked for."""


def payment_routes(services: Services, access: Access, desk: MoneyDesk, trail: Trail) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("payments", __name__)
    till = services.till

    @routes.post("/events/<event>/folios/<paddle>/payments")
    @contract(
        "Take a payment at the desk",
        tag=TAG,
        who=Role.CLERK,
        body=NewPayment,
        headers=(REQUIRED_KEY,),
        answers={201: PaymentView},
        refusals=(*PAID, "NO_CARD", "MORE_THAN_DUE", "PAYMENT_UNDER_WAY"),
        description="Cash, a cheque or other money by hand, or the card on file of the holder.",
    )
    async def pay(event: str, paddle: str) -> Response:
        key = required_key()
        asked = await desk.staff(event, paddle, Role.CLERK)
        body = await read_body(NewPayment)
        await desk.closed(event)
        method = Method(body.method)
        if method.is_by_hand and (body.cover_fee or body.hold):
            field = "cover_fee" if body.cover_fee else "hold"
            raise Problem("INVALID_FIELD", "is for cards alone", field=field)
        card = await desk.chargeable(asked) if method is Method.CARD else None
        wanted = Wanted(
            method,
            body.amount,
            key_of(asked.by, key),
            asked.by,
            is_fee_covered=body.cover_fee,
            is_held=body.hold,
            note=body.note,
        )
        payment = await till.pay(asked.sale, wanted, card)
        await note(asked, "payment.take", payment)
        return respond(payment_json(payment, is_staff=True), 201)

    @routes.post("/events/<event>/folios/<paddle>/payments/<payment>/capture")
    @contract(
        "Take what a card holds",
        tag=TAG,
        who=Role.CLERK,
        path=PAYMENT_PATH,
        body=Capture,
        is_body_required=False,
        answers={200: PaymentView},
        refusals=("EVENT_NOT_OPEN", UNKNOWN_PAYMENT, "NOT_HELD", "MORE_THAN_HELD"),
        description="All of it, or a part; what is left is let go.",
    )
    async def capture(event: str, paddle: str, payment: str) -> Response:
        asked = await desk.staff(event, paddle, Role.CLERK)
        body = await read_body_if_any(Capture)
        act = Act(services.clock.now_ms(), asked.by)
        captured = await till.capture(asked.sale, payment, body.amount, act)
        await note(asked, "payment.capture", captured)
        return respond(payment_json(captured, is_staff=True))

    @routes.post("/events/<event>/folios/<paddle>/payments/<payment>/void")
    @contract(
        "Let a payment go that was not taken",
        tag=TAG,
        who=Role.ADMIN,
        path=PAYMENT_PATH,
        answers={200: PaymentView},
        refusals=("EVENT_NOT_OPEN", UNKNOWN_PAYMENT, "NOT_OPEN", "PAYMENT_UNDER_WAY"),
        description="Gives the payment as it came to be: one taken meanwhile stays taken.",
    )
    async def void(event: str, paddle: str, payment: str) -> Response:
        asked = await desk.staff(event, paddle, Role.ADMIN)
        act = Act(services.clock.now_ms(), asked.by)
        voided = await till.void(asked.sale, payment, act)
        await note(asked, "payment.void", voided)
        return respond(payment_json(voided, is_staff=True))

    @routes.post("/events/<event>/folios/<paddle>/payments/<payment>/refunds")
    @contract(
        "Give a payment back, or a part of it",
        tag=TAG,
        who=Role.ADMIN,
        path=PAYMENT_PATH,
        body=NewRefund,
        headers=(REQUIRED_KEY,),
        answers={201: RefundView},
        refusals=(
            "EVENT_NOT_OPEN",
            UNKNOWN_PAYMENT,
            "ID_REUSED",
            "NOT_CAPTURED",
            "REFUND_TOO_HIGH",
        ),
        description="It makes nobody owe again: what was owed for it is forgiven.",
    )
    async def refund(event: str, paddle: str, payment: str) -> Response:
        key = required_key()
        asked = await desk.staff(event, paddle, Role.ADMIN)
        body = await read_body(NewRefund)
        act = Act(services.clock.now_ms(), asked.by)
        made = await till.refund(
            asked.sale, payment, body.amount, body.reason, key_of(asked.by, key), act
        )
        await trail.note(
            asked.by,
            asked.role,
            "payment.refund",
            event=event,
            target=payment,
            after={"refund": made.id, "amount": made.amount, "reason": made.reason},
        )
        return respond(refund_json(made, is_staff=True), 201)

    @routes.post("/events/<event>/card")
    @contract(
        "Begin to put one's card on file",
        tag=TAG,
        who=Role.DONOR,
        headers=(REQUIRED_KEY,),
        answers={201: SetupView},
        refusals=("NO_PADDLE", "EVENT_NOT_OPEN", "CARD_REFUSED"),
        description="Its holder completes the setup with the processor, and confirms it here.",
    )
    async def begin_card(event: str) -> Response:
        key = required_key()
        identity, _ = await access.admit(Role.DONOR, event_id(event))
        state = await desk.state(event)
        if identity.user not in state.paddle_of:
            raise Problem("NO_PADDLE")
        setup = await services.cards.begin(event, identity.user, _once(event, identity.user, key))
        return respond(
            {
                "setup": setup.setup,
                "client_secret": setup.client_secret,
                "publishable_key": services.cards.publishable_key,
                "sandbox": till.processor.is_sandbox,
            },
            201,
        )

    @routes.post("/events/<event>/card/confirm")
    @contract(
        "Put one's card on file, once its setup is complete",
        tag=TAG,
        who=Role.DONOR,
        body=SetupDone,
        answers={200: CardView},
        refusals=("UNKNOWN_SETUP", "CARD_NOT_CONFIRMED"),
    )
    async def confirm_card(event: str) -> Response:
        identity, _ = await access.admit(Role.DONOR, event_id(event))
        done = await read_body(SetupDone)
        await access.row(event)
        return respond(card_json(await services.cards.confirm(event, identity.user, done.setup)))

    @routes.delete("/events/<event>/card")
    @contract(
        "Remove one's card",
        tag=TAG,
        who=Role.DONOR,
        answers={204: None},
    )
    async def remove_card(event: str) -> Response:
        identity, _ = await access.admit(Role.DONOR, event_id(event))
        await access.row(event)
        await services.cards.remove(identity.user, event)
        return Response(b"", 204)

    @routes.get("/sandbox/payments")
    @contract(
        "Read what would have been charged",
        tag=TAG,
        who=Role.ADMIN,
        answers={200: SandboxPayments},
        description="Without a processor's keys no money moves; this shows what would.",
    )
    async def sandbox() -> Response:
        await access.require(Role.ADMIN, None)
        processor = till.processor
        kept = processor.charges() if isinstance(processor, SandboxProcessor) else []
        charges = [_sandbox_json(charge) for charge in kept]
        return respond({"sandbox": processor.is_sandbox, "charges": charges})

    async def note(asked: Asked, what: str, payment: Payment) -> None:
        after = {
            "method": payment.method.value,
            "state": payment.state.value,
            "charged": payment.charged,
        }
        event = asked.sale.event
        await trail.note(asked.by, asked.role, what, event=event, target=payment.id, after=after)

    return routes


def _once(event: str, user: str, key: str) -> str:
    """Give a key that is as unique as the three together, and tells none of them."""
    return hashlib.blake2b("\0".join((event, user, key)).encode(), digest_size=16).hexdigest()


def _sandbox_json(charge: SandboxCharge) -> dict[str, Any]:
    order = charge.order
    return {
        "payment": order.payment,
        "event": order.event,
        "paddle": order.paddle,
        "how": charge.how,
        "amount": order.amount,
        "currency": order.currency,
        "state": charge.report.state.value,
        "refunded": sum(refund.amount for refund in charge.refunds),
        "at": charge.at_ms,
    }
