"""The feed's messages and what is held for resuming, against naive models.

Source: PROTOCOL sections 2 and 4.
"""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saleroom.auction import facts as f
from saleroom.auction.state import Entry
from saleroom.protocol.feed import Tail, TailLimits, feed_message
from saleroom.protocol.wire_facts import WireFact, wire_fact


def bid(lot: int, amount: int) -> f.BidPlaced:
    return f.BidPlaced(
        lot, 101, 101, amount, amount + 500, 1, "online", None, amount, False, amount
    )


def extended(lot: int, end: int) -> f.LotExtended:
    return f.LotExtended(lot, end, end, "soft_close")


public_facts = st.one_of(
    st.builds(bid, st.integers(1, 3), st.integers(1, 9000)),
    st.builds(extended, st.integers(1, 3), st.integers(1, 9000)),
    st.builds(f.LotWarned, st.integers(1, 3), st.just("fair_warning")),
    st.builds(f.Announcement, st.text(min_size=1, max_size=20)),
    st.just(f.EventOpened()),
)


def wired(facts: list[f.Fact], first: int = 1, at: int = 0) -> list[WireFact]:
    return [
        wire_fact(Entry(seq, seq, at, "ann", None, None, fact))
        for seq, fact in enumerate(facts, first)
    ]


def shown(message: bytes) -> dict[str, Any]:
    read: dict[str, Any] = orjson.loads(message)
    return read


feeds = st.lists(public_facts, min_size=1, max_size=30)


@given(feeds, st.integers(1, 10**6))
def test_the_full_feed_keeps_every_fact_in_order(facts: list[f.Fact], first: int) -> None:
    message = shown(feed_message(wired(facts, first), conflated=False))
    last = first + len(facts) - 1
    assert (message["type"], message["from"], message["to"]) == ("feed", first, last)
    assert [event["seq"] for event in message["events"]] == list(range(first, last + 1))
    assert [event["type"] for event in message["events"]] == [fact.type for fact in facts]
    assert {event.get("bids", 1) for event in message["events"]} == {1}


@given(feeds)
def test_the_conflated_feed_keeps_the_last_of_each_key_and_counts_the_rest(
    facts: list[f.Fact],
) -> None:
    message = shown(feed_message(wired(facts), conflated=True))
    assert (message["from"], message["to"]) == (1, len(facts))
    conflated = ("bid_placed", "lot_extended")
    newest: dict[object, int] = {}
    counts: dict[object, int] = {}
    for seq, fact in enumerate(facts, 1):
        key: object = (fact.type, getattr(fact, "lot", 0)) if fact.type in conflated else seq
        newest[key] = seq
        counts[key] = counts.get(key, 0) + 1
    kept = sorted((seq, counts[key]) for key, seq in newest.items())
    assert [event["seq"] for event in message["events"]] == [seq for seq, _ in kept]
    for event, (_, count) in zip(message["events"], kept, strict=True):
        assert event.get("bids") == (count if event["type"] == "bid_placed" else None)


@given(st.lists(feeds, min_size=1, max_size=6), st.booleans())
def test_messages_name_every_seq_once(batches: list[list[f.Fact]], conflated: bool) -> None:
    first = 1
    for batch in batches:
        message = shown(feed_message(wired(batch, first), conflated=conflated))
        assert message["from"] == first
        first = message["to"] + 1
    assert first == 1 + sum(map(len, batches))


def small(seq: int, at: int = 0, size: int = 10) -> WireFact:
    return WireFact(seq, at, b"x" * size, None, "")


def tail_of(limits: TailLimits, facts: list[WireFact]) -> Tail:
    tail = Tail(limits, facts[0].seq - 1 if facts else 0)
    for fact in facts:
        tail.add(fact)
    return tail


HELD: list[tuple[str, TailLimits, list[int], int]] = [
    # what, limits, ages of the facts (ms before the last), first seq held
    ("the newest N, however old", TailLimits(facts=3, age_ms=10), [99, 98, 97, 96, 95, 0], 4),
    ("the young, however many", TailLimits(facts=2, age_ms=10), [99, 10, 9, 8, 7, 0], 2),
    ("fewer than N", TailLimits(facts=9, age_ms=10), [99, 98, 0], 1),
    ("no more bytes than that", TailLimits(facts=9, age_ms=999, bytes_max=35), [5, 4, 3, 2, 0], 3),
    ("exactly so many bytes", TailLimits(facts=9, bytes_max=30), [5, 4, 3, 0], 2),
    ("not even one", TailLimits(facts=9, bytes_max=9), [5, 4], 3),
]


@pytest.mark.parametrize(
    ("limits", "ages", "first"), [pytest.param(*row[1:], id=row[0]) for row in HELD]
)
def test_what_a_tail_holds(limits: TailLimits, ages: list[int], first: int) -> None:
    tail = tail_of(limits, [small(seq, 100 - age) for seq, age in enumerate(ages, 1)])
    assert (tail.first_seq, tail.last_seq) == (first, len(ages))
    assert [fact.seq for fact in tail.since(first)] == list(range(first, len(ages) + 1))
    assert tail.can_resume(first - 1, conflated=False)
    assert not tail.can_resume(first - 2, conflated=False)


@given(
    st.integers(0, 50),
    st.lists(st.tuples(st.integers(0, 20), st.integers(1, 40)), max_size=30),
    st.integers(0, 8),
    st.integers(0, 60),
    st.integers(20, 400),
    st.integers(0, 90),
    st.none() | st.integers(1, 9),
)
def test_a_tail_against_a_naive_model(
    start: int,
    steps: list[tuple[int, int]],
    facts_max: int,
    age_ms: int,
    bytes_max: int,
    seq: int,
    most: int | None,
) -> None:
    limits = TailLimits(facts_max, age_ms, bytes_max, resume_bytes_max=100)
    tail, held, at = Tail(limits, start), list[WireFact](), 0
    for number, (later, size) in enumerate(steps, start + 1):
        at += later
        fact = small(number, at, size)
        tail.add(fact)
        held.append(fact)
        while sum(len(kept.body) for kept in held) > bytes_max or (
            len(held) > facts_max and at - held[0].at > age_ms
        ):
            held.pop(0)
    last = start + len(steps)
    first = held[0].seq if held else last + 1
    assert (tail.first_seq, tail.last_seq) == (first, last)
    missing = [fact for fact in held if fact.seq > seq]
    small_enough = sum(len(fact.body) for fact in missing) <= 100
    assert tail.can_resume(seq, conflated=False) is (first - 1 <= seq <= last and small_enough)
    if first <= seq + 1 <= last + 1:
        assert tail.since(seq + 1) == missing
        assert tail.since(seq + 1, most) == missing[:most]


def test_a_conflated_reader_resumes_over_bids_that_a_full_one_cannot() -> None:
    facts = wired([bid(1, 500 * n) for n in range(1, 9)])
    one = len(facts[-1].encoded(8))
    tail = tail_of(TailLimits(resume_bytes_max=one), facts)
    assert tail.can_resume(0, conflated=True)
    assert not tail.can_resume(0, conflated=False)
    assert tail.can_resume(7, conflated=False)
    assert not tail.can_resume(9, conflated=True)
