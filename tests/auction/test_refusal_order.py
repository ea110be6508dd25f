"""Of several refusals, the first: every pair of conditions that can hold together.

Source: rule 29. Each condition is a way to spoil a command that would be taken; a pair spoils it
twice, and the code that stands first in the rule is given.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import attrs
import pytest

from saleroom.auction import commands as c
from saleroom.auction.refusal import Code
from saleroom.auction.roles import Role
from tests.auction.book import Sale, choice, fixed, live, pledge, sale, silent

ORDER = [
    Code.UNAUTHENTICATED,
    Code.FORBIDDEN,
    Code.ID_REUSED,
    Code.EVENT_NOT_OPEN,
    Code.EVENT_PAUSED,
    Code.UNKNOWN_LOT,
    Code.LOT_NOT_OPEN,
    Code.LOT_CLOSED,
    Code.REMOTE_LOCKED,
    Code.NO_PADDLE,
    Code.UNKNOWN_PADDLE,
    Code.PADDLE_LOCKED,
    Code.TERMS_NOT_ACCEPTED,
    Code.OWN_LOT,
    Code.BUY_ONLY,
    Code.NOT_A_PLEDGE,
    Code.MAX_NOT_ALLOWED,
    Code.INVALID_AMOUNT,
    Code.BID_TOO_LOW,
    Code.UNKNOWN_LEVEL,
    Code.DUPLICATE_PLEDGE,
    Code.OVER_LIMIT,
]


def test_the_codes_stand_in_the_order_of_rule_29() -> None:
    listed = list(Code)
    assert sorted(ORDER, key=listed.index) == ORDER
    assert listed[0] is Code.MALFORMED
    assert listed.index(Code.RATE_LIMITED) == listed.index(Code.ID_REUSED) - 1
    assert listed.index(Code.NOT_A_PLEDGE) == listed.index(Code.BUY_ONLY) + 1


@attrs.define
class Ask:
    """A bid or a pledge to spoil: by whom, on which lot, with what, and the event that it meets."""

    kind: str
    role: Role | None = Role.CLERK
    user: str = "A"
    paddle: int | None = None
    lot: int = 1
    mode: str = "silent"
    amount: int = 12000
    lot_state: str = "open"
    event_state: str = "open"
    remote_locked: bool = False
    id: str = "fresh"
    locked: bool = False
    terms: int = 1
    donor: bool = False
    limit: int | None = None
    pledged: bool = False


def unspoiled(kind: str) -> Ask:
    return Ask(kind, mode="pledge" if kind == "pledge" else "silent")


def _set(**values: object) -> Callable[[Ask], None]:
    def spoil(ask: Ask) -> None:
        for name, value in values.items():
            if getattr(ask, name) not in (value, getattr(unspoiled(ask.kind), name)):
                raise Excluded
            setattr(ask, name, value)

    return spoil


class Excluded(Exception):
    """The two conditions cannot hold together."""


CONDITIONS: dict[Code, Callable[[Ask], None]] = {
    Code.UNAUTHENTICATED: _set(role=None),
    Code.FORBIDDEN: _set(role=Role.OPERATOR),
    Code.ID_REUSED: _set(id="used"),
    Code.EVENT_NOT_OPEN: _set(event_state="closed"),
    Code.EVENT_PAUSED: _set(event_state="paused"),
    Code.UNKNOWN_LOT: _set(lot=9),
    Code.LOT_NOT_OPEN: _set(lot_state="queued"),
    Code.LOT_CLOSED: _set(lot_state="withdrawn"),
    Code.REMOTE_LOCKED: _set(mode="live", remote_locked=True),
    Code.NO_PADDLE: _set(user="stranger"),
    Code.UNKNOWN_PADDLE: _set(paddle=999),
    Code.PADDLE_LOCKED: _set(locked=True),
    Code.TERMS_NOT_ACCEPTED: _set(terms=2),
    Code.OWN_LOT: _set(donor=True),
    Code.BUY_ONLY: _set(mode="pledge"),
    Code.NOT_A_PLEDGE: _set(mode="silent"),
    Code.MAX_NOT_ALLOWED: _set(mode="live"),
    Code.INVALID_AMOUNT: _set(amount=0),
    Code.BID_TOO_LOW: _set(amount=9999),
    Code.UNKNOWN_LEVEL: _set(amount=9999, mode="pledge"),
    Code.DUPLICATE_PLEDGE: _set(pledged=True, amount=12000, mode="pledge"),
    Code.OVER_LIMIT: _set(limit=100),
}
OF_PLEDGES = {Code.NOT_A_PLEDGE, Code.UNKNOWN_LEVEL, Code.DUPLICATE_PLEDGE}
OF_BIDS = {
    Code.REMOTE_LOCKED,
    Code.BUY_ONLY,
    Code.MAX_NOT_ALLOWED,
    Code.BID_TOO_LOW,
    Code.OVER_LIMIT,
}
NEVER = {"bid": OF_PLEDGES | {Code.MAX_NOT_ALLOWED}, "max": OF_PLEDGES, "pledge": OF_BIDS}
"""What no command of a kind can meet."""
OF_THE_LOT = (
    Code.LOT_NOT_OPEN,
    Code.LOT_CLOSED,
    Code.REMOTE_LOCKED,
    Code.OWN_LOT,
    Code.BUY_ONLY,
    *OF_PLEDGES,
)
OF_THE_PADDLE = (
    Code.PADDLE_LOCKED,
    Code.TERMS_NOT_ACCEPTED,
    Code.OWN_LOT,
    Code.DUPLICATE_PLEDGE,
    Code.OVER_LIMIT,
)
BEFORE_A_PLEDGE = {Code.LOT_NOT_OPEN, Code.TERMS_NOT_ACCEPTED, Code.OWN_LOT}
"""What would have stopped the first pledge, too."""


def hold_together(kind: str, first: Code, second: Code) -> bool:
    """Say whether one command can meet both conditions."""
    pair = {first, second}
    if pair & NEVER[kind]:
        return False
    if Code.DUPLICATE_PLEDGE in pair and pair & BEFORE_A_PLEDGE:
        return False
    if Code.UNKNOWN_LOT in pair and pair & {*OF_THE_LOT, Code.MAX_NOT_ALLOWED}:
        return False
    if pair & {Code.NO_PADDLE, Code.UNKNOWN_PADDLE} and pair & set(OF_THE_PADDLE):
        return False
    absentee = pair & {Code.REMOTE_LOCKED, Code.MAX_NOT_ALLOWED}
    if kind == "max" and Code.LOT_NOT_OPEN in pair and absentee:
        return False
    if pair == {Code.NO_PADDLE, Code.UNKNOWN_PADDLE}:
        return False
    ask = unspoiled(kind)
    try:
        CONDITIONS[first](ask)
        CONDITIONS[second](ask)
    except Excluded:
        return False
    return True


def prepared(ask: Ask) -> Sale:
    """Make the event that the conditions describe."""
    starts = {"starts_at": 10**9} if ask.lot_state == "queued" else {}
    donor = {"donor_paddle": 101} if ask.donor else {}
    levels = {"levels": [12000]} if ask.mode == "pledge" else {}
    define = {"silent": silent, "live": live, "pledge": pledge}[ask.mode]
    lot = define(1, **starts, **donor, **levels)
    made = sale(lot, live(2), silent(3), terms_version=ask.terms)
    made.ask(c.Announce("to use the id"), Role.CLERK, ask.user, id="used")
    if ask.mode == "live" and ask.lot_state == "open":
        made.must(c.OpenLot(1))
    if ask.remote_locked:
        made.must(c.LockRemote(1, on=True))
    if ask.pledged:
        made.must(c.Pledge(1, 12000, paddle=101))
    if ask.lot_state == "withdrawn":
        made.must(c.WithdrawLot(1, "broken"))
    if ask.locked:
        made.must(c.LockPaddle(101, "x"))
    if ask.limit is not None:
        made.must(c.ChangePaddle(101, limit=ask.limit))
    if ask.event_state == "paused":
        made.must(c.PauseEvent("x"))
    if ask.event_state == "closed":
        made.must(c.CloseEvent())
    return made


def code_of(ask: Ask) -> Code | None:
    kinds: dict[str, c.Command] = {
        "bid": c.PlaceBid(ask.lot, ask.amount, ask.paddle),
        "max": c.SetMaxBid(ask.lot, ask.amount, ask.paddle),
        "pledge": c.Pledge(ask.lot, ask.amount, paddle=ask.paddle),
    }
    return prepared(ask).refused(kinds[ask.kind], role=ask.role, by=ask.user, id=ask.id)


PAIRS = [
    (kind, first, second)
    for kind in NEVER
    for first, second in combinations([code for code in ORDER if code in CONDITIONS], 2)
    if hold_together(kind, first, second)
]


def named(value: object) -> str | None:
    return value.name if isinstance(value, Code) else None


@pytest.mark.parametrize("kind", NEVER)
def test_unspoiled_it_is_taken(kind: str) -> None:
    assert code_of(unspoiled(kind)) is None


@pytest.mark.parametrize(
    ("kind", "code"),
    [(kind, code) for kind in NEVER for code in CONDITIONS if code not in NEVER[kind]],
    ids=named,
)
def test_each_condition_alone(kind: str, code: Code) -> None:
    ask = unspoiled(kind)
    CONDITIONS[code](ask)
    assert code_of(ask) is code


def test_most_pairs_can_hold_together() -> None:
    assert len(PAIRS) > 300


@pytest.mark.parametrize(("kind", "first", "second"), PAIRS, ids=named)
def test_the_first_of_two_is_given(kind: str, first: Code, second: Code) -> None:
    ask = unspoiled(kind)
    CONDITIONS[first](ask)
    CONDITIONS[second](ask)
    assert code_of(ask) is first


CLOSED: list[c.Command] = [c.CloseEvent()]
GONE: list[c.Command] = [c.WithdrawLot(6, "broken")]
SOLD_BEFORE: list[c.Command] = [
    *(c.OpenLot(1), c.FloorBid(1, 101), c.SellLot(1)),
    *(c.OpenLot(2), c.CloseEvent()),
]
WON: list[c.Command] = [c.OpenLot(7), c.FloorBid(7, 101), c.SellLot(7)]
BARRED: list[c.Command] = [*WON, c.LockPaddle(101, "unpaid")]
POOR: list[c.Command] = [*WON, c.ChangePaddle(101, limit=1)]
VOID, UNITS, YES = c.VoidPledge(99, "x"), c.ChooseUnits(7, 9, 101), c.AnswerOffer(3, True, 101)

STAFF: list[tuple[str, Code, list[c.Command], c.Command, Role]] = [
    (
        "a clerk's ban, and an unknown paddle",
        Code.FORBIDDEN,
        [],
        c.LockPaddle(999, "x", ban=True),
        Role.CLERK,
    ),
    (
        "a clerk's override, and a closed event",
        Code.FORBIDDEN,
        [c.CloseEvent()],
        c.SellLot(1, override_reserve=True),
        Role.CLERK,
    ),
    (
        "a late re-opening by a clerk, and a closed event",
        Code.FORBIDDEN,
        SOLD_BEFORE,
        c.ReopenLot(1),
        Role.CLERK,
    ),
    (
        "a late undo of a pass, and a closed event",
        Code.FORBIDDEN,
        [c.OpenLot(1), c.PassLot(1), c.OpenLot(2), c.CloseEvent()],
        c.Undo(1),
        Role.CLERK,
    ),
    (
        "a late re-opening without a reason, and a closed event",
        Code.MALFORMED,
        SOLD_BEFORE,
        c.ReopenLot(1),
        Role.ADMIN,
    ),
    (
        "a paused event, and no such lot",
        Code.EVENT_PAUSED,
        [c.PauseEvent("x")],
        c.PassLot(9),
        Role.CLERK,
    ),
    ("a queued lot, and no such paddle", Code.LOT_NOT_OPEN, [], c.FloorBid(1, 999), Role.CLERK),
    ("a queued lot, and a wrong mode", Code.LOT_NOT_OPEN, [], c.SetAsk(5, 0), Role.CLERK),
    (
        "an unknown paddle, and a wrong mode",
        Code.UNKNOWN_PADDLE,
        [],
        c.FloorBid(3, 999),
        Role.CLERK,
    ),
    ("a wrong mode, and a bad amount", Code.WRONG_MODE, [], c.SetAsk(3, 0), Role.CLERK),
    (
        "a bad amount, and no bids",
        Code.INVALID_AMOUNT,
        [c.OpenLot(1)],
        c.SellLot(1, None, 0),
        Role.CLERK,
    ),
    ("a bad price, and too many", Code.INVALID_AMOUNT, [], c.Buy(4, 9, 0, 101), Role.CLERK),
    ("a stale price, and too many", Code.STALE_PRICE, [], c.Buy(4, 9, 1, 101), Role.CLERK),
    ("no buy-now, and a stale price", Code.NOT_FOR_SALE, [], c.Buy(3, 1, 1, 101), Role.CLERK),
    (
        "no leader, and another paddle expected",
        Code.NO_BIDS,
        [c.OpenLot(1), c.FloorBid(1)],
        c.SellLot(1, 101),
        Role.CLERK,
    ),
    (
        "an ended lot, and no bids of the paddle",
        Code.LOT_CLOSED,
        [c.WithdrawLot(3, "x")],
        c.RetractBids(3, 101, "x"),
        Role.ADMIN,
    ),
    ("no such pledge in a closed event", Code.EVENT_NOT_OPEN, CLOSED, VOID, Role.CLERK),
    ("a match, an ended lot and a bad cap", Code.LOT_CLOSED, GONE, c.SetMatch(6, 1, 0), Role.ADMIN),
    ("a match, not for pledges, a bad cap", Code.NOT_A_PLEDGE, [], c.SetMatch(3, 0, 0), Role.ADMIN),
    ("a challenge, no such lot", Code.UNKNOWN_LOT, [], c.SetChallenge(9, 0, 0), Role.ADMIN),
    ("a challenge, not for pledges", Code.NOT_A_PLEDGE, [], c.SetChallenge(3, 0, 0), Role.ADMIN),
    (
        "units, another's, too many",
        Code.FORBIDDEN,
        WON,
        c.ChooseUnits(7, 9, 102),
        Role.CLERK,
    ),
    ("units, an unknown paddle", Code.UNKNOWN_PADDLE, WON, c.ChooseUnits(7, 9, 999), Role.CLERK),
    ("units, a locked winner, too many", Code.PADDLE_LOCKED, BARRED, UNITS, Role.CLERK),
    ("units, a wrong mode, nothing won", Code.WRONG_MODE, [], c.ChooseUnits(3, 9, 101), Role.CLERK),
    ("units, too many, over the limit", Code.NOT_ENOUGH_LEFT, POOR, UNITS, Role.CLERK),
    ("an offer, a wrong mode, not sold", Code.WRONG_MODE, [], c.OfferRunnerUp(4, "x"), Role.ADMIN),
    ("an offer, not sold, no bids", Code.NOT_SOLD, [], c.OfferRunnerUp(3, "x"), Role.ADMIN),
    ("an answer, no lot, no paddle", Code.UNKNOWN_LOT, [], c.AnswerOffer(9, True), Role.CLERK),
    ("an answer, no paddle, no offer", Code.NO_PADDLE, [], c.AnswerOffer(3, True), Role.CLERK),
    ("an answer, a locked paddle, no offer", Code.PADDLE_LOCKED, BARRED, YES, Role.CLERK),
    ("a wrong mode, and a busy ring", Code.WRONG_MODE, [c.OpenLot(1)], c.OpenLot(3), Role.CLERK),
]


@pytest.mark.parametrize(
    ("code", "before", "command", "role"), [pytest.param(*row[1:], id=row[0]) for row in STAFF]
)
def test_the_rules_own_refusals_in_order(
    code: Code, before: list[c.Command], command: c.Command, role: Role
) -> None:
    made = sale(live(1), live(2), silent(3), fixed(4), live(5), pledge(6), choice(7))
    for earlier in before:
        made.must(earlier)
    assert made.refused(command, role=role, by="staff") is code


def test_a_ban_asked_by_a_clerk_under_a_used_id_is_forbidden_first() -> None:
    made = sale(silent())
    made.ask(c.Announce("x"), Role.CLERK, "clerk", id="used")
    banning = c.LockPaddle(101, "x", ban=True)
    assert made.refused(banning, role=Role.CLERK, by="clerk", id="used") is Code.FORBIDDEN
    locking = c.LockPaddle(101, "x")
    assert made.refused(locking, role=Role.CLERK, by="clerk", id="used") is Code.ID_REUSED


def test_an_accepted_re_opening_is_answered_again_when_it_has_become_late() -> None:
    made = sale(live(1), live(2))
    for command in (c.OpenLot(1), c.FloorBid(1, 101), c.SellLot(1)):
        made.must(command)
    first = made.ask(c.ReopenLot(1), Role.CLERK, "clerk", id="x")
    for command in (c.SellLot(1), c.OpenLot(2)):
        made.must(command)
    assert made.ask(c.ReopenLot(1), Role.CLERK, "clerk", id="x").answer == first.answer
    assert made.refused(c.ReopenLot(1), role=Role.CLERK, by="clerk", id="y") is Code.FORBIDDEN
