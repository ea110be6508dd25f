"""Payments over HTTP: nothing is charged twice, nothing is given back twice, whatever is lost."""

from __future__ import annotations

import pytest
from trio.testing import MockClock

from saleroom.payments.sandbox import SandboxProcessor
from tests.http.house import House, open_house
from tests.http.till import (
    FOLIO,
    TOTAL,
    adjust,
    balanced,
    billed_house,
    card_on_file,
    folio,
    pay,
    refund,
)
from tests.payments.scripted import ScriptedProcessor


async def on_file(house: House, event: str, processor: ScriptedProcessor, who: str = "ann") -> None:
    path = f"/api/v1/events/{event}/card"
    setup = await house.done("POST", path, who, key=f"card-{who}")
    processor.complete(setup["setup"])
    await house.done("POST", f"{path}/confirm", who, {"setup": setup["setup"]})


@pytest.mark.parametrize("method", ["cash", "cheque", "other"])
async def test_a_cashier_takes_money_by_hand(autojump_clock: MockClock, method: str) -> None:
    async with open_house() as house:
        event = await billed_house(house)
        for _ in range(2):
            reply = await pay(house, event, method=method, amount=2_000, note="envelope 3")
            assert (reply.status, reply.json["state"]) == (201, "captured")
            assert (reply.json["by"], reply.json["note"]) == ("clara", "envelope 3")
        seen = await folio(house, event)
        assert (seen["balance"], seen["paid"], len(seen["payments"])) == (TOTAL - 2_000, 2_000, 1)
        reused = await pay(house, event, method=method, amount=2_001, note="envelope 3")
        assert (reused.status, reused.code) == (409, "ID_REUSED")
        much = await pay(house, event, "k2", method=method, amount=TOTAL)
        assert (much.status, much.code, much.json["due"]) == (409, "MORE_THAN_DUE", TOTAL - 2_000)
        path = f"{FOLIO.format(event=event)}/payments"
        body = {"method": method, "amount": 1_000}
        assert (await house.call("POST", path, "auctioneer", body, key="k1")).status == 201
        covered = await pay(house, event, "k3", method=method, amount=1, cover_fee=True)
        assert (covered.status, covered.code) == (422, "INVALID_FIELD")
        assert await balanced(house, event)


async def test_the_sandbox_charges_nobody_and_shows_what_would_be(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        event = await billed_house(house)
        missing = await pay(house, event, method="card", amount=10_000)
        assert (missing.status, missing.code) == (409, "NO_CARD")
        assert await card_on_file(house, event) == {
            "brand": "visa",
            "last4": "4242",
            "exp_month": 12,
            "exp_year": 2099,
        }
        reply = await pay(house, event, method="card", amount=10_000, cover_fee=True)
        assert reply.status == 201
        paid = reply.json
        assert (paid["state"], paid["fee_cover"], paid["charged"]) == ("captured", 330, 10_330)
        given = (await refund(house, event, paid["id"], 300)).json
        assert given["state"] == "paid"
        processor = house.services.till.processor
        made = await processor.look_at_refund(f"sandbox_{given['id']}")
        assert (made.refund, made.amount) == (given["id"], 300)
        shown = await house.done("GET", "/api/v1/sandbox/payments", "admin")
        (charge,) = shown["charges"]
        assert shown["sandbox"]
        assert (charge["amount"], charge["refunded"], charge["how"]) == (10_330, 300, "card")
        assert await balanced(house, event)


async def test_a_card_is_its_holders_alone(autojump_clock: MockClock) -> None:
    processor = ScriptedProcessor()
    async with open_house(processor=processor) as house:
        event = await house.sale()
        path = f"/api/v1/events/{event}/card"
        assert (await house.call("POST", path, "bob", key="k")).code == "NO_PADDLE"
        setup = await house.done("POST", path, "ann", key="k")
        again = await house.done("POST", path, "ann", key="k")
        assert again == setup
        early = await house.call("POST", f"{path}/confirm", "ann", {"setup": setup["setup"]})
        assert (early.status, early.code) == (409, "CARD_NOT_CONFIRMED")
        processor.complete(setup["setup"])
        await house.bidder(event, "bob")
        theft = await house.call("POST", f"{path}/confirm", "bob", {"setup": setup["setup"]})
        assert (theft.status, theft.code) == (404, "UNKNOWN_SETUP")
        await house.done("POST", f"{path}/confirm", "ann", {"setup": setup["setup"]})
        assert (await house.done("GET", FOLIO.format(event=event), "ann"))["card"][
            "last4"
        ] == "4242"
        assert (await house.call("DELETE", path, "ann")).status == 204
        assert len(processor.forgotten) == 1
        assert (await house.done("GET", FOLIO.format(event=event), "ann"))["card"] is None


async def test_a_lost_answer_charges_nobody_twice(autojump_clock: MockClock) -> None:
    processor = ScriptedProcessor()
    async with open_house(processor=processor) as house:
        event = await billed_house(house)
        await on_file(house, event, processor)
        processor.loses = 2
        for _ in range(2):
            lost = await pay(house, event, method="card", amount=TOTAL)
            assert (lost.status, lost.code) == (503, "OUTCOME_UNKNOWN")
            assert (await folio(house, event))["due"] == 0
        other = await pay(house, event, "k2", method="card", amount=TOTAL)
        assert (other.status, other.code) == (409, "PAYMENT_UNDER_WAY")
        cash = await pay(house, event, "k3", method="cash", amount=1)
        assert (cash.status, cash.code) == (409, "MORE_THAN_DUE")
        found = await pay(house, event, method="card", amount=TOTAL)
        assert (found.status, found.json["state"]) == (201, "captured")
        assert list(processor.taken.values()) == [TOTAL]
        assert (await folio(house, event))["balance"] == 0
        assert await balanced(house, event)


async def test_a_declined_card_leaves_the_amount_due(autojump_clock: MockClock) -> None:
    processor = ScriptedProcessor(declines="insufficient_funds")
    async with open_house(processor=processor) as house:
        event = await billed_house(house)
        await on_file(house, event, processor)
        reply = await pay(house, event, method="card", amount=TOTAL)
        assert (reply.status, reply.json["state"]) == (201, "failed")
        assert reply.json["error"] == "insufficient_funds"
        assert (await folio(house, event))["due"] == TOTAL
        again = await pay(house, event, "k2", method="card", amount=TOTAL)
        assert again.json["state"] == "captured"
        assert await balanced(house, event)


async def test_what_is_held_is_taken_in_part_or_let_go(autojump_clock: MockClock) -> None:
    processor = ScriptedProcessor()
    async with open_house(processor=processor) as house:
        event = await billed_house(house)
        await on_file(house, event, processor)
        held = (await pay(house, event, method="card", amount=10_000, hold=True)).json
        assert (held["state"], held["held"]) == ("authorized", True)
        path = f"{FOLIO.format(event=event)}/payments/{held['id']}"
        much = await house.call("POST", f"{path}/capture", "clerk", {"amount": 10_001})
        assert (much.status, much.code, much.json["held"]) == (409, "MORE_THAN_HELD", 10_000)
        for _ in range(2):
            taken = await house.done("POST", f"{path}/capture", "clerk", {"amount": 9_000})
            assert (taken["state"], taken["amount"]) == ("captured", 9_000)
        other = await house.call("POST", f"{path}/capture", "clerk", {"amount": 9_001})
        assert (other.status, other.code) == (409, "NOT_HELD")
        late = await house.call("POST", f"{path}/void", "admin")
        assert (late.status, late.code) == (409, "NOT_OPEN")
        assert (await folio(house, event))["balance"] == TOTAL - 9_000
        second = (await pay(house, event, "k2", method="card", amount=500, hold=True)).json
        path = f"{FOLIO.format(event=event)}/payments/{second['id']}"
        for _ in range(2):
            assert (await house.done("POST", f"{path}/void", "admin"))["state"] == "voided"
        assert (await folio(house, event))["due"] == TOTAL - 9_000
        assert processor.taken == {held["id"]: 9_000}
        assert await balanced(house, event)


async def test_nothing_is_given_back_twice_or_above_the_charge(autojump_clock: MockClock) -> None:
    processor = ScriptedProcessor()
    async with open_house(processor=processor) as house:
        event = await billed_house(house)
        await on_file(house, event, processor)
        paid = (await pay(house, event, method="card", amount=10_000, cover_fee=True)).json
        much = await refund(house, event, paid["id"], 10_331)
        assert (much.status, much.code, much.json["left"]) == (409, "REFUND_TOO_HIGH", 10_330)
        processor.loses = 1
        lost = await refund(house, event, paid["id"], 10_000)
        assert (lost.status, lost.code) == (503, "OUTCOME_UNKNOWN")
        for _ in range(2):
            done = await refund(house, event, paid["id"], 10_000)
            assert (done.status, done.json["state"], done.json["fee_cover"]) == (201, "paid", 0)
        reused = await refund(house, event, paid["id"], 9_999)
        assert (reused.status, reused.code) == (409, "ID_REUSED")
        rest = await refund(house, event, paid["id"], 331, "r2")
        assert (rest.status, rest.json["left"]) == (409, 330)
        fee = await refund(house, event, paid["id"], 330, "r2")
        assert fee.json["fee_cover"] == 330
        assert list(processor.given_back.values()) == [10_000, 330]
        seen = await folio(house, event)
        assert (seen["paid"], seen["balance"]) == (0, TOTAL - 10_000)  # nobody owes again
        assert await balanced(house, event)


async def test_a_refund_that_fails_leaves_the_house_in_debt(autojump_clock: MockClock) -> None:
    processor = ScriptedProcessor()
    async with open_house(processor=processor) as house:
        event = await billed_house(house)
        await on_file(house, event, processor)
        paid = (await pay(house, event, method="card", amount=TOTAL)).json
        processor.declines = "charge_disputed"
        failed = await refund(house, event, paid["id"], 1_000)
        assert (failed.json["state"], failed.json["error"]) == ("failed", "charge_disputed")
        assert (await folio(house, event))["balance"] == -1_000
        assert (await refund(house, event, paid["id"], 1_000, "r2")).json["state"] == "paid"
        assert (await folio(house, event))["balance"] == 0
        assert await balanced(house, event)


async def test_what_was_paid_by_hand_is_given_back_by_hand(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await billed_house(house)
        paid = (await pay(house, event, method="cash", amount=TOTAL)).json
        assert (await refund(house, event, paid["id"], 161)).json["state"] == "paid"
        missing = await refund(house, event, "pay_none", 1)
        assert (missing.status, missing.code) == (404, "UNKNOWN_PAYMENT")
        await adjust(house, event, "charge", 100)
        assert (await folio(house, event))["balance"] == 100
        assert await balanced(house, event)


async def test_the_sandbox_answers_as_a_processor_does(autojump_clock: MockClock) -> None:
    processor = SandboxProcessor()
    async with open_house(processor=processor) as house:
        event = await billed_house(house)
        await card_on_file(house, event)
        held = (await pay(house, event, method="card", amount=900, hold=True)).json
        path = f"{FOLIO.format(event=event)}/payments/{held['id']}"
        assert (await house.done("POST", f"{path}/void", "admin"))["state"] == "voided"
        other = (await pay(house, event, "k2", method="card", amount=900, hold=True)).json
        path = f"{FOLIO.format(event=event)}/payments/{other['id']}"
        assert (await house.done("POST", f"{path}/capture", "clerk"))["state"] == "captured"
        assert [charge.report.state.value for charge in processor.charges()] == [
            "captured",
            "voided",
        ]
        assert await balanced(house, event)
