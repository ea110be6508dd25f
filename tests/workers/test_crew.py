"""A crew does what it is asked, and outlives whatever becomes of a call."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
import trio.testing

from saleroom.supervisor import Child
from saleroom.workers.crew import Crew, CrewLimits, WorkersBusy, WorkFailed, WorkTooLong
from saleroom.workers.process import open_worker

ERRANDS = "tests.workers.errands"
GUARD_S = 30.0
SOON_S = 0.05


@asynccontextmanager
async def open_crew(**limits: Any) -> AsyncIterator[Crew]:
    crew = Crew("tests", CrewLimits(**limits))
    child = Child("crew", lambda reason: None)
    with trio.fail_after(GUARD_S):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(crew.serve, child)
            await trio.testing.wait_all_tasks_blocked()
            await crew.run(f"{ERRANDS}:one", "a worker is up")
            yield crew
            child.stopping.set()


async def test_plain_data_comes_back_as_it_went() -> None:
    async with open_crew() as crew:
        values = (b"\x00\xff", "Zoë", 7, 1.5, None, [1, {"a": []}], b"", "")
        assert await crew.run(f"{ERRANDS}:echo", *values) == values
        assert await crew.run(f"{ERRANDS}:one", [1, 2]) == [1, 2]
        assert await crew.run(f"{ERRANDS}:one", b"x" * 3_000_000) == b"x" * 3_000_000
        assert await crew.run(f"{ERRANDS}:echo") == ()


async def test_a_worker_serves_again_and_again() -> None:
    async with open_crew() as crew:
        assert await crew.run(f"{ERRANDS}:who") == await crew.run(f"{ERRANDS}:who")
        assert crew.statistics().processes == 1
        assert crew.statistics().done == 3


async def test_a_worker_has_none_of_the_servers_secrets_nor_its_modules(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SALEROOM_SECRET", "x" * 32)
    async with open_crew() as crew:
        environment, has_trio, group = await crew.run(f"{ERRANDS}:surroundings")
        assert not {name for name in environment if name.startswith("SALEROOM")}
        assert not has_trio
        assert group == await crew.run(f"{ERRANDS}:who")


async def test_what_a_library_prints_is_no_answer() -> None:
    async with open_crew() as crew:
        assert await crew.run(f"{ERRANDS}:chatter") == "said"


async def test_an_error_is_told_by_its_place_and_never_by_its_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with open_crew() as crew:
        with caplog.at_level(logging.DEBUG), pytest.raises(WorkFailed) as failed:
            await crew.run(f"{ERRANDS}:stumble", "a-password")
        assert "ValueError in errands.py" in str(failed.value)
        assert "a-password" not in str(failed.value) + caplog.text
        assert crew.statistics().replaced == 0


@pytest.mark.parametrize(
    ("errand", "arguments"),
    [("vanish", ()), ("devour", (4 * 1024**3,)), ("much", (2_000_000,))],
    ids=["killed", "out of memory", "a result too large"],
)
async def test_a_lost_worker_costs_its_call_alone(errand: str, arguments: tuple[int, ...]) -> None:
    async with open_crew(result_bytes_max=1_000_000) as crew:
        with pytest.raises(WorkFailed):
            await crew.run(f"{ERRANDS}:{errand}", *arguments)
        assert await crew.run(f"{ERRANDS}:one", 1) == 1
        statistics = crew.statistics()
        assert (statistics.failed, statistics.replaced, statistics.processes) == (1, 1, 1)


@pytest.mark.parametrize("errand", ["unheard_of", "nowhere"])
async def test_a_bug_in_a_function_is_a_failure(errand: str) -> None:
    async with open_crew() as crew:
        with pytest.raises(WorkFailed):
            await crew.run(f"{ERRANDS}:{errand}")
        assert crew.statistics().replaced == 0


async def test_what_is_no_plain_data_is_the_callers_own_error() -> None:
    async with open_crew() as crew:
        with pytest.raises(TypeError):
            await crew.run(f"{ERRANDS}:one", object())
        assert await crew.run(f"{ERRANDS}:one", 1) == 1


async def test_a_worker_that_takes_too_long_is_ended() -> None:
    async with open_crew() as crew:
        first = await crew.run(f"{ERRANDS}:who")
        with pytest.raises(WorkTooLong):
            await crew.run(f"{ERRANDS}:linger", limit_s=SOON_S)
        assert await crew.run(f"{ERRANDS}:who") != first
        assert crew.statistics().too_long == 1


async def test_who_waits_too_long_for_a_worker_is_told_to_come_back() -> None:
    async with open_crew() as crew, trio.open_nursery() as nursery:
        nursery.start_soon(_linger, crew)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(WorkersBusy):
            await crew.run(f"{ERRANDS}:one", 1, limit_s=SOON_S)
        nursery.cancel_scope.cancel()


async def test_only_so_many_wait() -> None:
    async with open_crew(waiting_max=2) as crew, trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(_linger, crew)
            await trio.testing.wait_all_tasks_blocked()
        assert (crew.statistics().working, crew.statistics().waiting) == (1, 2)
        with pytest.raises(WorkersBusy):
            await crew.run(f"{ERRANDS}:one", 1)
        assert crew.statistics().refused == 1
        nursery.cancel_scope.cancel()


async def test_calls_whose_callers_left_are_not_begun() -> None:
    async with open_crew() as crew:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_linger, crew, SOON_S)
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(_linger, crew)
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        assert await crew.run(f"{ERRANDS}:one", 1) == 1
        assert crew.statistics().too_long == 1


async def test_two_workers_work_at_once() -> None:
    async with open_crew(processes=2) as crew, trio.open_nursery() as nursery:
        nursery.start_soon(_linger, crew)
        await trio.testing.wait_all_tasks_blocked()
        assert await crew.run(f"{ERRANDS}:one", 1) == 1
        nursery.cancel_scope.cancel()


async def test_a_stopped_crew_refuses_and_leaves_no_process() -> None:
    refused = []

    async def wait(crew: Crew) -> None:
        with pytest.raises(WorkersBusy):
            await crew.run(f"{ERRANDS}:linger")
        refused.append(crew)

    async with trio.open_nursery() as nursery:
        async with open_crew() as crew:
            for _ in range(2):
                nursery.start_soon(wait, crew)
            await trio.testing.wait_all_tasks_blocked()
        assert crew.statistics().processes == 0
    assert len(refused) == 2
    with pytest.raises(WorkersBusy):
        await crew.run(f"{ERRANDS}:one", 1)


async def test_a_worker_ends_when_its_server_does() -> None:
    with trio.fail_after(GUARD_S):
        async with open_worker(1024**3, 0) as worker:
            assert worker.process.stdin is not None
            await worker.process.stdin.aclose()
            assert await worker.process.wait() == 0


async def test_a_worker_that_died_while_idle_is_replaced_before_the_next_call() -> None:
    async with open_crew() as crew:
        process = await crew.run(f"{ERRANDS}:who")
        os.kill(process, signal.SIGKILL)
        await trio.to_thread.run_sync(os.waitid, os.P_PID, process, os.WEXITED | os.WNOWAIT)
        assert await crew.run(f"{ERRANDS}:who") != process
        assert crew.statistics().failed == 0


async def _linger(crew: Crew, limit_s: float | None = None) -> None:
    with pytest.raises(WorkTooLong):
        await crew.run(f"{ERRANDS}:linger", limit_s=limit_s)
