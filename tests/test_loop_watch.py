"""The watch over the loop: when garbage is collected and memory given back, and what is measured.

In virtual time, but for the last: what takes long here takes as long as the test says.
"""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import attrs
import pytest
import trio
from trio.testing import MockClock

from saleroom import loop_watch, memory
from saleroom.app import Server, open_server
from saleroom.config import Settings
from saleroom.loop_watch import (
    ENDED_LEAST,
    FULL_LATEST_S,
    FULL_PERIOD_S,
    GIVE_BACK_PERIOD_S,
    MIDDLE_ROUNDS,
    MIDDLE_SAMPLES,
    NEVER,
    QUIET_S,
    SAMPLE_S,
    WINDOW_SAMPLES,
    YOUNG_OBJECTS,
    LoopWatch,
)
from saleroom.supervisor import Child

FULL = 2  # the generation that a full collection looks at
GUARD_S = 30.0
SOON_S = 0.5  # after a moment, when all that was due there is done


@attrs.define(eq=False)
class Room:
    """A server as its watch sees it. asked, ended: what it counts.

    collected, given_back: when it did so, in seconds since the watch began. full_s, give_back_s:
    what either takes by `clock`, which moves for nothing else.
    """

    asked: int = 0
    ended: int = 0
    collected: list[float] = attrs.field(factory=list)
    given_back: list[float] = attrs.field(factory=list)
    full_s: float = 0.0
    give_back_s: float = 0.0
    clock: float = 0.0
    watch: LoopWatch = attrs.field(init=False)
    _began: float = attrs.field(init=False, factory=trio.current_time)

    def __attrs_post_init__(self) -> None:
        self.watch = LoopWatch(lambda: self.asked, lambda: self.ended, self._give_back)

    def on_collection(self, phase: str, info: dict[str, int]) -> None:
        if info["generation"] != FULL:
            return
        if phase == "start":
            self.collected.append(self._now())
        else:
            self.clock += self.full_s

    async def until(self, seconds: float, *, busy: bool = False) -> None:
        """Let time pass to a moment after the beginning, with a command in each second or none."""
        while self._now() < seconds:
            self.asked += busy
            await trio.sleep(min(1.0, seconds - self._now()))

    async def _give_back(self) -> None:
        self.given_back.append(self._now())
        self.clock += self.give_back_s

    def _now(self) -> float:
        return round(trio.current_time() - self._began, 3)


@asynccontextmanager
async def watched() -> AsyncIterator[Room]:
    """Run a watch for the length of the block."""
    room, child = Room(), Child("saleroom/observers/loop", lambda reason: None)
    gc.callbacks.append(room.on_collection)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(room.watch.run, child)
            yield room
            child.stopping.set()
    finally:
        gc.callbacks.remove(room.on_collection)


async def test_the_schedule_holds_while_it_runs_and_no_longer(autojump_clock: MockClock) -> None:
    thresholds, callbacks = gc.get_threshold(), len(gc.callbacks)
    async with watched() as room:
        await room.until(SOON_S)
        assert gc.get_threshold() == (YOUNG_OBJECTS, MIDDLE_ROUNDS, NEVER)
        room.watch.settle()
        assert gc.get_freeze_count()
    assert gc.get_threshold() == thresholds
    assert gc.get_freeze_count() == 0
    assert len(gc.callbacks) == callbacks


async def test_what_is_young_is_looked_at_by_the_clock(autojump_clock: MockClock) -> None:
    looks: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            looks.append(info["generation"])

    async with watched():
        gc.callbacks.append(note)
        await trio.sleep(2 * MIDDLE_SAMPLES * SAMPLE_S + SAMPLE_S / 2)
        gc.callbacks.remove(note)
    assert looks == [1, 1]


async def test_a_quiet_room_is_collected_at_the_first_chance(autojump_clock: MockClock) -> None:
    async with watched() as room:
        await room.until(2 * (FULL_PERIOD_S + QUIET_S) + SOON_S)
        due = [FULL_PERIOD_S + QUIET_S, 2 * (FULL_PERIOD_S + QUIET_S)]
        assert room.collected == due
        assert room.given_back == due


async def test_a_busy_room_is_left_alone_until_it_is_quiet(autojump_clock: MockClock) -> None:
    async with watched() as room:
        busy_s = FULL_PERIOD_S + 100
        await room.until(busy_s, busy=True)
        assert room.collected == []
        await room.until(busy_s + 2 * QUIET_S + SOON_S)
        (collected,) = room.collected
        assert busy_s - 1 + QUIET_S <= collected <= busy_s - 1 + 2 * QUIET_S


async def test_a_room_that_is_never_quiet_is_collected_at_last(autojump_clock: MockClock) -> None:
    async with watched() as room:
        await room.until(FULL_LATEST_S + SOON_S, busy=True)
        assert room.collected == [FULL_LATEST_S]


async def test_garbage_of_the_start_is_not_looked_at_again(autojump_clock: MockClock) -> None:
    async with watched() as room:
        room.watch.begin()
        assert gc.get_freeze_count() > len(gc.get_objects())


async def test_what_connections_held_is_given_back_in_quiet(autojump_clock: MockClock) -> None:
    async with watched() as room:
        await room.until(GIVE_BACK_PERIOD_S - 1, busy=True)
        room.ended += ENDED_LEAST
        await room.until(GIVE_BACK_PERIOD_S + 10, busy=True)
        assert room.given_back == []
        await room.until(GIVE_BACK_PERIOD_S + 10 + 2 * QUIET_S)
        assert len(room.given_back) == 1
        await room.until(FULL_PERIOD_S)
        assert room.watch.statistics()["give_backs"] == len(room.given_back) == 1
        assert room.collected == room.given_back


class Knot:
    """What only a collection finds."""

    def __init__(self) -> None:
        self.tied = self


async def test_only_what_has_come_since_is_looked_at(autojump_clock: MockClock) -> None:
    async with watched() as room:
        old, new = Knot(), Knot()
        was_old, was_new = weakref.ref(old), weakref.ref(new)
        del new
        room.watch.settle_new()
        assert was_new() is None
        del old
        room.watch.settle_new()
        assert was_old() is not None
        room.watch.settle()
        assert was_old() is None


async def test_few_connections_are_not_worth_it(autojump_clock: MockClock) -> None:
    async with watched() as room:
        room.ended += ENDED_LEAST - 1
        await room.until(GIVE_BACK_PERIOD_S + SOON_S)
        room.ended += 1
        await room.until(2 * GIVE_BACK_PERIOD_S + QUIET_S + SOON_S)
        assert room.given_back == [2 * GIVE_BACK_PERIOD_S + QUIET_S]


async def test_a_storm_is_swept_up_after_at_most_so_often(autojump_clock: MockClock) -> None:
    async with watched() as room:
        while trio.current_time() < FULL_PERIOD_S / 2:
            room.ended += ENDED_LEAST
            await trio.sleep(1)
        gaps = [b - a for a, b in zip(room.given_back, room.given_back[1:], strict=False)]
        assert len(gaps) > 3
        assert min(gaps) >= GIVE_BACK_PERIOD_S


async def test_lag_is_how_late_the_loop_comes(autojump_clock: MockClock) -> None:
    async with watched() as room:
        await room.until(10)
        figures = room.watch.statistics()
        assert (figures["lag_p50_ms"], figures["lag_max_ms"]) == (0, 0)
        autojump_clock.jump(0.4)
        await room.until(11)
        figures = room.watch.statistics()
        assert figures["lag_p50_ms"] == 0
        assert 400 - SAMPLE_S * 1000 <= figures["lag_max_ms"] <= 400
        await room.until(12 + SAMPLE_S * WINDOW_SAMPLES)
        assert room.watch.statistics()["lag_max_ms"] == 0


async def test_pauses_are_measured_once_it_has_begun(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watched() as room:
        await room.until(SOON_S)
        gc.collect()
        assert room.watch.statistics()["gc_max_ms"] > 0
        room.watch.begin()
        assert room.watch.statistics()["gc_max_ms"] == 0
        room.full_s, room.give_back_s = 0.25, 0.125
        clock = SimpleNamespace(perf_counter=lambda: room.clock)
        monkeypatch.setattr(loop_watch, "time", clock)
        await room.until(FULL_PERIOD_S + QUIET_S + SOON_S)
        figures = room.watch.statistics()
        assert (figures["gc_max_ms"], figures["give_back_max_ms"]) == (250, 125)


async def test_the_memory_in_use_is_told() -> None:
    held = bytearray(64 * 2**20)
    watch = LoopWatch(lambda: 0, lambda: 0)
    figure = watch.statistics()["rss_bytes"]
    assert (figure > len(held)) if sys.platform == "linux" else (figure is None)


def test_a_system_that_does_not_tell_is_borne(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "STATM", Path("/proc/nobody/statm"))
    assert memory.resident_bytes() is None


async def test_the_server_counts_connections_that_have_ended(tmp_path: Path) -> None:
    settings = Settings(port=0, data_dir=tmp_path, database_url="postgresql://127.0.0.1:1/none")
    with trio.fail_after(GUARD_S):
        async with open_server(settings) as server, trio.open_nursery() as nursery:
            await nursery.start(server.run)
            streams = [await trio.open_tcp_stream("127.0.0.1", server.port) for _ in range(3)]
            for ended, stream in enumerate(streams):
                await _until_ended(server, ended)
                await stream.aclose()
            await _until_ended(server, len(streams))
            await server.stop()


async def _until_ended(server: Server, count: int) -> None:
    while server.watch.ended() != count:
        await trio.lowlevel.checkpoint()
