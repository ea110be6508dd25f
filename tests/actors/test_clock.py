"""The event clock. Source: rule 8, I8."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from saleroom.actors.clock import Clock, EventClock


async def test_it_goes_with_the_monotonic_clock(autojump_clock: MockClock) -> None:
    clock = EventClock(Clock(1_000_000.9))
    assert clock.now_ms() == 1_000_000
    await trio.sleep(1.5)
    assert clock.now_ms() == 1_001_500


async def test_it_never_falls_behind_what_was_seen(autojump_clock: MockClock) -> None:
    shared = Clock(1_000)
    ahead, other = EventClock(shared), EventClock(shared)
    ahead.not_before(5_000)
    ahead.not_before(2_000)
    assert (ahead.now_ms(), other.now_ms()) == (5_000, 1_000)
    await trio.sleep(1)
    assert (ahead.now_ms(), other.now_ms()) == (6_000, 2_000)


async def test_a_moment_of_the_event_is_waited_for(autojump_clock: MockClock) -> None:
    clock = EventClock(Clock(1_000))
    clock.not_before(9_000)
    await trio.sleep_until(clock.trio_time(9_250))
    assert clock.now_ms() == 9_250


@pytest.mark.parametrize("wall_ms", [0.0, 1_790_000_000_000.37])
async def test_a_moment_that_was_waited_for_is_never_read_as_the_ms_before(
    autojump_clock: MockClock, wall_ms: float
) -> None:
    clock = EventClock(Clock(wall_ms))
    for at in range(int(wall_ms) + 1, int(wall_ms) + 2_000):
        await trio.sleep_until(clock.trio_time(at))
        assert clock.now_ms() == at
