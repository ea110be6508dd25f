"""The till where the order of things is not what one expects: each money is counted once."""

from __future__ import annotations

import pytest

from saleroom.billing.ledger import Account, balances
from saleroom.billing.paying import PROCESSOR, Wanted
from saleroom.billing.payment import Method, RefundState
from saleroom.payments.ports import NotDone, ProcessorAway, RefundReport
from saleroom.storage.billing_ports import Place
from saleroom.storage.memory_billing import MemoryBilling
from tests.payments.desk import ADA, CARD, SALE, Desk, desk_over


@pytest.fixture
async def desk() -> Desk:
    return await desk_over(MemoryBilling())


async def test_word_of_a_refund_may_come_before_word_of_its_payment(desk: Desk) -> None:
    payment = await desk.pay(20_000, Method.CHECKOUT)
    desk.house.pay_page(f"pi_{payment.id}")
    desk.house.give_back(f"pi_{payment.id}", 100)
    assert await desk.hear(1)
    assert (await desk.folio()).paid == 19_900
    assert await desk.hear(0)
    assert await desk.in_clearing() == 19_900


async def test_word_of_a_refund_may_come_before_word_of_a_capture(desk: Desk) -> None:
    wanted = Wanted(Method.CARD, 20_000, "k", "ann", is_held=True)
    payment = await desk.till.pay(SALE, wanted, CARD)
    desk.house.loses = "after"
    with pytest.raises(ProcessorAway):
        await desk.till.capture(SALE, payment.id, None, ADA)
    desk.house.give_back(f"pi_{payment.id}", 100)
    assert await desk.hear(-1)
    assert (await desk.folio()).paid == 19_900
    assert await desk.in_clearing() == 19_900


async def test_word_of_a_refund_waits_while_the_processor_is_away(desk: Desk) -> None:
    payment = await desk.pay(20_000, Method.CHECKOUT)
    desk.house.pay_page(f"pi_{payment.id}")
    desk.house.give_back(f"pi_{payment.id}", 100)
    word = desk.house.hooks[1]
    assert isinstance(word, RefundReport)
    desk.house.loses = "after"
    with pytest.raises(ProcessorAway):
        await desk.till.hear_refund(word)
    assert await desk.till.hear_refund(word)
    assert await desk.in_clearing() == 19_900


async def test_a_refund_over_there_waits_for_what_became_of_ours(desk: Desk) -> None:
    payment = await desk.pay(20_000)
    desk.house.loses = "before"
    with pytest.raises(ProcessorAway):
        await desk.refund(payment, 20_000)
    desk.house.give_back(f"pi_{payment.id}", 20_000)
    word = desk.house.hooks[-1]
    assert isinstance(word, RefundReport)
    with pytest.raises(ProcessorAway):  # and it is sent again
        await desk.till.hear_refund(word)
    assert await desk.refund(payment, 20_000) == "failed"
    assert await desk.till.hear_refund(word)
    assert (await desk.folio()).paid == payment.fee_cover
    assert await desk.in_clearing() == payment.fee_cover


async def test_a_refund_that_failed_takes_what_covered_the_fee_back_too(desk: Desk) -> None:
    payment = await desk.pay(10_000)
    assert payment.fee_cover == 330
    desk.house.pends = True
    assert await desk.refund(payment, 10_330) == "pending"
    desk.house.end_refund(f"pi_{payment.id}", RefundState.FAILED)
    assert await desk.hear(-1)
    sums = balances((await desk.folio()).postings)
    assert sums[Account.FEE_COVER] == -330
    assert sums[Account.REFUNDS] == 0
    assert await desk.refund(payment, 10_330, "r2") == "paid"
    assert balances((await desk.folio()).postings)[Account.FEE_COVER] == 0
    assert await desk.in_clearing() == 0


async def test_what_the_bank_decided_is_found_without_a_webhook(desk: Desk) -> None:
    payment = await desk.pay(10_000)
    desk.house.pends = True
    assert await desk.refund(payment, 1_000) == "pending"
    (refund,) = (await desk.folio()).payments[0].refunds
    place = Place("gala", 101, payment.id, refund.id)
    await desk.till.resume(place, "USD", CARD, "")
    assert (await desk.folio()).payments[0].refunds[0].state is RefundState.PENDING
    desk.house.end_refunds()
    await desk.till.resume(place, "USD", CARD, "")
    assert (await desk.folio()).payments[0].refunds[0].state is RefundState.PAID
    assert await desk.in_clearing() == 9_330


async def test_what_a_bank_takes_back_is_out_of_hand_and_owed_by_nobody(desk: Desk) -> None:
    payment = await desk.pay(20_000)
    desk.house.dispute(f"pi_{payment.id}")
    assert await desk.hear(-1)
    folio = await desk.folio()
    (taken,) = folio.payments[0].refunds
    assert (taken.amount, taken.reason, taken.by) == (payment.charged, "fraud", PROCESSOR)
    assert (folio.paid, folio.balance) == (0, 0)
    assert await desk.in_clearing() == 0
    with pytest.raises(NotDone, match="REFUND_TOO_HIGH"):
        await desk.refund(payment, 1)


@pytest.mark.parametrize("order", [(0, 0, 0), (0, -1, 0)], ids=["in order", "won comes first"])
async def test_a_dispute_that_is_won_leaves_all_as_it_was(
    desk: Desk, order: tuple[int, ...]
) -> None:
    payment = await desk.pay(15_000)
    before = await desk.folio()
    desk.house.dispute(f"pi_{payment.id}")
    desk.house.win(f"pi_{payment.id}")
    for at in order:
        assert await desk.hear(at)
    after = await desk.folio()
    assert (after.paid, after.balance) == (before.paid, before.balance)
    assert balances(after.postings) == balances(before.postings)
    assert after.payments[0].left == payment.charged
    assert await desk.in_clearing() == payment.charged
