"""Pledges, their matches and challenges, and what a pledge lot shows.

Source: rules 22, 23, 27, 30 and 31. The first pledge of a script has seq 3: the event's opening and
the lot's come before it.
"""

from __future__ import annotations

import pytest

from saleroom.auction import commands as c
from saleroom.auction.book import Book, Outcome
from saleroom.auction.clone import clone
from saleroom.auction.money import AMOUNT_MAX
from saleroom.auction.refusal import Code
from saleroom.auction.roles import Role
from saleroom.auction.snapshot import encode_body, restore
from saleroom.auction.state import leaderboard
from saleroom.protocol.views import lot_view
from tests.auction.book import Raw, fixed, live, play, pledge, run, sale, silent

Case = tuple[str, tuple[Raw, ...], str]
LEVELS = pledge(levels=[50000, 10000])

PLEDGES: list[Case] = [
    (
        "22: other levels add, the same again only when confirmed",
        (LEVELS,),
        """
        A pledges 50000          => total=50000 donors=1 raised=50000
        A pledges 10000          => total=60000 donors=1
        A pledges 50000          => DUPLICATE_PLEDGE
        A pledges 50000 1 again  => total=110000 donors=1
        B pledges 50000          => total=160000 donors=2
        """,
    ),
    (
        "22: the levels are the lot's, or any amount when it has none",
        (LEVELS, pledge(2)),
        """
        #1 A pledges 7777 => UNKNOWN_LEVEL
        #2 A pledges 7777 => total=7777
        #2 A pledges 1    => total=7778
        #2 A pledges 0    => INVALID_AMOUNT
        """,
    ),
    (
        "22: a clerk keys the paddle, a donor has their own",
        (LEVELS,),
        """
        clerk pledges 50000 A   => total=50000 donors=1
        B pledges 50000 A       => FORBIDDEN
        clerk pledges 50000     => NO_PADDLE
        clerk pledges 10000 2 B => total=70000 donors=2
        """,
    ),
    (
        "22: a void is free for another pledge, and the last of a paddle leaves the donors",
        (LEVELS,),
        """
        A pledges 50000         => total=50000
        A pledges 10000 2       => total=70000 donors=1
        clerk voids 3           => total=20000 donors=1 raised=20000
        clerk voids 3           => UNKNOWN_PLEDGE
        A pledges 50000         => total=70000
        clerk voids 4           => total=50000 donors=1
        clerk voids 7           => UNKNOWN_PLEDGE
        clerk voids 6           => total=0 donors=0 raised=0
        A voids 6               => FORBIDDEN
        """,
    ),
    (
        "23: a match acts from then on, rounds down, and ends at its cap",
        (pledge(),),
        """
        A pledges 999               => match=0
        auctioneer matches 50 1000  => total=999 match=0
        B pledges 999               => total=1998 match=499 raised=2497
        C pledges 3000              => match=1000
        D pledges 3000              => total=7998 match=1000
        """,
    ),
    (
        "23: a second match starts anew, what the first gave stays",
        (pledge(),),
        """
        auctioneer matches 100 500  => match=0
        A pledges 400               => match=400
        auctioneer matches 200 1000 => match=400
        B pledges 600               => match=1400
        clerk voids 4               => total=600 match=1000
        C pledges 10                => match=1000
        clerk voids 6               => total=10 match=0
        D pledges 450               => match=900
        """,
    ),
    (
        "23: what a void frees goes to later pledges only",
        (pledge(),),
        """
        auctioneer matches 100 1000 => match=0
        A pledges 800               => match=800
        B pledges 800               => match=1000
        clerk voids 4               => total=800 match=200
        C pledges 700               => total=1500 match=900
        """,
    ),
    (
        "23: a challenge is added whole, once, and stays met",
        (pledge(),),
        """
        auctioneer matches 100 9000    => match=0
        auctioneer challenges 1000 500 => match=0
        A pledges 999                  => total=999 match=999
        B pledges 1                    => total=1000 match=1500 raised=2500
        clerk voids 6                  => total=999 match=1499
        C pledges 1                    => total=1000 match=1500
        """,
    ),
    (
        "23: a challenge that is reached already is met at once; a second stands beside it",
        (pledge(),),
        """
        A pledges 1000                 => total=1000
        auctioneer challenges 1000 500 => total=1000 match=500
        auctioneer challenges 2000 70  => match=500
        auctioneer challenges 3000 80  => match=500
        B pledges 1000                 => total=2000 match=500
        C pledges 1000                 => total=3000 match=580
        D pledges 9000                 => match=580
        """,
    ),
    (
        "23: the bounds of what is promised",
        (pledge(),),
        f"""
        auctioneer matches 0 100       => INVALID_AMOUNT
        auctioneer matches 10001 100   => INVALID_AMOUNT
        auctioneer matches 10000 0     => INVALID_AMOUNT
        auctioneer matches 10000 {AMOUNT_MAX} => match=0
        auctioneer challenges 0 1      => INVALID_AMOUNT
        auctioneer challenges 1 0      => INVALID_AMOUNT
        clerk matches 100 100          => FORBIDDEN
        clerk challenges 100 100       => FORBIDDEN
        A pledges {AMOUNT_MAX}         => match={AMOUNT_MAX}
        A pledges {AMOUNT_MAX // 2 + 1} 2 => INVALID_AMOUNT
        """,
    ),
    (
        "11: pledges belong on pledge lots, and nothing else does",
        (pledge(1), silent(2), fixed(3), live(4, starts_at=5)),
        """
        #1 A bids 10000  => BUY_ONLY
        #1 A max 10000   => BUY_ONLY
        #1 A buys        => NOT_FOR_SALE
        #2 A pledges 1   => NOT_A_PLEDGE
        #3 A pledges 1   => NOT_A_PLEDGE
        #4 A pledges 1   => LOT_NOT_OPEN
        #2 auctioneer matches 1 1    => NOT_A_PLEDGE
        #2 auctioneer challenges 1 1 => NOT_A_PLEDGE
        """,
    ),
    (
        "23: a match may stand before the lot opens, and stays when the lot is changed",
        (pledge(starts_at=1000),),
        """
        auctioneer matches 100 500 => state=queued
        A pledges 1                => LOT_NOT_OPEN
        1000 A pledges 300         => total=300 match=300
        """,
    ),
    (
        "27: nothing is pledged in a pause, a void still is",
        (pledge(),),
        """
        A pledges 300              => total=300
        auctioneer pauses          => total=300
        B pledges 300              => EVENT_PAUSED
        auctioneer matches 100 100 => EVENT_PAUSED
        auctioneer challenges 1 1  => EVENT_PAUSED
        clerk voids 3              => total=0
        auctioneer resumes         => total=0
        B pledges 300              => total=300
        """,
    ),
    (
        "25: a withdrawn lot's pledges are void",
        (pledge(),),
        """
        auctioneer matches 100 100   => total=0
        A pledges 300                => total=300 match=100 raised=400
        clerk withdraws              => state=withdrawn total=0 match=0 donors=0 raised=0
        A pledges 300                => LOT_CLOSED
        auctioneer matches 100 100   => LOT_CLOSED
        auctioneer challenges 1 1    => LOT_CLOSED
        clerk voids 4                => UNKNOWN_PLEDGE
        """,
    ),
    (
        "31: the lot closes with the event",
        (pledge(), pledge(2, starts_at=10**6)),
        """
        #1 A pledges 300     => total=300
        #1 auctioneer closes => state=closed total=300 raised=300
        #2 A pledges 1       => EVENT_NOT_OPEN
        #2 clerk voids 3     => EVENT_NOT_OPEN state=passed
        """,
    ),
]


@pytest.mark.parametrize(
    ("lots", "script"), [pytest.param(lots, script, id=name) for name, lots, script in PLEDGES]
)
def test_rules_22_and_23(lots: tuple[Raw, ...], script: str) -> None:
    play(script, *lots)


def test_a_changed_lot_keeps_its_match() -> None:
    made = sale(pledge(starts_at=1000))
    made.must(c.SetMatch(1, 100, 500))
    made.must(c.ChangeLot(1, {"title": "Fund a need"}))
    run(made, "1000 A pledges 300 => total=300 match=300")


def shown(outcome: Outcome) -> list[tuple[str, int, int, int]]:
    """Give each fact's name with the sums that it carries."""
    facts = [chained.entry.fact for chained in outcome.records]
    return [(fact.type, fact.total, fact.match, fact.donors) for fact in facts]  # type: ignore[attr-defined]


def test_rule_23_every_fact_carries_the_sums_after_it() -> None:
    made = sale(pledge())
    assert shown(made.must(c.SetMatch(1, 50, 1000))) == [("match_set", 0, 0, 0)]
    assert shown(made.must(c.SetChallenge(1, 900, 60))) == [("challenge_set", 0, 0, 0)]
    assert shown(made.as_donor("A", c.Pledge(1, 300, 3))) == [
        ("pledge_made", 900, 450, 1),
        ("challenge_met", 900, 510, 1),
    ]
    assert shown(made.must(c.VoidPledge(5, "a mistake"))) == [("pledge_voided", 0, 60, 0)]
    assert shown(made.must(c.SetChallenge(1, 1, 60))) == [("challenge_set", 0, 60, 0)]
    made.as_donor("B", c.Pledge(1, 1))
    made.as_donor("B", c.Pledge(1, 2))
    assert shown(made.must(c.VoidPledge(9, "a mistake"))) == [("pledge_voided", 2, 121, 1)]
    closed = made.must(c.CloseEvent())
    assert closed.records[0].entry.fact.type == "pledge_closed"
    made.replayed()


def test_an_ack_names_the_pledge_for_a_later_void() -> None:
    made = sale(pledge())
    made.must(c.SetChallenge(1, 300, 60))
    answer = made.as_donor("A", c.Pledge(1, 300)).answer
    assert answer is not None
    assert answer.fields == {"lot": 1, "total": 300, "match": 0, "donors": 1, "pledge": 4}
    assert answer.seq == 5
    made.must(c.VoidPledge(answer.fields["pledge"], "a mistake"))
    made.replayed()


def test_rule_30_pledges_are_ranked_without_what_others_add() -> None:
    made = sale(pledge(), fixed(2, opening=500))
    made.must(c.SetMatch(1, 100, 10_000))
    made.as_donor("A", c.Pledge(1, 500))
    made.as_donor("B", c.Buy(2))
    made.as_donor("C", c.Pledge(1, 700))
    assert leaderboard(made.book.state) == [
        {"paddle": 103, "total": 700, "standing": 0},
        {"paddle": 101, "total": 500, "standing": 0},
        {"paddle": 102, "total": 500, "standing": 0},
    ]
    assert made.book.state.raised == 500 + 500 + 500 + 700 + 700
    made.must(c.VoidPledge(5, "a mistake"))
    assert [row["paddle"] for row in leaderboard(made.book.state)] == [103, 102]


def test_rule_19_pledges_do_not_count_to_a_limit_and_a_lock_leaves_them() -> None:
    made = sale(pledge())
    made.must(c.ChangePaddle(101, limit=100))
    assert made.as_donor("A", c.Pledge(1, 500)).refusal is None
    made.must(c.LockPaddle(101, "unpaid", ban=True))
    assert made.refused(c.Pledge(1, 600), role=Role.DONOR, by="A") is Code.PADDLE_LOCKED
    assert made.lot().fund is not None
    run(made, "B pledges 1 => total=501")


def test_a_renumbered_donor_is_still_one() -> None:
    made = sale(pledge())
    made.as_donor("A", c.Pledge(1, 500))
    made.must(c.ChangePaddle(101, new_paddle=300))
    assert made.refused(c.Pledge(1, 500), role=Role.DONOR, by="A") is Code.DUPLICATE_PLEDGE
    made.as_donor("A", c.Pledge(1, 600))
    fund = made.lot().fund
    assert fund is not None
    assert {p.paddle for p in fund.pledges.values()} == {300}
    made.replayed()


def test_participation_is_of_those_registered() -> None:
    made = sale(LEVELS, paddles=[{"number": n, "terms_version": 1} for n in (101, 102, 103)])
    view = lot_view(made.lot(), 3)
    assert (view["levels"], view["goal"], view["participation"]) == ([50000, 10000], None, 0.0)
    made.must(c.Pledge(1, 50000, paddle=101))
    made.must(c.Pledge(1, 10000, paddle=101))
    made.must(c.Pledge(1, 50000, paddle=102))
    assert lot_view(made.lot(), 3)["participation"] == 0.6667
    assert lot_view(made.lot(), 0)["participation"] == 0.0
    assert "participation" not in lot_view(sale(silent()).lot(), 3)


def test_a_view_tells_the_match_and_the_challenge_that_stand() -> None:
    made = sale(pledge(), paddles=[{"number": 101, "terms_version": 1}])
    view = lot_view(made.lot(), 1)
    assert (view["matching"], view["challenge"]) == (None, None)
    made.must(c.SetMatch(1, 50, 10_000))
    made.must(c.SetChallenge(1, 9_000, 2_000))
    made.must(c.Pledge(1, 5_000, paddle=101))
    view = lot_view(made.lot(), 1)
    assert view["matching"] == {"ratio_percent": 50, "cap": 10_000, "used": 2_500}
    assert view["challenge"] == {"threshold": 9_000, "amount": 2_000}
    made.must(c.Pledge(1, 5_000, paddle=101, confirm=True))
    assert lot_view(made.lot(), 1)["challenge"] is None


def test_a_withdrawal_says_what_is_void() -> None:
    made = sale(pledge(), fixed(2))
    made.must(c.SetMatch(1, 100, 100))
    made.as_donor("A", c.Pledge(1, 500))
    fact = made.must(c.WithdrawLot(1, "broken")).records[0].entry.fact
    assert getattr(fact, "voided", None) == 600
    made.as_donor("A", c.Buy(2))
    fact = made.must(c.WithdrawLot(2, "broken")).records[0].entry.fact
    assert getattr(fact, "voided", 0) is None
    assert leaderboard(made.book.state) == [{"paddle": 101, "total": 2500, "standing": 0}]


def test_copies_and_snapshots_carry_the_fund() -> None:
    made = sale(pledge())
    made.must(c.SetMatch(1, 100, 700))
    made.must(c.SetChallenge(1, 10_000, 700))
    made.as_donor("A", c.Pledge(1, 500))
    made.as_donor("A", c.Pledge(1, 600))
    book = made.book
    twin = clone(book.state)
    restored, _ = restore(encode_body(book.state, book.head, book, 0), [])
    assert twin == book.state == restored.state
    copy = Book(twin, book.head, book.key)
    before = repr(book.state)
    for entry in made.must(c.VoidPledge(5, "x")).records:
        copy.replay(entry.body)
        restored.replay(entry.body)
    assert copy.state == book.state == restored.state
    assert repr(book.state) != before
