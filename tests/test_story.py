"""The story tells every message of the server in one line, and money as people write it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from saleroom.auction import facts as f
from saleroom.auction.state import Entry
from saleroom.protocol.wire_facts import wire_fact
from saleroom.story import Story

LOT = {"lot": 3}
FUND = {"lot": 3, "total": 50_000, "match": 20_000, "donors": 2}
DEFINITION = {"lot": 3, "title": "A quilt", "mode": "live", "opening": 10_000}
BID: dict[str, Any] = {
    **LOT,
    "paddle": 101,
    "bidder": 102,
    "amount": 12_500,
    "min_next": 13_500,
    "bid_count": 4,
    "source": "online",
    "reserve_met": None,
    "bid": 12_000,
    "is_max": False,
    "ceiling": 12_500,
}

EXAMPLES: list[tuple[f.Fact, str]] = [
    (f.EventOpened(), "event opened"),
    (f.EventPaused("dinner"), "event paused {'reason': 'dinner'}"),
    (f.EventResumed([(3, 5_000)], 10), "event resumed {'ends': {'3': 5000}}"),
    (f.EventClosed(), "event closed"),
    (f.Announcement("Dinner is served"), '"Dinner is served"'),
    (f.SoftCloseSet({"window": 1_000, "extension": 2_000, "from": "bid"}), "soft close set {"),
    (f.LotAdded(3, DEFINITION), "lot added lot 3 Quilt {"),
    (f.LotChanged(3, DEFINITION), "lot changed lot 3 Quilt {"),
    (f.LotOpened(3), "lot 3 Quilt: open"),
    (f.LotOpened(3, 5_000), "lot 3 Quilt: open, ends "),
    (f.LotReopened(3, fresh=True), "lot 3 Quilt: open again for a new round"),
    (f.LotWarned(3, "fair_warning"), "lot 3 Quilt: fair warning"),
    (f.AskChanged(3, 15_000, 500), "lot 3 Quilt: asking 150.00 USD"),
    (f.LotExtended(3, 5_000, 4_000, "soft_close"), "lot 3 Quilt: now ends "),
    (f.RemoteLocked(3, on=True), "remote locked lot 3 Quilt {'on': True}"),
    (f.BidPlaced(**BID), "lot 3 Quilt: 125.00 USD paddle 101 (online)"),
    (
        f.BidPlaced(**BID | {"paddle": None, "bidder": None, "source": "floor", "ask": 13_500}),
        "lot 3 Quilt: 125.00 USD - (floor)",
    ),
    (f.FloorAssigned(3, 104), "floor assigned lot 3 Quilt {'paddle': 104}"),
    (f.ItemSold(3, 101, 12_500, 1, "hammer"), "lot 3 Quilt: SOLD 125.00 USD to paddle 101"),
    (
        f.ItemSold(3, 101, 12_500, 2, "purchase", 0),
        "lot 3 Quilt: SOLD 2 x 125.00 USD to paddle 101",
    ),
    (f.UnitsChosen(3, 101, 2, 1), "units chosen lot 3 Quilt {'paddle': 101, 'units': 2"),
    (f.OfferMade(3, 102, 12_500, 101, "unpaid"), "offer made lot 3 Quilt {'paddle': 102"),
    (f.OfferAnswered(3, 102, accepted=True), "offer answered lot 3 Quilt {'paddle': 102"),
    (f.LotPassed(3, "reserve_not_met"), "lot 3 Quilt: passed (reserve not met)"),
    (
        f.PledgeMade(**FUND, paddle=101, level=5_000, count=2, matched=0),
        "lot 3 Quilt: 50.00 USD by paddle 101, 700.00 USD in all",
    ),
    (
        f.PledgeVoided(**FUND, voided=4, paddle=101, level=5_000, count=2, reason="x"),
        "pledge voided lot 3 Quilt {",
    ),
    (f.MatchSet(**FUND, ratio_percent=100, cap=9), "match set lot 3 Quilt {"),
    (f.ChallengeSet(**FUND, threshold=9, amount=5), "challenge set lot 3 Quilt {"),
    (f.ChallengeMet(**FUND, amount=5), "challenge met lot 3 Quilt {"),
    (f.PledgeClosed(**FUND), "pledge closed lot 3 Quilt {"),
    (f.LotWithdrawn(3, "broken"), "lot withdrawn lot 3 Quilt {'reason': 'broken'}"),
    (f.BidUndone(3, 9, None, None, 10_000, "open"), "bid undone lot 3 Quilt {'undone': 9"),
    (f.BidsRetracted(3, 101, None, None, 10_000, "x"), "bids retracted lot 3 Quilt {'paddle': 101"),
    (f.PaddleLocked(101, "unpaid"), "paddle locked {'paddle': 101}"),
    (f.PaddleUnlocked(101), "paddle unlocked {'paddle': 101}"),
]


def usd() -> Story:
    story = Story()
    story.currency, story.titles = "USD", {3: "Quilt"}
    return story


def test_there_is_an_example_of_every_public_fact() -> None:
    public = {name for name, cls in f.FACTS.items() if cls.public}
    assert {fact.type for fact, _ in EXAMPLES} == public


@pytest.mark.parametrize(
    ("fact", "told"), [pytest.param(fact, told, id=fact.type) for fact, told in EXAMPLES]
)
def test_every_fact_is_told_in_one_line(fact: f.Fact, told: str) -> None:
    wire = orjson.loads(wire_fact(Entry(9, 7, 1_000, "x", None, None, fact)).encoded())
    (line,) = usd().lines({"type": "feed", "from": 7, "to": 7, "events": [wire]})
    assert line.startswith(f"#7      {told}")
    if not told.endswith(("{", " ", "2", "101", "102", "9")):
        assert line == f"#7      {told}"
    assert "\n" not in line


def test_a_fact_from_the_future_is_shown() -> None:
    assert usd().fact_line({"seq": 1, "type": "lot_painted", "lot": 3, "colour": "red"}) == (
        "lot painted lot 3 Quilt {'colour': 'red'}"
    )


def test_conflated_bids_are_counted() -> None:
    wire = orjson.loads(wire_fact(Entry(9, 7, 1, "x", None, None, f.BidPlaced(**BID))).encoded(5))
    assert usd().fact_line(wire) == "lot 3 Quilt: 125.00 USD paddle 101 (online, 5 bids)"


@pytest.mark.parametrize(
    ("currency", "amount", "written"),
    [
        ("USD", 0, "0.00 USD"),
        ("USD", 5, "0.05 USD"),
        ("EUR", 123_456_789, "1,234,567.89 EUR"),
        ("EUR", 10**12, "10,000,000,000.00 EUR"),
        ("EUR", 10**12 - 1, "9,999,999,999.99 EUR"),
        ("JPY", 1_500, "1,500 JPY"),
        ("KWD", 1_500, "1.500 KWD"),
        ("", 1_500, "15.00"),
        ("USD", None, "-"),
    ],
)
def test_money_is_written_with_its_decimals(
    currency: str, amount: int | None, written: str
) -> None:
    story = Story()
    story.currency = currency
    assert story.money(amount) == written


# Other messages

LOT_VIEW = {
    "lot": 3,
    "title": "Quilt",
    "mode": "silent",
    "state": "open",
    "price": None,
    "leader": None,
}
SNAPSHOT = {
    "event": {"title": "Gala", "status": "open", "currency": "JPY"},
    "lots": [LOT_VIEW, {**LOT_VIEW, "lot": 4, "price": 700, "leader": 101}],
}


def welcome(**you: Any) -> dict[str, Any]:
    known = {"role": None, "paddle": None}
    return {"type": "welcome", "seq": 9, "snapshot": SNAPSHOT, "you": {**known, **you}}


@pytest.mark.parametrize(
    ("you", "who"),
    [
        ({}, "a spectator"),
        ({"role": "clerk"}, "clerk"),
        ({"role": "donor", "paddle": 101}, "paddle 101"),
    ],
)
def test_a_welcome_tells_who_you_are_and_how_lots_stand(you: dict[str, Any], who: str) -> None:
    story = Story()
    first, *lots = story.lines(welcome(**you))
    assert first.strip() == f"Gala (open), you are {who}"
    assert [line.split() for line in lots] == [
        ["lot", "3", "silent", "open", "-", "-", "Quilt"],
        ["lot", "4", "silent", "open", "700", "JPY", "paddle", "101", "Quilt"],
    ]
    assert (story.currency, story.titles) == ("JPY", {3: "Quilt", 4: "Quilt"})


@pytest.mark.parametrize(
    ("message", "lines"),
    [
        ({"type": "welcome", "seq": 9, "you": {}}, ["back again, nothing missed since #9"]),
        (
            {"type": "leaderboard_update", "top": [{"paddle": 101, "total": 500}], "raised": 700},
            ["raised 7.00 USD; ahead: 101 (5.00 USD)"],
        ),
        (
            {"type": "leaderboard_update", "top": [], "raised": 0},
            ["raised 0.00 USD; ahead: nobody yet"],
        ),
        (
            {"type": "outbid", "lot": 3, "price": 500, "min_next": 600},
            ["!  you are outbid on lot 3 Quilt: 5.00 USD, next 6.00 USD"],
        ),
        ({"type": "won", "lot": 3, "amount": 500}, ["!  lot 3 Quilt is yours for 5.00 USD"]),
        (
            {"type": "max_changed", "lot": 3, "max": 500},
            ["!  your maximum on lot 3 Quilt is 5.00 USD"],
        ),
        (
            {"type": "max_changed", "lot": 3, "max": None},
            ["!  your maximum on lot 3 Quilt is -"],
        ),
        ({"type": "presence", "bidders": 1, "spectators": 2}, []),
        ({"type": "heartbeat", "server_time": 1}, []),
        ({"type": "novelty", "x": 1}, ["novelty {'type': 'novelty', 'x': 1}"]),
    ],
)
def test_every_message_is_told(message: dict[str, Any], lines: list[str]) -> None:
    assert [line.strip() for line in usd().lines(message)] == lines


def test_what_was_heard_is_known_later() -> None:
    story = Story()
    story.hear(welcome())
    assert story.money(700) == "700 JPY"
