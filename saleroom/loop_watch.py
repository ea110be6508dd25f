"""The health of the server's one loop: how late it runs, when garbage goes and memory comes back.

Owns: the schedule of full collections and of giving memory back, and the measure of pauses.
Invariant: neither starts by chance while bids are decided; between two full collections old objects
are not scanned again. Source: I11, I6, docs/decisions/0006-garbage-on-a-schedule.md.
"""

from __future__ import annotations

import gc
import itertools
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import attrs
import trio

from saleroom import memory
from saleroom.supervisor import Child

YOUNG_OBJECTS, MIDDLE_ROUNDS = 10_000, 2
"""A young collection after so many new objects (about 1 ms), a middle one after so many young.

The middle one finds what short connections leave behind, also in a storm of them, and looks at no
more than 30 000 objects at once; what survives it is left alone until a full one.
"""
NEVER = 1_000_000
FULL_PERIOD_S, FULL_LATEST_S = 600.0, 3_600.0
"""A full collection comes at the first quiet moment after one, at the latest after the other."""
QUIET_S = 3.0
"""A room in which nobody has asked for anything so long may pause for a tenth of a second."""
GIVE_BACK_PERIOD_S = 30.0
ENDED_LEAST = 10
"""Fewer connections leave less behind than ten outboxes, which are 1 MiB each at most."""
SAMPLE_S = 0.1
WINDOW_SAMPLES = 600
"""Ten samples a second, a minute long."""
MIDDLE_SAMPLES = 5
"""With every so many samples goes a middle collection.

A task that is woken and waits again makes as many objects as it frees, so that the count which
brings a young collection stays while its objects gather: after one heartbeat of 10 000 sockets
190 000 of them, which held the loop for 105 ms.
"""


async def give_back_in_thread() -> None:
    """Give free memory back; the loop goes on as far as it asks for none."""
    await trio.to_thread.run_sync(memory.give_back)


@attrs.define(eq=False)
class LoopWatch:
    """Measure the loop's lag and keep its long pauses to a schedule; a supervised child's body.

    activity: counts what was asked of the server so far; the same count twice is quiet between.
    ended: counts the connections that have ended: what they held is free, and given back soon.
    """

    activity: Callable[[], int]
    ended: Callable[[], int]
    give_back: Callable[[], Awaitable[None]] = give_back_in_thread
    _lags: list[float] = attrs.field(init=False, factory=list)
    _longest_gc_s: float = attrs.field(init=False, default=0.0)
    _gc_began: float = attrs.field(init=False, default=0.0)
    _give_backs: int = attrs.field(init=False, default=0)
    _longest_give_back_s: float = attrs.field(init=False, default=0.0)
    _ended_before: int = attrs.field(init=False, default=0)

    async def run(self, child: Child) -> None:
        """Watch until asked to stop."""
        thresholds = gc.get_threshold()
        gc.set_threshold(YOUNG_OBJECTS, MIDDLE_ROUNDS, NEVER)
        gc.callbacks.append(self._on_collection)
        try:
            child.started()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._sample_forever)
                nursery.start_soon(self._collect_forever)
                nursery.start_soon(self._give_back_forever)
                await child.stopping.wait()
                nursery.cancel_scope.cancel()
        finally:
            gc.callbacks.remove(self._on_collection)
            gc.set_threshold(*thresholds)
            gc.unfreeze()

    def begin(self) -> None:
        """Set aside what the server starts with; from here on pauses count."""
        self.settle()
        self._lags.clear()
        self._longest_gc_s = 0.0

    @staticmethod
    def settle() -> None:
        """Look at everything once, and set aside what is here to stay."""
        gc.unfreeze()
        LoopWatch.settle_new()

    @staticmethod
    def settle_new() -> None:
        """Look at what has come since, and set that aside; this costs as much as has come.

        It also empties Python's own lists of free objects, each of which can hold a whole arena.
        """
        gc.collect()
        gc.freeze()

    def statistics(self) -> Mapping[str, Any]:
        """Give the last minute's lag and the longest pauses, in ms, and the memory in use."""
        lags = sorted(self._lags)
        middle = lags[len(lags) // 2] if lags else 0.0
        return {
            "lag_p50_ms": round(middle * 1000, 3),
            "lag_max_ms": round(max(lags, default=0.0) * 1000, 3),
            "gc_max_ms": round(self._longest_gc_s * 1000, 3),
            "give_backs": self._give_backs,
            "give_back_max_ms": round(self._longest_give_back_s * 1000, 3),
            "rss_bytes": memory.resident_bytes(),
            "tasks": trio.lowlevel.current_statistics().tasks_living,
        }

    async def _sample_forever(self) -> None:
        for number in itertools.count(1):
            due = trio.current_time() + SAMPLE_S
            await trio.sleep_until(due)
            self._lags.append(trio.current_time() - due)
            del self._lags[:-WINDOW_SAMPLES]
            if number % MIDDLE_SAMPLES == 0:
                gc.collect(1)

    async def _collect_forever(self) -> None:
        while True:
            await trio.sleep(FULL_PERIOD_S)
            with trio.move_on_after(FULL_LATEST_S - FULL_PERIOD_S):
                await self._quiet()
            self.settle()
            await self._give_back_now()

    async def _give_back_forever(self) -> None:
        while True:
            await trio.sleep(GIVE_BACK_PERIOD_S)
            if self.ended() - self._ended_before >= ENDED_LEAST:
                await self._quiet()
                self.settle_new()
                await self._give_back_now()

    async def _give_back_now(self) -> None:
        self._ended_before = self.ended()
        began = time.perf_counter()
        await self.give_back()
        self._give_backs += 1
        self._longest_give_back_s = max(self._longest_give_back_s, time.perf_counter() - began)

    async def _quiet(self) -> None:
        """Return once nobody has asked for anything for a while."""
        before = -1
        while before != self.activity():
            before = self.activity()
            await trio.sleep(QUIET_S)

    def _on_collection(self, phase: str, info: Mapping[str, int]) -> None:
        now = time.perf_counter()
        if phase == "start":
            self._gc_began = now
        else:
            self._longest_gc_s = max(self._longest_gc_s, now - self._gc_began)
