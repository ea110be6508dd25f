"""Bad input about money: each has its exact refusal, and nothing moves."""

from __future__ import annotations

import time
from typing import Any

import orjson
import pytest
import stripe
from trio.testing import MockClock

from saleroom.payments.stripe_adapter import SIGNATURE_TOLERANCE_S, StripeKeys, StripeProcessor
from tests.http.house import House, Reply, open_house
from tests.http.till import FOLIO, REASON, TOTAL, balanced, billed_house, folio, link, pay, refund

HOOK = "/api/v1/webhooks/stripe"
SECRET = "whsec_a_secret_of_tests"
EVENT = orjson.dumps(
    {
        "id": "evt_1",
        "object": "event",
        "type": "payment_intent.succeeded",
        "data": {
            "object": {
                "id": "pi_1",
                "object": "payment_intent",
                "status": "succeeded",
                "amount": 100,
                "currency": "usd",
                "metadata": {"payment": "pay_elsewhere"},
            }
        },
    }
)
NO_AMOUNTS = (b"-1", b"0", b"1000000000001", b"9" * 40, b"1.5", b"1e3", b"true", b"null", b'"100"')


async def asked_with(house: House, path: str, who: str | None, body: bytes) -> Reply:
    return await house.call("POST", path, who, key="k", raw=body)


@pytest.mark.parametrize("amount", NO_AMOUNTS)
async def test_what_is_no_amount_moves_nothing(autojump_clock: MockClock, amount: bytes) -> None:
    async with open_house() as house:
        event = await billed_house(house)
        paid = (await pay(house, event, method="cash", amount=1_000)).json["id"]
        before, path = await folio(house, event), FOLIO.format(event=event)
        for route, who, rest in (
            (f"{path}/payments", "clerk", b'"method":"cash"'),
            (f"{path}/payments/{paid}/capture", "clerk", b""),
            (f"{path}/payments/{paid}/refunds", "admin", b'"reason":"why"'),
            (f"{path}/adjustments", "admin", b'"kind":"credit","reason":"why"'),
            (f"{await link(house, event)}/payments", None, b'"method":"card"'),
        ):
            body = b",".join(part for part in (b'"amount":' + amount, rest) if part)
            reply = await asked_with(house, route, who, b"{" + body + b"}")
            told = (reply.status, reply.code)
            assert told in ((422, "INVALID_FIELD"), (400, "MALFORMED")), (route, reply.body)
            if told[1] == "INVALID_FIELD":
                assert reply.json["field"] == "amount"
        assert await folio(house, event) == before


async def test_another_currency_is_no_part_of_a_payment(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await billed_house(house)
        reply = await pay(house, event, method="cash", amount=100, currency="EUR")
        assert (reply.status, reply.code, reply.json["field"]) == (422, "INVALID_FIELD", "currency")
        assert (await folio(house, event))["payments"] == []


async def test_what_is_paid_is_not_paid_again(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await billed_house(house)
        path = await link(house, event)
        assert (await pay(house, event, method="cash", amount=TOTAL)).status == 201
        again = await pay(house, event, "k2", method="cash", amount=1)
        assert (again.status, again.code, again.json["due"]) == (409, "MORE_THAN_DUE", 0)
        body = {"method": "checkout", "amount": TOTAL}
        by_link = await house.call("POST", f"{path}/payments", None, body, key="k")
        assert (by_link.status, by_link.code, by_link.json["due"]) == (409, "AMOUNT_CHANGED", 0)
        assert (await folio(house, event))["paid"] == TOTAL
        assert await balanced(house, event)


async def test_what_was_taken_cannot_be_let_go(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await billed_house(house)
        paid = (await pay(house, event, method="cash", amount=TOTAL)).json
        path = f"{FOLIO.format(event=event)}/payments/{paid['id']}"
        late = await house.call("POST", f"{path}/void", "admin")
        assert (late.status, late.code, late.json["state"]) == (409, "NOT_OPEN", "captured")
        missing = await house.call("POST", f"{path}0/void", "admin")
        assert (missing.status, missing.code) == (404, "UNKNOWN_PAYMENT")


async def test_nothing_is_given_back_above_the_charge(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await billed_house(house)
        paid = (await pay(house, event, method="cash", amount=1_000)).json["id"]
        assert (await refund(house, event, paid, 600)).status == 201
        more = await refund(house, event, paid, 401, "r2")
        assert (more.status, more.code, more.json["left"]) == (409, "REFUND_TOO_HIGH", 400)
        other = await refund(house, event, paid, 601)
        assert (other.status, other.code) == (409, "ID_REUSED")
        assert (await folio(house, event))["paid"] == 400
        assert await balanced(house, event)


@pytest.mark.parametrize("route", ["payments", "payments/{paid}/refunds", "adjustments"])
async def test_what_moves_money_bears_a_key(autojump_clock: MockClock, route: str) -> None:
    async with open_house() as house:
        event = await billed_house(house)
        paid = (await pay(house, event, method="cash", amount=1_000)).json["id"]
        path = f"{FOLIO.format(event=event)}/{route.format(paid=paid)}"
        body: dict[str, Any] = {"amount": 1, **REASON}
        assert (await house.call("POST", path, "admin", body)).code == "MALFORMED"
        assert (await house.call("POST", path, "admin", body, key="x" * 65)).code == "MALFORMED"


def signed(body: bytes, secret: str = SECRET, age_s: float = 0) -> str:
    at = int(time.time() - age_s)
    return str(stripe.WebhookSignature.generate_signature_header(body.decode(), secret, at))


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (EVENT, None),
        (EVENT, signed(EVENT, "whsec_another")),
        (EVENT.replace(b"100", b"999"), signed(EVENT)),
        (EVENT + b" ", signed(EVENT)),
        (EVENT, signed(EVENT, age_s=SIGNATURE_TOLERANCE_S + 60)),
        (EVENT, signed(EVENT).replace("v1=", "v0=")),
    ],
    ids=["unsigned", "wrong secret", "altered", "longer", "old", "another scheme"],
)
async def test_a_webhook_that_is_not_stripes_is_refused(
    autojump_clock: MockClock, body: bytes, signature: str | None
) -> None:
    processor = StripeProcessor(StripeKeys("sk_test_of_tests", SECRET))
    async with open_house(processor=processor) as house:
        headers = {} if signature is None else {"Stripe-Signature": signature}
        reply = await house.call("POST", HOOK, raw=body, headers=headers)
        assert (reply.status, reply.code) == (403, "FORBIDDEN")
        assert reply.json["detail"] == "the signature does not hold, or is too old"
        assert not await house.stores.billing.knows_event("evt_1")
        genuine = {"Stripe-Signature": signed(EVENT)}
        for _ in range(2):  # a payment of another house's: heard, and not taken
            told = await house.done("POST", HOOK, raw=EVENT, headers=genuine)
            assert told == {"taken": False}
        assert await house.stores.billing.knows_event("evt_1")
    await processor.close()
