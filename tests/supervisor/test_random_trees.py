"""Random crashes, stops and operators over random trees: the picture always agrees with what runs.

The world is seeded by Hypothesis; a failure prints the seed that makes it again.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from saleroom.supervisor import (
    Backoff,
    ChildSpec,
    Node,
    Restart,
    Spec,
    State,
    Strategy,
    Supervisor,
    SupervisorError,
    SupervisorFailed,
    SupervisorSpec,
)

from .probe import Say, Stage, Step, crash, up

STEPS = 25
LIVING = {State.STARTING, State.RUNNING, State.STOPPING}


class World:
    """One random tree, and one random operator who also tells the workers what to do."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.stage = Stage()
        self.names: list[str] = []

    def worker(self) -> ChildSpec:
        rng = self.rng
        name = f"w{len(self.names)}"
        self.names.append(name)
        restart = rng.choice(list(Restart))
        probe = self.stage[name]
        openings: Sequence[list[Step]] = ([up], [up], [up], [], [crash()], [Say("a store")])
        probe.opening = [rng.choice(openings) for _ in range(3)] + [[up]]
        probe.stop_takes_s = rng.choice([0, 0, 1, 50])
        return self.stage.worker(
            name,
            restart,
            stop_s=rng.choice([0, 0.5, 2]),
            start_s=rng.choice([1, 3]),
            parked=restart is not Restart.TEMPORARY and rng.random() < 0.2,
        )

    def supervisor(self, name: str, depth: int) -> SupervisorSpec:
        rng = self.rng
        children: list[Spec] = []
        for number in range(rng.randint(1, 4)):
            if depth and rng.random() < 0.4:
                children.append(self.supervisor(f"{name}-{number}", depth - 1))
            else:
                children.append(self.worker())
        return SupervisorSpec(
            name=name,
            strategy=rng.choice(list(Strategy)),
            children=children,
            intensity=rng.choice([1, 3]),
            period_s=rng.choice([1, 10]),
            backoff=Backoff(first_s=rng.choice([0, 0.2, 2])),
            parked=rng.random() < 0.2,
        )

    async def play(self) -> None:
        supervisor = Supervisor(self.supervisor("root", 2), rng=self.rng)
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._run, supervisor)
                for _ in range(STEPS):
                    await trio.testing.wait_all_tasks_blocked()
                    self._check(supervisor.tree())
                    await self._do_something(supervisor, nursery)
                if self.rng.random() < 0.2:
                    scope.cancel()
                supervisor.stop()
        self._check(supervisor.tree())
        assert not self.stage.alive
        last = {node.state for node in supervisor.tree().walk()}
        assert last <= {State.STOPPED, State.FAILED}

    async def _run(self, supervisor: Supervisor) -> None:
        try:
            await supervisor.run()
        except SupervisorFailed:
            assert supervisor.tree().state is State.FAILED

    async def _do_something(self, supervisor: Supervisor, nursery: trio.Nursery) -> None:
        rng = self.rng
        paths = [node.path for node in supervisor.tree().walk()]
        match rng.randint(0, 9):
            case 0 | 1 | 2 | 3 if self.stage.alive:
                name = rng.choice(sorted(self.stage.alive)).rpartition("/")[2]
                order: Step | None = rng.choice([crash(), crash(), up, Say("a store"), None])
                await self.stage[name].tell(order)
            case 4:
                nursery.start_soon(self._ask, supervisor.restart_child, rng.choice(paths))
            case 5:
                nursery.start_soon(self._ask, supervisor.remove_child, rng.choice(paths))
            case 6:
                parent, spec = rng.choice(paths), self.worker()
                nursery.start_soon(self._ask, supervisor.add_child, parent, spec)
            case _:
                await trio.sleep(rng.choice([0.1, 0.7, 3]))

    async def _ask(self, request: object, *args: object) -> None:
        assert callable(request)
        try:
            await request(*args)
        except SupervisorError:
            self.stage.log.append("refused")

    def _check(self, root: Node) -> None:
        nodes = {node.path: node for node in root.walk()}
        living = {
            path for path, node in nodes.items() if not node.strategy and node.state in LIVING
        }
        assert living == self.stage.alive
        for node in nodes.values():
            below = {child.state for child in node.children}
            if node.strategy and node.state not in LIVING:
                assert not below & LIVING
            if node.state is State.STARTING and node.strategy is not None:
                assert below & {State.STARTING, State.BACKING_OFF, State.STOPPING}


@given(seed=st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_the_picture_never_disagrees_with_what_runs(seed: int) -> None:
    clock = trio.testing.MockClock(autojump_threshold=0)
    trio.run(World(seed).play, clock=clock)
