"""The judges of chaos see what is wrong, and nothing else."""

from __future__ import annotations

from collections import Counter
from typing import Any
from xml.etree import ElementTree

import attrs
import orjson
import pytest

from bench.report import Machine
from saleroom.auction.roles import Role
from saleroom.client import Message
from saleroom.storage.ports import Record
from tests.chaos.evening import POOL_MAX, Evening
from tests.chaos.faults import FAULTS
from tests.chaos.gauges import Sample, slope
from tests.chaos.load import RESUME_FACTS, Ack, Follower, Room
from tests.chaos.report import report_lines
from tests.chaos.round import Outcome
from tests.chaos.run import deal
from tests.chaos.soak_report import plot
from tests.chaos.verdict import Ledger, Verdict
from tests.history import EVENT, evening, records_of, rewritten

MACHINE = Machine("a processor", "2", "Linux", (0.0, 0.0, 0.0), "3.11", {}, "abc")
QUIET = Sample(0.0, 1_000, 20, 1, 40, 0, 10, 0.5, 2.0, 1.0, 0)


def journal() -> list[Record]:
    return records_of(evening())


def read(records: list[Record]) -> tuple[Ledger, list[str]]:
    ledger = Ledger(EVENT)
    return ledger, [fault for record in records for fault in ledger.take(record)]


def bids(records: list[Record]) -> list[Record]:
    return [r for r in records if orjson.loads(r.body)["type"] == "bid_placed"]


def commanded(record: Record) -> bool:
    return "command" in orjson.loads(record.body)


def ack_of(record: Record) -> Ack:
    body = orjson.loads(record.body)
    assert record.seq is not None
    head = record.head.hex()
    return Ack(body["by"], body["command"], body["lot"], body["amount"], record.seq, head, 0, 0)


def follower(role: Role | None = Role.CLERK) -> Follower:
    return Follower(Room([], EVENT), role)


def welcome(seq: int, *, recovered: bool = False, epoch: str = "e") -> Message:
    return {"type": "welcome", "seq": seq, "epoch": epoch, "recovered": recovered}


def feed(start: int, end: int) -> Message:
    events = [{"seq": seq, "type": "announcement"} for seq in range(start, end + 1)]
    return {"type": "feed", "from": start, "to": end, "events": events}


# The journal


def test_acknowledged_bids_that_are_durable_are_neither_lost_nor_doubled() -> None:
    records = journal()
    ledger, faults = read(records)
    acks = [ack_of(record) for record in bids(records) if commanded(record)]
    assert len(acks) > 2
    assert faults == []
    assert ledger.judge(acks, []) == Verdict(len(acks), 0, 0, [])


@pytest.mark.parametrize(
    "change", [{"head": "00"}, {"seq": 1}, {"id": "another"}, {"user": "another"}]
)
def test_a_bid_acknowledged_otherwise_than_kept_is_lost(change: dict[str, Any]) -> None:
    records = journal()
    ledger, _ = read(records)
    kept = ack_of(next(record for record in bids(records) if commanded(record)))
    verdict = ledger.judge([kept, attrs.evolve(kept, **change)], [])
    assert (verdict.acknowledged, verdict.lost) == (2, 1)
    assert len(verdict.faults) == 1


def test_a_command_that_acted_twice_is_doubled() -> None:
    records = journal()
    first, second = [record for record in bids(records) if commanded(record)][:2]
    body = orjson.loads(first.body)
    again = rewritten(second, by=body["by"], command=body["command"])
    ledger, _ = read([again if record is second else record for record in records])
    assert ledger.judge([], []).doubled == 1


def test_a_record_that_is_missing_or_comes_twice_is_found() -> None:
    records = journal()
    gone = next(n for n, record in enumerate(records) if record.seq is not None and n > 2)
    assert len(read(records[:gone] + records[gone + 1 :])[1]) >= 2
    assert len(read([*records, records[-1]])[1]) >= 1


# The feeds


def test_a_feed_without_a_gap_over_a_reconnect_is_clean() -> None:
    watcher = follower()
    for message in (welcome(4), feed(5, 6), welcome(9, recovered=True), feed(7, 9)):
        watcher.take(message)
    assert watcher.faults == []
    assert (watcher.seq, sorted(watcher.facts), watcher.connections) == (9, [5, 6, 7, 8, 9], 2)


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([feed(6, 6)], id="a gap"),
        pytest.param([feed(5, 6), feed(6, 7)], id="a repeat"),
        pytest.param([feed(5, 6), welcome(4, recovered=True)], id="back in time"),
        pytest.param([welcome(4 + RESUME_FACTS - 1)], id="no resume"),
        pytest.param([welcome(4, recovered=True, epoch="f")], id="another past"),
        pytest.param([{**feed(5, 6), "events": []}], id="facts left out"),
    ],
)
def test_a_feed_that_breaks_its_promise_is_found(messages: list[Message]) -> None:
    watcher = follower()
    watcher.take(welcome(4))
    for message in messages:
        watcher.take(message)
    assert watcher.faults


def test_a_conflated_feed_may_leave_facts_out_and_one_far_behind_may_start_anew() -> None:
    watcher = follower(None)
    for message in (welcome(4), {**feed(5, 9), "events": []}, welcome(9 + RESUME_FACTS)):
        watcher.take(message)
    assert (watcher.faults, watcher.snapshots) == ([], 1)


@pytest.mark.parametrize("is_true", [True, False])
def test_a_full_feed_is_held_to_the_journal(is_true: bool) -> None:
    records = journal()
    ledger, _ = read(records)
    watcher = follower()
    watcher.take(welcome(0))
    events = [dict(ledger.facts[seq]) for seq in sorted(ledger.facts)]
    if not is_true:
        events[-1] |= {"lot": 99}
    watcher.take({"type": "feed", "from": 1, "to": len(events), "events": events})
    assert bool(ledger.judge([], [watcher]).faults) is not is_true


# Runs and their pages


def test_rounds_follow_from_the_seed_and_take_every_fault_in_turn() -> None:
    faults = list(FAULTS.values())
    dealt = deal(faults, 2 * len(faults), seed=7)
    assert dealt == deal(faults, 2 * len(faults), seed=7)
    assert dealt != deal(faults, 2 * len(faults), seed=8)
    assert set(Counter(one.fault.name for one in dealt).values()) == {2}


def test_a_page_tells_what_was_lost_and_which_goals_were_missed() -> None:
    fault = FAULTS["server killed"]
    clean = Outcome(fault, 1, 1.5, Verdict(100, 0, 0, []), 0)
    bad = Outcome(fault, 2, 2.5, Verdict(200, 1, 2, ["lost: a bid"]), 0)
    page = "\n".join(report_lines([clean, bad], ["two servers, seed 3: hung"], {}, MACHINE, 9))
    assert "**300 bids acknowledged, 1 lost, 2 doubled,\n2 rounds" in page
    assert "| server killed | 2 | 300 | 1 | 2 | 2.00 s | 2.50 s |" in page
    assert "≤ 2.00 s: 1 of 2" in page
    assert "- server killed, seed 2: lost: a bid" in page
    assert "- two servers, seed 3: hung" in page


# The soak


def an_evening(after: Sample, *faults: str) -> Evening:
    return Evening(1, 1, QUIET, [QUIET], after, {}, faults)


def test_an_evening_after_which_all_is_as_before_is_clean() -> None:
    assert an_evening(attrs.evolve(QUIET, descriptors=20 + POOL_MAX)).verdict() == []


@pytest.mark.parametrize(
    "change", [{"sockets": 2}, {"tasks": 41}, {"connections": 1}, {"descriptors": 21 + POOL_MAX}]
)
def test_what_is_left_over_is_found(change: dict[str, int]) -> None:
    assert len(an_evening(attrs.evolve(QUIET, **change)).verdict()) == 1


def test_a_wrong_answer_is_told_once_with_its_count() -> None:
    assert an_evening(QUIET, "wrong", "wrong").verdict() == ["wrong, 2 times"]


def test_the_slope_is_of_the_second_half() -> None:
    first = [attrs.evolve(QUIET, at=float(n), rss_bytes=n * 1_000_000) for n in range(10)]
    second = [
        attrs.evolve(QUIET, at=10.0 + n, rss_bytes=50 + 7 * n, facts=10 + n) for n in range(10)
    ]
    grown = slope([*first, *second])
    assert grown.bytes_per_s == pytest.approx(7)
    assert grown.bytes_per_fact == pytest.approx(7)


def test_the_picture_has_a_point_per_sample_in_each_curve() -> None:
    samples = [attrs.evolve(QUIET, at=float(n), rss_bytes=n) for n in range(1, 5)]
    root = ElementTree.fromstring(plot(samples))  # noqa: S314 - our own
    lines = root.findall("{http://www.w3.org/2000/svg}polyline")
    assert {len(line.attrib["points"].split()) for line in lines} == {4}
