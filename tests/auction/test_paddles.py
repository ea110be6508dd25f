"""Paddles: numbers, limits, locks, renumbering, and who may bid with which.

Source: rules 19, 24, 25 and 30.
"""

from __future__ import annotations

import pytest

from saleroom.auction import commands as c
from saleroom.auction.refusal import Code
from saleroom.auction.roles import LEAST_ROLE, Role, highest, outranks
from saleroom.auction.state import leaderboard
from tests.auction.book import PADDLES, Sale, fixed, live, pledge, run, sale, silent


def added(made: Sale, command: c.AddPaddle) -> int:
    answer = made.must(command).answer
    assert answer is not None
    number: int = answer.fields["paddle"]
    return number


def test_the_lowest_free_number_is_given_first() -> None:
    made = sale(silent())
    assert added(made, c.AddPaddle(user="gus")) == 100
    assert added(made, c.AddPaddle(user="hal")) == 107
    assert added(made, c.AddPaddle(paddle=109)) == 109
    assert added(made, c.AddPaddle()) == 108
    assert added(made, c.AddPaddle()) == 110
    made.must(c.ChangePaddle(100, new_paddle=500))
    assert added(made, c.AddPaddle()) == 100
    assert added(made, c.AddPaddle()) == 111
    made.replayed()


def test_a_low_number_that_becomes_free_is_not_given_by_itself() -> None:
    made = sale(silent(), paddles=[{"number": 50}])
    made.must(c.ChangePaddle(50, new_paddle=60))
    assert added(made, c.AddPaddle()) == 100


def test_past_999_numbers_go_on() -> None:
    made = sale(silent(), paddles=[{"number": n} for n in range(100, 1000)])
    assert added(made, c.AddPaddle()) == 1000


TAKEN: list[tuple[c.Command, Code]] = [
    (c.AddPaddle(paddle=101), Code.PADDLE_TAKEN),
    (c.AddPaddle(paddle=0), Code.PADDLE_TAKEN),
    (c.AddPaddle(paddle=1_000_000), Code.PADDLE_TAKEN),
    (c.AddPaddle(user="A"), Code.PADDLE_TAKEN),
    (c.AddPaddle(limit=0), Code.INVALID_AMOUNT),
    (c.ChangePaddle(101, new_paddle=102), Code.PADDLE_TAKEN),
    (c.ChangePaddle(101, new_paddle=0), Code.PADDLE_TAKEN),
    (c.ChangePaddle(101, limit=0), Code.INVALID_AMOUNT),
    (c.ChangePaddle(101, user="new"), Code.PADDLE_TAKEN),
    (c.ChangePaddle(101, user="B"), Code.PADDLE_TAKEN),
    (c.ChangePaddle(999), Code.UNKNOWN_PADDLE),
    (c.LockPaddle(999, "x"), Code.UNKNOWN_PADDLE),
    (c.UnlockPaddle(999), Code.UNKNOWN_PADDLE),
    (c.RetractBids(1, 999, "x"), Code.UNKNOWN_PADDLE),
]


@pytest.mark.parametrize(("command", "code"), TAKEN)
def test_refusals_about_paddles(command: c.Command, code: Code) -> None:
    assert sale(silent()).refused(command) is code


def test_a_new_paddle_accepts_the_terms_before_it_bids() -> None:
    made = sale(silent(), terms_version=2)
    assert made.refused(c.PlaceBid(1, 10000, 101)) is Code.TERMS_NOT_ACCEPTED
    made.must(c.ChangePaddle(101, terms_version=1))
    assert made.refused(c.PlaceBid(1, 10000, 101)) is Code.TERMS_NOT_ACCEPTED
    made.must(c.ChangePaddle(101, terms_version=2))
    assert made.refused(c.PlaceBid(1, 10000, 101)) is None
    made.replayed()


def limited(limit: int) -> Sale:
    made = sale(silent(1, buy_now=90000), silent(2), fixed(3, quantity=0), live(4), live(5))
    made.must(c.ChangePaddle(101, limit=limit))
    return made


LIMITS: list[tuple[str, int, list[c.Command], c.Command, Code | None]] = [
    ("at the limit", 20000, [], c.PlaceBid(1, 20000, 101), None),
    ("over it", 19999, [], c.PlaceBid(1, 20000, 101), Code.OVER_LIMIT),
    ("a max counts in full", 19999, [], c.SetMaxBid(1, 20000, 101), Code.OVER_LIMIT),
    ("a purchase at its price", 89999, [], c.Buy(1, 1, None, 101), Code.OVER_LIMIT),
    ("a straight purchase too", 89999, [], c.PlaceBid(1, 99999, 101), Code.OVER_LIMIT),
    ("but not at what was bid", 90000, [], c.PlaceBid(1, 99999, 101), None),
    ("units add up", 7499, [], c.Buy(3, 3, None, 101), Code.OVER_LIMIT),
    ("and may reach it", 7500, [], c.Buy(3, 3, None, 101), None),
    (
        "another lead counts by its max",
        35000,
        [c.SetMaxBid(1, 20000, 101)],
        c.PlaceBid(2, 15001, 101),
        Code.OVER_LIMIT,
    ),
    ("up to the limit", 35000, [c.SetMaxBid(1, 20000, 101)], c.PlaceBid(2, 15000, 101), None),
    (
        "the paddle's own lead is replaced",
        35000,
        [c.SetMaxBid(1, 20000, 101)],
        c.SetMaxBid(1, 35000, 101),
        None,
    ),
    (
        "and no more than that",
        35000,
        [c.SetMaxBid(1, 20000, 101)],
        c.SetMaxBid(1, 35001, 101),
        Code.OVER_LIMIT,
    ),
    (
        "a lost lead is free again",
        20000,
        [c.PlaceBid(1, 20000, 101), c.PlaceBid(1, 21000, 102)],
        c.PlaceBid(2, 20000, 101),
        None,
    ),
    (
        "wins count",
        20000,
        [c.OpenLot(4), c.FloorBid(4, 101, 10000), c.SellLot(4)],
        c.PlaceBid(1, 10001, 101),
        Code.OVER_LIMIT,
    ),
    ("a floor bid", 9999, [c.OpenLot(4)], c.FloorBid(4, 101), Code.OVER_LIMIT),
    (
        "a floor bid's new owner",
        9999,
        [c.OpenLot(4), c.FloorBid(4)],
        c.AssignFloor(4, 101),
        Code.OVER_LIMIT,
    ),
    ("an absentee", 9999, [], c.SetMaxBid(4, 10000, 101), Code.OVER_LIMIT),
    ("others have none", 9999, [], c.PlaceBid(1, 20000, 102), None),
]


@pytest.mark.parametrize(
    ("limit", "before", "command", "code"), [pytest.param(*row[1:], id=row[0]) for row in LIMITS]
)
def test_rule_19_limits(
    limit: int, before: list[c.Command], command: c.Command, code: Code | None
) -> None:
    made = limited(limit)
    for earlier in before:
        made.must(earlier)
    assert made.refused(command) is code
    made.replayed()


def test_renumbering_keeps_the_bidders_history() -> None:
    made = sale(silent(1), live(2), silent(3, donor_paddle=101), fixed(4), live(5), live(6))
    run(
        made,
        """
        #1 A max 20000   => 10000 A
        #1 B max 30000   => 21000 B
        #2 A max 15000   => -
        #4 A buys 2      => state=open
        #5 A max 40000   => -
        #5 clerk opens   => 10000 A
        #5 clerk floor B => 12000 A
        """,
    )
    before = leaderboard(made.book.state)[0]["total"]
    made.must(c.ChangePaddle(101, new_paddle=777))
    assert 101 not in made.book.state.paddles
    assert leaderboard(made.book.state) == [{"paddle": 777, "total": before, "standing": 12000}]
    assert made.lot(4).wins[0].paddle == 777
    assert made.refused(c.PlaceBid(3, 10000, 777)) is Code.OWN_LOT
    assert made.refused(c.PlaceBid(1, 40000, 101)) is Code.UNKNOWN_PADDLE
    made.must(c.Undo(1))
    assert made.lot(1).standing.leader == 777
    assert made.lot(2).absentees.keys() == {777}
    assert made.as_donor("A", c.PlaceBid(1, 40000)).refusal is None
    made.must(c.RetractBids(5, 777, "a mistake"))
    assert made.lot(5).standing.leader == 102
    made.replayed()


def test_a_change_that_changes_nothing_is_remembered_too() -> None:
    made = sale(silent())
    made.ask(c.ChangePaddle(101), id="x")
    assert made.refused(c.ChangePaddle(102), id="x") is Code.ID_REUSED
    assert made.refused(c.ChangePaddle(101, new_paddle=101)) is None


def test_a_changed_paddle_is_named_by_its_new_number() -> None:
    made = sale(silent())
    answer = made.must(c.ChangePaddle(101, new_paddle=200)).answer
    assert answer is not None
    assert answer.fields == {"paddle": 200}


ACTING: list[tuple[Role | None, str, int | None, Code | None]] = [
    # role, user, paddle named, refusal
    (Role.DONOR, "A", None, None),
    (Role.DONOR, "A", 101, None),
    (Role.DONOR, "A", 102, Code.FORBIDDEN),
    (Role.DONOR, "zoe", None, Code.NO_PADDLE),
    (Role.DONOR, "zoe", 101, Code.FORBIDDEN),
    (Role.CLERK, "clerk", 101, None),
    (Role.CLERK, "clerk", 999, Code.UNKNOWN_PADDLE),
    (Role.CLERK, "clerk", None, Code.NO_PADDLE),
    (Role.ADMIN, "admin", 101, None),
    (Role.OPERATOR, "A", None, Code.FORBIDDEN),
    (None, "A", None, Code.UNAUTHENTICATED),
]


@pytest.mark.parametrize(("role", "by", "paddle", "code"), ACTING)
@pytest.mark.parametrize("kind", ["bid", "max", "buy"])
def test_rule_24_who_acts_for_a_paddle(
    kind: str, role: Role | None, by: str, paddle: int | None, code: Code | None
) -> None:
    made = sale(silent(buy_now=20000))
    commands = {
        "bid": c.PlaceBid(1, 10000, paddle),
        "max": c.SetMaxBid(1, 10000, paddle),
        "buy": c.Buy(1, 1, None, paddle),
    }
    outcome = made.ask(commands[kind], role, by)
    assert (outcome.refusal.code if outcome.refusal else None) is code
    if outcome.records:
        assert (outcome.records[0].entry.by, made.lot().standing.leader) == (by, 101)


CAPTAINS: list[tuple[str, dict[str, object], dict[str, object], Code | None]] = [
    # what is wrong, the captain's own, the other's, refusal
    ("nothing", {}, {}, None),
    ("no captain", {"is_captain": False}, {}, Code.FORBIDDEN),
    ("another table", {"table": "8"}, {}, Code.FORBIDDEN),
    ("not opted in", {}, {"opted_in": False}, Code.FORBIDDEN),
    ("neither has a table", {"table": None}, {"table": None}, Code.FORBIDDEN),
]


@pytest.mark.parametrize(
    ("own", "others", "code"), [pytest.param(*row[1:], id=row[0]) for row in CAPTAINS]
)
@pytest.mark.parametrize("kind", ["bid", "max", "buy", "pledge"])
def test_rule_24_a_captain_acts_for_a_table_that_opted_in(
    kind: str, own: dict[str, object], others: dict[str, object], code: Code | None
) -> None:
    captain = {"number": 101, "user": "A", "table": "7", "is_captain": True, **own}
    other = {"number": 102, "user": "B", "table": "7", "opted_in": True, **others}
    made = sale(
        silent(1),
        fixed(2),
        pledge(3),
        paddles=[{**paddle, "terms_version": 1} for paddle in (captain, other)],
    )
    commands = {
        "bid": c.PlaceBid(1, 10000, 102),
        "max": c.SetMaxBid(1, 10000, 102),
        "buy": c.Buy(2, 1, None, 102),
        "pledge": c.Pledge(3, 500, paddle=102),
    }
    outcome = made.as_donor("A", commands[kind])
    assert (outcome.refusal.code if outcome.refusal else None) is code
    if outcome.records:
        entry = outcome.records[0].entry
        assert (entry.by, getattr(entry.fact, "paddle", None)) == ("A", 102)
    made.replayed()


def test_rule_24_captains_come_and_go_by_the_desk() -> None:
    made = sale(silent())
    bid = c.PlaceBid(1, 10000, 102)
    made.must(c.AddPaddle(user="cap", table="7", captain=True))
    assert made.refused(bid, role=Role.DONOR, by="cap") is Code.FORBIDDEN
    made.must(c.ChangePaddle(102, table="7", opted_in=True))
    assert made.refused(bid, role=Role.DONOR, by="cap") is None
    made.must(c.ChangePaddle(100, captain=False))
    assert made.refused(bid, role=Role.DONOR, by="cap") is Code.FORBIDDEN
    made.must(c.AddPaddle(user="kid", table="7", opted_in=True))
    made.must(c.ChangePaddle(100, captain=True, limit=500))
    assert made.refused(c.PlaceBid(1, 11000, 107), role=Role.DONOR, by="cap") is (
        Code.TERMS_NOT_ACCEPTED
    )
    assert made.refused(c.PlaceBid(1, 11000, 999), role=Role.DONOR, by="cap") is Code.FORBIDDEN
    made.replayed()


def test_rule_19_a_ban_outlasts_a_later_lock_until_the_paddle_is_unlocked() -> None:
    made = sale(silent())
    made.must(c.LockPaddle(101, "left without paying", ban=True), Role.AUCTIONEER)
    made.must(c.LockPaddle(101, "card declined"), Role.CLERK)
    assert made.book.state.paddles[101].is_banned
    made.must(c.UnlockPaddle(101))
    assert not made.book.state.paddles[101].is_banned
    made.replayed()


def test_why_a_paddle_is_locked_is_known_until_it_is_unlocked() -> None:
    made = sale(silent())
    made.must(c.LockPaddle(101, "left without paying"))
    assert made.book.state.paddles[101].lock_reason == "left without paying"
    made.replayed()
    made.must(c.UnlockPaddle(101))
    assert made.book.state.paddles[101].lock_reason is None


def test_a_guests_paddle_becomes_a_users_once() -> None:
    made = sale(silent())
    guest = added(made, c.AddPaddle())
    bid = c.PlaceBid(1, 10000)
    assert made.refused(bid, role=Role.DONOR, by="gus") is Code.NO_PADDLE
    assert made.refused(c.ChangePaddle(guest, user="A")) is Code.PADDLE_TAKEN
    for _ in range(2):
        made.must(c.ChangePaddle(guest, user="gus", terms_version=1))
    assert made.refused(c.ChangePaddle(guest, user="hal")) is Code.PADDLE_TAKEN
    made.must(c.ChangePaddle(guest, new_paddle=400))
    assert made.refused(bid, role=Role.DONOR, by="gus") is None
    assert made.lot().standing.leader == 400
    made.replayed()


def test_every_command_has_a_least_role_and_the_ranks_are_nested() -> None:
    order = [Role.DONOR, Role.CLERK, Role.AUCTIONEER, Role.ADMIN]
    for rank, role in enumerate(order):
        for other, least in enumerate(order):
            assert outranks(role, least) is (rank >= other)
        assert not outranks(Role.OPERATOR, role)
        assert not outranks(None, role)
        assert highest(frozenset({role, Role.OPERATOR, Role.DONOR})) is role
    assert highest(frozenset()) is None


@pytest.mark.parametrize("role", [None, Role.OPERATOR, Role.DONOR, Role.CLERK, Role.AUCTIONEER])
def test_a_command_above_the_role_is_refused_before_all_else(role: Role | None) -> None:
    made = sale(live(), opened=False)
    samples: list[c.Command] = [c.FloorBid(9), c.OpenEvent(), c.ResumeEvent(), c.AddPaddle()]
    for command in samples:
        if not outranks(role, LEAST_ROLE[type(command)]):
            expected = Code.UNAUTHENTICATED if role is None else Code.FORBIDDEN
            assert made.refused(command, role=role, by="x") is expected


def test_rule_30_ties_go_to_whoever_reached_the_sum_first_and_zeros_are_left_out() -> None:
    made = sale(fixed(1, quantity=0), fixed(2, quantity=0), live(3), live(4), silent(5))
    for name, units in (("A", 1), ("B", 2), ("C", 4), ("A", 1)):
        made.as_donor(name, c.Buy(1, units))
    run(
        made,
        """
        #3 clerk opens   => -
        #3 clerk floor D => 10000 D
        #3 clerk sells   => state=sold
        #3 clerk undoes  => 10000 D
        #5 C max 90000   => 10000 C
        #5 E max 20000   => 21000 C
        """,
    )
    rows = [(row["paddle"], row["total"], row["standing"]) for row in leaderboard(made.book.state)]
    assert rows == [(103, 10000, 21000), (102, 5000, 0), (101, 5000, 0)]
    assert made.book.state.raised == 20000
    assert PADDLES["D"] not in [row[0] for row in rows]
