"""Pools: many anonymous children, each alone in its fall."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from saleroom.supervisor import Kind, Pool, PoolClosed, State

from .probe import Boom, Stage, node_at, settle


async def boom(message: str) -> None:
    await trio.lowlevel.checkpoint()
    raise Boom(message)


async def test_a_crash_of_one_ends_that_one_alone(autojump_clock: MockClock) -> None:
    crashes: list[tuple[str, str]] = []
    pool = Pool(on_crash=lambda name, error: crashes.append((name, str(error))))
    stage = Stage()
    async with stage.runs(stage.tree_of(pool.spec("sessions", stop_s=1))) as supervisor:
        pool.start_soon(trio.sleep_forever, name="s1")
        pool.start_soon(boom, "bad frame", name="s2")
        pool.start_soon(trio.sleep, 3, name="s3")
        await settle()
        assert crashes == [("s2", "bad frame")]
        node = node_at(supervisor, "root/sessions")
        assert (node.kind, node.state, node.restarts) == (Kind.POOL, State.RUNNING, 0)
        assert node.stats == {
            "running": 2,
            "started": 3,
            "crashed": 1,
            "last_error": "s2: Boom: bad frame",
        }
        await trio.sleep(4)
        assert pool.statistics().running == 1
    assert pool.statistics().running == 0


async def test_a_stopping_pool_admits_nobody_and_gives_members_its_stop_time(
    autojump_clock: MockClock,
) -> None:
    ends: list[str] = []

    async def member(name: str, seconds: float) -> None:
        with trio.CancelScope() as scope:
            await trio.sleep(seconds)
            ends.append(name)
        assert not scope.cancelled_caught

    pool = Pool()
    stage = Stage()
    with pytest.raises(PoolClosed):
        pool.start_soon(member, "early", 1, name="early")
    begin = trio.current_time()
    async with stage.runs(stage.tree_of(pool.spec("sessions", stop_s=5))) as supervisor:
        pool.start_soon(member, "short", 3, name="short")
        pool.start_soon(member, "long", 100, name="long")
        supervisor.stop()
        await settle()
        with pytest.raises(PoolClosed):
            pool.start_soon(member, "late", 1, name="late")
    assert ends == ["short"]
    assert trio.current_time() - begin == pytest.approx(5)
    assert pool.statistics().started == 2


async def test_a_restarted_pool_admits_again(autojump_clock: MockClock) -> None:
    pool = Pool()
    stage = Stage()
    async with stage.runs(stage.tree_of(pool.spec("sessions", stop_s=0))) as supervisor:
        pool.start_soon(trio.sleep_forever, name="s1")
        await supervisor.restart_child("root/sessions")
        assert pool.statistics().running == 0
        pool.start_soon(trio.sleep_forever, name="s2")
        assert pool.statistics().running == 1


async def test_an_interrupt_in_a_member_passes_through(autojump_clock: MockClock) -> None:
    async def interrupt() -> None:
        raise KeyboardInterrupt

    pool = Pool()
    stage = Stage()
    with pytest.RaisesGroup(pytest.RaisesExc(KeyboardInterrupt), flatten_subgroups=True):
        async with stage.runs(stage.tree_of(pool.spec("sessions"))):
            pool.start_soon(interrupt, name="s1")
            await trio.sleep(1)
    assert pool.statistics().crashed == 0


async def test_ten_thousand_members_have_no_node_each(autojump_clock: MockClock) -> None:
    pool = Pool()
    stage = Stage()
    async with stage.runs(stage.tree_of(pool.spec("sessions", stop_s=0))) as supervisor:
        for number in range(10_000):
            pool.start_soon(trio.sleep_forever, name=str(number))
        await settle()
        assert pool.statistics().running == 10_000
        assert len(list(supervisor.tree().walk())) == 2
