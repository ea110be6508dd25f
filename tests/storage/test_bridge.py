"""The crossing to asyncio: results, errors, cancellation and the end of the bridge."""

from __future__ import annotations

import asyncio
import threading

import pytest
import trio

from saleroom.storage import bridge as bridge_module
from saleroom.storage.bridge import Bridge, open_bridge, time_limit
from saleroom.storage.ports import OutcomeUnknown, StoreUnavailable

FOREVER_S = 3600.0


class Gate:
    """A coroutine over there that says when it has begun, and how it was ended."""

    def __init__(self) -> None:
        self.has_begun = threading.Event()
        self.was_cut_short = False

    async def hold(self) -> None:
        self.has_begun.set()
        try:
            async with time_limit(FOREVER_S):
                await _forever()
        finally:
            self.was_cut_short = True

    async def hold_and_answer(self) -> str:
        """End with a result, although cancelled."""
        try:
            await self.hold()
        except BaseException:
            return "committed"
        return "not cancelled"

    async def begun(self) -> None:
        with trio.fail_after(30):
            assert await trio.to_thread.run_sync(self.has_begun.wait, 30)


async def _forever() -> None:
    await asyncio.Event().wait()


async def _name_of_thread() -> str:
    return threading.current_thread().name


async def _fail() -> None:
    raise KeyError("over there")


async def test_a_call_runs_in_the_other_thread_and_gives_its_result(bridge: Bridge) -> None:
    assert await bridge.run(_name_of_thread) == "asyncio bridge"


async def test_an_error_over_there_is_raised_here(bridge: Bridge) -> None:
    with pytest.raises(KeyError, match="over there"):
        await bridge.run(_fail)


async def test_a_time_limit_over_there_is_a_timeout(bridge: Bridge) -> None:
    async def slow() -> None:
        async with time_limit(0.001):
            await _forever()

    with pytest.raises(TimeoutError):
        await bridge.run(slow)


async def test_a_cancelled_call_is_ended_over_there_before_cancelled_is_raised(
    bridge: Bridge,
) -> None:
    gate = Gate()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bridge.run, gate.hold)
        await gate.begun()
        nursery.cancel_scope.cancel()
    assert gate.was_cut_short
    assert bridge.statistics().in_flight == 0


async def test_a_result_that_came_in_spite_of_the_cancellation_is_not_lost(bridge: Bridge) -> None:
    gate = Gate()
    results: list[str] = []

    async def call() -> None:
        results.append(await bridge.run(gate.hold_and_answer))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(call)
        await gate.begun()
        nursery.cancel_scope.cancel()
    assert results == ["committed"]


async def test_a_call_cancelled_before_it_crosses_never_runs(bridge: Bridge) -> None:
    gate = Gate()
    with trio.CancelScope() as scope:
        scope.cancel()
        await bridge.run(gate.hold)
    assert scope.cancelled_caught
    assert not gate.has_begun.is_set()


async def test_a_call_that_will_not_end_is_left_behind(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bridge_module, "CANCEL_LIMIT_S", 0.01)
    begun, release = threading.Event(), threading.Event()

    async def stubborn() -> str:
        begun.set()
        release.wait(30)
        return "late"

    async with trio.open_nursery() as nursery:
        nursery.start_soon(bridge.run, stubborn)
        assert await trio.to_thread.run_sync(begun.wait, 30)
        nursery.cancel_scope.cancel()
    assert bridge.statistics().left_behind == 1
    release.set()
    await bridge.run(_name_of_thread)
    assert "late" in caplog.text


async def test_a_closed_bridge_is_unavailable() -> None:
    async with open_bridge() as bridge:
        pass
    with pytest.raises(StoreUnavailable):
        await bridge.run(_name_of_thread)


async def test_closing_ends_a_call_as_unknown() -> None:
    gate = Gate()
    caught: list[OutcomeUnknown] = []

    async def call(bridge: Bridge) -> None:
        try:
            await bridge.run(gate.hold)
        except OutcomeUnknown as error:
            caught.append(error)

    async with trio.open_nursery() as nursery, open_bridge() as bridge:
        nursery.start_soon(call, bridge)
        await gate.begun()
    assert len(caught) == 1
    assert gate.was_cut_short
