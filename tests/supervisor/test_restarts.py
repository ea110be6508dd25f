"""Restart intensity, back-off, starts that fail, parking and escalation."""

from __future__ import annotations

import itertools
import logging
import random

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from saleroom.supervisor import (
    Backoff,
    Restart,
    RestartWindow,
    State,
    Strategy,
    Supervisor,
    SupervisorFailed,
)

from .probe import Boom, Say, Stage, crash, node_at, settle, states, up, wait


def test_a_restart_older_than_the_period_is_forgotten() -> None:
    window = RestartWindow(intensity=2, period_s=5)
    verdicts = [window.admit(at) for at in (0, 1, 5, 5.5, 10.5, 10.5, 16)]
    assert verdicts == [True, True, False, False, True, False, True]


def test_an_intensity_of_zero_admits_no_restart() -> None:
    assert not RestartWindow(intensity=0, period_s=5).admit(0)


@given(
    first_s=st.just(0.0) | st.floats(0.001, 10),
    factor=st.floats(1, 10),
    max_s=st.floats(0, 60),
    jitter=st.floats(0, 1),
    nth=st.integers(1, 40),
    seed=st.integers(),
)
@settings(deadline=None)
def test_a_rest_stays_within_its_bounds(
    first_s: float, factor: float, max_s: float, jitter: float, nth: int, seed: int
) -> None:
    backoff = Backoff(first_s=first_s, factor=factor, max_s=max_s, jitter=jitter)
    longest_s = min(first_s * factor ** (nth - 1), max_s)
    delay_s = backoff.delay_s(nth, random.Random(seed))
    assert longest_s * (1 - jitter) * 0.999 <= delay_s <= longest_s * 1.001


def test_jitter_spreads_the_rests() -> None:
    rng = random.Random(1)
    delays = {Backoff(first_s=1, jitter=0.5).delay_s(1, rng) for _ in range(20)}
    assert len(delays) == 20


async def test_rests_grow_while_a_child_crashes_in_its_start(autojump_clock: MockClock) -> None:
    stage = Stage()
    stage["a"].opening = [[crash()], [crash()], [crash()], [up]]
    backoff = Backoff(first_s=1, factor=3, max_s=5, jitter=0)
    spec = stage.tree_of(stage.worker("a"), stage.worker("b"), backoff=backoff, period_s=100)
    async with stage.runs(spec) as supervisor:
        assert states(supervisor) == {"a": "backing_off", "b": "stopped"}
        await trio.sleep(30)
        assert stage.take_log() == "+a !a +a !a +a !a +a +b"
        assert node_at(supervisor, "root/a").restarts == 3
    begins = [c.since for c in stage.changes if c.path == "root/a" and c.state is State.STARTING]
    assert [round(b - a, 6) for a, b in itertools.pairwise(begins)] == [1, 3, 5]


async def test_a_group_rests_together(autojump_clock: MockClock) -> None:
    stage = Stage()
    spec = stage.tree_of(
        *(stage.worker(name) for name in "abc"),
        strategy=Strategy.ONE_FOR_ALL,
        backoff=Backoff(first_s=2, jitter=0),
    )
    async with stage.runs(spec) as supervisor:
        await stage["b"].tell(crash())
        await trio.sleep(1)
        assert states(supervisor) == {"a": "stopped", "b": "backing_off", "c": "stopped"}
        await trio.sleep(2)
        assert stage.take_log() == "+a +b +c !b -c -a +a +b +c"


async def test_a_crash_too_many_stops_the_siblings_and_fails_upward(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    inner = stage.tree_of(
        stage.worker("a"), stage.worker("b"), stage.worker("c"), name="inner", intensity=1
    )
    async with stage.runs(stage.tree_of(stage.worker("z"), inner)) as supervisor:
        stage.take_log()
        await stage["b"].tell(crash("one"))
        assert stage.take_log() == "!b +b"
        await stage["b"].tell(crash("two"))
        await trio.sleep(1)
        assert stage.take_log() == "!b -c -a +a +b +c"
        inner_node = node_at(supervisor, "root/inner")
        assert inner_node.restarts == 1
        assert inner_node.last_error == (
            "SupervisorFailed: root/inner gave up on root/inner/b: Boom: two"
        )
        assert node_at(supervisor, "root/z").restarts == 0


async def test_a_supervisor_that_starts_anew_has_an_empty_window(autojump_clock: MockClock) -> None:
    stage = Stage()
    inner = stage.tree_of(stage.worker("a"), name="inner", intensity=1, period_s=100)
    async with stage.runs(stage.tree_of(inner)) as supervisor:
        for _ in range(3):
            await stage["a"].tell(crash())
            await settle()
        assert node_at(supervisor, "root/inner").restarts == 1
        assert stage["a"].lives == 4


async def test_crashes_escalate_up_two_levels_to_the_root(autojump_clock: MockClock) -> None:
    stage = Stage()
    stage["a"].opening = [[crash("deep\n  down")]]
    low = stage.tree_of(stage.worker("a"), name="low", intensity=1, period_s=1000)
    middle = stage.tree_of(stage.worker("m"), low, name="middle", intensity=1, period_s=1000)
    spec = stage.tree_of(stage.worker("r"), middle, intensity=0)
    supervisor = Supervisor(spec, rng=stage.rng)
    with pytest.raises(SupervisorFailed) as caught:
        await supervisor.run()
    assert stage["a"].lives == 4
    assert stage.take_log() == "+r +m +a !a +a !a +a !a +a !a -m -r"
    failure = caught.value
    assert (failure.path, failure.child_path) == ("root", "root/middle")
    assert isinstance(failure.__cause__, SupervisorFailed)
    assert failure.__cause__.child_path == "root/middle/low"
    assert isinstance(failure.__cause__.__cause__, SupervisorFailed)
    assert failure.__cause__.__cause__.child_path == "root/middle/low/a"
    assert isinstance(failure.__cause__.__cause__.__cause__, Boom)
    assert supervisor.tree().state is State.FAILED
    assert (supervisor.tree().last_error or "").endswith("Boom: deep down")


async def test_the_supervisors_own_restart_type_counts(autojump_clock: MockClock) -> None:
    stage = Stage()
    inner = stage.tree_of(stage.worker("a"), name="inner", intensity=0, restart=Restart.TEMPORARY)
    async with stage.runs(stage.tree_of(inner, stage.worker("b"))) as supervisor:
        await stage["a"].tell(crash())
        assert states(supervisor) == {"b": "running"}


async def test_stop_while_failing_lets_the_failure_through(autojump_clock: MockClock) -> None:
    stage = Stage()
    stage["b"].stop_takes_s = 2
    with pytest.RaisesGroup(SupervisorFailed):
        async with stage.runs(
            stage.tree_of(stage.worker("a"), stage.worker("b"), intensity=0)
        ) as supervisor:
            await stage["a"].tell(crash())
            assert states(supervisor) == {"a": "failed", "b": "stopping"}
    assert stage.take_log() == "+a +b !a -b"


async def test_waiting_is_a_state_and_no_restart(autojump_clock: MockClock) -> None:
    stage = Stage()
    stage["a"].opening = [[wait("the store is away")]]
    begin = trio.current_time()
    spec = stage.tree_of(stage.worker("a", start_s=10), stage.worker("b"), intensity=0)
    async with stage.runs(spec) as supervisor:
        for _ in range(5):
            await trio.sleep(9)
            await stage["a"].tell(Say("still away"))
            node = node_at(supervisor, "root/a")
            assert (node.state, node.last_error) == (State.STARTING, "still away")
            assert node.since == begin
            assert stage["b"].lives == 0
        await stage["a"].tell(up)
        await trio.sleep(1000)
        assert states(supervisor) == {"a": "running", "b": "running"}
        await stage["a"].tell(Say("away again"))
        assert states(supervisor) == {"a": "starting", "b": "running"}
        await stage["a"].tell(up)
        node = node_at(supervisor, "root/a")
        assert (node.state, node.restarts, node.last_error) == (State.RUNNING, 0, None)
    assert stage.take_log() == "+a +b -b -a"


async def test_a_child_not_up_in_time_is_cancelled_and_counts_as_crashed(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    stage["a"].opening = [[wait("a key")], [up]]
    begin = trio.current_time()
    spec = stage.tree_of(stage.worker("a", start_s=2), backoff=Backoff(first_s=1, jitter=0))
    async with stage.runs(spec) as supervisor:
        await trio.sleep(2.5)
        node = node_at(supervisor, "root/a")
        assert node.state is State.BACKING_OFF
        assert node.last_error == "StartTimedOut: not up within 2 s"
        await trio.sleep(2.5)
        assert stage.take_log() == "+a xa +a"
        node = node_at(supervisor, "root/a")
        assert (node.restarts, node.last_error) == (1, "StartTimedOut: not up within 2 s")
        assert node.since - begin == pytest.approx(3)


async def test_without_a_start_limit_a_child_may_wait_for_ever(autojump_clock: MockClock) -> None:
    stage = Stage()
    stage["a"].opening = [[]]
    async with stage.runs(stage.tree_of(stage.worker("a", start_s=None))) as supervisor:
        await trio.sleep(10**6)
        assert states(supervisor) == {"a": "starting"}
    assert stage.take_log() == "+a -a"


async def test_a_parked_worker_stays_failed_and_harms_nobody(autojump_clock: MockClock) -> None:
    stage = Stage()
    stage["a"].opening = [[crash()], [up]]
    spec = stage.tree_of(stage.worker("a", parked=True), stage.worker("b"), intensity=0)
    async with stage.runs(spec) as supervisor:
        await trio.sleep(100)
        assert states(supervisor) == {"a": "failed", "b": "running"}
        assert supervisor.tree().state is State.RUNNING
        assert node_at(supervisor, "root/a").last_error == "Boom: boom"
        await supervisor.restart_child("root/a")
        assert states(supervisor) == {"a": "running", "b": "running"}
        await stage["a"].tell(None)
        assert states(supervisor)["a"] == "failed"


async def test_a_parked_supervisor_past_its_intensity_is_revived_by_an_operator(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    event = stage.tree_of(
        stage.worker("engine"),
        stage.worker("checkpointer"),
        name="event:1",
        strategy=Strategy.REST_FOR_ONE,
        parked=True,
        intensity=1,
    )
    async with stage.runs(stage.tree_of(event, stage.worker("b"), intensity=0)) as supervisor:
        for _ in range(2):
            await stage["engine"].tell(crash())
            await trio.sleep(0.5)
        assert states(supervisor) == {
            "event:1": "failed",
            "engine": "failed",
            "checkpointer": "stopped",
            "b": "running",
        }
        await supervisor.restart_child("root/event:1")
        assert set(states(supervisor).values()) == {"running"}
        assert node_at(supervisor, "root/event:1").restarts == 0


async def test_a_group_restart_leaves_a_parked_sibling_alone(autojump_clock: MockClock) -> None:
    stage = Stage()
    spec = stage.tree_of(
        stage.worker("a"), stage.worker("p", parked=True), strategy=Strategy.ONE_FOR_ALL
    )
    async with stage.runs(spec) as supervisor:
        await stage["p"].tell(crash())
        await stage["a"].tell(crash())
        await trio.sleep(1)
        assert states(supervisor) == {"a": "running", "p": "failed"}


def test_a_temporary_child_cannot_be_parked() -> None:
    with pytest.raises(ValueError, match="parked"):
        Stage().worker("a", Restart.TEMPORARY, parked=True)


@pytest.mark.parametrize("name", ["", "a/b"])
def test_a_name_is_one_step_of_a_path(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        Stage().worker(name)


def test_siblings_have_names_of_their_own() -> None:
    stage = Stage()
    with pytest.raises(ValueError, match="two children"):
        stage.tree_of(stage.worker("a"), stage.worker("a"))


async def test_a_traceback_is_logged_once_over_an_escalation(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage()
    low = stage.tree_of(stage.worker("a"), name="low", intensity=0)
    async with stage.runs(stage.tree_of(low)):
        await stage["a"].tell(crash())
    records = [record for record in caplog.records if record.name == "saleroom.supervisor"]
    assert [record.getMessage() for record in records] == [
        "root/low/a: Boom: boom",
        "root/low: SupervisorFailed: root/low gave up on root/low/a: Boom: boom",
    ]
    assert [bool(record.exc_info) for record in records] == [True, False]
    assert {record.levelno for record in records} == {logging.ERROR}
