"""Runners-up: who is offered a lot whose winner defaults, and at what.

Source: rules 17, 18 and 21. A script's `wins` names each part of a lot as PADDLE:UNITSxAMOUNT.
"""

from __future__ import annotations

import pytest

from saleroom.auction import commands as c
from saleroom.auction.book import Chained
from saleroom.auction.contest import visible_bids
from saleroom.auction.facts import PaymentRecorded
from saleroom.auction.record import encode_entry, next_head
from saleroom.auction.refusal import Code
from saleroom.auction.state import Entry, leaderboard
from tests.auction.book import (
    NAMES,
    Raw,
    Sale,
    choice,
    fixed,
    live,
    play,
    pledge,
    run,
    silent,
)

Case = tuple[str, tuple[Raw, ...], str]

BIDS_OF_THREE = """
A bids 10000 => 10000 A
B bids 12000 => 12000 B
A bids 13000 => 13000 A
C bids 20000 => 20000 C
"""

RUNNERS_UP: list[Case] = [
    (
        "silent: the next distinct bidder by consent, one after the other",
        (silent(ends_at=1000, soft_close={"window": 1000, "extension": 1000, "cap": 0}),),
        BIDS_OF_THREE
        + """
        admin offers => NOT_SOLD
        1000 admin offers => 20000 C offer=A:13000 wins=C:1x20000
        A accepts    => 13000 A state=sold wins=A:1x13000 raised=13000 next=14000 max=13000
        A accepts    => NO_OFFER
        admin offers => 13000 A offer=B:12000
        B declines   => 13000 A wins=A:1x13000 offer=None
        admin offers => NO_BIDS
        B accepts    => NO_OFFER
        """,
    ),
    (
        "an offer nobody answers lapses with the next one",
        (live(),),
        "clerk opens => -"
        + BIDS_OF_THREE
        + """
        clerk sells  => state=sold
        clerk offers => FORBIDDEN
        auctioneer offers => FORBIDDEN
        admin offers => offer=A:13000
        admin offers => offer=B:12000
        A accepts    => NO_OFFER
        clerk accepts B => 12000 B wins=B:1x12000
        admin offers => NO_BIDS
        """,
    ),
    (
        "17: an offered lot is not undone, but re-opened with its bids",
        (live(),),
        "clerk opens => -"
        + BIDS_OF_THREE
        + """
        clerk sells   => state=sold
        admin offers  => offer=A:13000
        clerk undoes  => NOTHING_TO_UNDO
        A accepts     => 13000 A
        clerk undoes  => NOTHING_TO_UNDO
        clerk reopens => 20000 C state=open wins= raised=0 offer=None
        A accepts     => NO_OFFER
        clerk undoes  => 13000 A
        """,
    ),
    (
        "a purchase too, to the highest bidder",
        (silent(buy_now=30000),),
        """
        A bids 10000 => 10000 A
        B bids 12000 => 12000 B
        C buys       => 30000 C state=sold
        admin offers => 30000 C offer=B:12000
        B accepts    => 12000 B
        """,
    ),
    (
        "in a pause and after the close; nothing before the event opens",
        (silent(1, reserve=11000), silent(2)),
        """
        #1 A bids 10000 => 10000 A met=False
        #1 B bids 12000 => 12000 B met=True
        #1 auctioneer closes => state=sold
        #1 admin offers => offer=A:10000
        #1 A accepts    => 10000 A met=False state=sold
        #2 admin offers => NOT_SOLD
        #2 A accepts    => NO_OFFER
        """,
    ),
    (
        "not on sale, pledge or choice lots",
        (fixed(1), pledge(2), choice(3)),
        """
        #1 admin offers => WRONG_MODE
        #2 admin offers => WRONG_MODE
        #3 admin offers => WRONG_MODE
        """,
    ),
    (
        "a locked paddle is passed over; retracted and undone bids do not count",
        (live(),),
        """
        clerk opens  => -
        A bids 10000 => 10000 A
        B bids 11000 => 11000 B
        D bids 12000 => 12000 D
        E bids 13000 => 13000 E
        clerk undoes => 12000 D
        C bids 20000 => 20000 C
        admin retracts B => 20000 C
        clerk bars D => 20000 C
        clerk sells  => state=sold
        admin offers => offer=A:10000
        A declines   => 20000 C
        admin offers => NO_BIDS
        """,
    ),
]


@pytest.mark.parametrize(
    ("lots", "script"), [pytest.param(lots, script, id=name) for name, lots, script in RUNNERS_UP]
)
def test_rule_21_runners_up(lots: tuple[Raw, ...], script: str) -> None:
    play(script, *lots)


VISIBLE: list[tuple[str, Raw, str, dict[str, int]]] = [
    ("none", silent(), "", {}),
    ("a lone max at the opening", silent(), "A max 50000 => 10000 A", {"A": 10000}),
    (
        "a leader's max as high as it was shown, a beaten bid as it was made",
        silent(),
        """
        A max 50000 => 10000 A
        B bids 20000 => 21000 A
        C max 60000 => 55000 C
        """,
        {"A": 21000, "B": 20000, "C": 55000},
    ),
    (
        "a max beaten on arrival was bid up to",
        silent(),
        """
        A max 50000 => 10000 A
        B max 40000 => 42500 A
        """,
        {"A": 42500, "B": 40000},
    ),
    (
        "equal maxes, and a raise that meets the reserve",
        silent(reserve=60000),
        """
        A max 50000 => 10000 A
        B max 50000 => 50000 A
        A max 70000 => 60000 A
        A max 90000 => 60000 A
        """,
        {"A": 60000, "B": 50000},
    ),
    (
        "the leader bids again below their own max",
        silent(),
        """
        A max 50000 => 10000 A
        A bids 20000 => 20000 A
        B bids 30000 => 32500 A
        B bids 60000 => 60000 B
        """,
        {"A": 32500, "B": 60000},
    ),
    (
        "an absentee who led, none who never did, and a floor bid of whom it was given to",
        live(),
        """
        A max 30000 => -
        B max 20000 => -
        C max 15000 => -
        clerk opens => 21000 A
        clerk floor 40000 => 40000 nobody
        clerk assigns D => 40000 D
        clerk floor E => 42500 E
        clerk floor => 45000 nobody
        """,
        {"A": 21000, "D": 40000, "E": 42500},
    ),
]


@pytest.mark.parametrize(
    ("lot", "script", "seen"), [pytest.param(*row[1:], id=row[0]) for row in VISIBLE]
)
def test_rules_20_and_21_a_bidders_own_last_visible_bid(
    lot: Raw, script: str, seen: dict[str, int]
) -> None:
    made = play(script, lot)
    assert {NAMES[n]: amount for n, amount in visible_bids(made.lot()).items()} == seen


def pay(made: Sale, lot: int, paddle: int) -> None:
    """Record a payment as the payments' own facts will."""
    book = made.book
    entry = Entry(
        book.state.position + 1, None, book.state.at, None, None, None, PaymentRecorded(lot, paddle)
    )
    body = encode_entry(entry)
    made.written.append(Chained(entry, body, next_head(book.head, body, book.key)))
    book.replay(body)


def test_rule_18_what_is_paid_is_not_taken_back() -> None:
    script = "#1 clerk opens => -\n#1 A bids 10000 => 10000 A\n#1 B bids 11000 => 11000 B\n"
    made = play(script + "#1 clerk sells => state=sold", live(1), silent(2))
    pay(made, 1, 101)
    made.must(c.Undo(1))
    run(made, "clerk sells => state=sold")
    pay(made, 1, 102)
    for command in (
        c.Undo(1),
        c.ReopenLot(1),
        c.OfferRunnerUp(1, "unpaid"),
        c.RetractBids(1, 102, "x"),
    ):
        assert made.refused(command) is Code.ALREADY_PAID
    assert made.refused(c.RetractBids(1, 101, "x")) is Code.LOT_CLOSED
    assert made.refused(c.RetractBids(2, 102, "x")) is Code.NO_BIDS
    made.replayed()


def test_the_winner_who_defaulted_is_offered_nothing_under_a_new_number() -> None:
    made = play("clerk opens => -" + BIDS_OF_THREE + "clerk sells => state=sold", live())
    made.must(c.OfferRunnerUp(1, "unpaid"))
    made.must(c.AnswerOffer(1, True, 101))
    made.must(c.ChangePaddle(103, new_paddle=300))
    made.must(c.OfferRunnerUp(1, "unpaid"))
    offer = made.lot().offer
    assert offer is not None
    assert offer.paddle == 102
    assert leaderboard(made.book.state) == [{"paddle": 101, "total": 13000, "standing": 0}]
