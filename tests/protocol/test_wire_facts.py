"""Facts as everyone sees them, and views: exact fields, and no secret in any of them.

Source: PROTOCOL sections 2 and 4.
"""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from saleroom.auction import commands as c
from saleroom.auction import facts as f
from saleroom.auction.state import Entry
from saleroom.protocol.views import PublicView, event_view, lot_view, own_view
from saleroom.protocol.wire_facts import wire_fact
from tests.auction.book import fixed, live, play, sale, silent

BID: dict[str, Any] = {
    "lot": 1,
    "paddle": 101,
    "bidder": 102,
    "amount": 21000,
    "min_next": 22000,
    "bid_count": 2,
    "source": "online",
    "reserve_met": False,
    "bids": 1,
}
SECRET = 7_777_777
SUMS = {"total": 900, "match": 80, "donors": 2}

SHOWN: list[tuple[f.Fact, dict[str, Any]]] = [
    (
        f.BidPlaced(
            1, 101, 102, 21000, 22000, 2, "online", False, SECRET, True, SECRET, ends_at=900
        ),
        {**BID, "ends_at": 900},
    ),
    (
        f.BidPlaced(1, 101, 102, 21000, 22000, 2, "online", False, SECRET, True, SECRET),
        BID,
    ),
    (
        f.BidPlaced(1, 101, 102, 21000, 22000, 2, "online", False, 1, True, SECRET, ask=22000),
        {**BID, "ask": 22000},
    ),
    (f.LotOpened(1), {"lot": 1}),
    (f.LotOpened(1, 900), {"lot": 1, "ends_at": 900}),
    (f.LotReopened(1, True, "private"), {"lot": 1, "fresh": True}),
    (f.LotWarned(1, "final_call"), {"lot": 1, "stage": "final_call"}),
    (f.AskChanged(1, 500, SECRET), {"lot": 1, "ask": 500}),
    (f.LotExtended(1, 900, SECRET, "outage"), {"lot": 1, "ends_at": 900}),
    (f.RemoteLocked(1, True), {"lot": 1, "on": True}),
    (f.FloorAssigned(1, 101), {"lot": 1, "paddle": 101}),
    (
        f.ItemSold(1, 101, 500, 1, "hammer"),
        {"lot": 1, "paddle": 101, "amount": 500, "units": 1, "how": "hammer"},
    ),
    (
        f.ItemSold(1, 101, 500, 2, "purchase", 3),
        {"lot": 1, "paddle": 101, "amount": 500, "units": 2, "how": "purchase", "remaining": 3},
    ),
    (
        f.UnitsChosen(1, 101, 2, 3),
        {"lot": 1, "paddle": 101, "units": 2, "remaining": 3},
    ),
    (f.OfferMade(1, 101, 500, 102, "private"), {"lot": 1, "paddle": 101, "amount": 500}),
    (f.OfferAnswered(1, 101, False), {"lot": 1, "paddle": 101, "accepted": False}),
    (f.LotPassed(1, "no_bids"), {"lot": 1, "reason": "no_bids"}),
    (f.LotWithdrawn(1, "broken"), {"lot": 1, "reason": "broken"}),
    (f.LotWithdrawn(1, "broken", 700), {"lot": 1, "reason": "broken", "voided": 700}),
    (
        f.PledgeMade(1, 900, 80, 2, 101, 300, 3, SECRET),
        {"lot": 1, **SUMS, "paddle": 101, "level": 300, "count": 3, "pledges": 1},
    ),
    (
        f.PledgeVoided(1, 900, 80, 2, 7, 101, 300, 3, "private"),
        {"lot": 1, **SUMS, "voided": 7, "paddle": 101, "level": 300, "count": 3},
    ),
    (f.MatchSet(1, 900, 80, 2, 50, 600), {"lot": 1, **SUMS, "ratio_percent": 50, "cap": 600}),
    (f.ChallengeSet(1, 900, 80, 2, 950, 60), {"lot": 1, **SUMS, "threshold": 950, "amount": 60}),
    (f.ChallengeMet(1, 900, 80, 2, 60), {"lot": 1, **SUMS, "amount": 60}),
    (f.PledgeClosed(1, 900, 80, 2), {"lot": 1, **SUMS}),
    (
        f.BidUndone(1, 7, None, None, 500, "open"),
        {"lot": 1, "undone": 7, "price": None, "leader": None, "min_next": 500, "state": "open"},
    ),
    (
        f.BidsRetracted(1, 101, None, None, 500, "private"),
        {"lot": 1, "paddle": 101, "price": None, "leader": None, "min_next": 500},
    ),
    (f.PaddleLocked(101, "private", True), {"paddle": 101}),
    (f.PaddleUnlocked(101), {"paddle": 101}),
    (f.Announcement("Dinner"), {"text": "Dinner"}),
    (f.EventOpened(), {}),
    (f.EventPaused("dinner"), {"reason": "dinner"}),
    (f.EventResumed([(1, 900), (2, 950)], 50), {"ends": {"1": 900, "2": 950}}),
    (f.EventClosed(), {}),
    (
        f.SoftCloseSet({"window": 1000, "extension": 1000, "from": "bid"}),
        {"window": 1000, "extension": 1000, "from": "bid"},
    ),
    (
        f.LotAdded(1, {**silent(), "reserve": SECRET, "donor_paddle": 101}),
        {**silent()},
    ),
    (f.LotChanged(1, {**silent(), "reserve": SECRET}), {**silent()}),
]


@pytest.mark.parametrize(("fact", "fields"), SHOWN, ids=lambda value: getattr(value, "type", None))
def test_each_fact_shows_exactly_its_fields(fact: f.Fact, fields: dict[str, Any]) -> None:
    wire = wire_fact(Entry(9, 7, 1234, "secret-user", "secret-id", "digest", fact))
    body = wire.encoded()
    assert orjson.loads(body) == {"seq": 7, "type": fact.type, "at": 1234, **fields}
    for secret in (str(SECRET), "secret", "private", "digest"):
        assert secret.encode() not in body


@pytest.mark.parametrize(("fact", "fields"), SHOWN, ids=lambda value: getattr(value, "type", None))
def test_staff_are_told_the_reason_for_a_lock_beside(fact: f.Fact, fields: dict[str, Any]) -> None:
    more = {"reason": "private"} if isinstance(fact, f.PaddleLocked) else {}
    wire = wire_fact(Entry(9, 7, 1234, "secret-user", "secret-id", "digest", fact))
    body = wire.encoded(for_staff=True)
    assert orjson.loads(body) == {"seq": 7, "type": fact.type, "at": 1234, **fields, **more}


def test_every_public_fact_is_in_the_table() -> None:
    assert {type(fact) for fact, _ in SHOWN} == {cls for cls in f.FACTS.values() if cls.public}


def test_counts_stand_in_bids_alone() -> None:
    entry = Entry(1, 1, 0, None, None, None, SHOWN[0][0])
    assert orjson.loads(wire_fact(entry).encoded(5))["bids"] == 5
    entry = Entry(1, 1, 0, None, None, None, f.LotExtended(1, 900, 900, "x"))
    assert "bids" not in orjson.loads(wire_fact(entry).encoded(5))


def test_a_lot_is_shown_with_exactly_the_snapshots_fields() -> None:
    made = play("A max 50000 => 10000 A", silent(reserve=SECRET, buy_now=10**7, ends_at=900_000))
    assert lot_view(made.lot()) == {
        "lot": 1,
        "title": "A week by the sea",
        "mode": "silent",
        "state": "open",
        "price": 10000,
        "leader": 101,
        "min_next": 11000,
        "bid_count": 1,
        "ends_at": 900_000,
        "ask": None,
        "reserve_met": False,
        "buy_now": 10**7,
        "remaining": None,
        "total": None,
        "match": None,
        "donors": None,
    }


@pytest.mark.parametrize(
    ("lot", "ask", "remaining"),
    [(live(), 10000, None), (fixed(quantity=3), None, 3), (fixed(quantity=0), None, None)],
)
def test_what_depends_on_a_lots_mode(lot: Any, ask: int | None, remaining: int | None) -> None:
    view = lot_view(sale(lot).lot())
    assert (view["ask"], view["remaining"]) == (ask, remaining)


def test_the_event_is_shown_with_the_servers_time() -> None:
    assert event_view(sale().book.state, 55) == {
        "id": "gala",
        "title": "Spring gala",
        "status": "open",
        "currency": "USD",
        "server_time": 55,
    }


SCRIPT = """
#1 A max 50000   => 10000 A
#2 A bids 10000  => 10000 A
#3 A max 30000   => -
#3 B max 20000   => -
#4 A buys 1      => state=open
#5 A max 40000   => 10000 A
#5 B max 60000   => 42500 B
"""
LOTS = (silent(1), silent(2), live(3), fixed(4), silent(5))


def test_a_bidder_sees_their_own_maxes_leads_and_wins() -> None:
    state = play(SCRIPT, *LOTS).book.state
    assert own_view(state, 101) == {
        "paddle": 101,
        "locked": False,
        "maxes": {"1": 50000, "3": 30000},
        "leading": [1, 2],
        "won": [4],
    }
    assert own_view(state, 102)["maxes"] == {"3": 20000, "5": 60000}
    nothing = {"locked": False, "maxes": {}, "leading": [], "won": []}
    assert own_view(state, 103) == {"paddle": 103, **nothing}
    assert own_view(state, None) == {"paddle": None, **nothing}


def test_an_ended_lot_shows_no_max_and_no_lead() -> None:
    made = play(SCRIPT, *LOTS)
    made.must(c.LockPaddle(101, "x"))
    made.must(c.CloseEvent())
    view = own_view(made.book.state, 101)
    assert (view["locked"], view["maxes"], view["leading"]) == (True, {}, [])
    assert view["won"] == [1, 2, 4]


def test_a_snapshot_is_encoded_anew_only_where_it_was_touched() -> None:
    made = play(SCRIPT, *LOTS)
    view = PublicView(made.book.state)
    before = orjson.loads(view.snapshot(101, 5))
    assert [lot["lot"] for lot in before["lots"]] == [1, 2, 3, 4, 5]
    assert before["you"]["maxes"] == {"1": 50000, "3": 30000}
    assert (before["raised"], before["event"]["server_time"]) == (2500, 5)
    assert before["leaderboard"] == [{"paddle": 101, "total": 2500, "standing": 20000}]
    first = view.lot(1)
    made.as_donor("C", c.PlaceBid(2, 11000))
    view.touch(2)
    after = orjson.loads(view.snapshot(None, 6))
    assert [lot["price"] for lot in after["lots"]] == [10000, 11000, None, None, 42500]
    assert view.lot(1) is first
    assert after["you"]["maxes"] == {}
    view.touch(None)
    assert view.lot(1) is not first
    for secret in (b"50000", b"30000", b"20000", b"60000"):
        assert secret not in view.snapshot(103, 6)
