"""The keeper of billing: what closed is billed, what is paid noted, and what was lost found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from saleroom.billing.payment import PaymentState
from saleroom.billing_keeper import ROUND_S, BillingKeeper, open_processor
from saleroom.config import Settings
from saleroom.payments.ports import PaymentReport, ProcessorAway
from saleroom.payments.sandbox import SandboxProcessor
from saleroom.payments.sweep import FIRST_REST_MS, UNSETTLED_MS
from saleroom.storage.ports import StoreUnavailable
from saleroom.supervisor import Child
from tests.http.house import House, open_house
from tests.http.till import FOLIO, TOTAL, balanced, folio, link, pay, settled_sale
from tests.payments.scripted import ScriptedProcessor

GUARD_S = 4 * UNSETTLED_MS / 1000


def keeper_of(house: House, processor: ScriptedProcessor) -> BillingKeeper:
    keeper = BillingKeeper(house.registry, house.stores.billing, processor, Settings())
    house.services.till.on_change = keeper.note
    return keeper


def failing_once(call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Let the first of a store's calls fail."""
    failures = ["away"]

    async def called(*args: Any) -> Any:
        if failures:
            raise StoreUnavailable(failures.pop())
        return await call(*args)

    return called


async def paid_lots(house: House, event: str) -> list[int]:
    """The lots that the event's journal knows as paid."""
    wins: list[dict[str, Any]] = (await house.done("GET", "/api/v1/me/wins", "ann"))["events"][0][
        "wins"
    ]
    return [win["lot"] for win in wins if win["paid"]]


async def test_a_closed_event_is_billed_and_its_lots_are_noted_as_paid(
    autojump_clock: MockClock,
) -> None:
    processor = ScriptedProcessor()
    async with open_house(processor=processor) as house:
        keeper = keeper_of(house, processor)
        event = await settled_sale(house)
        await keeper.go_round()
        assert (await folio(house, event))["balance"] == TOTAL
        assert (await pay(house, event, method="cash", amount=TOTAL - 1)).status == 201
        await keeper.go_round()
        await trio.sleep(1)  # the event has decided by then
        assert await paid_lots(house, event) == []
        assert (await pay(house, event, "k2", method="cash", amount=1)).status == 201
        for _ in range(2):
            await keeper.go_round()
            await trio.sleep(1)  # the event has decided by then
        assert await paid_lots(house, event) == [1, 2]
        refused = await house.command(event, "admin", "offer_runner_up", lot=1, reason="unpaid")
        assert refused.code == "ALREADY_PAID"
        figures = keeper.statistics()
        assert (figures.documents, figures.lots_paid, figures.failures) == (1, 2, 0)
        assert await balanced(house, event)


async def test_a_payment_whose_answer_was_lost_is_found(autojump_clock: MockClock) -> None:
    processor = ScriptedProcessor()
    async with open_house(processor=processor, guard_s=GUARD_S) as house:
        keeper = keeper_of(house, processor)
        event = await settled_sale(house)
        await keeper.go_round()
        path = f"/api/v1/events/{event}/card"
        setup = (await house.done("POST", path, "ann", key="k"))["setup"]
        processor.complete(setup)
        await house.done("POST", f"{path}/confirm", "ann", {"setup": setup})
        processor.loses = 2
        assert (await pay(house, event, method="card", amount=TOTAL)).status == 503
        await keeper.sweep.go_round()
        assert (await folio(house, event))["payments"][0]["state"] == "pending"
        await trio.sleep(UNSETTLED_MS / 1000 + 1)
        await keeper.sweep.go_round()  # lost once more
        await trio.sleep(FIRST_REST_MS / 1000 + 1)
        await keeper.sweep.go_round()
        (payment,) = (await folio(house, event))["payments"]
        assert payment["state"] == PaymentState.CAPTURED.value
        assert list(processor.taken.values()) == [TOTAL]
        paths = f"{FOLIO.format(event=event)}/payments/{payment['id']}/refunds"
        processor.loses = 1
        body = {"amount": 10, "reason": "a scratch"}
        assert (await house.call("POST", paths, "admin", body, key="r")).status == 503
        await trio.sleep(UNSETTLED_MS / 1000 + 1)
        await keeper.sweep.go_round()
        (payment,) = (await folio(house, event))["payments"]
        assert [refund["state"] for refund in payment["refunds"]] == ["paid"]
        assert keeper.statistics().payments_found == 2
        assert await balanced(house, event)


async def test_a_store_that_is_away_costs_a_round(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    processor = ScriptedProcessor()
    async with open_house(processor=processor) as house:
        keeper = keeper_of(house, processor)
        for name in ("unsettled", "forget_events"):
            monkeypatch.setattr(keeper.store, name, failing_once(getattr(keeper.store, name)))
        event = await settled_sale(house)
        async with trio.open_nursery() as nursery:
            child = Child("billing", lambda reason: None)
            nursery.start_soon(keeper.run, child)
            await trio.sleep(4 * ROUND_S)
            child.stopping.set()
        assert keeper.statistics().rounds >= 2
        assert keeper.statistics().failures == 2
        assert (await folio(house, event))["balance"] == TOTAL


async def test_without_a_key_nothing_leaves_the_house() -> None:
    async with open_processor(Settings()) as processor:
        assert isinstance(processor, SandboxProcessor)
    async with open_processor(Settings(stripe_secret_key="sk_test_of_tests")) as processor:
        assert not processor.is_sandbox


async def test_a_processor_that_hangs_for_a_minute_holds_up_no_bill(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    processor = ScriptedProcessor()
    async with open_house(processor=processor, guard_s=2 * GUARD_S) as house:
        keeper = keeper_of(house, processor)
        first = await settled_sale(house)
        await keeper.go_round()
        path = await link(house, first)
        body = {"method": "checkout", "amount": TOTAL}
        assert (await house.call("POST", f"{path}/payments", None, body, key="k")).status == 201
        asked: list[float] = []

        async def hang(self: ScriptedProcessor, reference: str) -> PaymentReport:
            asked.append(trio.current_time())
            await trio.sleep(60)
            raise ProcessorAway("no answer in time")

        monkeypatch.setattr(ScriptedProcessor, "look", hang)
        await trio.sleep(UNSETTLED_MS / 1000 + 1)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(keeper.run, Child("billing", lambda reason: None))
            await trio.sleep(2 * ROUND_S)
            began = trio.current_time()
            second = await settled_sale(house)
            assert trio.current_time() == began  # every bid was answered at once
            await trio.sleep(2 * ROUND_S)
            assert (await folio(house, second))["balance"] == TOTAL
            (asked_at,) = asked
            assert asked_at < began < trio.current_time() < asked_at + 60
            nursery.cancel_scope.cancel()
