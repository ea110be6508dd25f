"""Settlement: the oldest money pays the oldest line, and only what was paid is deductible."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saleroom.billing.invoice import Line
from saleroom.billing.paying import PROCESSOR
from saleroom.billing.payment import Method
from saleroom.receipts.receipt import NotSettled, Receipt, receipt_of, statement_event
from saleroom.receipts.settlement import gift, settle
from tests.receipts.evening import BUYER, NOON_MS, PADDLE, SALE, Evening, pledge, win

LONG_AGO, FOR_EVER = 0, 10**15


def receipt(evening: Evening, number: int = 1) -> Receipt:
    invoice = evening.folio.invoice(number)
    assert invoice is not None
    return receipt_of(SALE, BUYER, invoice, settle(evening.folio))


def paid(evening: Evening) -> list[int]:
    return [each.paid for each in settle(evening.folio)]


@pytest.mark.parametrize(
    ("line", "amount", "deductible"),
    [
        # The figures of rule 26: premium 10 %, tax 7.25 % on 150 000 000.
        (win(1, 150_000_000, 100_000_000), 176_962_500, 65_000_000),
        (win(1, 150_000_000, 165_000_000), 176_962_500, 0),
        (win(1, 150_000_000, 165_000_001), 176_962_500, 0),
        (win(1, 150_000_000, 0), 176_962_500, 165_000_000),
        (win(1, 150_000_000, None), 176_962_500, 0),
        (pledge(2, 25_000, 4), 100_000, 100_000),
        # Paid in part: the tax is no gift, and the market value counts in full.
        (win(1, 150_000_000, 100_000_000), 88_481_250, 0),
        (pledge(2, 25_000, 4), 60_000, 60_000),
    ],
)
def test_a_gift_is_what_was_paid_beyond_the_market_value(
    line: Line, amount: int, deductible: int
) -> None:
    assert gift(line, amount) == deductible


def test_a_paid_invoice_has_a_receipt() -> None:
    evening = Evening()
    invoice = evening.bill(win(1, 10_000, 4_000), pledge(2, 5_000))
    evening.pay(invoice.total)
    made = receipt(evening)
    assert made.paid == invoice.total == 10_000 + 1_000 + 798 + 5_000
    assert [line.deductible for line in made.lines] == [7_000, 5_000]
    assert made.deductible == invoice.deductible == 12_000
    assert (made.label, made.fee_cover) == ("INV-000001", 0)
    assert [(p.method, p.amount) for p in made.payments] == [(Method.CARD, invoice.total)]


def test_what_covers_the_fee_is_told_apart() -> None:
    evening = Evening()
    evening.bill(pledge(1, 10_000))
    evening.pay(10_000, is_fee_covered=True)
    made = receipt(evening)
    assert (made.fee_cover, made.paid, made.deductible) == (330, 10_330, 10_000)


def test_an_unpaid_invoice_has_none() -> None:
    evening = Evening()
    evening.bill(pledge(1, 10_000))
    with pytest.raises(NotSettled):
        receipt(evening)
    evening.pay(9_999)
    with pytest.raises(NotSettled):
        receipt(evening)
    evening.pay(1, Method.CASH)
    assert [p.amount for p in receipt(evening).payments] == [9_999, 1]


def test_an_invoice_that_was_taken_back_has_none() -> None:
    evening = Evening()
    invoice = evening.bill(pledge(1, 10_000))
    evening.credit(invoice)
    with pytest.raises(NotSettled):
        receipt(evening)


def test_the_oldest_invoice_is_paid_first() -> None:
    evening = Evening()
    evening.bill(pledge(1, 10_000), pledge(2, 5_000))
    evening.bill(pledge(3, 7_000))
    evening.pay(16_000)
    assert paid(evening) == [10_000, 5_000, 1_000]
    assert receipt(evening).paid == 15_000
    with pytest.raises(NotSettled):
        receipt(evening, 2)
    evening.pay(6_000, Method.CASH)
    assert [(p.method, p.amount) for p in receipt(evening, 2).payments] == [
        (Method.CARD, 1_000),
        (Method.CASH, 6_000),
    ]


def test_a_fee_cover_stands_on_the_invoice_that_its_payment_paid_first() -> None:
    evening = Evening()
    evening.bill(pledge(1, 10_000))
    evening.bill(pledge(2, 5_000))
    evening.pay(15_000, is_fee_covered=True)
    assert receipt(evening, 1).fee_cover > 0
    assert receipt(evening, 2).fee_cover == 0


def test_what_is_given_back_was_not_paid() -> None:
    evening = Evening()
    evening.bill(win(1, 10_000, 4_000))
    payment = evening.pay(11_798)
    evening.refund(payment, 5_899)
    made = receipt(evening)
    assert made.paid == 5_899
    assert made.lines[0].total == 11_798
    assert made.deductible == 5_500 - 4_000
    evening.refund(payment, 5_899)
    assert receipt(evening).paid == receipt(evening).deductible == 0


def test_what_is_forgiven_was_not_paid() -> None:
    evening = Evening()
    evening.bill(pledge(1, 10_000))
    evening.forgive(4_000)
    evening.pay(6_000)
    made = receipt(evening)
    assert (made.paid, made.deductible) == (6_000, 6_000)


def test_what_is_asked_on_top_comes_after_the_lines() -> None:
    evening = Evening()
    evening.bill(pledge(1, 10_000))
    evening.ask_more(2_000)
    evening.pay(10_000)
    assert receipt(evening).paid == 10_000
    evening.pay(2_000)
    assert receipt(evening).paid == 10_000


def test_a_line_taken_back_after_it_was_paid_pays_for_the_others() -> None:
    evening = Evening()
    invoice = evening.bill(pledge(1, 10_000), pledge(2, 5_000))
    evening.pay(10_000)
    evening.credit(invoice, "pledge:1")
    assert paid(evening) == [5_000]
    assert receipt(evening).paid == 5_000


def test_a_year_counts_what_was_paid_in_it() -> None:
    evening = Evening()
    evening.bill(win(1, 10_000, 6_000))
    evening.pay(5_899)
    turn = evening.at_ms + 500
    evening.pay(5_899, is_fee_covered=True)
    settled = settle(evening.folio)
    first = statement_event(SALE, PADDLE, settled, NOON_MS, turn)
    second = statement_event(SALE, PADDLE, settled, turn, FOR_EVER)
    assert first is not None
    assert second is not None
    assert (first.paid, first.deductible, first.fee_cover) == (5_899, 0, 0)
    assert (second.paid, second.deductible, second.fee_cover) == (5_899, 5_000, 208)
    assert statement_event(SALE, PADDLE, settled, LONG_AGO, NOON_MS) is None


amounts = st.integers(1, 50_000)
steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["bill", "pay", "refund", "fail", "dispute", "win", "credit", "forgive", "ask"]
        ),
        amounts,
    ),
    max_size=14,
)


@given(steps=steps, turn=st.integers(0, 20_000))
def test_no_money_is_told_twice(steps: list[tuple[str, int]], turn: int) -> None:
    evening = Evening()
    for seq, (step, amount) in enumerate(steps, 1):
        play(evening, step, amount, seq)
    settled = settle(evening.folio)
    came = sum(p.amount - (p.refunded - p.fee_refunded) for p in evening.folio.payments)
    assert sum(each.paid for each in settled) <= came
    for each in settled:
        assert 0 <= each.paid <= each.paid + each.forgiven <= each.line.total
        assert 0 <= each.deductible <= each.paid
    if evening.folio.balance <= 0:
        assert all(each.is_settled for each in settled)
    halves = [
        statement_event(SALE, PADDLE, settled, *span)
        for span in ((LONG_AGO, NOON_MS + turn), (NOON_MS + turn, FOR_EVER))
    ]
    told = [half for half in halves if half is not None]
    assert sum(half.paid for half in told) == sum(each.paid for each in settled)
    assert sum(half.deductible for half in told) == sum(each.deductible for each in settled)


def play(evening: Evening, step: str, amount: int, seq: int) -> None:
    due = evening.folio.due
    refundable = [payment for payment in evening.folio.payments if payment.left]
    given_back = [payment for payment in evening.folio.payments if payment.refunded]
    if step == "bill":
        evening.bill(win(seq, amount, amount // 2))
    elif step == "pay" and due:
        evening.pay(min(amount, due), is_fee_covered=amount % 2 == 0)
    elif step == "refund" and refundable:
        evening.refund(refundable[0], min(amount, refundable[0].left))
    elif step == "fail" and given_back and given_back[0].refunds[-1].by != PROCESSOR:
        evening.fail(given_back[0])
    elif step == "dispute" and refundable:
        evening.dispute(refundable[0], min(amount, refundable[0].left))
    elif step == "win" and given_back and given_back[0].refunds[-1].by == PROCESSOR:
        evening.win(given_back[0])
    elif step == "credit" and evening.invoices:
        standing = {each.invoice for each in settle(evening.folio)}
        for invoice in evening.invoices:
            if invoice.number in standing:
                evening.credit(invoice)
                break
    elif step == "forgive" and due:
        evening.forgive(min(amount, due))
    elif step == "ask":
        evening.ask_more(amount)
