"""What operators do to a running tree, and what they see of it."""

from __future__ import annotations

import attrs
import pytest
import trio
from trio.testing import MockClock

from saleroom.supervisor import (
    Backoff,
    Change,
    Child,
    ChildExists,
    ChildNotStarted,
    ChildSpec,
    Kind,
    Restart,
    State,
    Strategy,
    Supervisor,
    SupervisorDown,
    UnknownChild,
    describe,
)

from .probe import Boom, Say, Stage, crash, node_at, settle, states, up

LONG_REST = Backoff(first_s=1000, max_s=1000, jitter=0)


async def test_an_added_child_is_up_when_add_returns(autojump_clock: MockClock) -> None:
    stage = Stage()
    stage["n"].opening = [[crash()], [crash()], [up]]
    spec = stage.tree_of(stage.tree_of(stage.worker("a"), name="events"))
    async with stage.runs(spec) as supervisor:
        await supervisor.add_child("root/events", stage.worker("n"))
        assert states(supervisor) == {"events": "running", "a": "running", "n": "running"}
        assert stage["n"].lives == 3
    assert stage.take_log() == "+a +n !n +n !n +n -n -a"


async def test_add_returns_when_the_child_is_parked_or_done(autojump_clock: MockClock) -> None:
    stage = Stage()
    stage["p"].opening = [[crash()]]
    async with stage.runs(stage.tree_of()) as supervisor:
        await supervisor.add_child("root", stage.worker("p", parked=True))
        assert states(supervisor) == {"p": "failed"}

        async def done(_: object) -> None:
            pass

        transient = attrs.evolve(stage.worker("t", Restart.TRANSIENT), run=done)
        await supervisor.add_child("root", transient)
        assert states(supervisor) == {"p": "failed", "t": "stopped"}


async def test_adding_a_temporary_child_that_crashes_is_refused(autojump_clock: MockClock) -> None:
    stage = Stage()
    stage["t"].opening = [[crash()]]
    async with stage.runs(stage.tree_of()) as supervisor:
        with pytest.raises(ChildNotStarted, match="root/t: Boom: boom"):
            await supervisor.add_child("root", stage.worker("t", Restart.TEMPORARY))
        assert states(supervisor) == {}


async def test_an_added_child_outlives_a_restart_of_its_supervisor(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    events = stage.tree_of(
        stage.worker("a"), stage.worker("t", Restart.TEMPORARY), name="events", intensity=0
    )
    async with stage.runs(stage.tree_of(events)) as supervisor:
        await supervisor.add_child("root/events", stage.worker("n"))
        await supervisor.add_child("root/events", stage.worker("u", Restart.TEMPORARY))
        await supervisor.remove_child("root/events/a")
        stage.take_log()
        await stage["n"].tell(crash())
        await trio.sleep(1)
        assert stage.take_log() == "!n -u -t +t +n"
        assert list(states(supervisor)) == ["events", "t", "n"]


async def test_children_added_to_one_for_one_do_not_wait_for_each_other(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    stage["slow"].opening = [[]]
    async with stage.runs(stage.tree_of()) as supervisor, trio.open_nursery() as nursery:
        nursery.start_soon(supervisor.add_child, "root", stage.worker("slow"))
        await settle()
        await supervisor.add_child("root", stage.worker("quick"))
        assert states(supervisor) == {"slow": "starting", "quick": "running"}
        await stage["slow"].tell(up)


async def test_a_removed_child_is_stopped_and_forgotten(autojump_clock: MockClock) -> None:
    stage = Stage()
    stage["b"].stop_takes_s = 100
    spec = stage.tree_of(
        stage.worker("a"), stage.worker("b", stop_s=3), strategy=Strategy.ONE_FOR_ALL
    )
    async with stage.runs(spec) as supervisor:
        begin = trio.current_time()
        await supervisor.remove_child("root/b")
        assert trio.current_time() - begin == pytest.approx(3)
        assert stage.take_log() == "+a +b xb"
        assert states(supervisor) == {"a": "running"}
        assert (stage.changes[-1].path, stage.changes[-1].removed) == ("root/b", True)
        with pytest.raises(UnknownChild):
            await supervisor.remove_child("root/b")
        await supervisor.add_child("root", stage.worker("b"))
        assert states(supervisor) == {"a": "running", "b": "running"}


async def test_removing_a_child_ends_the_wait_for_its_start(autojump_clock: MockClock) -> None:
    stage = Stage()
    stage["n"].opening = [[crash()]]
    async with stage.runs(stage.tree_of(backoff=LONG_REST)) as supervisor:
        async with trio.open_nursery() as nursery:

            async def add() -> None:
                with pytest.raises(ChildNotStarted):
                    await supervisor.add_child("root", stage.worker("n"))

            nursery.start_soon(add)
            await settle()
            assert states(supervisor) == {"n": "backing_off"}
            begin = trio.current_time()
            await supervisor.remove_child("root/n")
        assert trio.current_time() == begin


@pytest.mark.parametrize(
    ("strategy", "happens"),
    [
        (Strategy.ONE_FOR_ONE, "-b +b"),
        (Strategy.REST_FOR_ONE, "-c -b +b +c"),
        (Strategy.ONE_FOR_ALL, "-c -b -a +a +b +c"),
    ],
)
async def test_an_operators_restart_follows_the_strategy_and_is_not_counted(
    strategy: Strategy, happens: str, autojump_clock: MockClock
) -> None:
    stage = Stage()
    workers = [stage.worker(name) for name in "abc"]
    spec = stage.tree_of(*workers, strategy=strategy, intensity=0)
    async with stage.runs(spec) as supervisor:
        for _ in range(3):
            stage.take_log()
            await supervisor.restart_child("root/b")
            await settle()
            assert stage.take_log() == happens
        assert node_at(supervisor, "root/b").restarts == 0


async def test_an_operators_restart_cuts_a_rest_short(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with stage.runs(stage.tree_of(stage.worker("a"), backoff=LONG_REST)) as supervisor:
        await stage["a"].tell(crash())
        assert states(supervisor) == {"a": "backing_off"}
        begin = trio.current_time()
        await supervisor.restart_child("root/a")
        assert states(supervisor) == {"a": "running"}
        assert trio.current_time() == begin


async def test_stop_cuts_a_rest_short(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with stage.runs(stage.tree_of(stage.worker("a"), backoff=LONG_REST)) as supervisor:
        await stage["a"].tell(crash())
        begin = trio.current_time()
        supervisor.stop()
    assert trio.current_time() == begin
    assert stage.take_log() == "+a !a"


@pytest.mark.parametrize("path", ["", "root", "other", "other/a", "root/x", "root/a/b", "root/x/y"])
async def test_a_path_that_leads_nowhere_is_refused(path: str, autojump_clock: MockClock) -> None:
    stage = Stage()
    async with stage.runs(stage.tree_of(stage.worker("a"))) as supervisor:
        with pytest.raises(UnknownChild):
            await supervisor.restart_child(path)
        with pytest.raises(UnknownChild):
            await supervisor.remove_child(path)
        if path != "root":
            with pytest.raises(UnknownChild):
                await supervisor.add_child(path, stage.worker("n"))
        assert stage.take_log() == "+a"


async def test_a_name_in_use_is_refused(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with stage.runs(stage.tree_of(stage.worker("a"))) as supervisor:
        with pytest.raises(ChildExists, match="root/a"):
            await supervisor.add_child("root", stage.worker("a"))


async def test_a_supervisor_that_does_not_run_refuses_requests(autojump_clock: MockClock) -> None:
    stage = Stage()
    supervisor = Supervisor(stage.tree_of(stage.worker("a")), rng=stage.rng)
    with pytest.raises(SupervisorDown):
        await supervisor.restart_child("root/a")


async def test_requests_in_flight_are_answered_when_the_supervisor_stops(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    stage["n"].opening = [[]]
    stage["n"].stop_takes_s = 2
    refused: list[str] = []

    async def refuse(supervisor: Supervisor, name: str) -> None:
        with pytest.raises(SupervisorDown):
            await supervisor.add_child("root", stage.worker(name))
        refused.append(name)

    async with trio.open_nursery() as nursery, stage.runs(stage.tree_of()) as supervisor:
        nursery.start_soon(refuse, supervisor, "n")
        await settle()
        supervisor.stop()
        await settle()
        nursery.start_soon(refuse, supervisor, "late")
        await settle()
        assert refused == ["late"]
    assert refused == ["late", "n"]


async def test_requests_in_flight_are_answered_when_the_supervisor_is_cancelled(
    autojump_clock: MockClock,
) -> None:
    answers: list[str] = []

    async def linger(child: Child) -> None:
        child.started()
        try:
            await child.stopping.wait()
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(2)

    stage = Stage()
    lingering = ChildSpec(name="a", run=linger, stop_s=100)
    supervisor = Supervisor(stage.tree_of(lingering), rng=stage.rng)

    async def remove() -> None:
        await supervisor.remove_child("root/a")
        answers.append("removed")

    async def add(after_s: float) -> None:
        await trio.sleep(after_s)
        with pytest.raises(SupervisorDown):
            await supervisor.add_child("root", stage.worker(f"late{after_s}"))
        answers.append("refused")

    async with trio.open_nursery() as outer, trio.open_nursery() as nursery:
        await nursery.start(supervisor.run)
        outer.start_soon(remove)
        await settle()
        assert states(supervisor) == {"a": "stopping"}
        nursery.cancel_scope.cancel()
        outer.start_soon(add, 0)
        outer.start_soon(add, 1)
    assert sorted(answers) == ["refused", "refused", "removed"]
    assert states(supervisor) == {}


async def test_a_restart_is_done_when_the_new_incarnation_is_up(autojump_clock: MockClock) -> None:
    stage = Stage()
    stage["b"].stop_takes_s = 1
    spec = stage.tree_of(stage.worker("a"), stage.worker("b"), strategy=Strategy.REST_FOR_ONE)
    done: list[int] = []
    async with stage.runs(spec) as supervisor, trio.open_nursery() as nursery:

        async def restart() -> None:
            await supervisor.restart_child("root/a")
            done.append(stage["a"].lives)

        nursery.start_soon(restart)
        await settle()
        assert states(supervisor) == {"a": "running", "b": "stopping"}
        await stage["a"].tell(up)
        assert done == []
        await trio.sleep(2)
        assert done == [2]


async def test_a_child_being_removed_is_not_restarted_with_its_siblings(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    stage["b"].stop_takes_s = 1
    spec = stage.tree_of(stage.worker("a"), stage.worker("b"), strategy=Strategy.ONE_FOR_ALL)
    async with stage.runs(spec) as supervisor, trio.open_nursery() as nursery:
        nursery.start_soon(supervisor.remove_child, "root/b")
        await settle()
        with pytest.raises(UnknownChild):
            await supervisor.restart_child("root/b")
        await stage["a"].tell(crash())
        await trio.sleep(2)
        assert states(supervisor) == {"a": "running"}
        assert stage.take_log() == "+a +b !a -b +a"


async def test_the_picture_shows_the_whole_tree(autojump_clock: MockClock) -> None:
    stage = Stage()
    engine = stage.worker("engine", statistics=lambda: {"mailbox": 3})
    inner = stage.tree_of(
        engine, name="inner", strategy=Strategy.REST_FOR_ONE, statistics=lambda: {"events": 1}
    )
    begin = trio.current_time()
    async with stage.runs(stage.tree_of(inner)) as supervisor:
        await trio.sleep(7)
        root = supervisor.tree()
        node = root.children[0].children[0]
        assert [n.path for n in root.walk()] == ["root", "root/inner", "root/inner/engine"]
        assert (root.kind, root.strategy) == (Kind.SUPERVISOR, Strategy.ONE_FOR_ONE)
        assert root.children[0].strategy is Strategy.REST_FOR_ONE
        assert root.children[0].stats == {"events": 1}
        assert (node.kind, node.strategy, node.stats) == (Kind.WORKER, None, {"mailbox": 3})
        assert (node.state, node.since - begin) == (State.RUNNING, 0)
        await stage["engine"].tell(Say("a store"))
        assert node.state is State.RUNNING
        assert node_at(supervisor, "root/inner/engine").since - begin == pytest.approx(7)


async def test_every_change_is_told_in_order(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with stage.runs(stage.tree_of(stage.worker("a"), backoff=Backoff(first_s=1))):
        await stage["a"].tell(crash())
        await trio.sleep(2)

    def told(change: Change) -> str:
        return f"{change.path} {change.state.value} {change.restarts} {change.last_error}"

    assert [told(change) for change in stage.changes] == [
        "root starting 0 None",
        "root/a starting 0 None",
        "root/a running 0 None",
        "root running 0 None",
        "root/a backing_off 1 Boom: boom",
        "root/a stopped 1 Boom: boom",
        "root/a starting 1 Boom: boom",
        "root/a running 1 Boom: boom",
        "root stopping 0 None",
        "root/a stopping 1 Boom: boom",
        "root/a stopped 1 Boom: boom",
        "root stopped 0 None",
    ]


async def test_the_root_says_when_all_of_it_is_up(autojump_clock: MockClock) -> None:
    stage = Stage()
    supervisor = Supervisor(stage.tree_of(stage.worker("a")), rng=stage.rng)
    async with trio.open_nursery() as nursery:
        await nursery.start(supervisor.run)
        assert stage.take_log() == "+a"
        supervisor.stop()


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (Boom("a\n b"), "Boom: a b"),
        (Boom(), "Boom"),
        (ExceptionGroup("g", [Boom("x")]), "Boom: x"),
        (
            ExceptionGroup("g", [ExceptionGroup("h", [Boom("x"), Boom("y")]), ValueError("z")]),
            "Boom: x (and 2 more)",
        ),
        (Boom("é" * 500), "Boom: " + "é" * 233 + "…"),
    ],
)
def test_an_error_reads_in_one_line(error: Exception, text: str) -> None:
    assert describe(error) == text
