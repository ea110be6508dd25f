"""An event's sums: they are the ledger's, whatever was done and in whatever order it is read."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from saleroom.billing.ledger import Entry
from saleroom.billing.payment import Method
from saleroom.receipts.summary import TOP_LOTS, Reckoning, Summary
from tests.receipts.evening import TERMS, Evening, pledge, win
from tests.receipts.test_settlement import play, steps


def summed(*evenings: Evening, shuffle: int = 0) -> Summary:
    """Sum up evenings, each a paddle's."""
    entries = [
        Entry(0, paddle, posting)
        for paddle, evening in enumerate(evenings, 100)
        for posting in evening.folio.postings
    ]
    documents = [document for evening in evenings for document in evening.folio.documents]
    rng = random.Random(shuffle)
    rng.shuffle(entries)
    rng.shuffle(documents)
    reckoning = Reckoning()
    for document in documents:
        reckoning.take_document(document)
    for entry in entries:
        reckoning.take_entry(entry)
    return reckoning.summary(TERMS)


@given(one=steps, two=steps, shuffle=st.integers(0, 1_000))
def test_the_sums_hold_together(
    one: list[tuple[str, int]], two: list[tuple[str, int]], shuffle: int
) -> None:
    evenings = [Evening(), Evening()]
    for evening, taken in zip(evenings, (one, two), strict=True):
        for seq, (step, amount) in enumerate(taken, 1):
            play(evening, step, amount, seq)
    made = summed(*evenings, shuffle=shuffle)
    balances = [evening.folio.balance for evening in evenings]
    assert made.unpaid == sum(balance for balance in balances if balance > 0)
    assert made.credit == -sum(balance for balance in balances if balance < 0)
    assert made.gross == made.wins.amount + made.purchases.amount + made.pledges.amount
    assert made.billed == made.gross + made.premium + made.tax + made.adjustments
    # Double entry: what was asked for was received, or is owed.
    came = made.received_sum - made.refunds_under_way
    assert made.billed + made.fee_cover == came + made.unpaid - made.credit
    charged = sum(p.charged for evening in evenings for p in evening.folio.payments)
    assert made.received_sum - made.refunds_under_way == charged - made.refunded
    assert made == summed(*evenings, shuffle=shuffle + 1)


def test_money_is_told_by_its_way() -> None:
    evening = Evening()
    evening.bill(pledge(1, 10_000))
    for amount, method in (
        (1_000, Method.CASH),
        (2_000, Method.CHEQUE),
        (3_000, Method.OTHER),
        (1_500, Method.CARD),
        (2_500, Method.CHECKOUT),
    ):
        evening.pay(amount, method)
    made = summed(evening)
    assert (made.received.cash, made.received.cheques, made.received.other) == (1_000, 2_000, 3_000)
    assert made.received.card == 4_000
    # 2.9 % and 30 of each of two charges: 43.5 and 72.5 are rounded half up.
    assert made.fees == 44 + 30 + 73 + 30
    assert made.net == 10_000 - made.fees


def test_what_was_taken_back_stands_on_no_line() -> None:
    evening = Evening()
    invoice = evening.bill(win(1, 10_000), win(2, 30_000))
    evening.credit(invoice, "sale:2")
    made = summed(evening)
    assert (made.wins.lines, made.wins.amount) == (1, 10_000)
    assert [lot.lot for lot in made.top_lots] == [1]


def test_the_top_lots_are_the_dearest() -> None:
    evening = Evening()
    evening.bill(*(win(seq, 1_000 * (seq % 7 + 1)) for seq in range(1, 20)))
    top = summed(evening).top_lots
    assert len(top) == TOP_LOTS
    assert [(lot.amount, lot.lot) for lot in top[:5]] == [
        (7_000, 6),
        (7_000, 13),
        (6_000, 5),
        (6_000, 12),
        (6_000, 19),
    ]
