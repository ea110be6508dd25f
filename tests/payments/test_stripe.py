"""Stripe's adapter against a small Stripe on loopback: keys, lost answers, pages and webhooks."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import orjson
import pytest
import stripe

from saleroom.billing.payment import PaymentState, RefundState
from saleroom.payments.ports import (
    CardReport,
    NotTaken,
    Order,
    PaymentReport,
    ProcessorAway,
    RefundReport,
    Stored,
    WebhookRefused,
)
from saleroom.payments.stripe_adapter import (
    NOT_EXACT,
    SIGNATURE_TOLERANCE_S,
    StripeKeys,
    StripeProcessor,
)
from tests.payments.fake_stripe import FakeStripe, open_fake_stripe

SECRET = "whsec_a_secret_of_tests"
KEYS = StripeKeys("sk_test_of_tests", SECRET)
ORDER = Order("pay_1", "gala", 101, 12_345, "USD")
CARD = Stored("cus_1", "pm_1")
BACK = "https://gala.example/pay/token"


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[FakeStripe, StripeProcessor]]:
    async with open_fake_stripe() as fake:
        processor = StripeProcessor(KEYS, fake.base)
        try:
            yield fake, processor
        finally:
            await processor.close()


async def test_a_card_is_charged_while_its_holder_is_away() -> None:
    async with connected() as (fake, processor):
        report = await processor.charge(ORDER, CARD, is_held=False)
        assert report == PaymentReport("pi_1", PaymentState.CAPTURED, "pay_1", 12_345)
        (asked,) = fake.asked
        assert asked.headers["authorization"] == "Bearer sk_test_of_tests"
        assert asked.form["off_session"] == asked.form["confirm"] == "true"
        assert (asked.form["amount"], asked.form["currency"]) == ("12345", "usd")
        assert await processor.look("pi_1") == report
        with pytest.raises(NotTaken, match="resource_missing"):
            await processor.look("pi_9")


async def test_a_lost_answer_is_asked_for_again_and_charges_once() -> None:
    async with connected() as (fake, processor):
        fake.loses = 2
        for _ in range(2):
            with pytest.raises(ProcessorAway):
                await processor.charge(ORDER, CARD, is_held=False)
        report = await processor.charge(ORDER, CARD, is_held=False)
        assert report.state is PaymentState.CAPTURED
        assert len(fake.intents) == 1
        with pytest.raises(ProcessorAway):  # our id never stands for another amount
            await processor.charge(attrs.evolve(ORDER, amount=1), CARD, is_held=False)
        fake.loses = 1
        with pytest.raises(ProcessorAway):
            await processor.refund("ref_1", "pi_1", 345, "USD")
        made = await processor.refund("ref_1", "pi_1", 345, "USD")
        assert (made.reference, made.state) == ("re_1", RefundState.PAID)
        assert len(fake.refunds) == 1
        fake.refunds["re_1"]["status"] = "failed"
        seen = await processor.look_at_refund("re_1")
        assert (seen.refund, seen.payment_reference, seen.amount) == ("ref_1", "pi_1", 345)
        assert seen.state is RefundState.FAILED
        with pytest.raises(NotTaken, match="resource_missing"):
            await processor.look_at_refund("re_9")


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (400, {"type": "invalid_request_error", "code": "amount_too_small"}, NotTaken),
        (401, {"type": "invalid_request_error"}, ProcessorAway),
        (409, {"type": "invalid_request_error", "code": "lock_timeout"}, ProcessorAway),
        (409, {"type": "idempotency_error"}, ProcessorAway),
        (429, {"type": "invalid_request_error", "code": "rate_limit"}, ProcessorAway),
        (500, {"type": "api_error"}, ProcessorAway),
    ],
)
async def test_only_what_is_certain_counts_as_not_taken(
    status: int, error: dict[str, Any], expected: type[Exception]
) -> None:
    async with connected() as (fake, processor):
        fake.fails = [(status, {"error": {"message": "sk_test_of_tests", **error}})]
        with pytest.raises(expected) as raised:
            await processor.charge(ORDER, CARD, is_held=False)
        assert "sk_test" not in str(raised.value)


async def test_a_declined_card_is_a_report() -> None:
    async with connected() as (fake, processor):
        error = {
            "type": "card_error",
            "code": "card_declined",
            "decline_code": "insufficient_funds",
            "payment_intent": {"id": "pi_7", "object": "payment_intent"},
        }
        fake.fails = [(402, {"error": error})]
        report = await processor.charge(ORDER, CARD, is_held=False)
        assert report == PaymentReport(
            "pi_7", PaymentState.FAILED, "pay_1", error="insufficient_funds"
        )


async def test_a_page_is_opened_paid_and_found() -> None:
    async with connected() as (fake, processor):
        opened = await processor.open_checkout(ORDER, BACK)
        assert await processor.open_checkout(ORDER, BACK) == opened
        assert (opened.reference, opened.state) == ("cs_1", PaymentState.PENDING)
        assert opened.url == "https://pay.example/cs_1"
        form = fake.asked[0].form
        assert form["success_url"] == form["cancel_url"] == BACK
        assert form["payment_intent_data[metadata][payment]"] == "pay_1"
        fake.pay("cs_1")
        paid = PaymentReport("pi_1", PaymentState.CAPTURED, "pay_1", 12_345)
        assert await processor.look("cs_1") == paid
        assert await processor.void("cs_1") == paid  # too late: it stays paid


async def test_a_page_left_open_is_closed() -> None:
    async with connected() as (_, processor):
        await processor.open_checkout(ORDER, BACK)
        report = await processor.void("cs_1")
        assert (report.state, report.error) == (PaymentState.VOIDED, "expired")


@pytest.mark.parametrize(
    ("currency", "amount", "theirs"),
    [
        ("USD", 12_345, "12345"),
        ("JPY", 500, "500"),
        ("KWD", 12_340, "12340"),  # 12.340: of thousandths Stripe takes tens alone
        ("ISK", 500, "50000"),  # no decimals, and Stripe takes hundredths
        ("UGX", 500, "50000"),
        ("MGA", 50_000, "500"),  # hundredths, and Stripe takes whole units
    ],
)
async def test_an_amount_is_the_same_money_over_there(
    currency: str, amount: int, theirs: str
) -> None:
    async with connected() as (fake, processor):
        order = attrs.evolve(ORDER, currency=currency, amount=amount)
        report = await processor.charge(order, CARD, is_held=False)
        assert fake.asked[0].form["amount"] == theirs
        assert fake.asked[0].form["currency"] == currency.lower()
        assert report.captured == amount
        opened = await processor.open_checkout(order, BACK)
        price = fake.asked[1].form["line_items[0][price_data][unit_amount]"]
        assert price == theirs
        fake.pay(opened.reference)
        assert (await processor.look(opened.reference)).captured == amount


@pytest.mark.parametrize(("currency", "amount"), [("KWD", 12_345), ("TND", 1), ("MGA", 50_050)])
async def test_an_amount_that_would_be_rounded_is_not_charged(currency: str, amount: int) -> None:
    async with connected() as (fake, processor):
        order = attrs.evolve(ORDER, currency=currency, amount=amount)
        for asked in (
            processor.charge(order, CARD, is_held=False),
            processor.open_checkout(order, BACK),
            processor.capture("pay_1", "pi_1", amount, currency),
            processor.refund("ref_1", "pi_1", amount, currency),
        ):
            with pytest.raises(NotTaken, match=NOT_EXACT):
                await asked
        assert fake.asked == []


def event(kind: str, subject: dict[str, Any]) -> bytes:
    return orjson.dumps(
        {"id": "evt_1", "object": "event", "type": kind, "data": {"object": subject}}
    )


def signed(body: bytes, at: float | None = None, secret: str = SECRET) -> str:
    return str(
        stripe.WebhookSignature.generate_signature_header(
            body.decode(), secret, int(time.time() if at is None else at)
        )
    )


INTENT = {
    "id": "pi_1",
    "object": "payment_intent",
    "status": "succeeded",
    "amount": 100,
    "currency": "usd",
    "metadata": {"payment": "pay_1"},
}
PAGE = {
    "id": "cs_1",
    "object": "checkout.session",
    "mode": "payment",
    "status": "expired",
    "payment_status": "unpaid",
    "metadata": {"payment": "pay_1"},
}
REFUND = {
    "id": "re_1",
    "object": "refund",
    "status": "failed",
    "amount": 50,
    "currency": "usd",
    "payment_intent": "pi_1",
    "metadata": {"refund": "ref_1"},
    "failure_reason": "lost_or_stolen_card",
}
DISPUTE = {
    "id": "du_1",
    "object": "dispute",
    "status": "needs_response",
    "amount": 50,
    "currency": "usd",
    "charge": "ch_1",
    "payment_intent": "pi_1",
    "reason": "fraudulent",
    "metadata": {},
}
SETUP = {
    "id": "seti_1",
    "object": "setup_intent",
    "status": "succeeded",
    "customer": "cus_1",
    "metadata": {"event": "gala", "user": "ann"},
}


def disputed(state: RefundState) -> RefundReport:
    why = "disputed at the payer's bank: fraudulent"
    return RefundReport("du_1", "pi_1", state, 50, is_disputed=True, why=why)


@pytest.mark.parametrize(
    ("kind", "subject", "report"),
    [
        (
            "payment_intent.succeeded",
            INTENT,
            PaymentReport("pi_1", PaymentState.CAPTURED, "pay_1", 100),
        ),
        (
            "payment_intent.payment_failed",
            {**INTENT, "status": "requires_payment_method", "metadata": {"by": "checkout"}},
            None,
        ),
        (
            "payment_intent.payment_failed",
            {
                **INTENT,
                "status": "requires_payment_method",
                "last_payment_error": {"code": "card_declined"},
            },
            PaymentReport("pi_1", PaymentState.FAILED, "pay_1", error="card_declined"),
        ),
        (
            "checkout.session.expired",
            PAGE,
            PaymentReport("cs_1", PaymentState.VOIDED, "pay_1", error="expired"),
        ),
        ("checkout.session.completed", {**PAGE, "mode": "setup"}, None),
        (
            "refund.failed",
            REFUND,
            RefundReport("re_1", "pi_1", RefundState.FAILED, 50, "ref_1", "lost_or_stolen_card"),
        ),
        ("charge.dispute.created", DISPUTE, disputed(RefundState.PAID)),
        ("charge.dispute.closed", {**DISPUTE, "status": "lost"}, disputed(RefundState.PAID)),
        ("charge.dispute.closed", {**DISPUTE, "status": "won"}, disputed(RefundState.FAILED)),
        (
            "charge.dispute.created",  # the bank asks, and takes nothing
            {**DISPUTE, "status": "warning_needs_response"},
            disputed(RefundState.PENDING),
        ),
        ("charge.dispute.created", {**DISPUTE, "payment_intent": None}, None),
        ("refund.created", {**REFUND, "payment_intent": None}, None),  # of no payment of ours
        ("setup_intent.succeeded", SETUP, CardReport("seti_1", "gala", "ann", "cus_1")),
        ("invoice.paid", {"object": "invoice"}, None),
    ],
)
async def test_a_webhook_is_read_by_its_subject(
    kind: str, subject: dict[str, Any], report: object
) -> None:
    processor = StripeProcessor(KEYS)
    body = event(kind, subject)
    heard = processor.read_webhook(body, signed(body))
    assert (heard.id, heard.kind, heard.report) == ("evt_1", kind, report)
    await processor.close()


async def test_a_webhook_that_is_forged_old_or_none_is_refused() -> None:
    processor = StripeProcessor(KEYS)
    body = event("payment_intent.succeeded", INTENT)
    old = time.time() - SIGNATURE_TOLERANCE_S - 5
    for sent, signature in (
        (body, None),
        (body, ""),
        (body, "t=1,v1=00"),
        (body, "nonsense"),
        (body, signed(body, secret="whsec_another")),
        (body + b" ", signed(body)),
        (body, signed(body, at=old)),
        (b"\xff\xfe", signed(b"{}")),
        (b"{}", signed(b"{}")),
        (b"[]", signed(b"[]")),
        (b'{"id":1', signed(b'{"id":1')),
    ):
        with pytest.raises(WebhookRefused):
            processor.read_webhook(sent, signature)
    with pytest.raises(WebhookRefused):
        StripeProcessor(StripeKeys("sk_test_of_tests")).read_webhook(body, signed(body))
    assert SECRET not in repr(KEYS)
    await processor.close()
