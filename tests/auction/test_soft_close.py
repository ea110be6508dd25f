"""Ends that move by late bids, and only by those.

Source: rules 7 and 9 with their worked values, and the limits of a policy. Times are in ms.
"""

from __future__ import annotations

from typing import Any

import pytest

from saleroom.auction import commands as c
from saleroom.auction.refusal import Code
from tests.auction.book import Raw, play, sale, silent

CAPPED = {"window": 120_000, "extension": 120_000, "cap": 300_000}
FROM_END = {"window": 180_000, "extension": 180_000, "from": "end"}
T_21_00 = 75_600_000


def ending(at: int = 1_000_000, policy: Raw | None = CAPPED, **fields: Any) -> Raw:
    """A lot whose bids may be small, so that many follow one another."""
    return silent(opening=100, ladder="flat:1", ends_at=at, soft_close=policy, **fields)


CASES: list[tuple[str, Raw, str]] = [
    (
        "worked: window and extension 120, end 1000, cap 300",
        ending(),
        """
         879000 A bids 100 => 100 A ends=1000000
         880000 B bids 200 => 200 B ends=1000000
         950000 A bids 300 => 300 A ends=1070000
        1069000 B bids 400 => 400 B ends=1189000
        1188000 A bids 500 => 500 A ends=1300000
        1299000 B bids 600 => 600 B ends=1300000
        1300000 A bids 700 => LOT_CLOSED state=sold
        """,
    ),
    (
        "worked: from the end, at the window's first ms",
        ending(T_21_00, FROM_END),
        f"{T_21_00 - 180_000} A bids 100 => 100 A ends={T_21_00 + 180_000}",
    ),
    (
        "worked: from the end, one ms before the window",
        ending(T_21_00, FROM_END),
        f"{T_21_00 - 180_001} A bids 100 => 100 A ends={T_21_00}",
    ),
    (
        "worked: from the end, a second bid finds a new window",
        ending(T_21_00, FROM_END),
        f"""
        {T_21_00 - 60_000} A bids 100 => 100 A ends={T_21_00 + 180_000}
        {T_21_00 - 59_000} B bids 200 => 200 B ends={T_21_00 + 180_000}
        """,
    ),
    (
        "the last ms before the end counts, the end does not",
        ending(policy=None),
        """
         999999 A bids 100 => 100 A ends=1119999
        1119998 B bids 200 => 200 B ends=1239998
        1239998 A bids 300 => LOT_CLOSED state=sold
        """,
    ),
    (
        "a silent raise does not extend, nor one that meets the reserve",
        ending(reserve=500),
        """
        950000 A max 300 => 100 A ends=1070000
        960000 A max 400 => 100 A ends=1070000
        970000 A max 600 => 500 A ends=1070000 met=True
        """,
    ),
    (
        "a bid at once outbid by a max extends, and so does the leader's own straight bid",
        ending(policy=None),
        """
             0 A max  900 => 100 A ends=1000000
        950000 B bids 200 => 201 A ends=1070000
        960000 A bids 300 => 300 A ends=1080000
        """,
    ),
    (
        "a refused bid does not extend",
        ending(policy=None),
        """
             0 A bids 900 => 900 A ends=1000000
        950000 B bids 900 => BID_TOO_LOW ends=1000000
        """,
    ),
    (
        "cap 0 never extends",
        ending(policy={"window": 60_000, "extension": 60_000, "cap": 0}),
        "999999 A bids 100 => 100 A ends=1000000",
    ),
    (
        "a short extension never shortens",
        ending(policy={"window": 120_000, "extension": 1_000}),
        """
        900000 A bids 100 => 100 A ends=1000000
        999500 B bids 200 => 200 B ends=1000500
        """,
    ),
    (
        "extend_lot moves the original end, and the cap with it",
        ending(),
        """
              0 auctioneer extends 1000000 => INVALID_END
              0 auctioneer extends 2000000 => ends=2000000
        1999000 A bids 100                 => 100 A ends=2119000
        2118000 B bids 200                 => 200 B ends=2238000
        2237000 A bids 300                 => 300 A ends=2300000
        """,
    ),
    (
        "a pause moves the original end, and the cap with it",
        ending(policy={"window": 60_000, "extension": 60_000, "cap": 30_000}),
        """
         100000 auctioneer pauses  => ends=1000000
         300000 auctioneer resumes => ends=1200000
        1199000 A bids 100         => 100 A ends=1230000
        """,
    ),
]


@pytest.mark.parametrize(
    ("lot", "script"), [pytest.param(lot, script, id=name) for name, lot, script in CASES]
)
def test_rule_7(lot: Raw, script: str) -> None:
    play(script, lot)


def test_live_lots_have_no_soft_close() -> None:
    made = play(
        """
                 clerk opens => -
        1000 A bids 10000    => 10000 A ends=None
        """,
        {**silent(), "mode": "live"},
    )
    assert "lot_extended" not in made.facts()


def test_an_extension_follows_its_bid_in_one_answer() -> None:
    made = sale(ending())
    made.fire(950_000)
    outcome = made.as_donor("A", c.PlaceBid(1, 100))
    assert [chained.entry.fact.type for chained in outcome.records] == [
        "bid_placed",
        "lot_extended",
    ]
    assert outcome.answer is not None
    assert outcome.answer.seq == outcome.records[-1].entry.seq


def test_rule_9_an_extension_moves_the_open_lots_of_its_group_by_as_much_each_under_its_cap() -> (
    None
):
    wine: dict[str, Any] = {"group": "wine", "policy": None}
    made = sale(
        ending(**wine),
        ending(1_020_000, lot=2, **wine),
        ending(1_040_000, policy={"cap": 10_000}, lot=3, group="wine"),
        ending(1_060_000, policy={"cap": 0}, lot=4, group="wine"),
        ending(1_080_000, lot=5, group="art"),
        ending(1_090_000, lot=6, policy=None),
        silent(7, starts_at=990_000, ends_at=1_100_000, group="wine"),
        silent(8, group="wine"),
    )
    made.fire(950_000)
    outcome = made.as_donor("A", c.PlaceBid(1, 100))
    ends = [lot.ends_at for lot in made.book.state.lots.values()]
    assert ends == [
        1_070_000,
        1_090_000,
        1_050_000,
        1_060_000,
        1_080_000,
        1_090_000,
        1_100_000,
        None,
    ]
    assert [lot.original_end for lot in made.book.state.lots.values()][:2] == [1_000_000, 1_020_000]
    assert [chained.entry.fact.type for chained in outcome.records] == [
        "bid_placed",
        *["lot_extended"] * 3,
    ]
    made.replayed()


def test_the_events_policy_serves_lots_without_their_own_from_the_next_bid() -> None:
    made = sale(ending(policy=None), ending(policy=CAPPED, lot=2), ladder="gala")
    made.fire(990_000)
    made.as_donor("A", c.PlaceBid(1, 100))
    assert made.lot(1).ends_at == 1_110_000
    made.must(c.SetSoftClose(60_000, 5_000, None, "end"))
    assert made.lot(1).ends_at == 1_110_000
    made.fire(995_000)
    made.as_donor("A", c.PlaceBid(2, 100))
    assert made.lot(2).ends_at == 1_115_000
    made.fire(1_109_000)
    made.as_donor("B", c.PlaceBid(1, 200))
    assert made.lot(1).ends_at == 1_115_000
    made.replayed()


POLICIES: list[tuple[int, int, int | None, str, bool]] = [
    # window, extension, cap, from, lawful
    (1_000, 1_000, None, "bid", True),
    (3_600_000, 3_600_000, 14_400_000, "end", True),
    (1_000, 1_000, 0, "bid", True),
    (999, 1_000, None, "bid", False),
    (3_600_001, 1_000, None, "bid", False),
    (1_000, 999, None, "bid", False),
    (1_000, 3_600_001, None, "bid", False),
    (1_000, 1_000, -1, "bid", False),
    (1_000, 1_000, 14_400_001, "bid", False),
    (1_000, 1_000, None, "start", False),
]


@pytest.mark.parametrize(("window", "extension", "cap", "start_from", "lawful"), POLICIES)
def test_a_policys_limits(
    window: int, extension: int, cap: int | None, start_from: str, lawful: bool
) -> None:
    made = sale()
    old = made.book.state.soft_close
    code = made.refused(c.SetSoftClose(window, extension, cap, start_from))
    assert code is (None if lawful else Code.INVALID_SOFT_CLOSE)
    assert (made.book.state.soft_close != old) is lawful
