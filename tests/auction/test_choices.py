"""Choice lots: what a winner takes, and who is offered the rest.

Source: rules 17, 19, 20 and 24. A script's `wins` names each part of a lot as PADDLE:UNITSxAMOUNT.
"""

from __future__ import annotations

from typing import Any

import pytest

from saleroom.auction import commands as c
from saleroom.auction.book import Book
from saleroom.auction.clone import clone
from saleroom.auction.refusal import Code
from saleroom.auction.roles import Role
from saleroom.auction.snapshot import encode_body, restore
from saleroom.auction.state import leaderboard
from saleroom.protocol.views import lot_view
from tests.auction.book import (
    Raw,
    Sale,
    choice,
    fixed,
    live,
    play,
    pledge,
    run,
    sale,
    silent,
)

Case = tuple[str, tuple[Raw, ...], str]

SOLD_TO_C = """
clerk opens   => -
A bids 10000  => 10000 A
B bids 11000  => 11000 B
C bids 20000  => 20000 C
clerk sells   => 20000 C state=sold wins=C:1x20000
"""

CHOICES: list[Case] = [
    (
        "all units to the winner",
        (choice(),),
        SOLD_TO_C
        + """
        C chooses 4 => NOT_ENOUGH_LEFT left=3
        B chooses 1 => FORBIDDEN
        C chooses 3 => 20000 C state=sold wins=C:3x20000 left=0 offer=None raised=60000
        C chooses 3 => NO_CHOICE
        clerk reopens => NOT_ENOUGH_LEFT left=0
        clerk undoes  => NOTHING_TO_UNDO
        """,
    ),
    (
        "what is left goes to the runner-up at their own bid, then to a new round",
        (choice(quantity=5),),
        """
        clerk opens    => -
        A bids 10000   => 10000 A
        B bids 11000   => 11000 B
        C bids 20000   => 20000 C
        clerk sells    => state=sold left=4
        clerk chooses 2 C => wins=C:2x20000 left=3 offer=B:11000
        A accepts      => NO_OFFER
        B accepts      => state=sold wins=C:2x20000,B:1x11000 left=2 raised=51000
        B accepts      => NO_OFFER
        C chooses 1    => FORBIDDEN
        B chooses 2    => - state=open wins=C:2x20000,B:2x11000 left=1 offer=None next=10000
        A bids 10000   => 10000 A
        clerk sells    => state=sold left=0 wins=C:2x20000,B:2x11000,A:1x10000
        A chooses 1    => state=sold left=0 raised=72000
        """,
    ),
    (
        "declined: a new round for what is left, the wins stay",
        (choice(),),
        SOLD_TO_C
        + """
        C chooses 1  => offer=B:11000 left=2
        B declines   => - state=open left=2 wins=C:1x20000 offer=None
        clerk undoes => NOTHING_TO_UNDO
        B bids 10000 => 10000 B
        clerk sells  => state=sold left=1
        clerk undoes => 10000 B state=open wins=C:1x20000 left=2
        clerk sells  => state=sold
        B chooses 1  => - state=open left=1
        clerk passes => - state=passed
        clerk undoes => - state=open
        clerk passes => - state=passed
        clerk reopens => - state=open left=1
        """,
    ),
    (
        "nobody to offer to: a new round at once",
        (choice(),),
        """
        clerk opens  => -
        A bids 10000 => 10000 A
        clerk sells  => state=sold
        A chooses 2  => - state=open left=1 wins=A:2x10000
        """,
    ),
    (
        "a locked paddle is passed over, and chooses nothing",
        (choice(),),
        """
        clerk opens  => -
        A bids 10000 => 10000 A
        B bids 11000 => 11000 B
        C bids 20000 => 20000 C
        clerk bars B => 20000 C
        clerk sells  => state=sold
        clerk bars C => state=sold
        C chooses 1  => PADDLE_LOCKED
        clerk frees C => state=sold
        C chooses 1  => offer=A:10000
        clerk bars A => state=sold
        A accepts    => PADDLE_LOCKED
        A declines   => - state=open
        """,
    ),
    (
        "a busy ring, or a pause, leaves the new round to the auctioneer",
        (choice(1), live(2)),
        """
        #1 clerk opens  => -
        #1 A bids 10000 => 10000 A
        #1 clerk sells  => state=sold
        #2 clerk opens  => -
        #1 A chooses 1  => 10000 A state=sold left=2 offer=None
        #1 clerk reopens => RING_BUSY
        #2 clerk passes => -
        #1 clerk reopens => - state=open left=2 wins=A:1x10000
        #1 A bids 10000 => 10000 A
        #1 clerk sells  => state=sold
        #1 auctioneer pauses => state=sold
        #1 A chooses 1  => state=sold left=1 wins=A:1x10000,A:1x10000
        #1 clerk reopens => - state=open
        """,
    ),
    (
        "undo and re-opening go behind a sale until units are chosen",
        (choice(),),
        SOLD_TO_C
        + """
        clerk undoes  => 20000 C state=open wins= left=3
        clerk sells   => 20000 C wins=C:1x20000
        clerk reopens => 20000 C state=open wins= left=3
        clerk sells   => state=sold
        C chooses 1   => offer=B:11000
        clerk undoes  => NOTHING_TO_UNDO
        clerk reopens => - state=open wins=C:1x20000 offer=None
        B accepts     => NO_OFFER
        C chooses 2   => NO_CHOICE
        """,
    ),
    (
        "nothing to choose, or not on such a lot",
        (choice(1), live(2), silent(3), fixed(4), pledge(5)),
        """
        #1 A chooses 1 => NO_CHOICE
        #2 A chooses 1 => WRONG_MODE
        #3 A chooses 1 => WRONG_MODE
        #4 A chooses 1 => WRONG_MODE
        #5 A chooses 1 => WRONG_MODE
        #1 clerk opens => -
        #1 A chooses 1 => NO_CHOICE
        #1 clerk chooses 1 => NO_PADDLE
        """,
    ),
    (
        "the event has closed: units are chosen, nothing is opened",
        (choice(),),
        """
        clerk opens  => -
        A bids 10000 => 10000 A
        clerk sells  => state=sold
        auctioneer closes => state=sold
        A chooses 1  => state=sold left=2
        clerk reopens => EVENT_NOT_OPEN
        """,
    ),
    (
        "31: a new round that the close meets passes, its wins stay",
        (choice(),),
        """
        clerk opens  => -
        A bids 10000 => 10000 A
        clerk sells  => state=sold
        A chooses 1  => - state=open
        auctioneer closes => state=passed wins=A:1x10000 raised=10000
        """,
    ),
    (
        "a withdrawn round keeps what was sold",
        (choice(),),
        """
        clerk opens  => -
        A bids 10000 => 10000 A
        clerk sells  => state=sold
        A chooses 2  => - state=open
        clerk withdraws => state=withdrawn wins=A:2x10000 raised=20000
        """,
    ),
]


@pytest.mark.parametrize(
    ("lots", "script"), [pytest.param(lots, script, id=name) for name, lots, script in CHOICES]
)
def test_rule_20_choice_lots(lots: tuple[Raw, ...], script: str) -> None:
    play(script, *lots)


def sold_choice(**fields: Any) -> Sale:
    """A choice lot that C has won at 20000, with B behind at 11000."""
    return play(SOLD_TO_C, choice(**fields))


def test_rule_20_what_is_told() -> None:
    made = sold_choice(quantity=5)
    assert lot_view(made.lot())["remaining"] == 4
    chosen = made.as_donor("C", c.ChooseUnits(1, 2))
    assert [entry.entry.fact.type for entry in chosen.records] == ["units_chosen", "offer_made"]
    assert chosen.answer is not None
    assert chosen.answer.fields == {"lot": 1, "paddle": 103, "units": 2, "remaining": 3}
    accepted = made.as_donor("B", c.AnswerOffer(1, True))
    assert [entry.entry.fact.type for entry in accepted.records] == ["offer_answered", "item_sold"]
    assert getattr(accepted.records[1].entry.fact, "how", None) == "offer"
    assert getattr(accepted.records[1].entry.fact, "remaining", None) == 2
    last = made.as_donor("B", c.ChooseUnits(1, 1))
    assert [entry.entry.fact.type for entry in last.records] == ["units_chosen", "lot_reopened"]
    made.replayed()


def test_rule_30_choosing_no_more_than_was_won_reaches_no_sum_anew() -> None:
    made = sale(choice(1), fixed(2, opening=10000))
    run(made, "clerk opens => -\nA bids 10000 => 10000 A\nclerk sells => state=sold")
    made.as_donor("B", c.Buy(2))
    made.as_donor("A", c.ChooseUnits(1, 1))
    assert [row["paddle"] for row in leaderboard(made.book.state)] == [101, 102]
    made.replayed()


def test_rule_19_the_limit_holds_for_choices_and_offers() -> None:
    made = sold_choice(quantity=5)
    made.must(c.ChangePaddle(103, limit=39_999))
    assert made.refused(c.ChooseUnits(1, 2, 103)) is Code.OVER_LIMIT
    made.must(c.ChangePaddle(103, limit=1))
    assert made.refused(c.ChooseUnits(1, 1, 103)) is None
    made.must(c.ChangePaddle(102, limit=10_999))
    assert made.refused(c.AnswerOffer(1, True, 102)) is Code.OVER_LIMIT
    made.must(c.ChangePaddle(102, limit=11_000))
    assert made.refused(c.AnswerOffer(1, True, 102)) is None


def test_a_choice_is_worth_no_more_than_an_amount_may_be() -> None:
    made = sale(choice(opening=6 * 10**11))
    run(made, f"clerk opens => -\nA bids {6 * 10**11} => {6 * 10**11} A\nclerk sells => state=sold")
    assert made.refused(c.ChooseUnits(1, 2, 101)) is Code.INVALID_AMOUNT


def test_rule_24_only_staff_and_the_bidder_choose_and_answer() -> None:
    captain = {"number": 101, "user": "A", "table": "7", "is_captain": True}
    other = {"number": 102, "user": "B", "table": "7", "opted_in": True}
    made = sale(choice(), paddles=[{**p, "terms_version": 1} for p in (captain, other)])
    run(made, "clerk opens => -\nB bids 10000 => 10000 B\nclerk sells => state=sold")
    as_captain: dict[str, Any] = {"role": Role.DONOR, "by": "A"}
    assert made.refused(c.ChooseUnits(1, 1, 102), **as_captain) is Code.FORBIDDEN
    assert made.refused(c.AnswerOffer(1, True, 102), **as_captain) is Code.FORBIDDEN
    assert made.refused(c.ChooseUnits(1, 1, 102), role=Role.CLERK, by="clerk") is None


def test_a_renumbered_bidder_keeps_offer_and_choice() -> None:
    made = sold_choice()
    made.must(c.ChangePaddle(103, new_paddle=300))
    made.must(c.ChooseUnits(1, 1, 300))
    made.must(c.ChangePaddle(102, new_paddle=200))
    made.must(c.AnswerOffer(1, True, 200))
    assert [win.paddle for win in made.lot().wins] == [300, 200]
    made = play("A bids 10000 => 10000 A\nB bids 11000 => 11000 B", silent())
    made.must(c.CloseEvent())
    made.must(c.OfferRunnerUp(1, "unpaid"))
    assert made.refused(c.ChangePaddle(102, new_paddle=200)) is Code.EVENT_CLOSED
    made.replayed()


def test_copies_and_snapshots_carry_offers_and_choices() -> None:
    made = sold_choice()
    made.must(c.ChooseUnits(1, 1, 103))
    book = made.book
    twin = clone(book.state)
    restored, _ = restore(encode_body(book.state, book.head, book, 0), [])
    assert twin == book.state == restored.state
    copy = Book(twin, book.head, book.key)
    for record in made.must(c.AnswerOffer(1, True, 102)).records:
        copy.replay(record.body)
        restored.replay(record.body)
    assert copy.state == book.state == restored.state
    assert restored.state.lots[1].choice == book.state.lots[1].wins[-1]
