"""Undo of every kind, and the retraction of a paddle's bids.

Source: rules 17, 18 and 19's ban.
"""

from __future__ import annotations

import pytest

from saleroom.auction import commands as c
from saleroom.auction.refusal import Code
from tests.auction.book import Raw, fixed, live, play, run, sale, silent

TWO = (live(1), live(2))
Case = tuple[str, tuple[Raw, ...], str]

UNDO: list[Case] = [
    (
        "bids and maxes, back to the opening",
        (silent(),),
        """
        A max 20000  => 10000 A
        B bids 15000 => 16000 A count=2
        B max 30000  => 21000 B count=3
        clerk undoes => 16000 A count=2 max=20000 next=17000
        clerk undoes => 10000 A count=1 max=20000 next=11000
        clerk undoes => - count=0 next=10000
        clerk undoes => NOTHING_TO_UNDO
        """,
    ),
    (
        "a silent raise is stepped over, and kept",
        (silent(),),
        """
        A max 20000  => 10000 A
        B bids 15000 => 16000 A
        A max 50000  => 16000 A
        clerk undoes => 10000 A max=50000
        B max 30000  => 32500 A
        clerk undoes => 10000 A max=50000
        clerk undoes => -
        A max 10000  => 10000 A max=10000
        """,
    ),
    (
        "a raise of an undone bid goes with it, also for a retraction later",
        (silent(),),
        """
        A max 20000      => 10000 A
        B max 30000      => 21000 B
        B max 90000      => 21000 B max=90000
        clerk undoes     => 10000 A max=20000
        C max 12000      => 13000 A
        admin retracts C => 10000 A max=20000
        """,
    ),
    (
        "a raise that met the reserve is undone; a silent one after it meets it again",
        (silent(reserve=50000),),
        """
        A max 30000  => 10000 A met=False
        A max 50000  => 50000 A met=True
        clerk undoes => 10000 A met=False max=30000
        A max 60000  => 50000 A met=True
        A max 90000  => 50000 A met=True
        clerk undoes => 50000 A met=True max=90000 next=55000
        """,
    ),
    (
        "the end is not shortened",
        (silent(ends_at=100_000),),
        """
        99999 A bids 10000 => 10000 A ends=219999
        99999 clerk undoes => - ends=219999
        """,
    ),
    (
        "the room: floor bids, names, asks, warnings",
        TWO,
        """
        clerk opens      => -
        clerk undoes     => NOTHING_TO_UNDO
        clerk asks 5000  => - next=5000
        clerk floor      => 5000 nobody next=5500
        clerk warns      => 5000 nobody state=fair_warning
        clerk assigns A  => 5000 A
        clerk calls      => 5000 A state=final_call
        clerk asks 9000 10 => 5000 A next=9000
        clerk undoes     => 5000 A next=5500 state=final_call
        clerk undoes     => 5000 A state=fair_warning
        clerk undoes     => 5000 nobody state=fair_warning
        clerk undoes     => 5000 nobody state=open
        clerk undoes     => - next=5000
        clerk undoes     => - next=10000
        clerk undoes     => NOTHING_TO_UNDO
        """,
    ),
    (
        "a bid in a warned lot: the warning comes back",
        TWO,
        """
        clerk opens  => -
        clerk calls  => state=final_call
        A bids 10000 => state=open
        clerk undoes => - state=final_call
        """,
    ),
    (
        "an absentee's opening is not undone",
        TWO,
        """
        A max 20000  => -
        clerk opens  => 10000 A
        clerk floor B => 12000 A
        clerk undoes => 10000 A
        clerk undoes => NOTHING_TO_UNDO
        """,
    ),
    (
        "sell and pass, until the next lot of the ring opens",
        TWO,
        """
        #1 clerk opens   => -
        #1 A bids 10000  => 10000 A
        #1 clerk calls   => state=final_call
        #1 clerk sells   => state=sold
        #1 clerk undoes  => 10000 A state=final_call
        #1 clerk passes  => state=passed
        #1 clerk undoes  => 10000 A state=final_call
        #1 clerk sells   => state=sold
        #2 clerk opens   => -
        #1 clerk undoes  => FORBIDDEN
        #1 admin undoes  => FORBIDDEN
        """,
    ),
    (
        "a re-opened sale is undone no second time, its bids are",
        TWO,
        """
        clerk opens   => -
        A bids 10000  => 10000 A
        clerk sells   => state=sold
        clerk reopens => 10000 A state=open
        clerk undoes  => - state=open
        """,
    ),
    (
        "a purchase, and an ending by the clock, are not undone",
        (silent(1, buy_now=40000), silent(2, ends_at=1000), fixed(3, quantity=1)),
        """
        #1 A bids 10000 => 10000 A
        #1 A buys       => 40000 A state=sold
        #1 clerk undoes => NOTHING_TO_UNDO
        #3 A buys       => state=sold
        #3 clerk undoes => NOTHING_TO_UNDO
        #2 A bids 10000 => 10000 A
        130000 #2 clerk undoes => NOTHING_TO_UNDO state=sold
        """,
    ),
    (
        "corrections go on while the event is paused",
        TWO,
        """
        clerk opens       => -
        A bids 10000      => 10000 A
        auctioneer pauses => 10000 A
        clerk undoes      => -
        """,
    ),
    (
        "a withdrawn lot stays withdrawn",
        TWO,
        """
        clerk opens     => -
        A bids 10000    => 10000 A
        clerk withdraws => state=withdrawn
        clerk undoes    => NOTHING_TO_UNDO
        """,
    ),
]

RETRACT: list[Case] = [
    (
        "the rest is replayed as if the paddle had not bid",
        (silent(),),
        """
        A max 20000      => 10000 A
        B max 90000      => 21000 B
        C max 50000      => 55000 B
        admin retracts B => 21000 C max=50000 count=2 next=22000
        admin retracts B => NO_BIDS
        clerk undoes     => 10000 A max=20000
        clerk undoes     => -
        clerk undoes     => NOTHING_TO_UNDO
        """,
    ),
    (
        "a loser's bids go too, and the price with them",
        (silent(),),
        """
        A max 90000      => 10000 A
        B max 40000      => 42500 A
        admin retracts B => 10000 A max=90000 count=1
        """,
    ),
    (
        "the only bidder's",
        (silent(),),
        """
        A max 90000      => 10000 A
        A max 95000      => 10000 A
        admin retracts A => - next=10000 count=0
        """,
    ),
    (
        "one that has become too low is skipped",
        TWO,
        """
        clerk opens         => -
        clerk asks 30000    => - next=30000
        clerk floor A 10000 => 10000 A next=11000
        B bids 11000        => 11000 B
        C bids 40000        => 40000 C
        admin retracts A    => 40000 C count=1
        clerk undoes        => - next=30000
        """,
    ),
    (
        "the reserve is met by what is left alone",
        (silent(reserve=50000),),
        """
        A max 30000      => 10000 A
        B max 60000      => 50000 B met=True
        admin retracts B => 10000 A met=False
        """,
    ),
    (
        "absentees, queued and at the opening",
        TWO,
        """
        A max 90000      => -
        B max 20000      => -
        C max 30000      => -
        admin retracts A => -
        clerk opens      => 21000 C count=2
        clerk floor D    => 23000 C
        admin retracts C => 22000 D
        admin retracts B => 22000 D count=1
        """,
    ),
    (
        "a floor bid belongs to whom it was given",
        TWO,
        """
        clerk opens      => -
        A bids 10000     => 10000 A
        clerk floor      => 11000 nobody
        clerk assigns B  => 11000 B
        admin retracts B => 10000 A
        """,
    ),
    (
        "the state stays, and undo finds the warnings as they were",
        TWO,
        """
        clerk opens      => -
        A bids 10000     => 10000 A
        B bids 11000     => 11000 B
        clerk warns      => state=fair_warning
        clerk calls      => state=final_call
        admin retracts B => 10000 A state=final_call
        clerk undoes     => 10000 A state=fair_warning
        clerk undoes     => 10000 A state=open
        clerk undoes     => - state=open
        """,
    ),
    (
        "a sold lot is re-opened first",
        TWO,
        """
        clerk opens      => -
        A bids 10000     => 10000 A
        B bids 11000     => 11000 B
        clerk sells      => state=sold
        admin retracts B => LOT_CLOSED
        clerk reopens    => state=open
        admin retracts B => 10000 A
        """,
    ),
    (
        "who may ask",
        (silent(),),
        """
        A bids 10000          => 10000 A
        auctioneer retracts A => FORBIDDEN
        admin retracts B      => NO_BIDS
        """,
    ),
    (
        "rule 19: a lock leaves the lead, a ban retracts on every open lot",
        (silent(1), silent(2), live(3), fixed(4)),
        """
        #1 A bids 10000      => 10000 A
        #2 B bids 10000      => 10000 B
        #2 A bids 11000      => 11000 A
        #3 A max 10000       => -
        #4 A buys 1          => state=open
        #1 clerk bars A      => 10000 A
        #1 A bids 11000      => PADDLE_LOCKED
        #1 clerk bans A      => FORBIDDEN
        #1 auctioneer bans A => -
        #2 A bids 12000      => PADDLE_LOCKED
        #2 B bids 11000      => 11000 B
        #3 clerk opens       => -
        #4 A buys 1          => PADDLE_LOCKED
        #1 clerk frees A     => -
        #1 A bids 10000      => 10000 A
        """,
    ),
]


@pytest.mark.parametrize(
    ("lots", "script"), [pytest.param(lots, script, id=name) for name, lots, script in UNDO]
)
def test_rule_17_undo(lots: tuple[Raw, ...], script: str) -> None:
    play(script, *lots)


@pytest.mark.parametrize(
    ("lots", "script"), [pytest.param(lots, script, id=name) for name, lots, script in RETRACT]
)
def test_rule_18_retract(lots: tuple[Raw, ...], script: str) -> None:
    play(script, *lots)


def test_a_ban_retracts_only_where_the_paddle_has_bids() -> None:
    made = play("#1 A bids 10000 => 10000 A", silent(1), silent(2), live(3))
    before = len(made.written)
    made.must(c.LockPaddle(101, "unpaid", ban=True))
    assert made.facts(before) == ["paddle_locked", "bids_retracted"]


def test_undo_names_the_seq_that_it_takes_back_and_may_expect_it() -> None:
    made = sale(silent())
    first = made.as_donor("A", c.PlaceBid(1, 10000)).records[0].entry.seq
    second = made.as_donor("B", c.PlaceBid(1, 11000)).records[0].entry.seq
    assert made.refused(c.Undo(1, first)) is Code.STALE_ASK
    outcome = made.must(c.Undo(1, second))
    undone = outcome.records[0].entry
    assert (undone.fact.type, getattr(undone.fact, "undone", None)) == ("bid_undone", second)
    assert undone.seq == (second or 0) + 1
    made.replayed()


def test_undoing_a_sale_takes_the_win_back() -> None:
    made = play(
        """
        clerk opens  => -
        A bids 10000 => 10000 A
        clerk sells  => state=sold
        """,
        live(),
    )
    assert (made.book.state.raised, made.book.state.tallies[101].total) == (10000, 10000)
    made.must(c.Undo(1))
    assert (made.book.state.raised, made.book.state.tallies[101].total) == (0, 0)
    assert made.lot().wins == []
    run(made, "clerk sells => state=sold")


def test_a_locked_lots_donor_hears_that_it_is_locked_but_not_why() -> None:
    made = sale(silent())
    made.must(c.LockPaddle(101, "owes for last year"))
    refusal = made.as_donor("A", c.PlaceBid(1, 10000)).refusal
    assert refusal is not None
    assert "last year" not in refusal.message + repr(refusal.extras)
