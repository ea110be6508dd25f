"""The till over every store: whatever comes at once is decided one after the other."""

from __future__ import annotations

from collections.abc import Awaitable

import attrs
import trio

from saleroom.billing.payment import Method, Payment
from saleroom.payments.ports import NotDone, PaymentReport, RefundReport
from saleroom.storage.ports import Stores
from tests.payments.desk import desk_over


@attrs.define
class Outcomes:
    """What became of what was asked at once."""

    done: list[str] = attrs.field(factory=list)
    declined: list[str] = attrs.field(factory=list)

    async def see(self, call: Awaitable[Payment | str]) -> None:
        try:
            made = await call
        except NotDone as declined:
            self.declined.append(declined.code)
        else:
            self.done.append(made if isinstance(made, str) else made.id)


async def at_once(*calls: Awaitable[Payment | str]) -> Outcomes:
    outcomes = Outcomes()
    async with trio.open_nursery() as nursery:
        for call in calls:
            nursery.start_soon(outcomes.see, call)
    return outcomes


async def test_two_refunds_at_once_give_back_no_more_than_was_taken(stores: Stores) -> None:
    desk = await desk_over(stores.billing)
    payment = await desk.pay(10_000)
    asked = [desk.refund(payment, 6_000, f"r{number}") for number in range(3)]
    outcomes = await at_once(*asked)
    assert outcomes == Outcomes(["paid"], ["REFUND_TOO_HIGH"] * 2)
    assert await desk.in_clearing() == 4_330


async def test_one_key_at_once_pays_and_gives_back_once(stores: Stores) -> None:
    desk = await desk_over(stores.billing)
    paid = await at_once(*(desk.pay(10_000) for _ in range(3)))
    assert (len(set(paid.done)), paid.declined) == (1, [])
    assert await desk.in_clearing() == 10_330
    (payment,) = (await desk.folio()).payments
    given = await at_once(*(desk.refund(payment, 6_000) for _ in range(3)))
    assert given == Outcomes(["paid"] * 3)
    assert await desk.in_clearing() == 4_330


async def test_two_cashiers_at_once_take_no_more_than_is_due(stores: Stores) -> None:
    desk = await desk_over(stores.billing)
    outcomes = await at_once(*(desk.pay(15_000, Method.CASH, f"k{n}") for n in range(3)))
    assert (len(outcomes.done), outcomes.declined) == (1, ["MORE_THAN_DUE"] * 2)
    assert (await desk.folio()).balance == 5_000


async def test_one_webhook_at_once_counts_once(stores: Stores) -> None:
    desk = await desk_over(stores.billing)
    payment = await desk.pay(20_000, Method.CHECKOUT)
    desk.house.pay_page(f"pi_{payment.id}")
    desk.house.give_back(f"pi_{payment.id}", 100)
    paid, given = desk.house.hooks
    assert isinstance(paid, PaymentReport)
    assert isinstance(given, RefundReport)
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(desk.till.hear_payment, paid)
            nursery.start_soon(desk.till.hear_refund, given)
    assert await desk.in_clearing() == 19_900
    assert len((await desk.folio()).postings) == 4
