"""Rehearsal files: what is one, what its expectations say when they fail (PROTOCOL 9)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
import trio
from trio.testing import MockClock

from saleroom.auction.refusal import Code
from saleroom.rehearsal import NotAScenario, read_scenarios, rehearse

ANN = {"role": "donor", "user": "ann"}
BEN = {"role": "donor", "user": "ben"}
GUS = {"role": "auctioneer", "user": "gus"}
PADDLES = [{"paddle": 101, "user": "ann"}, {"paddle": 102, "user": "ben"}]
LOTS = [{"lot": 1, "mode": "silent", "opening": 10_000, "ends_at": 1_000_000}]

Step = dict[str, Any]


def scenario(*steps: Step, **parts: Any) -> dict[str, Any]:
    return {
        "scenario": 1,
        "name": "evening",
        "event": {"currency": "USD"},
        "paddles": PADDLES,
        "lots": LOTS,
        "steps": list(steps),
        **parts,
    }


def step(at: int, **what: Any) -> Step:
    return {"at": at, **what}


def bid(at: int, who: dict[str, str], amount: int, **expected: Any) -> Step:
    message = {"type": "place_bid", "id": f"bid-{at}", "lot": 1, "amount": amount}
    return {"at": at, "as": who, "send": message, **expected}


def played(raw: object) -> list[str]:
    """Play the scenarios of a file; give the lines of all."""
    lines = []
    for one in read_scenarios(orjson.dumps(raw)):
        clock = MockClock()
        lines += trio.run(rehearse, one, clock, clock=clock)
    return lines


# What holds


def test_what_is_expected_holds() -> None:
    assert (
        played(
            scenario(
                bid(0, ANN, 10_000, ack={"price": 10_000, "leading": True}),
                bid(5, BEN, 10_500, nack={"code": "BID_TOO_LOW", "min_next": 11_000}),
                step(6, state={"lot": 1, "price": 10_000, "leader": 101, "state": "open"}),
                step(7, facts=["bid_placed"]),
                step(1_000_000, state={"lot": 1, "state": "sold"}),
                step(1_000_000, facts=["item_sold"]),
                step(1_000_000, facts=[]),
            )
        )
        == []
    )


@pytest.mark.parametrize("end", [200_003, 2_067_825, 2_454_257, 5_633_012])
@pytest.mark.parametrize("first", [0, 1, 1_001, 60_007])
def test_a_step_is_at_its_very_ms(first: int, end: int) -> None:
    lots = [{**LOTS[0], "ends_at": end, "soft_close": {"window": 1_000, "extension": 1_000}}]
    sold = step(end, state={"lot": 1, "state": "sold"})
    late = bid(end, BEN, 90_000, nack={"code": "LOT_CLOSED"})
    for last in (sold, late):
        steps = [
            bid(first, ANN, 10_000, ack={}),
            bid(first + 17, BEN, 20_000, ack={}),
            step(end - 1, state={"lot": 1, "state": "open"}),
            last,
        ]
        assert played(scenario(*steps, lots=lots)) == []


def test_facts_are_those_since_the_last_facts_step() -> None:
    lines = played(
        scenario(
            bid(0, ANN, 10_000, ack={}),
            step(1, facts=["bid_placed"]),
            bid(2, BEN, 11_000, ack={}),
            step(3, facts=["bid_placed", "bid_placed"]),
        )
    )
    assert lines == [
        "evening: step 4 at 3: facts: expected ['bid_placed', 'bid_placed'], got ['bid_placed']"
    ]


def test_an_event_and_its_leaderboard_are_checked() -> None:
    lots = [{"lot": 1, "mode": "sale", "opening": 2_500, "quantity": 9}]
    buy = {"type": "buy", "lot": 1, "units": 1}
    steps = [
        {"at": 1, "as": ANN, "send": {**buy, "id": "a", "units": 2}, "ack": {}},
        {"at": 2, "as": BEN, "send": {**buy, "id": "b"}, "ack": {}},
    ]
    board = [{"paddle": 101, "total": 5_000}, {"paddle": 102, "total": 2_500, "standing": 0}]
    right = step(3, state={"event": {"status": "open", "currency": "USD"}, "leaderboard": board})
    assert played(scenario(*steps, right, lots=lots)) == []
    assert played(scenario(*steps, step(3, state={"leaderboard": board[::-1]}), lots=lots)) == [
        "evening: step 3 at 3: leaderboard 1: expected paddle=102, got 101",
        "evening: step 3 at 3: leaderboard 1: expected total=2500, got 5000",
        "evening: step 3 at 3: leaderboard 2: expected paddle=101, got 102",
        "evening: step 3 at 3: leaderboard 2: expected total=5000, got 2500",
    ]
    (line,) = played(scenario(*steps, step(3, state={"leaderboard": board[:1]}), lots=lots))
    assert line.startswith("evening: step 3 at 3: leaderboard: expected [{'paddle': 101,")
    (line,) = played(scenario(step(3, state={"event": {"status": "closed"}})))
    assert line == "evening: step 1 at 3: event: expected status='closed', got 'open'"


def test_a_crash_loses_nothing() -> None:
    answer = {"price": 10_000, "leading": True}
    assert (
        played(
            scenario(
                bid(10, ANN, 10_000, ack=answer),
                step(20, crash=True),
                step(20, state={"lot": 1, "price": 10_000, "leader": 101}),
                {**bid(10, ANN, 10_000, ack=answer), "at": 30},
                step(30, crash=True),
                bid(40, BEN, 11_000, ack={"leader": 102}),
                step(50, facts=["bid_placed", "bid_placed"]),
            )
        )
        == []
    )


def test_an_event_that_is_not_opened_takes_no_bids() -> None:
    opening = {"at": 2, "as": GUS, "send": {"type": "open_event", "id": "o"}, "ack": {}}
    assert (
        played(
            scenario(
                bid(1, ANN, 10_000, nack={"code": "EVENT_NOT_OPEN"}),
                opening,
                bid(3, ANN, 10_000, ack={}),
                step(4, facts=["event_opened", "lot_opened", "bid_placed"]),
                event={"currency": "USD", "opened": False},
            )
        )
        == []
    )


def test_paddles_have_accepted_the_terms_unless_told() -> None:
    paddles = [PADDLES[0], {**PADDLES[1], "terms": False}]
    refused = bid(1, BEN, 10_000, nack={"code": "TERMS_NOT_ACCEPTED"})
    assert played(scenario(bid(0, ANN, 10_000, ack={}), refused, paddles=paddles)) == []


def test_a_paddle_has_its_limit() -> None:
    paddles = [{**PADDLES[0], "limit": 15_000, "table": "1"}]
    refused = bid(0, ANN, 15_001, nack={"code": "OVER_LIMIT"})
    assert played(scenario(refused, bid(1, ANN, 15_000, ack={}), paddles=paddles)) == []


def test_a_lot_has_a_soft_close_of_its_own() -> None:
    policy = {"window": 2_000, "extension": 5_000}
    lots = [
        {**LOTS[0], "ends_at": 10_000, "soft_close": policy},
        {**LOTS[0], "lot": 2, "ends_at": 200_000},
    ]
    assert (
        played(
            scenario(
                bid(9_000, ANN, 10_000, ack={}),
                step(9_000, state={"lot": 1, "ends_at": 14_000}),
                step(9_000, state={"lot": 2, "ends_at": 200_000}),
                step(13_999, state={"lot": 1, "state": "open"}),
                step(14_000, state={"lot": 1, "state": "sold"}),
                lots=lots,
            )
        )
        == []
    )


def test_an_array_is_played_in_order() -> None:
    wrong = step(0, state={"lot": 1, "price": 1})
    first, second = scenario(wrong, name="one"), scenario(wrong, name="two")
    assert [line.partition(":")[0] for line in played([first, second])] == ["one", "two"]


def test_the_same_file_gives_the_same_lines() -> None:
    raw = scenario(
        bid(1, ANN, 10_000, nack={}),
        bid(2, BEN, 12_000, ack={"hash": "unknown"}),
        step(3, crash=True),
        bid(4, ANN, 10, ack={}),
        step(5, facts=[]),
    )
    first = played(raw)
    assert len(first) == 4
    assert played(raw) == first


# What fails


@pytest.mark.parametrize(
    ("failing", "line"),
    [
        (bid(5, ANN, 10_000, nack={}), "expected nack, got {'type': 'ack'}"),
        (bid(5, ANN, 10_000, ack={"price": 1}), "ack: expected price=1, got 10000"),
        (bid(5, ANN, 10_000, ack={"colour": None}), "ack: expected colour=None, got None"),
        (
            bid(5, ANN, 9_999, nack={"code": "LOT_CLOSED"}),
            "nack: expected code='LOT_CLOSED', got 'BID_TOO_LOW'",
        ),
        (step(5, state={"lot": 1, "price": 7}), "lot 1: expected price=7, got None"),
        (step(5, state={"lot": 9}), "lot 9: expected lot=9, got None"),
        (step(1_000_000, facts=[]), "facts: expected [], got ['lot_passed']"),
        (step(5, facts=["x"]), "facts: expected ['x'], got []"),
    ],
)
def test_a_failed_expectation_is_one_line(failing: Step, line: str) -> None:
    assert played(scenario(failing)) == [f"evening: step 1 at {failing['at']}: {line}"]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "place_bid", "id": "1", "lot": 1, "amount": 1.5}, Code.MALFORMED),
        ({"type": "place_bid", "id": "1", "lot": 1}, Code.MALFORMED),
        ({"type": "dance", "id": "1"}, Code.MALFORMED),
        ({"type": "open_lot", "id": "1", "lot": 1}, Code.FORBIDDEN),
        ({"type": "hello"}, Code.MALFORMED),
    ],
)
def test_a_message_goes_through_codec_and_roles(message: Step, code: Code) -> None:
    sent = {"at": 0, "as": ANN, "send": message}
    assert played(scenario({**sent, "nack": {"code": code.name}})) == []
    (line,) = played(scenario({**sent, "ack": {}}))
    assert line.startswith(
        f"evening: step 1 at 0: expected ack, got {{'type': 'nack', 'code': '{code.name}'"
    )


def test_a_message_without_an_answer_fails() -> None:
    sent = {"at": 0, "as": ANN, "send": {"type": "ping", "t0": 1}, "ack": {}}
    assert played(scenario(sent)) == [
        "evening: step 1 at 0: expected ack, got {'type': 'no answer'}"
    ]


# What is no scenario


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[1", b"\xff", b"null", b"1", b'"x"', b"{}", b"[]", b"[[]]", b"[null]"],
)
def test_content_that_is_no_scenario_is_refused(content: bytes) -> None:
    with pytest.raises(NotAScenario) as refused:
        read_scenarios(content)
    assert "\n" not in str(refused.value)


SEND = {"as": ANN, "send": {"type": "ping"}}


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"scenario": 2}, "a scenario is an object with"),
        ({"scenario": "1"}, "a scenario is an object with"),
        ({"name": 5}, "name is a text"),
        ({"event": []}, "event an object"),
        ({"event": {"currency": "USD", "opened": "no"}}, "opened is true or false"),
        ({"paddles": {}}, "paddles is an array of objects"),
        ({"paddles": [101]}, "paddles is an array of objects"),
        ({"lots": None}, "lots is an array of objects"),
        ({"steps": "none"}, "steps is an array of objects"),
        ({"paddles": [{}]}, "paddle None: `paddle` is a number from 1"),
        ({"paddles": [{"paddle": "101"}]}, "`paddle` is a number from 1"),
        ({"paddles": [{"paddle": True}]}, "`paddle` is a number from 1"),
        ({"paddles": [{"paddle": 0}]}, "`paddle` is a number from 1"),
        ({"paddles": [{"paddle": 101, "user": 5}]}, "user and table are texts"),
        ({"paddles": [{"paddle": 101, "table": ["x"]}]}, "user and table are texts"),
        ({"paddles": [{"paddle": 101, "limit": "much"}]}, "limit is an amount"),
        ({"paddles": [{"paddle": 101, "limit": 0}]}, "limit is an amount"),
        ({"paddles": [{"paddle": 101, "terms": 3}]}, "terms is true or false"),
        ({"paddles": [PADDLES[0], PADDLES[0]]}, "paddle 101 stands there twice"),
        (
            {"paddles": [PADDLES[0], {"paddle": 102, "user": "ann"}]},
            "user 'ann' stands there twice",
        ),
        ({"lots": [LOTS[0], LOTS[0]]}, "lot 1 stands there twice"),
    ],
)
def test_parts_of_another_form_are_refused(parts: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotAScenario) as refused:
        read_scenarios(orjson.dumps(scenario(**parts)))
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"crash": True}, "`at` is a whole number"),
        ({"at": -1, "crash": True}, "`at` is a whole number"),
        ({"at": 1.5, "crash": True}, "`at` is a whole number"),
        ({"at": True, "crash": True}, "`at` is a whole number"),
        ({"at": 4, "crash": True}, "`at` goes back from 5"),
        ({"at": 5}, "a step has one of"),
        ({"at": 5, "crash": True, "facts": []}, "a step has one of"),
        ({"at": 5, "crash": False}, "crash is true"),
        ({"at": 5, "facts": "none"}, "facts is an array"),
        ({"at": 5, "state": []}, "state is an object"),
        ({"at": 5, "state": {}}, "state is an object"),
        ({"at": 5, "state": {"price": 5}}, "state is an object"),
        ({"at": 5, "state": {"lot": [1]}}, "lot is a number"),
        ({"at": 5, "state": {"event": 1}}, "event is an object"),
        ({"at": 5, "state": {"leaderboard": {}}}, "leaderboard is an array of objects"),
        ({"at": 5, "state": {"leaderboard": [1]}}, "leaderboard is an array of objects"),
        ({"at": 5, "send": {}, "ack": {}}, "`as` is {role, user}"),
        ({"at": 5, "as": "ann", "send": {}, "ack": {}}, "`as` is {role, user}"),
        ({"at": 5, "as": {"role": "donor"}, "send": {}, "ack": {}}, "`as` is {role, user}"),
        ({"at": 5, "as": {"user": "x"}, "send": {}, "ack": {}}, "unknown role None"),
        ({"at": 5, "as": {"user": "x", "role": "king"}, "send": {}, "ack": {}}, "role 'king'"),
        ({"at": 5, "as": {"user": "x", "role": []}, "send": {}, "ack": {}}, "unknown role []"),
        ({"at": 5, **SEND}, "a send expects an ack or a nack"),
        ({"at": 5, **SEND, "ack": {}, "nack": {}}, "a send expects an ack or a nack"),
        ({"at": 5, **SEND, "ack": 1}, "send, ack and nack are objects"),
        ({"at": 5, "as": ANN, "send": "ping", "ack": {}}, "send, ack and nack are objects"),
    ],
)
def test_a_step_of_another_form_is_refused_by_its_number(wrong: Step, reason: str) -> None:
    with pytest.raises(NotAScenario) as refused:
        read_scenarios(orjson.dumps(scenario(step(5, crash=True), wrong)))
    assert str(refused.value).startswith("evening: step 2: ")
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    "parts",
    [
        {"event": {}},
        {"event": {"currency": "dollars"}},
        {"event": {"currency": "USD", "ladder": "steep"}},
        {"event": {"currency": "USD", "colour": "red"}},
        {"event": {"currency": "USD", "soft_close": {"window": 1}}},
        {"lots": [{}]},
        {"lots": [{"lot": 1, "mode": "silent"}]},
        {"lots": [{"lot": 1, "mode": "silent", "opening": 0}]},
        {"lots": [{"lot": 1, "mode": "loud", "opening": 1}]},
        {"lots": [{"lot": 1, "mode": "silent", "opening": 10, "reserve": 5}]},
    ],
)
def test_definitions_that_are_refused_make_no_scenario(parts: dict[str, Any]) -> None:
    with pytest.raises(NotAScenario, match=r"^evening: ") as refused:
        played(scenario(**parts))
    assert "\n" not in str(refused.value)


def test_steps_of_the_same_moment_are_in_order() -> None:
    steps = [step(5, crash=True), bid(5, ANN, 10_000, ack={}), step(5, facts=["bid_placed"])]
    assert played(scenario(*steps)) == []


def test_an_event_may_be_described_as_for_the_api() -> None:
    event = {"currency": "EUR", "title": "Spring", "starts_at": 5, "public": True}
    state = {"event": {"title": "Spring", "currency": "EUR", "status": "open"}}
    raw = {"scenario": 1, "name": "x", "event": event, "steps": [{"at": 0, "state": state}]}
    (scenario,) = read_scenarios(orjson.dumps(raw))
    clock = MockClock()
    assert trio.run(rehearse, scenario, clock, clock=clock) == []
