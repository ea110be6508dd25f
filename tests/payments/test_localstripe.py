"""Stripe's adapter against localstripe, a second implementation of Stripe's API."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from saleroom.billing.payment import PaymentState, RefundState
from saleroom.demo_stripe import complete_setup, localstripe_python, open_localstripe
from saleroom.payments.ports import NotTaken, Order, Stored
from saleroom.payments.stripe_adapter import StripeKeys, StripeProcessor

ORDER = Order("pay_1", "gala", 101, 12_345, "USD")
INSTALL = "localstripe is missing: run make install-tests"


@pytest.fixture
async def base() -> AsyncIterator[str]:
    python = localstripe_python()
    assert python is not None, INSTALL
    async with open_localstripe(python) as address:
        yield address


@pytest.fixture
async def processor(base: str) -> AsyncIterator[StripeProcessor]:
    made = StripeProcessor(StripeKeys("sk_test_of_tests"), base)
    yield made
    await made.close()


async def test_a_card_from_its_setup_to_a_refund(base: str, processor: StripeProcessor) -> None:
    setup = await processor.set_up_card("gala", "ann", "key")
    early = await processor.card(setup.setup)
    assert (early.event, early.user, early.method) == ("gala", "ann", None)
    await complete_setup(base, setup.setup, setup.client_secret)
    card = await processor.card(setup.setup)
    assert (card.customer, card.brand, card.last4) == (setup.customer, "visa", "4242")
    assert card.method is not None
    stored = Stored(setup.customer, card.method)

    paid = await processor.charge(ORDER, stored, is_held=False)
    assert (paid.state, paid.captured, paid.payment) == (PaymentState.CAPTURED, 12_345, "pay_1")
    assert await processor.look(paid.reference) == paid
    refund = await processor.refund("ref_1", paid.reference, 345, "USD")
    assert (refund.state, refund.amount, refund.refund) == (RefundState.PAID, 345, "ref_1")

    held = await processor.charge(Order("pay_2", "gala", 101, 900, "USD"), stored, is_held=True)
    assert (held.state, held.captured) == (PaymentState.AUTHORIZED, None)
    taken = await processor.capture("pay_2", held.reference, 800, "USD")
    assert (taken.state, taken.captured) == (PaymentState.CAPTURED, 800)
    other = await processor.charge(Order("pay_3", "gala", 101, 900, "USD"), stored, is_held=True)
    assert (await processor.void(other.reference)).state is PaymentState.VOIDED

    for missing in ("seti_none", "pi_none"):
        with pytest.raises(NotTaken):
            await (processor.card if missing.startswith("seti") else processor.look)(missing)
    await processor.forget_customer(setup.customer)


async def test_a_declined_card_leaves_a_failed_payment(
    base: str, processor: StripeProcessor
) -> None:
    setup = await processor.set_up_card("gala", "ann", "key")
    declined = await processor.charge(
        ORDER, Stored(setup.customer, await _card(base, "4000000000000341")), is_held=False
    )
    assert declined.state is PaymentState.FAILED
    assert declined.payment == "pay_1"
    assert declined.error == "card_declined"


async def _card(base: str, number: str) -> str:
    """Make a card of this number over there."""
    form = {
        "type": "card",
        "card[number]": number,
        "card[exp_month]": "12",
        "card[exp_year]": "2040",
        "card[cvc]": "123",
    }
    async with httpx.AsyncClient(base_url=base, auth=("sk_test_of_tests", "")) as client:
        made = await client.post("/v1/payment_methods", data=form)
        name: str = made.json()["id"]
        return name
