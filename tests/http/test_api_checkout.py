"""Checkout over HTTP: a link, a page that went stale, and webhooks in any order."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from trio.testing import MockClock

from saleroom.billing.payment import PaymentState, RefundState
from saleroom.http.money.api_checkout import LINK_MS, digest_of
from saleroom.payments.ports import CardReport, PaymentReport, ProcessorEvent, RefundReport, Report
from tests.http.house import House, Reply, open_house
from tests.http.till import TOTAL, adjust, balanced, billed_house, card_on_file, folio, link, pay
from tests.payments.scripted import ScriptedProcessor

HOOK = "/api/v1/webhooks/stripe"


async def pay_by(house: House, path: str, key: str = "k1", **body: Any) -> Reply:
    return await house.call("POST", f"{path}/payments", None, body, key=key)


async def hear(house: House, processor: ScriptedProcessor, id: str, report: Report) -> bool:
    """Deliver a webhook that says this."""
    processor.events = {b"{}": ProcessorEvent(id, "a.kind", report)}
    told = await house.done("POST", HOOK, raw=b"{}", headers={"Stripe-Signature": "good"})
    taken: bool = told["taken"]
    return taken


async def test_a_link_shows_one_folio_until_it_ends(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await billed_house(house)
        path = await link(house, event)
        seen = await house.done("GET", path)
        assert (seen["paddle"], seen["due"], seen["title"]) == (100, TOTAL, "Gala")
        assert "by" not in seen["documents"][0]
        newer = await link(house, event)
        gone = await house.call("GET", path)
        assert (gone.status, gone.code) == (404, "UNKNOWN_LINK")
        kept = await house.stores.billing.link(digest_of(newer.rpartition("/")[2]))
        now_ms = house.services.clock.now_ms()
        assert now_ms + LINK_MS - 60_000 < kept.expires_at_ms <= now_ms + LINK_MS
        await house.stores.billing.put_link(attrs.evolve(kept, expires_at_ms=now_ms))
        ended = await house.call("GET", newer)
        assert (ended.status, ended.code) == (404, "UNKNOWN_LINK")


async def test_a_link_waits_for_the_event_to_close(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        reply = await house.call("GET", await link(house, event))
        assert (reply.status, reply.code) == (409, "EVENT_NOT_CLOSED")


async def test_an_amount_that_changed_since_the_page_is_refused(autojump_clock: MockClock) -> None:
    processor = ScriptedProcessor()
    async with open_house(processor=processor) as house:
        event = await billed_house(house)
        path = await link(house, event)
        await adjust(house, event, "credit", 161)
        for amount in (TOTAL, TOTAL - 162, 1):
            stale = await pay_by(house, path, method="checkout", amount=amount)
            assert (stale.status, stale.code) == (409, "AMOUNT_CHANGED")
            assert stale.json["due"] == TOTAL - 161
        none = await pay_by(house, path, method="card", amount=TOTAL - 161)
        assert (none.status, none.code) == (409, "NO_CARD")
        opened = await pay_by(house, path, method="checkout", amount=TOTAL - 161)
        assert (opened.status, opened.json["state"]) == (201, "pending")
        assert processor.taken == {}


async def test_the_card_on_file_pays_by_a_link(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await billed_house(house)
        await card_on_file(house, event)
        path = await link(house, event)
        for _ in range(2):
            paid = await pay_by(house, path, method="card", amount=TOTAL, cover_fee=True)
            assert (paid.status, paid.json["state"]) == (201, "captured")
        seen = await house.done("GET", path)
        assert (seen["balance"], len(seen["payments"])) == (0, 1)
        done = await pay_by(house, path, "k2", method="card", amount=TOTAL)
        assert (done.status, done.code, done.json["due"]) == (409, "AMOUNT_CHANGED", 0)
        assert await balanced(house, event)


async def test_a_page_is_paid_and_heard_of_once(autojump_clock: MockClock) -> None:
    processor = ScriptedProcessor()
    async with open_house(processor=processor) as house:
        event = await billed_house(house)
        path = await link(house, event)
        opened = (await pay_by(house, path, method="checkout", amount=TOTAL)).json
        assert opened["url"] == f"https://pay.example/cs_{opened['id']}"
        again = (await pay_by(house, path, method="checkout", amount=TOTAL)).json
        assert again == opened
        report = processor.pay_page(opened["id"], TOTAL)
        assert await hear(house, processor, "evt_1", report)
        assert not await hear(house, processor, "evt_1", report)
        assert await hear(house, processor, "evt_2", report)
        late = PaymentReport(f"cs_{opened['id']}", PaymentState.VOIDED, opened["id"])
        assert await hear(house, processor, "evt_0", late)
        seen = await folio(house, event)
        assert (seen["balance"], seen["paid"]) == (0, TOTAL)
        assert [payment["state"] for payment in seen["payments"]] == ["captured"]
        assert await balanced(house, event)


async def test_a_page_left_open_gives_way_to_another_payment(autojump_clock: MockClock) -> None:
    processor = ScriptedProcessor()
    async with open_house(processor=processor) as house:
        event = await billed_house(house)
        path = await link(house, event)
        first = (await pay_by(house, path, method="checkout", amount=TOTAL)).json
        second = await pay_by(house, path, "k2", method="checkout", amount=TOTAL, cover_fee=True)
        assert (second.status, second.json["fee_cover"]) == (201, 693)
        states = {p["id"]: p["state"] for p in (await folio(house, event))["payments"]}
        assert states == {first["id"]: "voided", second.json["id"]: "pending"}
        processor.pay_page(second.json["id"], TOTAL + 693)
        third = await pay_by(house, path, "k3", method="checkout", amount=TOTAL)
        assert (third.status, third.code, third.json["due"]) == (409, "AMOUNT_CHANGED", 0)
        assert await balanced(house, event)


async def test_money_taken_from_a_payment_given_up_is_recorded(autojump_clock: MockClock) -> None:
    processor = ScriptedProcessor()
    async with open_house(processor=processor) as house:
        event = await billed_house(house)
        path = await link(house, event)
        opened = (await pay_by(house, path, method="checkout", amount=TOTAL)).json
        gone = PaymentReport(f"cs_{opened['id']}", PaymentState.VOIDED, opened["id"])
        assert await hear(house, processor, "evt_1", gone)
        assert (await pay(house, event, method="cash", amount=TOTAL)).status == 201
        assert await hear(house, processor, "evt_2", processor.pay_page(opened["id"], TOTAL))
        assert (await folio(house, event))["balance"] == -TOTAL
        assert await balanced(house, event)


async def test_what_is_given_back_over_there_is_recorded_once(autojump_clock: MockClock) -> None:
    processor = ScriptedProcessor()
    async with open_house(processor=processor) as house:
        event = await billed_house(house)
        path = await link(house, event)
        opened = (await pay_by(house, path, method="checkout", amount=TOTAL)).json
        await hear(house, processor, "evt_1", processor.pay_page(opened["id"], TOTAL))
        report = RefundReport("re_9", f"pi_{opened['id']}", RefundState.PAID, 1_000)
        for id in ("evt_2", "evt_3"):
            assert await hear(house, processor, id, report)
        (payment,) = (await folio(house, event))["payments"]
        assert (payment["refunded"], len(payment["refunds"])) == (1_000, 1)
        too_much = RefundReport("re_10", f"pi_{opened['id']}", RefundState.PAID, TOTAL)
        assert await hear(house, processor, "evt_4", too_much)
        assert (await folio(house, event))["payments"][0]["refunded"] == 1_000
        assert await balanced(house, event)


async def test_word_of_a_refund_that_comes_too_early_is_sent_again(
    autojump_clock: MockClock,
) -> None:
    processor = ScriptedProcessor()
    async with open_house(processor=processor) as house:
        event = await billed_house(house)
        path = await link(house, event)
        opened = (await pay_by(house, path, method="checkout", amount=TOTAL)).json
        paid = processor.pay_page(opened["id"], TOTAL)
        report = RefundReport("re_9", paid.reference, RefundState.PAID, 1_000)
        processor.loses = 1
        processor.events = {b"{}": ProcessorEvent("evt_2", "refund.created", report)}
        sent = {"Stripe-Signature": "good"}
        early = await house.call("POST", HOOK, raw=b"{}", headers=sent)
        assert (early.status, early.code) == (503, "OUTCOME_UNKNOWN")
        assert await hear(house, processor, "evt_2", report)
        assert await hear(house, processor, "evt_1", paid)
        seen = await folio(house, event)
        assert (seen["paid"], seen["payments"][0]["refunded"]) == (TOTAL - 1_000, 1_000)
        assert await balanced(house, event)


async def test_what_is_not_ours_changes_nothing(autojump_clock: MockClock) -> None:
    processor = ScriptedProcessor()
    async with open_house(processor=processor) as house:
        reports: list[Report] = [
            PaymentReport("pi_other", PaymentState.CAPTURED, None, 100),
            PaymentReport("pi_other", PaymentState.CAPTURED, "pay_other", 100),
            RefundReport("re_other", "pi_other", RefundState.PAID, 100),
            CardReport("seti_other", "nowhere", "ann", "cus_1"),
        ]
        for number, report in enumerate(reports):
            assert not await hear(house, processor, f"evt_{number}", report)


async def test_a_completed_setup_is_heard_of(autojump_clock: MockClock) -> None:
    processor = ScriptedProcessor()
    async with open_house(processor=processor) as house:
        event = await house.sale()
        path = f"/api/v1/events/{event}/card"
        setup = (await house.done("POST", path, "ann", key="k"))["setup"]
        processor.complete(setup)
        report = CardReport(setup, event, "ann", None)
        assert await hear(house, processor, "evt_1", report)
        kept = await house.stores.billing.card(event, "ann")
        assert (kept.last4, kept.setup) == ("4242", setup)


@pytest.mark.parametrize("headers", [{}, {"Stripe-Signature": "forged"}])
async def test_a_forged_webhook_is_refused(
    autojump_clock: MockClock, headers: dict[str, str]
) -> None:
    async with open_house(processor=ScriptedProcessor()) as house:
        reply = await house.call("POST", HOOK, raw=b"{}", headers=headers)
        assert (reply.status, reply.code) == (403, "FORBIDDEN")
