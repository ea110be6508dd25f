"""What the clock brings about: order of deadlines, pauses, outages, the end of the event.

Source: rules 8, 9, 27 and 31; "Events and lots".
"""

from __future__ import annotations

import pytest

from saleroom.auction import commands as c
from saleroom.auction.book import Outcome
from saleroom.auction.refusal import Code
from tests.auction.book import Raw, Sale, fixed, live, play, pledge, run, sale, silent


def fired(outcomes: list[Outcome]) -> list[tuple[int, str, int]]:
    """Give what the clock did as rows of (at, fact, lot)."""
    entries = [chained.entry for outcome in outcomes for chained in outcome.records]
    return [(e.at, e.fact.type, getattr(e.fact, "lot", 0)) for e in entries]


def test_deadlines_fire_in_the_order_of_time_and_lot() -> None:
    made = sale(
        silent(3, ends_at=5000), silent(1, ends_at=9000), silent(2, starts_at=5000, ends_at=7000)
    )
    assert made.book.next_due() == 5000
    assert made.fire(4999) == []
    assert fired(made.fire(20_000)) == [
        (5000, "lot_opened", 2),
        (5000, "lot_passed", 3),
        (7000, "lot_passed", 2),
        (9000, "lot_passed", 1),
    ]
    assert made.book.next_due() is None
    made.replayed()


def test_rule_8_a_bid_stamped_before_the_end_is_decided_before_it_however_late_the_timer() -> None:
    made = sale(silent(ends_at=5000, soft_close={"window": 1000, "extension": 1000, "cap": 0}))
    made.ask(c.PlaceBid(1, 10000, 101), at=4999)
    assert made.lot().standing.state == "open"
    assert made.refused(c.PlaceBid(1, 20000, 102), at=5000) is Code.LOT_CLOSED
    assert made.lot().wins[0].amount == 10000


ENDINGS: list[tuple[str, Raw, str, str]] = [
    ("no bids", silent(ends_at=500_000), "", "lot_passed"),
    ("sold", silent(ends_at=500_000), "A bids 10000 => 10000 A", "item_sold"),
    ("unmet", silent(ends_at=500_000, reserve=20000), "A bids 10000 => 10000 A", "lot_passed"),
    ("met", silent(ends_at=500_000, reserve=20000), "A bids 20000 => 20000 A", "item_sold"),
]


@pytest.mark.parametrize(
    ("lot", "script", "fact"), [pytest.param(*row[1:], id=row[0]) for row in ENDINGS]
)
@pytest.mark.parametrize("how", ["clock", "close"])
def test_rules_6_and_31_how_a_silent_lot_ends(lot: Raw, script: str, fact: str, how: str) -> None:
    made = play(script, lot)
    before = len(made.written)
    if how == "clock":
        made.fire(500_000)
        assert made.facts(before) == [fact]
    else:
        made.must(c.CloseEvent())
        assert made.facts(before) == [fact, "event_closed"]
    made.replayed()


def test_a_lot_whose_end_has_passed_when_the_event_opens_passes_at_once() -> None:
    lots = (silent(1, ends_at=1000), silent(2, ends_at=3000), silent(3, starts_at=1000))
    made = sale(*lots, opened=False)
    made.ask(c.OpenEvent(), at=1000)
    assert made.facts(1) == ["event_opened", "lot_passed", "lot_opened", "lot_opened"]
    assert made.lot(1).standing.state == "passed"


def test_nothing_fires_before_the_event_opens_nor_while_it_is_paused_nor_after() -> None:
    made = sale(silent(1, ends_at=10_000), opened=False)
    assert made.fire(5000) == []
    made.must(c.OpenEvent())
    made.must(c.PauseEvent("dinner"))
    assert made.fire(100_000) == []
    made.must(c.ResumeEvent())
    assert made.lot().ends_at == 105_000
    made.must(c.CloseEvent())
    assert made.fire(1_000_000) == []


PAUSE = """
1000 auctioneer pauses   => -
2000 A bids 10000        => EVENT_PAUSED
2000 auctioneer pauses   => EVENT_PAUSED
9000 auctioneer resumes  => -
9000 auctioneer resumes  => EVENT_ALREADY_OPEN
"""


def test_rule_27_a_pause_freezes_what_is_left_of_open_and_queued_lots() -> None:
    made = sale(
        silent(1, ends_at=50_000),
        silent(2, starts_at=20_000, ends_at=30_000),
        live(3, starts_at=20_000),
        silent(4, ends_at=500),
    )
    run(made, PAUSE)
    assert [(lot.starts_at, lot.ends_at) for lot in made.book.state.lots.values()] == [
        (None, 58_000),
        (28_000, 38_000),
        (20_000, None),
        (None, 500),
    ]
    assert made.lot(1).original_end == 58_000
    assert fired(made.fire(60_000)) == [
        (28_000, "lot_opened", 2),
        (38_000, "lot_passed", 2),
        (58_000, "lot_passed", 1),
    ]
    made.replayed()


def test_a_queued_lot_changed_after_a_pause_keeps_its_shift() -> None:
    made = sale(silent(1, starts_at=20_000, ends_at=30_000))
    run(made, PAUSE)
    made.must(c.ChangeLot(1, {"title": "Two weeks by the sea"}))
    assert (made.lot().starts_at, made.lot().ends_at) == (28_000, 38_000)
    made.replayed()


ALIVE = 1_000_000
OUTAGES: list[tuple[int, int, int]] = [
    # outage, end - recovery, the new end - recovery
    (199, -100, -100),
    (199, 60_000, 60_000),
    (200, -1, 60_000),
    (200, 0, 60_000),
    (200, 5_000, 60_000),
    (200, 5_001, 5_001),
    (1_999, -1_999, 60_000),
    (1_999, 5_000, 60_000),
    (1_999, 5_001, 5_001),
    (2_000, -2_000, 60_000),
    (2_000, 5_001, 60_000),
    (2_000, 57_999, 60_000),
    (2_000, 58_000, 60_000),
    (2_000, 58_001, 60_001),
    (3_600_000, 10_000, 3_610_000),
]


@pytest.mark.parametrize(("outage", "left", "expected"), OUTAGES)
def test_rule_27_an_outage_is_given_back(outage: int, left: int, expected: int) -> None:
    now = ALIVE + outage
    end = now + left
    made = sale(silent(1, ends_at=end), live(2), silent(3, starts_at=now * 2, ends_at=now * 3))
    made.fire(ALIVE - 2_000)
    outcome = made.book.recover(ALIVE, now)
    made.written += outcome.records if outcome else ()
    assert made.lot(1).ends_at == now + expected
    assert made.lot(1).original_end == now + expected
    assert (outcome is not None) is (expected != left)
    assert made.lot(3).ends_at == now * 3
    assert set(made.facts(3)) <= {"lot_extended"}
    made.replayed()


DUE_MEANWHILE: list[tuple[int, int, int]] = [
    # start - recovery, end - recovery, the new end - recovery
    (-199, 100, 100),
    (-1_500, -500, 60_000),
    (-1_500, 5_000, 60_000),
    (-1_500, 5_001, 5_001),
    (-3_000, -1, 60_000),
    (-3_000, 58_000, 61_000),
    (0, 3_000, 3_000),
    (1, 3_000, 3_000),
]


@pytest.mark.parametrize(("start", "left", "expected"), DUE_MEANWHILE)
def test_rule_27_a_lot_due_in_an_outage_is_given_back_what_it_lost(
    start: int, left: int, expected: int
) -> None:
    now = ALIVE + 10_000
    made = sale(silent(1, starts_at=now + start, ends_at=now + left))
    made.fire(ALIVE)
    outcome = made.book.recover(ALIVE, now)
    made.written += outcome.records if outcome else ()
    made.fire(now)
    assert made.lot().standing.state == ("open" if start <= 0 else "queued")
    assert made.lot().ends_at == made.lot().original_end == now + expected
    made.replayed()


@pytest.mark.parametrize("command", [c.PauseEvent("dinner"), c.CloseEvent()])
def test_an_outage_moves_nothing_while_the_event_does_not_run(command: c.Command) -> None:
    made = sale(silent(ends_at=5000))
    made.must(command)
    assert made.book.recover(0, 100_000) is None


def test_rule_31_closing_ends_every_lot_by_its_rules() -> None:
    made = sale(
        silent(1),
        silent(2),
        live(3),
        live(4),
        fixed(5),
        fixed(6),
        pledge(7),
        silent(8, starts_at=9),
    )
    made.must(c.PlaceBid(1, 10000, 101))
    made.must(c.OpenLot(3))
    made.must(c.FloorBid(3, 101))
    made.must(c.Buy(5, 1, None, 101))
    before = len(made.written)
    made.must(c.CloseEvent())
    states = {number: lot.standing.state for number, lot in made.book.state.lots.items()}
    assert states == {
        1: "sold",
        2: "passed",
        3: "passed",
        4: "passed",
        5: "sold",
        6: "passed",
        7: "closed",
        8: "passed",
    }
    assert made.facts(before)[-1] == "event_closed"
    assert made.facts(before).count("pledge_closed") == 1
    assert made.book.state.raised == 10000 + 2500
    assert made.refused(c.CloseEvent()) is Code.EVENT_NOT_OPEN
    made.replayed()


def test_a_paused_event_closes() -> None:
    made = sale(silent())
    made.must(c.PauseEvent("fire alarm"))
    made.must(c.CloseEvent())
    assert made.lot().standing.state == "passed"


STATUS: list[tuple[list[c.Command], c.Command, Code | None]] = [
    ([], c.PauseEvent("x"), Code.EVENT_NOT_OPEN),
    ([], c.ResumeEvent(), Code.EVENT_NOT_OPEN),
    ([], c.CloseEvent(), Code.EVENT_NOT_OPEN),
    ([], c.Announce("x"), Code.EVENT_NOT_OPEN),
    ([], c.OpenEvent(), None),
    ([c.OpenEvent()], c.OpenEvent(), Code.EVENT_ALREADY_OPEN),
    ([c.OpenEvent()], c.Announce("x"), None),
    ([c.OpenEvent(), c.PauseEvent("x")], c.OpenEvent(), Code.EVENT_PAUSED),
    ([c.OpenEvent(), c.PauseEvent("x")], c.Announce("x"), None),
    ([c.OpenEvent(), c.PauseEvent("x")], c.OpenLot(2), Code.EVENT_PAUSED),
    ([c.OpenEvent(), c.CloseEvent()], c.OpenEvent(), Code.EVENT_CLOSED),
    ([c.OpenEvent(), c.CloseEvent()], c.ResumeEvent(), Code.EVENT_NOT_OPEN),
    ([c.OpenEvent(), c.CloseEvent()], c.PlaceBid(1, 10000, 101), Code.EVENT_NOT_OPEN),
    ([c.OpenEvent(), c.CloseEvent()], c.SetMaxBid(2, 10000, 101), Code.EVENT_NOT_OPEN),
    ([c.OpenEvent(), c.CloseEvent()], c.AddPaddle(), Code.EVENT_CLOSED),
    ([c.OpenEvent(), c.CloseEvent()], c.SetSoftClose(1000, 1000), Code.EVENT_CLOSED),
    ([c.OpenEvent(), c.CloseEvent()], c.Announce("x"), Code.EVENT_NOT_OPEN),
]


@pytest.mark.parametrize(("before", "command", "code"), STATUS)
def test_what_an_events_status_allows(
    before: list[c.Command], command: c.Command, code: Code | None
) -> None:
    made = sale(silent(1), live(2), opened=False)
    for earlier in before:
        made.must(earlier)
    assert made.refused(command) is code


def extended(made: Sale, ends_at: int) -> Code | None:
    return made.refused(c.ExtendLot(1, ends_at))


def test_an_end_is_extended_to_a_later_time_only() -> None:
    made = sale(silent(1))
    made.fire(1000)
    assert extended(made, 1000) is Code.INVALID_END
    assert extended(made, 2**53) is Code.INVALID_END
    assert extended(made, 1001) is None
    assert extended(made, 1001) is Code.INVALID_END
    assert extended(made, 2000) is None
    assert made.lot().original_end == 2000
    made.replayed()
