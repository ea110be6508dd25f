"""Payments as the event's journal knows them: noted by the house alone, and once (rules 18, 21)."""

from __future__ import annotations

import pytest

from saleroom.auction import commands as c
from saleroom.auction.book import Outcome
from saleroom.auction.decide import DECIDES, HOUSE_DECIDES
from saleroom.auction.facts import PaymentRecorded
from saleroom.auction.refusal import Code
from saleroom.auction.roles import LEAST_ROLE, Role
from saleroom.auction.state import Asked
from saleroom.protocol.messages import COMMANDS
from tests.auction.book import Sale, fixed, live, play

SOLD = "clerk opens => -\nB bids 11000 => 11000 B\nclerk sells => state=sold\n"


def record(made: Sale, lot: int, paddle: int) -> Outcome:
    asked = Asked(
        c.RecordPayment(lot, paddle), "house", Role.ADMIN, made.now, f"paid-{lot}-{paddle}", "x"
    )
    outcome = made.book.ask(asked)
    made.written += outcome.records
    return outcome


def test_no_client_can_name_what_the_house_asks_of_itself() -> None:
    assert set(HOUSE_DECIDES) == {c.RecordPayment}
    assert not set(HOUSE_DECIDES) & {*DECIDES, *LEAST_ROLE, *COMMANDS.values()}


def test_rule_18_what_the_house_recorded_as_paid_is_not_taken_back() -> None:
    made = play(SOLD, live())
    outcome = record(made, 1, 102)
    assert [each.entry.fact for each in outcome.records] == [PaymentRecorded(1, 102)]
    assert outcome.records[0].entry.seq is None
    assert made.lot().wins[0].is_paid
    for command in (c.Undo(1), c.OfferRunnerUp(1, "unpaid"), c.ReopenLot(1)):
        assert made.refused(command) is Code.ALREADY_PAID
    made.replayed()


def test_all_of_a_paddles_purchases_on_a_lot_are_paid_at_once() -> None:
    made = play("A buys 1 => -\nB buys 1 => -\nA buys 1 => -", fixed())
    assert record(made, 1, 101).refusal is None
    assert [(win.paddle, win.is_paid) for win in made.lot().wins] == [
        (101, True),
        (102, False),
        (101, True),
    ]


@pytest.mark.parametrize(
    ("lot", "paddle", "code"),
    [
        (1, 102, Code.ALREADY_PAID),
        (1, 101, Code.NOT_SOLD),
        (2, 102, Code.UNKNOWN_LOT),
    ],
)
def test_what_is_not_sold_or_already_paid_is_not_recorded(
    lot: int, paddle: int, code: Code
) -> None:
    made = play(SOLD, live())
    assert record(made, 1, 102).refusal is None
    asked = Asked(c.RecordPayment(lot, paddle), "house", Role.ADMIN, made.now, "again", "y")
    refusal = made.book.ask(asked).refusal
    assert refusal is not None
    assert refusal.code is code


def test_a_payment_is_recorded_once() -> None:
    made = play(SOLD, live())
    record(made, 1, 102)
    again = record(made, 1, 102)
    assert (again.records, again.refusal) == ((), None)
