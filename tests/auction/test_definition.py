"""Definitions: what is refused in events, lots and ladders, and lots added or changed later.

Source: RULES "Events and lots", rules 1 and 7.
"""

from __future__ import annotations

from typing import Any

import pytest

from saleroom.auction import commands as c
from saleroom.auction.definition import (
    DefinitionError,
    define_event,
    define_ladder,
    define_lot,
    event_plain,
    lot_plain,
)
from saleroom.auction.money import AMOUNT_MAX
from saleroom.auction.refusal import Code
from tests.auction.book import fixed, live, pledge, run, sale, silent

LOTS: list[tuple[str, dict[str, Any]]] = [
    ("opening", {"opening": 0}),
    ("opening", {"opening": AMOUNT_MAX + 1}),
    ("opening", {"opening": True}),
    ("opening", {"opening": 1.5}),
    ("opening", {"opening": None}),
    ("reserve", {"reserve": 9999}),
    ("buy_now", {"buy_now": 9999}),
    ("buy_now", {"reserve": 20000, "buy_now": 19999}),
    ("ends_at", {"starts_at": 5, "ends_at": 5}),
    ("ends_at", {"ends_at": -1}),
    ("ends_at", {"ends_at": 2**53}),
    ("mode", {"mode": "dutch"}),
    ("mode", {"mode": ["live"]}),
    ("mode", {"mode": None}),
    ("title", {"title": ""}),
    ("title", {"title": "x" * 501}),
    ("title", {"title": "\ud800"}),
    ("title", {"title": "a\0b"}),
    ("lot", {"lot": 0}),
    ("lot", {"lot": "1"}),
    ("quantity", {"quantity": 0}),
    ("quantity", {"quantity": -1, "mode": "sale"}),
    ("levels", {"levels": [100, 100]}),
    ("levels", {"levels": [0]}),
    ("levels", {"levels": "100"}),
    ("levels", {"levels": [[1]]}),
    ("fmv", {"fmv": -1}),
    ("colour", {"colour": "red"}),
    ("soft_close", {"soft_close": {"window": 999}}),
    ("soft_close", {"soft_close": {"window": 1000.0}}),
    ("soft_close", {"soft_close": {"from": "start"}}),
    ("soft_close", {"soft_close": {"from": 1}}),
    ("soft_close", {"soft_close": {"until": 1}}),
    ("soft_close", {"soft_close": 120}),
    ("ladder", {"ladder": "steep"}),
]

LADDERS: list[object] = [
    [],
    [[1, 100]],
    [[0, 0]],
    [[0, 100], [0, 200]],
    [[0, 100], [500, 200], [400, 300]],
    [[0, 100], [500, 99]],
    [[0, AMOUNT_MAX + 1]],
    [[0, 100, 1]],
    [[0, 1.5]],
    [[0, True]],
    [0, 100],
    [{}],
    "flat:0",
    "flat:",
    "flat:-5",
    "flat:\u0665",
    "flat:" + "9" * 14,
    "Gala",
    None,
    7,
]


@pytest.mark.parametrize(("field", "change"), LOTS)
def test_an_unlawful_lot_names_its_field(field: str, change: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError) as caught:
        define_lot({**silent(), **change})
    assert caught.value.field == field


@pytest.mark.parametrize("raw", LADDERS)
def test_an_unlawful_ladder(raw: object) -> None:
    with pytest.raises(DefinitionError):
        define_ladder(raw)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("currency", {"currency": "usd"}),
        ("currency", {"currency": "DOLLARS"}),
        ("currency", {"currency": "\u00dcSD"}),
        ("title", {"title": None}),
        ("id", {"id": 5}),
        ("ladder", {"ladder": []}),
        ("soft_close", {"soft_close": []}),
        ("terms_version", {"terms_version": 0}),
        ("terms_version", {"terms_version": True}),
        ("venue", {"venue": "hall"}),
    ],
)
def test_an_unlawful_event_names_its_field(field: str, change: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError) as caught:
        define_event({"id": "gala", "title": "Gala", "currency": "USD", **change})
    assert caught.value.field == field


LAWFUL: list[dict[str, Any]] = [
    dict(silent()),
    dict(live(reserve=10000, ring="tent", fmv=0, donor_paddle=101)),
    dict(fixed(quantity=0)),
    dict(pledge(levels=[100000, 50000], goal=10**6)),
    dict(silent(buy_now=10000, reserve=10000, starts_at=0, ends_at=1, group="wine")),
    dict(silent(ladder="flat:5", soft_close={"window": 1000, "extension": 1000, "cap": 0})),
    dict(silent(ladder=[[0, 1], [10, 1], [20, 5]], soft_close={"from": "end"}, reserve=None)),
]


@pytest.mark.parametrize("raw", LAWFUL)
def test_a_lawful_lot_survives_its_plain_form(raw: dict[str, Any]) -> None:
    lot = define_lot(raw)
    assert define_lot(lot_plain(lot)) == lot


def test_an_event_survives_its_plain_form() -> None:
    event = define_event(
        {
            "id": "e",
            "title": "t",
            "currency": "EUR",
            "ladder": "ebay",
            "soft_close": {"cap": 5000},
            "terms_version": 3,
        }
    )
    assert define_event(event_plain(event)) == event


def fields(**values: Any) -> dict[str, Any]:
    return {"title": "A barrel", "mode": "silent", "opening": 5000, **values}


def test_a_lot_added_to_an_open_event_opens_at_once_or_at_its_time() -> None:
    made = sale(silent(3))
    made.fire(1000)
    outcome = made.must(c.AddLot(None, fields(ends_at=9000)))
    assert outcome.answer is not None
    assert outcome.answer.fields == {"lot": 4}
    made.must(c.AddLot(1, fields(starts_at=5000)))
    made.must(c.AddLot(2, fields(mode="live")))
    assert list(made.book.state.lots) == [1, 2, 3, 4]
    made.fire(1000)
    states = [lot.standing.state for lot in made.book.state.lots.values()]
    assert states == ["queued", "queued", "open", "open"]
    made.fire(5000)
    assert made.lot(1).standing.state == "open"
    made.fire(9000)
    assert made.lot(4).standing.state == "passed"
    made.replayed()


@pytest.mark.parametrize(
    ("lot", "change", "field"),
    [
        (1, {}, "lot"),
        (None, {"opening": 0}, "opening"),
        (10**7, {}, "lot"),
        (None, {"soft_close": {}, "reserve": 1}, "reserve"),
    ],
)
def test_a_lot_that_does_not_hold_is_not_added(
    lot: int | None, change: dict[str, Any], field: str
) -> None:
    refusal = sale(silent(1)).ask(c.AddLot(lot, fields(**change))).refusal
    assert refusal is not None
    assert (refusal.code, refusal.extras) == (Code.INVALID_LOT, {"field": field})


def test_a_queued_lot_is_changed_and_its_absentees_stay() -> None:
    made = sale(live(1, reserve=20000), silent(2))
    made.as_donor("A", c.SetMaxBid(1, 30000))
    made.must(c.ChangeLot(1, {"title": "A better week", "reserve": None, "opening": 30000}))
    assert (made.lot(1).definition.title, made.lot(1).definition.reserve) == ("A better week", None)
    run(
        made,
        """
        #1 clerk opens => 30000 A met=None
        """,
    )


@pytest.mark.parametrize(
    ("lot", "change", "code"),
    [
        (9, {}, Code.UNKNOWN_LOT),
        (2, {"title": "x"}, Code.LOT_CLOSED),
        (1, {"opening": 30001}, Code.INVALID_LOT),
        (1, {"opening": None}, Code.INVALID_LOT),
        (1, {"opening": "cheap"}, Code.INVALID_LOT),
        (1, {"mode": "silent"}, Code.INVALID_LOT),
        (1, {"title": None}, Code.INVALID_LOT),
        (1, {"opening": 30000}, None),
    ],
)
def test_what_may_be_changed(lot: int, change: dict[str, Any], code: Code | None) -> None:
    made = sale(live(1), silent(2))
    made.as_donor("A", c.SetMaxBid(1, 30000))
    assert made.refused(c.ChangeLot(lot, change)) is code


def test_a_lot_that_runs_is_not_said_to_have_ended() -> None:
    refusal = sale(silent(1)).ask(c.ChangeLot(1, {"title": "x"})).refusal
    assert refusal is not None
    assert refusal.code is Code.LOT_CLOSED
    assert refusal.message == "only a lot that has not opened is changed"


def test_a_new_donor_of_a_lot_no_longer_bids_on_it() -> None:
    made = sale(live(1))
    made.as_donor("A", c.SetMaxBid(1, 30000))
    made.must(c.ChangeLot(1, {"donor_paddle": 101}))
    run(made, "clerk opens => - count=0")
