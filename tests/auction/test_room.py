"""The room: rings, warnings, the hammer, re-opening, floor and online bids, absentees.

Source: rules 12 to 16.
"""

from __future__ import annotations

import pytest

from saleroom.auction import commands as c
from saleroom.auction.lot import ENDED, MACHINES, QUEUED, next_state
from saleroom.auction.refusal import Code
from saleroom.auction.roles import Role
from tests.auction.book import Raw, live, play, sale, silent

TWO = (live(1), live(2))
RESERVED = (live(1, reserve=50000),)

CASES: list[tuple[str, tuple[Raw, ...], str]] = [
    (
        "rule 12: one open lot of a ring",
        (live(1), live(2), live(3, ring="tent")),
        """
        #1 clerk opens => - state=open
        #2 clerk opens => RING_BUSY
        #1 clerk opens => RING_BUSY
        #3 clerk opens => - state=open
        #1 clerk passes => - state=passed
        #2 clerk opens => - state=open
        """,
    ),
    (
        "rule 12: a bid returns the lot to open",
        TWO,
        """
        clerk opens  => -
        A bids 10000 => 10000 A state=open
        clerk warns  => 10000 A state=fair_warning
        B bids 11000 => 11000 B state=open
        clerk calls  => 11000 B state=final_call
        clerk floor C => 12000 C state=open
        clerk calls  => state=final_call
        clerk warns  => state=fair_warning
        clerk sells  => 12000 C state=sold
        """,
    ),
    (
        "rule 12: the hammer falls for the bid that was seen",
        TWO,
        """
        clerk opens         => -
        clerk sells         => NO_BIDS
        A bids 10000        => 10000 A
        clerk sells B       => STALE_ASK
        clerk sells A 10001 => STALE_ASK
        clerk sells A 10000 => 10000 A state=sold
        """,
    ),
    (
        "rule 6: the hammer needs the reserve, or the auctioneer's word",
        RESERVED,
        """
        clerk opens             => -
        A bids 10000            => 10000 A met=False
        clerk sells             => RESERVE_NOT_MET
        auctioneer sells        => RESERVE_NOT_MET
        clerk sells anyway      => FORBIDDEN
        auctioneer sells anyway => 10000 A state=sold
        """,
    ),
    (
        "rule 12: a sold lot keeps its bids, and its end is free until the next opens",
        TWO,
        """
        #1 clerk opens      => -
        #1 A bids 10000     => 10000 A
        #1 clerk calls      => state=final_call
        #1 clerk sells      => state=sold
        #1 clerk reopens    => 10000 A state=open count=1
        #1 B bids 11000     => 11000 B
        #1 clerk sells      => state=sold
        #2 clerk opens      => -
        #1 clerk reopens    => FORBIDDEN
        #1 admin reopens    => MALFORMED
        #1 admin reopens so => RING_BUSY
        #2 clerk passes     => -
        #1 clerk reopens so => FORBIDDEN
        #1 admin reopens so => 11000 B state=open
        """,
    ),
    (
        "rule 12: a passed lot starts a new round",
        TWO,
        """
        clerk opens    => -
        clerk asks 400 100 => next=400
        A bids 10000   => 10000 A
        clerk passes   => state=passed
        clerk reopens  => - state=open next=10000 count=0
        clerk undoes   => NOTHING_TO_UNDO
        B bids 10000   => 10000 B next=11000
        """,
    ),
    (
        "rule 12: a passed lot is free to come back whenever its ring is",
        TWO,
        """
        #1 clerk opens   => -
        #1 A bids 10000  => 10000 A
        #1 clerk passes  => state=passed
        #2 clerk opens   => -
        #1 clerk reopens => RING_BUSY
        #2 clerk passes  => state=passed
        #1 clerk reopens => - state=open count=0
        """,
    ),
    (
        "rule 12: what cannot be re-opened",
        (live(1), silent(2), live(3)),
        """
        #1 clerk reopens   => LOT_NOT_OPEN
        #2 clerk reopens   => WRONG_MODE
        #1 clerk opens     => -
        #1 clerk reopens   => RING_BUSY
        #1 clerk withdraws => state=withdrawn
        #1 clerk reopens   => LOT_CLOSED
        """,
    ),
    (
        "rule 13: a floor bid is at the ask, or at any amount over the price",
        TWO,
        """
        clerk opens         => -
        clerk floor A 9999  => BID_TOO_LOW
        clerk floor A       => 10000 A
        clerk floor B 10000 => BID_TOO_LOW
        clerk floor B 10001 => 10001 B next=11001
        clerk floor         => 11001 nobody
        """,
    ),
    (
        "rule 13: the first may be at a lower ask",
        TWO,
        """
        clerk opens        => -
        clerk asks 4000    => - next=4000
        clerk floor A 3999 => BID_TOO_LOW
        A bids 3999        => STALE_ASK next=4000
        clerk floor A 4000 => 4000 A next=4500
        """,
    ),
    (
        "rule 13: the first may be at the opening when the ask is higher",
        TWO,
        """
        clerk opens         => -
        clerk asks 20000    => - next=20000
        A bids 19999        => STALE_ASK next=20000
        clerk floor A 10000 => 10000 A next=11000
        """,
    ),
    (
        "rule 13: without a paddle it stands, and cannot be sold",
        TWO,
        """
        clerk opens        => -
        clerk assigns A    => NO_BIDS
        clerk floor        => 10000 nobody
        clerk sells        => NO_BIDS
        clerk floor 10500  => 10500 nobody
        clerk assigns A    => 10500 A
        clerk assigns B    => NO_BIDS
        clerk sells        => 10500 A state=sold
        """,
    ),
    (
        "rule 13: the ask holds until the next bid, the step for the rest of the lot",
        TWO,
        """
        clerk opens          => -
        A bids 10000         => 10000 A next=11000
        clerk asks 10000     => ASK_TOO_LOW
        clerk asks 0         => INVALID_AMOUNT
        clerk asks 12000     => 10000 A next=12000
        B bids 12000         => 12000 B next=13000
        clerk asks 12100 100 => 12000 B next=12100
        A bids 12100         => 12100 A next=12200
        B bids 30000         => 30000 B next=30100
        """,
    ),
    (
        "rule 14: online below the ask is stale, above is a jump",
        TWO,
        """
        clerk opens          => -
        A bids 9999          => STALE_ASK next=10000
        A bids 90000         => 90000 A next=95000
        B bids 94999         => STALE_ASK next=95000
        clerk bids B 94999   => STALE_ASK
        A max 99000          => MAX_NOT_ALLOWED
        """,
    ),
    (
        "rule 15: the online lock stops online bids, never the floor",
        TWO,
        """
        clerk opens         => -
        clerk locks         => -
        A bids 10000        => REMOTE_LOCKED
        clerk bids A 10000  => REMOTE_LOCKED
        A max 10000         => REMOTE_LOCKED
        clerk floor A       => 10000 A
        clerk unlocks       => 10000 A
        B bids 11000        => 11000 B
        """,
    ),
    (
        "rule 16: no absentee, no price",
        TWO,
        "clerk opens => - state=open count=0",
    ),
    (
        "rule 16: one leads at the opening; then it goes on as a max",
        TWO,
        """
        A max 9999    => BID_TOO_LOW
        A max 30000   => - count=0 state=queued
        clerk opens   => 10000 A count=1 max=30000
        clerk floor B => 12000 A
        B bids 13000  => 14000 A
        B bids 30000  => 30000 A
        B bids 32500  => 32500 B
        """,
    ),
    (
        "rule 16: of several the highest leads one step over the second",
        TWO,
        """
        A max 20000 => -
        B max 30000 => -
        C max 15000 => -
        clerk opens => 21000 B count=3
        """,
    ),
    (
        "rule 16: never over the highest",
        TWO,
        """
        A max 20000 => -
        B max 20400 => -
        clerk opens => 20400 B
        """,
    ),
    (
        "rule 16: equal: the earlier; a raise keeps its time",
        TWO,
        """
        A max 15000 => -
        B max 20000 => -
        A max 15000 => MAX_NOT_HIGHER
        A max 12000 => MAX_NOT_HIGHER
        A max 20000 => -
        clerk opens => 20000 A
        """,
    ),
    (
        "rules 6, 16: an absentee over the reserve opens at it",
        RESERVED,
        """
        A max 60000 => -
        clerk opens => 50000 A met=True
        """,
    ),
    (
        "rules 16, 19: a locked paddle's absentee does not count, nor comes back later",
        TWO,
        """
        A max 60000 => -
        B max 20000 => -
        C max 15000 => -
        clerk bars A => -
        clerk opens => 16000 B count=2
        admin retracts C => 10000 B
        clerk floor D => 12000 B
        """,
    ),
]


@pytest.mark.parametrize(
    ("lots", "script"), [pytest.param(lots, script, id=name) for name, lots, script in CASES]
)
def test_the_room(lots: tuple[Raw, ...], script: str) -> None:
    play(script, *lots)


def test_an_opening_is_one_fact_and_one_bid_however_many_maxes() -> None:
    made = sale(live())
    for name, maximum in (("A", 20000), ("B", 30000), ("C", 15000)):
        made.as_donor(name, c.SetMaxBid(1, maximum))
    before = len(made.written)
    made.must(c.OpenLot(1))
    assert made.facts(before) == ["lot_opened", "bid_placed"]


def test_rule_14_an_absentee_is_left_before_the_event_opens_but_not_while_it_is_paused() -> None:
    made = sale(live(), opened=False)
    assert made.as_donor("A", c.SetMaxBid(1, 20000)).refusal is None
    made.must(c.OpenEvent())
    made.must(c.PauseEvent("dinner"))
    assert made.refused(c.SetMaxBid(1, 30000, 101)) is Code.EVENT_PAUSED


@pytest.mark.parametrize(
    "command",
    [
        c.OpenLot(1),
        c.SetAsk(1, 500),
        c.FairWarning(1),
        c.FinalCall(1),
        c.SellLot(1),
        c.PassLot(1),
        c.LockRemote(1, on=True),
        c.FloorBid(1, 101),
        c.AssignFloor(1, 101),
        c.ReopenLot(1),
    ],
)
def test_commands_of_the_room_are_for_live_lots(command: c.Command) -> None:
    assert sale(silent()).refused(command) is Code.WRONG_MODE


@pytest.mark.parametrize(
    ("state", "code"),
    [("queued", None), ("open", None), ("passed", Code.LOT_CLOSED), ("sold", Code.LOT_CLOSED)],
)
def test_a_lot_is_withdrawn_until_it_ends(state: str, code: Code | None) -> None:
    made = sale(live())
    steps: dict[str, list[c.Command]] = {
        "queued": [],
        "open": [c.OpenLot(1)],
        "passed": [c.OpenLot(1), c.PassLot(1)],
        "sold": [c.OpenLot(1), c.FloorBid(1, 101), c.SellLot(1)],
    }
    for command in steps[state]:
        made.must(command, Role.CLERK, "clerk")
    assert made.lot().standing.state == state
    assert made.refused(c.WithdrawLot(1, "broken")) is code
    assert made.refused(c.LockRemote(1, on=True)) is (code or Code.LOT_CLOSED)


@pytest.mark.parametrize("mode", sorted(MACHINES))
def test_every_step_of_the_table_leads_to_a_state_of_it_or_an_ending(mode: str) -> None:
    machine = MACHINES[mode]
    reached = {to for steps in machine.values() for to in steps.values()}
    assert reached <= machine.keys() | ENDED
    assert machine.keys() - reached == {QUEUED}
    assert next_state(mode, QUEUED, "sell") is None


def test_25_a_lot_is_withdrawn_before_the_event_opens_but_not_after_it_closed() -> None:
    made = sale(live(1), live(2), opened=False)
    made.must(c.WithdrawLot(1, "broken"))
    assert made.book.state.lots[1].standing.state == "withdrawn"
    made.must(c.OpenEvent())
    made.must(c.CloseEvent())
    refusal = made.ask(c.WithdrawLot(2, "too late")).refusal
    assert refusal is not None
    assert refusal.code is Code.EVENT_NOT_OPEN
