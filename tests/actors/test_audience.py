"""The audience: every seq once and in order for everyone, at everyone's own pace.

Source: PROTOCOL 4 and 5, ARCHITECTURE 2 (step 4), I9.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import attrs
import orjson
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from saleroom.actors.audience import CATCH_UP_FACTS, Audience, AudienceLimits
from saleroom.actors.member import Member
from saleroom.actors.published import Published
from saleroom.auction import commands as c
from saleroom.auction.book import Book
from saleroom.auction.clone import clone
from saleroom.auction.definition import define_event, define_lot, event_plain, lot_plain
from saleroom.auction.facts import EventDefined
from saleroom.auction.roles import Role
from saleroom.auction.state import Asked
from saleroom.protocol.feed import Tail, TailLimits
from tests.actors.line import Line
from tests.actors.stage import settle

SMALL = AudienceLimits(slice_sends=3, outbox_bytes=4_000, outbox_age_s=5.0)


@attrs.define(eq=False)
class Hall:
    """An audience over a published state that moves as the test says."""

    book: Book
    published: Published
    audience: Audience
    told: list[dict[str, Any]] = attrs.field(factory=list)

    @classmethod
    def open(cls, limits: AudienceLimits = SMALL, tail: TailLimits | None = None) -> Hall:
        event = define_event({"id": "gala", "title": "Gala", "currency": "USD"})
        lots = [
            define_lot({"lot": n, "title": "x", "mode": "silent", "opening": 1, "ladder": "flat:1"})
            for n in (1, 2)
        ]
        people = [{"number": n, "user": f"u{n}", "terms_version": 1} for n in (101, 102, 103)]
        fact = EventDefined(event_plain(event), [lot_plain(lot) for lot in lots], people, "5a" * 32)
        book, _ = Book.new(fact, "admin", 0)
        kept = Tail(tail or TailLimits())
        published = Published(clone(book.state), "e", kept, book.head)
        hall = cls(book, published, Audience(published, limits))
        hall.do(c.OpenEvent())
        return hall

    def do(self, command: c.Command, by: str = "admin", role: Role = Role.ADMIN) -> None:
        outcome = self.book.ask(Asked(command, by, role, 0))
        assert outcome.refusal is None, outcome.refusal
        for chained in outcome.records:
            self.published.take(chained.entry, chained.head)
        for fact in self.published.tail.since(len(self.told) + 1):
            self.told.append(orjson.loads(fact.encoded()))

    def bid(self, lot: int = 1, paddle: int = 101) -> None:
        ask = self.book.state.lots[lot].standing.min_next
        self.do(c.PlaceBid(lot, ask), f"u{paddle}", Role.DONOR)

    @asynccontextmanager
    async def runs(self) -> AsyncIterator[None]:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.audience.broadcast_forever)
            nursery.start_soon(self.audience.tick_forever)
            yield
            nursery.cancel_scope.cancel()

    async def spread(self) -> None:
        """Wake the audience and wait until nothing moves."""
        self.audience.wake()
        await settle()

    def join(self, *, full: bool = False, after: int | None = None, paddle: int = 101) -> Listener:
        listener = Listener(self, full=full, after=after, paddle=paddle)
        self.audience.join(listener.member)
        return listener


class Listener:
    """A member and what it must get: everything after `after`, by default after now."""

    def __init__(
        self, hall: Hall, *, full: bool = False, after: int | None = None, paddle: int = 101
    ) -> None:
        self.hall = hall
        self.line = Line()
        self.full = full
        self.first = (hall.published.seq if after is None else after) + 1
        self.member = Member(self.line, f"u{paddle}", paddle, full, not full, self.first)

    def check_so_far(self) -> int:
        """Hold that it got every seq once, in its own form, and give the next one owed."""
        expected = self.first
        for message in self.line.of_type("feed"):
            assert message["from"] == expected
            expected = message["to"] + 1
            facts = self.hall.told[message["from"] - 1 : message["to"]]
            assert message["events"] == (facts if self.full else conflated(facts))
        return expected

    def check_all(self) -> None:
        """Hold that it has all, or was cut as slow."""
        expected = self.check_so_far()
        if self.line.ended is None:
            assert expected == self.hall.published.seq + 1
        else:
            assert self.line.ended == 4201


def conflated(facts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """PROTOCOL 4, read word by word: the last bid of each lot stands for those before it."""
    bids: dict[int, int] = {}
    for fact in facts:
        if fact["type"] == "bid_placed":
            bids[fact["lot"]] = bids.get(fact["lot"], 0) + 1
    seen: set[int] = set()
    kept = []
    for fact in reversed(facts):
        if fact["type"] == "bid_placed":
            if fact["lot"] in seen:
                continue
            seen.add(fact["lot"])
            kept.append({**fact, "bids": bids[fact["lot"]]})
        else:
            kept.append(fact)
    return kept[::-1]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("bids"), st.integers(1, 40), st.integers(1, 2)),
        st.tuples(st.just("announce"), st.integers(1, 3)),
        st.tuples(st.just("wake")),
        st.tuples(st.just("turns"), st.integers(0, 4)),
        st.tuples(st.just("settle")),
        st.tuples(st.just("sleep"), st.sampled_from([0.3, 1.0, 2.6, 6.0])),
        st.tuples(st.just("join"), st.booleans()),
        st.tuples(st.just("resume"), st.booleans(), st.integers(0, 10**6)),
        st.tuples(st.just("stall"), st.integers(0, 10**6)),
        st.tuples(st.just("read_once"), st.integers(0, 10**6)),
        st.tuples(st.just("read_on"), st.integers(0, 10**6)),
        st.tuples(st.just("leave"), st.integers(0, 10**6)),
    ),
    max_size=60,
)


@settings(max_examples=100, deadline=None)
@given(steps=STEPS)
def test_everyone_gets_everything_in_order_or_is_cut(steps: list[tuple[Any, ...]]) -> None:
    trio.run(play_and_check, steps, clock=MockClock(autojump_threshold=0))


async def play_and_check(steps: list[tuple[Any, ...]]) -> None:
    hall = Hall.open(tail=TailLimits(facts=200, age_ms=-1))
    crowd = Crowd(hall)
    async with hall.runs():
        for name, *args in steps:
            await getattr(crowd, name)(*args)
        for listener in crowd.present:
            listener.line.read_on()
        hall.audience.wake()
        await trio.sleep(12)
    for listener in crowd.present:
        listener.check_all()
    for listener in crowd.gone:
        listener.line.read_on()
        listener.check_so_far()
    for listener in crowd.readers:
        assert listener.line.ended is None


@attrs.define(eq=False)
class Crowd:
    """Listeners who come, stall, read and go. readers: those who are here and always read."""

    hall: Hall
    present: list[Listener] = attrs.field(factory=list)
    gone: list[Listener] = attrs.field(factory=list)
    readers: list[Listener] = attrs.field(factory=list)

    async def bids(self, count: int, lot: int) -> None:
        for _ in range(count):
            self.hall.bid(lot)

    async def announce(self, count: int) -> None:
        for number in range(count):
            self.hall.do(c.Announce(str(number)))

    async def wake(self) -> None:
        self.hall.audience.wake()

    async def turns(self, count: int) -> None:
        for _ in range(count):
            await trio.lowlevel.checkpoint()

    async def settle(self) -> None:
        await settle()

    async def sleep(self, seconds: float) -> None:
        await trio.sleep(seconds)

    async def join(self, full: bool) -> None:
        self._admit(self.hall.join(full=full))

    async def resume(self, full: bool, where: int) -> None:
        tail = self.hall.published.tail
        held = tail.last_seq - tail.first_seq + 2
        self._admit(self.hall.join(full=full, after=tail.first_seq - 1 + where % held))

    async def stall(self, who: int) -> None:
        for listener in self._one(who):
            listener.line.stop_reading()

    async def read_once(self, who: int) -> None:
        for listener in self._one(who):
            listener.line.read_once()

    async def read_on(self, who: int) -> None:
        for listener in self._one(who):
            listener.line.read_on()

    async def leave(self, who: int) -> None:
        for listener in self._one(who):
            self.hall.audience.leave(listener.member)
            self.present.remove(listener)
            self.gone.append(listener)

    def _admit(self, listener: Listener) -> None:
        self.present.append(listener)
        self.readers.append(listener)

    def _one(self, who: int) -> list[Listener]:
        """Choose one who is here, if anyone is; they no longer count as readers."""
        if not self.present:
            return []
        listener = self.present[who % len(self.present)]
        if listener in self.readers:
            self.readers.remove(listener)
        return [listener]


async def test_one_encoding_serves_all_of_a_form(autojump_clock: MockClock) -> None:
    hall = Hall.open()
    async with hall.runs():
        await hall.spread()
        donors = [hall.join() for _ in range(10)]
        clerks = [hall.join(full=True) for _ in range(10)]
        for _ in range(5):
            hall.bid()
        await hall.spread()
    assert len({id(listener.line.writes[0]) for listener in donors}) == 1
    assert len({id(listener.line.writes[0]) for listener in clerks}) == 1
    assert len(donors[0].line.of_type("feed")[0]["events"]) == 1
    assert len(clerks[0].line.of_type("feed")[0]["events"]) == 5


@pytest.mark.parametrize("size", [2, 3, 5, 10, 50, 250])
async def test_another_one_is_first_each_time(autojump_clock: MockClock, size: int) -> None:
    hall = Hall.open(AudienceLimits())
    order: list[int] = []
    async with hall.runs():
        for number in range(size):
            listener = hall.join()
            write = listener.member.send

            def noted(frame: bytes, number: int = number, write: Any = write) -> bool:
                order.append(number)
                return bool(write(frame))

            listener.member.send = noted
        firsts = []
        for _ in range(20):
            order.clear()
            hall.bid()
            await hall.spread()
            assert sorted(order) == list(range(size))
            firsts.append(order[0])
    assert all(one != next for one, next in pairwise(firsts))
    assert len(set(firsts)) >= min(size, 10)


async def test_a_joiner_during_a_broadcast_starts_at_its_own_cursor(
    autojump_clock: MockClock,
) -> None:
    """Facts come, and members join, at every point where a broadcast yields."""
    hall = Hall.open()
    late: list[Listener] = []
    async with hall.runs():
        early = [hall.join() for _ in range(20)]
        hall.bid()
        hall.audience.wake()
        for _ in range(12):
            await trio.lowlevel.checkpoint()
            hall.bid()
            late.append(hall.join())
            late.append(hall.join(after=hall.published.seq - 2))
            hall.bid()
        await hall.spread()
        for listener in early + late:
            listener.check_all()
            assert listener.line.ended is None


async def test_a_joiner_is_told_nothing_that_its_welcome_knows_better(
    autojump_clock: MockClock,
) -> None:
    """Outbid in the feed that is being sent, leading again by the time it joins."""
    hall = Hall.open()
    async with hall.runs():
        hall.bid(paddle=101)
        early = [hall.join(paddle=101) for _ in range(7)]
        watching = [hall.join(paddle=102) for _ in range(7)]
        await hall.spread()
        hall.bid(paddle=102)
        hall.audience.wake()
        while not any(listener.line.writes for listener in watching):
            await trio.lowlevel.checkpoint()
        assert not all(listener.line.writes for listener in watching)
        hall.bid(paddle=101)
        late = hall.join(paddle=101)
        await settle()
        assert all(len(listener.line.of_type("outbid")) == 1 for listener in early)
        for listener in (*early, *watching):
            listener.check_so_far()
        assert late.line.messages() == []


async def test_a_slow_one_delays_nobody_and_is_cut(autojump_clock: MockClock) -> None:
    hall = Hall.open()
    async with hall.runs():
        slow, quick = hall.join(), hall.join()
        slow.line.stop_reading()
        for _ in range(12):
            hall.bid()
            await hall.spread()
            quick.check_all()
            await trio.sleep(1)
        assert slow.line.ended == 4201
        assert quick.line.ended is None
        assert hall.audience.statistics().members == 1
        assert hall.audience.statistics().slow_cut == 1
        unsent = slow.line.unsent_bytes
        hall.bid()
        await hall.spread()
        assert slow.line.unsent_bytes == unsent
        slow.line.read_on()
        assert [opcode for opcode, _ in slow.line.frames()] == [8]


async def test_a_slow_one_is_conflated_before_it_is_cut(autojump_clock: MockClock) -> None:
    hall = Hall.open()
    async with hall.runs():
        slow = hall.join()
        slow.line.stop_reading()
        while not slow.member.is_behind:
            hall.bid()
            await hall.spread()
        assert SMALL.outbox_bytes <= slow.line.unsent_bytes < SMALL.outbox_bytes + 1_000
        for _ in range(100):
            hall.bid()
            await hall.spread()
        assert slow.line.unsent_bytes < SMALL.outbox_bytes + 1_000
        assert hall.audience.statistics().behind == 1
        slow.line.read_on()
        slow.check_all()
        assert slow.line.of_type("feed")[-1]["events"][0]["bids"] == 100
        assert slow.line.on_drained is None
        hall.bid()
        await hall.spread()
        slow.check_all()
        assert hall.audience.statistics().behind == 0


async def test_who_reads_no_answers_is_cut_in_a_quiet_room(autojump_clock: MockClock) -> None:
    """Nothing is broadcast: what is unsent are answers, which others write to the same socket."""
    hall = Hall.open()
    async with hall.runs():
        slow = hall.join()
        await trio.sleep(1.5)
        slow.line.stop_reading()
        slow.line.send_nowait(b"\x81\x02[]")
        await trio.sleep(4)
        assert slow.line.ended is None
        await trio.sleep(8)
        assert slow.line.ended == 4201


async def test_catching_up_is_paced(autojump_clock: MockClock) -> None:
    hall = Hall.open(AudienceLimits())
    for _ in range(1_000):
        hall.bid()
    async with hall.runs():
        await hall.spread()
        full = hall.join(full=True, after=hall.published.seq - 900)
        assert [m["to"] - m["from"] + 1 for m in full.line.of_type("feed")] == [
            CATCH_UP_FACTS,
            CATCH_UP_FACTS,
            CATCH_UP_FACTS,
            900 - 3 * CATCH_UP_FACTS,
        ]
        slow = hall.join(full=True, after=hall.published.seq - 900)
        assert slow.line.ended is None
        stalled = Listener(hall, full=True, after=hall.published.seq - 900)
        stalled.line.stop_reading()
        hall.audience.join(stalled.member)
        first = stalled.line.unsent_bytes
        assert 0 < first < 128 * 1024
        for _ in range(3):
            await trio.sleep(4)
            hall.bid()
            await hall.spread()
            assert stalled.line.unsent_bytes <= first
            stalled.line.read_once()
            assert stalled.line.ended is None
        stalled.line.read_on()
        stalled.check_all()
        full.check_all()


async def test_who_falls_out_of_the_tail_is_cut(autojump_clock: MockClock) -> None:
    hall = Hall.open(tail=TailLimits(facts=50, age_ms=-1))
    async with hall.runs():
        slow = hall.join()
        slow.line.stop_reading()
        while not slow.member.is_behind:
            hall.bid()
            await hall.spread()
        for _ in range(60):
            hall.bid()
        await hall.spread()
        slow.line.read_on()
        assert slow.line.ended == 4201


async def test_one_who_left_is_sent_nothing(autojump_clock: MockClock) -> None:
    hall = Hall.open()
    async with hall.runs():
        members = [hall.join() for _ in range(9)]
        for listener in members:
            listener.line.stop_reading()
        hall.bid()
        hall.audience.wake()
        while not any(listener.line.unsent_bytes for listener in members):
            await trio.lowlevel.checkpoint()
        for listener in members:
            hall.audience.leave(listener.member)
            hall.audience.leave(listener.member)
        unsent = [listener.line.unsent_bytes for listener in members]
        assert 0 in unsent
        slow = hall.join()
        slow.line.stop_reading()
        while not slow.member.is_behind:
            hall.bid()
            await hall.spread()
        assert slow.line.on_drained is not None
        hall.audience.leave(slow.member)
        assert slow.line.on_drained is None
        await trio.sleep(10)
        hall.bid()
        await hall.spread()
        for listener in members:
            listener.line.read_on()
        assert [sum(map(len, listener.line.writes)) for listener in members] == unsent
        assert hall.audience.statistics().members == 0
