"""Bids on silent lots: steps, maxes, straight bids, reserves, and all of the worked values.

Source: rules 1 to 6, and "Worked values".
"""

from __future__ import annotations

import pytest

from saleroom.auction import commands as c
from saleroom.auction.ladder import BUILT_IN
from saleroom.auction.refusal import Code
from tests.auction.book import Raw, play, sale, silent

WORKED: list[tuple[str, Raw, str]] = [
    (
        "ebay",
        silent(opening=100, ladder="ebay"),
        """
        A max 1000  => 100 A   next=125
        B max 500   => 550 A   next=600
        C max 1010  => 1010 C  next=1060
        """,
    ),
    (
        "gala",
        silent(),
        """
        A max 50000 => 10000 A
        B max 20000 => 21000 A
        B max 50000 => 50000 A
        C max 52000 => BID_TOO_LOW next=55000
        C max 80000 => 55000 C
        """,
    ),
    (
        "reserve",
        silent(reserve=50000),
        """
        A max 30000 => 10000 A met=False
        B max 40000 => 32500 B met=False
        B max 60000 => 50000 B met=True
        C max 55000 => 60000 B met=True
        """,
    ),
    (
        "straight on a hidden max",
        silent(),
        """
        A max  50000 => 10000 A
        B bids 40000 => 42500 A
        B bids 70000 => 70000 B
        A bids 71000 => BID_TOO_LOW next=75000
        """,
    ),
]

CASES: list[tuple[str, Raw, str]] = [
    (
        "rule 1: any amount from the ask on is legal, whatever its remainder",
        silent(),
        """
        A bids 9999  => BID_TOO_LOW next=10000
        A bids 10000 => 10000 A next=11000
        B bids 10999 => BID_TOO_LOW next=11000
        B bids 11001 => 11001 B next=12001
        C bids 24999 => 24999 C next=25999
        """,
    ),
    (
        "rule 1: a lot's own ladder comes before the event's",
        silent(ladder=[[0, 7], [10000, 9]]),
        "A bids 10000 => 10000 A next=10009",
    ),
    (
        "rule 2: the first max leads at the opening",
        silent(),
        """
        A max 9999  => BID_TOO_LOW next=10000
        A max 10000 => 10000 A next=11000 max=10000 count=1 leading=True
        """,
    ),
    (
        "rule 3: above, one step over the beaten max; below, one step over the challenge",
        silent(),
        """
        A max 20000 => 10000 A
        B max 20500 => 20500 B leading=True
        C max 21499 => BID_TOO_LOW next=21500
        C max 90000 => 21500 C leading=True
        B max 50000 => 55000 C leading=False
        B max 89000 => 90000 C leading=False
        """,
    ),
    (
        "rule 3: equal maxes go to the earlier",
        silent(),
        """
        A max 20000 => 10000 A
        B max 20000 => 20000 A leading=False count=2 next=21000
        """,
    ),
    (
        "rule 4: a raise is silent, and must be a raise",
        silent(),
        """
        A max 20000 => 10000 A count=1
        A max 20000 => MAX_NOT_HIGHER
        A max 19999 => MAX_NOT_HIGHER
        A max 30000 => 10000 A count=1 max=30000 leading=True
        B max 25000 => 27500 A count=2
        """,
    ),
    (
        "rule 5: a straight bid leads at its amount; its leader has no more than that",
        silent(),
        """
        A bids 20000 => 20000 A max=20000 count=1
        A bids 20999 => BID_TOO_LOW next=21000
        A bids 30000 => 30000 A max=30000 count=2
        B bids 32500 => 32500 B
        A max  40000 => 35000 A
        A bids 37500 => 37500 A max=40000
        A bids 45000 => 45000 A max=45000
        B bids 47500 => 47500 B
        """,
    ),
    (
        "rule 5: a straight bid equal to the leader's max loses to it",
        silent(),
        """
        A max  20000 => 10000 A
        B bids 20000 => 20000 A leading=False
        """,
    ),
    (
        "rule 6: a raise that meets the reserve is public, and no bid",
        silent(reserve=50000),
        """
        A max 30000 => 10000 A met=False count=1
        A max 49999 => 10000 A met=False count=1
        A max 50000 => 50000 A met=True  count=1 next=55000
        """,
    ),
    (
        "rule 6: a first max over the reserve leads at it; a straight bid at its amount",
        silent(reserve=50000),
        """
        A max  60000 => 50000 A met=True
        B bids 70000 => 70000 B met=True
        """,
    ),
    (
        "rule 6: a losing challenge under the reserve does not meet it",
        silent(reserve=50000),
        """
        A max 40000 => 10000 A met=False
        B max 20000 => 21000 A met=False
        C max 50000 => 50000 C met=True
        """,
    ),
    (
        "amounts: in bounds, or INVALID_AMOUNT before BID_TOO_LOW",
        silent(),
        """
        A bids 0              => INVALID_AMOUNT
        A max  0              => INVALID_AMOUNT
        A bids 1000000000001  => INVALID_AMOUNT
        A bids 1000000000000  => 1000000000000 A
        B max  1000000000000  => BID_TOO_LOW
        """,
    ),
]


@pytest.mark.parametrize(
    ("lot", "script"), [pytest.param(lot, script, id=name) for name, lot, script in WORKED + CASES]
)
def test_bids(lot: Raw, script: str) -> None:
    play(script, lot)


def test_reserve_met_is_null_without_a_reserve() -> None:
    made = play("A bids 10000 => 10000 A met=None", silent())
    assert made.facts()[-1] == "bid_placed"


def test_a_silent_raise_is_private_and_one_that_meets_the_reserve_is_not() -> None:
    made = play("A max 20000 => 10000 A", silent(reserve=50000))
    seq = made.book.state.seq
    before = len(made.written)
    made.as_donor("A", c.SetMaxBid(1, 30000))
    assert (made.facts(before), made.book.state.seq) == (["max_raised"], seq)
    outcome = made.as_donor("A", c.SetMaxBid(1, 60000))
    assert (made.facts(before + 1), made.book.state.seq) == (["bid_placed"], seq + 1)
    assert outcome.answer is not None
    assert outcome.answer.seq == seq + 1


def test_a_raise_has_no_seq_of_its_own_in_its_answer() -> None:
    made = play("A max 20000 => 10000 A", silent())
    answer = made.as_donor("A", c.SetMaxBid(1, 30000)).answer
    assert answer is not None
    assert (answer.seq, answer.as_of) == (None, made.book.state.seq)


def test_every_bid_answer_says_what_stands() -> None:
    made = sale(silent())
    made.as_donor("A", c.SetMaxBid(1, 50000))
    taken = made.as_donor("B", c.SetMaxBid(1, 20000)).answer
    assert taken is not None
    assert taken.fields == {
        "lot": 1,
        "price": 21000,
        "leader": 101,
        "min_next": 22000,
        "leading": False,
    }
    refused = made.as_donor("B", c.PlaceBid(1, 21500)).refusal
    assert refused is not None
    assert refused.code is Code.BID_TOO_LOW
    assert refused.extras == {"lot": 1, "price": 21000, "leader": 101, "min_next": 22000}


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_rule_1_the_step_at_each_rung(name: str) -> None:
    for start, step in BUILT_IN[name][1:]:
        lot = silent(opening=start - 1, ladder=name)
        below = max(s for f, s in BUILT_IN[name] if f < start)
        play(f"A bids {start - 1} => {start - 1} A next={start - 1 + below}", lot)
        play(f"A bids {start} => {start} A next={start + step}", lot)
