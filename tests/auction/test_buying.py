"""Purchases: buy-now on silent lots, and sale lots down to the last unit.

Source: rules 10 and 11.
"""

from __future__ import annotations

import pytest

from saleroom.auction import commands as c
from saleroom.auction.refusal import Code
from tests.auction.book import Raw, fixed, live, play, pledge, sale, silent

CASES: list[tuple[str, Raw, str]] = [
    (
        "rule 10: a straight bid from buy_now on is a purchase at buy_now",
        silent(buy_now=40000),
        """
        A max  30000 => 10000 A
        B bids 39999 => 39999 B
        C bids 90000 => 40000 C state=sold
        A buys       => LOT_CLOSED
        """,
    ),
    (
        "rule 10: it is tested before BID_TOO_LOW",
        silent(opening=39000, buy_now=40000, ladder="flat:5000"),
        """
        A bids 39000 => 39000 A next=44000
        B bids 39999 => BID_TOO_LOW
        B bids 40000 => 40000 B state=sold
        """,
    ),
    (
        "rule 10: a max over buy_now is no purchase; once the price is there it is shut",
        silent(buy_now=40000),
        """
        A max  80000 => 10000 A state=open
        B max  39000 => 41500 A state=open
        B buys       => NOT_FOR_SALE
        B bids 44000 => 46500 A state=open
        B bids 90000 => 90000 B state=open
        """,
    ),
    (
        "rule 10: a purchase meets the reserve",
        silent(reserve=30000, buy_now=40000),
        "A buys => 40000 A state=sold met=True",
    ),
    (
        "rule 10: a purchase does not extend",
        silent(buy_now=40000, ends_at=100_000),
        "99999 A buys => 40000 A ends=100000 state=sold",
    ),
    (
        "rule 10: one unit of a silent lot",
        silent(buy_now=40000),
        """
        A buys 2 => NOT_ENOUGH_LEFT left=1
        A buys 1 => 40000 A
        """,
    ),
    ("rule 10: no buy-now price", silent(), "A buys => NOT_FOR_SALE"),
    ("rule 10: a pledge lot", pledge(), "A buys => NOT_FOR_SALE"),
    (
        "rule 10: a live lot",
        live(buy_now=40000),
        """
        clerk opens => -
        A buys => NOT_FOR_SALE
        """,
    ),
    (
        "rule 11: exactly quantity units, and the last ends the lot",
        fixed(quantity=3),
        """
        A bids 2500 => BUY_ONLY
        A max  2500 => BUY_ONLY
        A buys 2    => state=open
        B buys 2    => NOT_ENOUGH_LEFT left=1 state=open
        B buys 1    => state=sold
        C buys 1    => LOT_CLOSED
        """,
    ),
    (
        "rule 11: quantity 0 never runs out",
        fixed(quantity=0),
        """
        A buys 1000 => state=open
        B buys 5000 => state=open
        """,
    ),
    ("rule 11: a pledge lot takes no bids", pledge(), "A bids 10000 => BUY_ONLY"),
    ("rule 11: nor a max", pledge(), "A max 10000 => BUY_ONLY"),
]


@pytest.mark.parametrize(
    ("lot", "script"), [pytest.param(lot, script, id=name) for name, lot, script in CASES]
)
def test_purchases(lot: Raw, script: str) -> None:
    play(script, lot)


@pytest.mark.parametrize(
    ("lot", "price", "code"),
    [
        (silent(buy_now=40000), 40000, None),
        (silent(buy_now=40000), 39999, Code.STALE_PRICE),
        (silent(), 39999, Code.NOT_FOR_SALE),
        (fixed(), 2500, None),
        (fixed(), 2501, Code.STALE_PRICE),
        (fixed(), 0, Code.INVALID_AMOUNT),
    ],
)
def test_a_purchase_may_carry_the_price_it_saw(lot: Raw, price: int, code: Code | None) -> None:
    assert sale(lot).refused(c.Buy(1, 1, price, 101)) is code


def test_a_purchase_is_credited_and_says_what_remains() -> None:
    made = sale(fixed(quantity=5))
    answer = made.as_donor("A", c.Buy(1, 2)).answer
    assert answer is not None
    assert (answer.fields["price"], answer.fields["units"]) == (2500, 2)
    assert answer.fields["remaining"] == 3
    assert made.book.state.tallies[101].total == 5000
    assert made.book.state.raised == 5000
    made.replayed()


def test_the_sum_of_an_unlimited_purchase_stays_an_amount() -> None:
    made = sale(fixed(quantity=0, opening=10**6))
    assert made.refused(c.Buy(1, 10**6 + 1, None, 101)) is Code.INVALID_AMOUNT
    assert made.refused(c.Buy(1, 10**6, None, 101)) is None
