"""Strategies, restart types and orders of start and stop, as OTP means them."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from saleroom.supervisor import (
    ON_EXIT,
    REACH,
    Backoff,
    Child,
    Exit,
    Restart,
    Strategy,
    Supervisor,
    SupervisorFailed,
)

from .probe import Say, Stage, crash, node_at, settle, states, up

P, TR, TE = Restart.PERMANENT, Restart.TRANSIENT, Restart.TEMPORARY
ONE, ALL, REST = Strategy.ONE_FOR_ONE, Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE


def test_the_tables_are_total() -> None:
    assert set(ON_EXIT) == {(restart, end) for restart in Restart for end in Exit}
    assert set(REACH) == set(Strategy)


@pytest.mark.parametrize(
    ("strategy", "happens", "restarts"),
    [
        (ONE, "!b +b", {"a": 0, "b": 1, "c": 0}),
        (ALL, "!b -c -a +a +b +c", {"a": 1, "b": 1, "c": 1}),
        (REST, "!b -c +b +c", {"a": 0, "b": 1, "c": 1}),
    ],
)
async def test_a_crash_takes_along_whom_the_strategy_says(
    autojump_clock: MockClock, strategy: Strategy, happens: str, restarts: dict[str, int]
) -> None:
    stage = Stage()
    workers = [stage.worker(name) for name in "abc"]
    async with stage.runs(stage.tree_of(*workers, strategy=strategy)) as supervisor:
        assert stage.take_log() == "+a +b +c"
        await stage["b"].tell(crash())
        await trio.sleep(1)
        assert stage.take_log() == happens
        assert {n: node_at(supervisor, f"root/{n}").restarts for n in "abc"} == restarts
        assert states(supervisor) == dict.fromkeys("abc", "running")
    assert stage.take_log() == "-c -b -a"


@pytest.mark.parametrize(
    ("restart", "end", "happens", "state"),
    [
        (P, None, "-a +a", "running"),
        (P, crash(), "!a +a", "running"),
        (TR, None, "-a", "stopped"),
        (TR, crash(), "!a +a", "running"),
        (TE, None, "-a", None),
        (TE, crash(), "!a", None),
    ],
)
async def test_a_child_that_ends_unasked_is_treated_by_its_restart_type(
    autojump_clock: MockClock, restart: Restart, end: None, happens: str, state: str | None
) -> None:
    stage = Stage()
    spec = stage.tree_of(stage.worker("a", restart), stage.worker("b"))
    async with stage.runs(spec) as supervisor:
        stage.take_log()
        await stage["a"].tell(end)
        await trio.sleep(1)
        assert stage.take_log() == happens
        assert states(supervisor).get("a") == state
        assert states(supervisor)["b"] == "running"


async def test_a_group_restart_forgets_temporary_and_revives_ended_transient_siblings(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    spec = stage.tree_of(
        stage.worker("a"), stage.worker("t", TE), stage.worker("r", TR), strategy=ALL
    )
    async with stage.runs(spec) as supervisor:
        await stage["r"].tell(None)
        stage.take_log()
        await stage["a"].tell(crash())
        await trio.sleep(1)
        assert stage.take_log() == "!a -t +a +r"
        assert states(supervisor) == {"a": "running", "r": "running"}
        await supervisor.add_child("root", stage.worker("u", TE))
    assert states(supervisor) == {"a": "stopped", "r": "stopped"}


async def test_a_sibling_starts_only_when_the_one_before_is_up(autojump_clock: MockClock) -> None:
    stage = Stage()
    stage["a"].opening = [[]]
    async with stage.runs(stage.tree_of(stage.worker("a"), stage.worker("b"))) as supervisor:
        assert states(supervisor) == {"a": "starting", "b": "stopped"}
        assert supervisor.tree().state.value == "starting"
        await stage["a"].tell(up)
        assert states(supervisor) == {"a": "running", "b": "running"}
        assert supervisor.tree().state.value == "running"


async def test_a_supervisor_is_up_when_its_children_are(autojump_clock: MockClock) -> None:
    stage = Stage()
    stage["b"].opening = [[]]
    inner = stage.tree_of(stage.worker("a"), stage.worker("b"), name="inner")
    async with stage.runs(stage.tree_of(inner, stage.worker("c"))) as supervisor:
        assert states(supervisor) == {
            "inner": "starting",
            "a": "running",
            "b": "starting",
            "c": "stopped",
        }
        await stage["b"].tell(up)
        assert set(states(supervisor).values()) == {"running"}
        assert stage.take_log() == "+a +b +c"


async def test_stop_is_in_reverse_order_each_with_its_own_deadline(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    stage["b"].stop_takes_s = 3
    stage["c"].stop_takes_s = 100
    spec = stage.tree_of(
        stage.worker("a"), stage.worker("b", stop_s=4), stage.worker("c", stop_s=2)
    )
    async with stage.runs(spec) as supervisor:
        stage.take_log()
        begin = trio.current_time()
        supervisor.stop()
        supervisor.stop()
        await settle()
        assert states(supervisor) == {"a": "running", "b": "running", "c": "stopping"}
        await trio.sleep(2.5)
        assert states(supervisor) == {"a": "running", "b": "stopping", "c": "stopped"}
    assert trio.current_time() - begin == 5
    assert stage.take_log() == "xc -b -a"


async def test_siblings_that_a_restart_takes_along_are_cancelled_past_their_deadline(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    stage["c"].stop_takes_s = 100
    spec = stage.tree_of(
        stage.worker("a"), stage.worker("b"), stage.worker("c", stop_s=2), strategy=REST
    )
    async with stage.runs(spec) as supervisor:
        stage.take_log()
        await stage["a"].tell(crash())
        assert states(supervisor) == {"a": "stopped", "b": "running", "c": "stopping"}
        await trio.sleep(3)
        stage["c"].stop_takes_s = 0
        assert stage.take_log() == "!a xc -b +a +b +c"


async def test_a_word_said_while_stopping_moves_no_deadline(autojump_clock: MockClock) -> None:
    stage = Stage()
    stage["a"].stop_takes_s = 100
    begin = trio.current_time()
    async with stage.runs(stage.tree_of(stage.worker("a", stop_s=2))) as supervisor:
        supervisor.stop()
        await trio.sleep(1)
        await stage["a"].tell(Say("a store"))
        assert states(supervisor) == {"a": "stopping"}
    assert trio.current_time() - begin == pytest.approx(2)
    assert stage.take_log() == "+a xa"
    assert node_at(supervisor, "root/a").last_error is None


async def test_a_word_of_an_earlier_incarnation_is_not_heard(autojump_clock: MockClock) -> None:
    earlier: list[Child] = []
    stage = Stage()
    stage["a"].opening = [[earlier.append, crash()], []]
    async with stage.runs(stage.tree_of(stage.worker("a"))) as supervisor:
        earlier[0].started()
        await settle()
        assert states(supervisor) == {"a": "starting"}


async def test_a_crash_while_stopping_is_recorded_and_not_restarted(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    stage["b"].stop_takes_s = 1
    spec = stage.tree_of(stage.worker("a"), stage.worker("b"), strategy=REST, intensity=1)
    async with stage.runs(spec) as supervisor:
        stage.take_log()
        await stage["a"].tell(crash())
        await stage["b"].tell(crash("late"))
        await trio.sleep(1)
        assert stage.take_log() == "!a !b +a +b"
        assert node_at(supervisor, "root/b").last_error == "Boom: late"


async def test_stop_acts_during_start_restart_and_rest(autojump_clock: MockClock) -> None:
    stage = Stage()
    stage["slow"].opening = [[]]
    stage["resting"].opening = [[up], [crash()]]
    stage["stopping"].stop_takes_s = 1
    resting = stage.tree_of(
        stage.worker("resting"), name="x", backoff=Backoff(first_s=50, max_s=50, jitter=0)
    )
    restarting = stage.tree_of(
        stage.worker("culprit"), stage.worker("stopping"), name="y", strategy=REST
    )
    begin = trio.current_time()
    async with stage.runs(stage.tree_of(resting, restarting, stage.worker("slow"))) as supervisor:
        await stage["resting"].tell(crash())
        await stage["culprit"].tell(crash())
        assert states(supervisor) == {
            "x": "running",
            "resting": "backing_off",
            "y": "running",
            "culprit": "stopped",
            "stopping": "stopping",
            "slow": "starting",
        }
    assert trio.current_time() - begin == 1
    assert "running" not in {c.state.value for c in stage.changes if c.path == "root"}
    assert stage.take_log() == "+resting +culprit +stopping +slow !resting !culprit -slow -stopping"


async def test_others_run_on_and_restart_while_one_restarts_slowly(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    stage["a"].opening = [[up], []]
    async with stage.runs(stage.tree_of(stage.worker("a"), stage.worker("b"))) as supervisor:
        await stage["a"].tell(crash())
        await stage["b"].tell(crash())
        await trio.sleep(1)
        assert states(supervisor) == {"a": "starting", "b": "running"}
        assert stage["b"].lives == 2


async def test_keyboard_interrupt_passes_through_and_is_never_restarted(
    autojump_clock: MockClock,
) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    stage = Stage()
    inner = stage.tree_of(stage.worker("a"), stage.worker("b"), name="inner")
    with pytest.RaisesGroup(pytest.RaisesExc(KeyboardInterrupt), flatten_subgroups=True):
        async with stage.runs(stage.tree_of(inner)):
            await stage["a"].tell(interrupt)
            await trio.sleep(1)
    assert stage["a"].lives == 1
    assert stage.alive == set()


async def test_cancelling_the_root_cancels_every_child_at_once(autojump_clock: MockClock) -> None:
    stage = Stage()
    stage["b"].stop_takes_s = 100
    spec = stage.tree_of(stage.tree_of(stage.worker("a"), stage.worker("b"), name="inner"))
    begin = trio.current_time()
    with trio.move_on_after(1) as scope:
        async with stage.runs(spec):
            await trio.sleep_forever()
    assert scope.cancelled_caught
    assert trio.current_time() - begin == 1
    assert sorted(stage.log) == ["+a", "+b", "xa", "xb"]
    assert {change.path: change.state.value for change in stage.changes} == dict.fromkeys(
        ("root", "root/inner", "root/inner/a", "root/inner/b"), "stopped"
    )


async def test_a_stop_before_the_run_starts_nothing(autojump_clock: MockClock) -> None:
    stage = Stage()
    supervisor = Supervisor(stage.tree_of(stage.worker("a")), rng=stage.rng)
    supervisor.stop()
    await supervisor.run()
    assert stage.take_log() == ""


async def test_a_supervisor_runs_once(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with stage.runs(stage.tree_of(stage.worker("a"))) as supervisor:
        with pytest.raises(RuntimeError, match="once"):
            await supervisor.run()
    assert stage.take_log() == "+a -a"


async def test_the_failure_of_the_root_is_raised_after_an_orderly_stop(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    with pytest.RaisesGroup(SupervisorFailed):
        async with stage.runs(
            stage.tree_of(stage.worker("a"), stage.worker("b"), stage.worker("c"), intensity=0)
        ):
            stage.take_log()
            await stage["b"].tell(crash())
            await trio.sleep(1)
    assert stage.take_log() == "!b -c -a"
