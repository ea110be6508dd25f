"""The keep: made once for all who ask, and never older than what its asker could know."""

from __future__ import annotations

import math
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from saleroom.actors.checkpoint import Checkpoint
from saleroom.http.requests.keep import EVENTS_MAX, HASTE_BURST, Freshness, Keep
from saleroom.http.requests.problems import Problem
from saleroom.storage.memory import MemoryHotStore
from saleroom.storage.ports import StoreUnavailable

GALA = "gala"


@attrs.define
class Maker:
    """Makes 1, 2, 3, ..., each when `gate` lets it."""

    made: int = 0
    gate: trio.Event = attrs.field(factory=trio.Event)
    error: Exception | None = None

    async def __call__(self) -> int:
        self.made += 1
        number = self.made
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return number


@attrs.define
class Bench:
    hot: MemoryHotStore = attrs.field(factory=MemoryHotStore)
    make: Maker = attrs.field(factory=Maker)
    freshness: Freshness = attrs.field(init=False)
    keep: Keep[int] = attrs.field(init=False)
    got: list[int] = attrs.field(factory=list)
    failed: list[Exception] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.freshness = Freshness(self.hot, lambda event: None)
        self.keep = Keep(self.freshness.mark, 2, 10.0)

    async def get(self, key: str = GALA) -> int:
        return await self.keep.get(key, GALA, self.make)

    async def take(self) -> None:
        try:
            self.got.append(await self.get())
        except (StoreUnavailable, Problem) as error:
            self.failed.append(error)


async def test_who_asks_together_waits_for_one_making() -> None:
    bench = Bench()
    async with trio.open_nursery() as nursery:
        for _ in range(500):
            nursery.start_soon(bench.take)
        await wait_all_tasks_blocked()
        bench.make.gate.set()
    assert bench.got == [1] * 500
    assert bench.make.made == 1


async def test_what_is_kept_is_given_until_it_is_old(autojump_clock: MockClock) -> None:
    bench = Bench()
    bench.make.gate.set()
    assert [await bench.get(), await bench.get()] == [1, 1]
    await trio.sleep(10)
    assert await bench.get() == 2


async def test_age_counts_from_the_beginning_of_a_making(autojump_clock: MockClock) -> None:
    bench = Bench()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.take)
        await trio.sleep(10)
        bench.make.gate.set()
    assert bench.keep.peek(GALA, GALA) is None


@pytest.mark.parametrize("changed_by", ["edit", "checkpoint", "clear"])
async def test_a_change_that_is_known_here_is_seen_at_once(changed_by: str) -> None:
    bench = Bench()
    bench.make.gate.set()
    assert await bench.get() == 1
    if changed_by == "edit":
        bench.freshness.edited(GALA)
    elif changed_by == "checkpoint":
        await bench.hot.write(GALA, {"event": b"{}"})
    else:
        await bench.hot.clear(GALA)
    assert await bench.get() == 2


async def test_a_change_of_another_event_changes_nothing() -> None:
    bench = Bench()
    bench.make.gate.set()
    assert await bench.get() == 1
    bench.freshness.edited("elsewhere")
    await bench.hot.write("elsewhere", {"event": b"{}"})
    assert await bench.get() == 1


async def test_who_asks_after_a_change_is_not_given_what_was_begun_before() -> None:
    bench = Bench()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.take)
        await wait_all_tasks_blocked()
        bench.freshness.edited(GALA)
        nursery.start_soon(bench.take)
        await wait_all_tasks_blocked()
        bench.make.gate.set()
    assert sorted(bench.got) == [1, 2]
    assert await bench.get() == 2
    assert bench.make.made == 2


async def test_what_only_edits_change_stands_over_checkpoints() -> None:
    bench = Bench()
    keep = Keep[int](bench.freshness.edits, 2, 10.0)
    bench.make.gate.set()
    assert await keep.get(GALA, GALA, bench.make) == 1
    await bench.hot.write(GALA, {"event": b"{}"})
    assert await keep.get(GALA, GALA, bench.make) == 1
    bench.freshness.edited(GALA)
    assert await keep.get(GALA, GALA, bench.make) == 2


@pytest.mark.parametrize("error", [StoreUnavailable("away"), Problem("UNKNOWN_EVENT")])
async def test_a_failure_is_told_to_all_who_wait_and_not_kept(error: Exception) -> None:
    bench = Bench()
    bench.make.error = error
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(bench.take)
        await wait_all_tasks_blocked()
        bench.make.gate.set()
    assert bench.failed == [error] * 3
    bench.make.error = None
    assert await bench.get() == 2


async def test_a_reader_who_leaves_spoils_nothing_for_the_others() -> None:
    bench = Bench()
    async with trio.open_nursery() as nursery:
        with trio.CancelScope() as first:
            nursery.start_soon(bench.take)
            await wait_all_tasks_blocked()
            async with trio.open_nursery() as leavers:
                leavers.start_soon(bench.take)
                await wait_all_tasks_blocked()
                first.cancel()
        bench.make.gate.set()
    assert bench.got == [1]


async def test_when_the_maker_leaves_another_makes_it() -> None:
    bench = Bench()
    async with trio.open_nursery() as nursery:
        leaves = trio.CancelScope()

        async def maker_who_leaves() -> None:
            with leaves:
                await bench.get()

        nursery.start_soon(maker_who_leaves)
        await wait_all_tasks_blocked()
        for _ in range(2):
            nursery.start_soon(bench.take)
        await wait_all_tasks_blocked()
        leaves.cancel()
        await wait_all_tasks_blocked()
        bench.make.gate.set()
    assert bench.got == [2, 2]


async def test_so_many_are_kept_and_no_more() -> None:
    bench = Bench()
    bench.make.gate.set()
    assert [await bench.get(key) for key in ("a", "b", "c")] == [1, 2, 3]
    assert bench.keep.last("a") is None
    assert [await bench.get("c"), await bench.get("b"), await bench.get("a")] == [3, 2, 4]


def test_the_memory_of_edits_is_bounded_and_forgets_to_the_safe_side() -> None:
    freshness = Freshness(MemoryHotStore(), lambda event: None)
    before = freshness.edits("quiet")
    for number in range(EVENTS_MAX):
        freshness.edited(f"event-{number}")
    assert freshness.edits("quiet") == before
    freshness.edited("one-more")
    assert freshness.edits("quiet") != before


@attrs.define
class Lagging:
    """A site that is one fact ahead of its checkpoint, always."""

    checkpoint: Checkpoint = attrs.field(factory=Checkpoint)

    @property
    def ahead(self) -> int:
        return self.checkpoint.position + 1

    async def write(self) -> None:
        """Write whenever somebody waits."""
        while True:
            await self.checkpoint.rest(math.inf)
            self.checkpoint.begin()
            self.checkpoint.wrote(self.ahead)


async def test_a_crowd_is_given_what_is_kept_once_the_haste_is_used_up(
    autojump_clock: MockClock,
) -> None:
    site: Any = Lagging()
    freshness = Freshness(MemoryHotStore(), lambda event: site)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(site.write)
        for number in range(1, HASTE_BURST + 1):
            await freshness.settle(GALA)
            assert site.checkpoint.position == number
        await freshness.settle(GALA)
        assert site.checkpoint.position == HASTE_BURST
        await trio.sleep(1)
        await freshness.settle(GALA)
        assert site.checkpoint.position == HASTE_BURST + 1
        nursery.cancel_scope.cancel()


async def test_who_joins_a_wait_for_a_checkpoint_uses_up_no_haste() -> None:
    site: Any = Lagging()
    freshness = Freshness(MemoryHotStore(), lambda event: site)
    async with trio.open_nursery() as nursery:
        for _ in range(2 * HASTE_BURST):
            nursery.start_soon(freshness.settle, GALA)
        await wait_all_tasks_blocked()
        site.checkpoint.begin()
        site.checkpoint.wrote(1)
    assert not site.checkpoint.is_wanted
    async with trio.open_nursery() as nursery:
        nursery.start_soon(site.write)
        await freshness.settle(GALA)
        nursery.cancel_scope.cancel()
    assert site.checkpoint.position == 2
