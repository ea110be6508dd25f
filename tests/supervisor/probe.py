"""A worker that does as the test says, and a stage on which a tree of them runs.

Invariant: `Stage.alive` holds exactly the paths of the workers whose body runs now, and a second
body of one path fails the test.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import attrs
import trio
import trio.testing

from saleroom.supervisor import (
    Backoff,
    Change,
    Child,
    ChildSpec,
    Node,
    Restart,
    Spec,
    State,
    Strategy,
    Supervisor,
    SupervisorSpec,
)

NO_REST = Backoff(first_s=0, jitter=0)

Step = Callable[[Child], None]


class Boom(Exception):
    """What a worker raises when the test tells it to."""


def crash(message: str = "boom") -> Step:
    def step(_: Child) -> None:
        raise Boom(message)

    return step


def wait(reason: str) -> Step:
    return lambda child: child.waiting(reason)


def up(child: Child) -> None:
    child.started()


class Probe:
    """A worker: it is up at once, unless `opening` says otherwise; then it follows orders.

    opening: what each incarnation does first, the n-th by the n-th entry, later ones as the last.
    stop_takes_s: how long it takes to obey a request to stop.
    """

    def __init__(self, log: list[str], alive: set[str]) -> None:
        self._log = log
        self._alive = alive
        self._orders: trio.MemorySendChannel[Step | None] | None = None
        self.opening: list[list[Step]] = [[up]]
        self.stop_takes_s = 0.0
        self.lives = 0
        self.path = ""

    async def tell(self, step: Step | None) -> None:
        """Have the body do a step, or return (None), and let everything settle."""
        assert self._orders is not None, f"{self.path} does not run"
        self._orders.send_nowait(step)
        await trio.testing.wait_all_tasks_blocked()

    async def run(self, child: Child) -> None:
        assert child.path not in self._alive
        self.path = child.path
        name = child.path.rpartition("/")[2]
        self._alive.add(child.path)
        self._log.append(f"+{name}")
        opening = self.opening[min(self.lives, len(self.opening) - 1)]
        self.lives += 1
        self._orders, orders = trio.open_memory_channel[Step | None](10)
        try:
            for step in opening:
                step(child)
            await self._obey(child, orders)
            self._log.append(f"-{name}")
        except Exception:
            self._log.append(f"!{name}")
            raise
        except BaseException:
            self._log.append(f"x{name}")
            raise
        finally:
            self._alive.discard(child.path)
            self._orders.close()
            self._orders = None
            orders.close()

    async def _obey(self, child: Child, orders: trio.MemoryReceiveChannel[Step | None]) -> None:
        async def relay() -> None:
            await child.stopping.wait()
            await trio.sleep(self.stop_takes_s)
            steps.send_nowait(None)

        assert self._orders is not None
        steps = self._orders
        step: Step | None = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(relay)
            while True:
                step = await orders.receive()
                if step is not up and not isinstance(step, Say):
                    break
                step(child)
            nursery.cancel_scope.cancel()
        if step is not None:
            step(child)


@attrs.frozen
class Say:
    """An order to say that one waits, after which the body goes on."""

    reason: str

    def __call__(self, child: Child) -> None:
        child.waiting(self.reason)


class Stage:
    """Workers by name, the tree that runs them, and what happened."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.alive: set[str] = set()
        self.changes: list[Change] = []
        self.rng = random.Random(7)
        self._probes: dict[str, Probe] = {}

    def __getitem__(self, name: str) -> Probe:
        if name not in self._probes:
            self._probes[name] = Probe(self.log, self.alive)
        return self._probes[name]

    def worker(self, name: str, restart: Restart = Restart.PERMANENT, **more: Any) -> ChildSpec:
        return ChildSpec(name=name, run=self[name].run, restart=restart, **more)

    def tree_of(
        self, *children: Spec, strategy: Strategy = Strategy.ONE_FOR_ONE, **more: Any
    ) -> SupervisorSpec:
        settings = {"name": "root", "backoff": NO_REST, **more}
        return SupervisorSpec(strategy=strategy, children=children, **settings)

    @asynccontextmanager
    async def runs(self, spec: SupervisorSpec) -> AsyncIterator[Supervisor]:
        """Run a tree until the block ends, then stop it in order; nothing may be left alive."""
        supervisor = Supervisor(spec, rng=self.rng, on_change=self.changes.append)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(supervisor.run)
            await trio.testing.wait_all_tasks_blocked()
            try:
                yield supervisor
            finally:
                supervisor.stop()
        assert not self.alive
        assert {node.state for node in supervisor.tree().walk()} <= {State.STOPPED, State.FAILED}

    def take_log(self) -> str:
        """Give what happened since the last call: +started -returned !crashed xcancelled."""
        text = " ".join(self.log)
        self.log.clear()
        return text


def node_at(supervisor: Supervisor, path: str) -> Node:
    return next(node for node in supervisor.tree().walk() if node.path == path)


def states(supervisor: Supervisor) -> dict[str, str]:
    """Give the state of each worker and supervisor below the root, by its last name."""
    nodes = list(supervisor.tree().walk())[1:]
    return {node.path.rpartition("/")[2]: node.state.value for node in nodes}


async def settle() -> None:
    await trio.testing.wait_all_tasks_blocked()
