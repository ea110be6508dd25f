"""The root of a supervision tree, and the door through which operators reach every part of it.

Owns: the whole run of a tree, and the way from a path to the supervisor that answers for it.
Invariant: requests only travel to the loop of the supervisor concerned; nothing here writes below
the root. Knows nothing of what the children do. Source: ARCHITECTURE 4, PROTOCOL 7 and 8.
"""

from __future__ import annotations

import random

import trio

from saleroom.supervisor.child import Child
from saleroom.supervisor.errors import SupervisorFailed, UnknownChild, describe
from saleroom.supervisor.keeper import Keeper, OnChange
from saleroom.supervisor.messages import Add, Remove, Reply, RestartNow
from saleroom.supervisor.slot import Slot
from saleroom.supervisor.spec import Spec, SupervisorSpec
from saleroom.supervisor.tree import Change, Node, State


def _ignore(_: Change) -> None:
    pass


class Supervisor:
    """A supervision tree. Paths are names joined by '/', from the root's: `saleroom/doors`.

    on_change: told of every change of a node's state, inside the loop of the supervisor
    concerned; it must neither wait nor raise. Made and used inside `trio.run`.
    """

    def __init__(
        self, spec: SupervisorSpec, *, rng: random.Random, on_change: OnChange | None = None
    ) -> None:
        self._on_change = on_change or _ignore
        self._keeper = Keeper(spec, spec.name, rng, self._on_change)
        self._slot = Slot(spec, spec.name, self._keeper.run, self._keeper)
        self._stopping = trio.Event()
        self._has_run = False

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run the tree, once, until `stop()`; `task_status.started()` when all of it is up.

        Raises SupervisorFailed, chaining the cause, when the root's intensity is exceeded.
        Cancelled: every child is cancelled at once.
        """
        if self._has_run:
            raise RuntimeError("a Supervisor runs once")
        self._has_run = True

        def hear(_: str | None) -> None:
            self._enter(State.RUNNING)
            task_status.started()

        child = Child(self._slot.path, hear)
        child.stopping = self._stopping
        if not self._stopping.is_set():
            self._enter(State.STARTING)
        last = State.STOPPED
        try:
            await self._keeper.run(child)
        except SupervisorFailed as failure:
            self._slot.last_error = describe(failure)
            last = State.FAILED
            raise
        finally:
            self._enter(last)

    def stop(self) -> None:
        """Ask for an orderly stop: in reverse order, each child within its own deadline.

        Idempotent; `run` returns when it is done. Before `run`: it then stops at once.
        """
        if not self._stopping.is_set():
            self._stopping.set()
            if self._slot.state in (State.STARTING, State.RUNNING):
                self._enter(State.STOPPING)

    async def add_child(self, parent_path: str, spec: Spec) -> None:
        """Add a child at the end of a supervisor; return once it is up, parked or done.

        While it crashes and is restarted, this waits. It stays a child over restarts of its
        supervisor, until it is removed. Raises UnknownChild (no such supervisor), ChildExists,
        ChildNotStarted (it was temporary and crashed, or was removed meanwhile), SupervisorDown.
        Cancelled: it is added all the same.
        """
        await self._keeper_at(parent_path).ask(Add(spec, Reply()))

    async def remove_child(self, path: str) -> None:
        """Stop a child and forget it; return when it is gone.

        Raises UnknownChild, SupervisorDown. Cancelled: it is removed all the same.
        """
        keeper, name = self._place(path)
        await keeper.ask(Remove(name, Reply()))

    async def restart_child(self, path: str) -> None:
        """Stop a child, if it runs, and start it again; return once it is up, parked or done.

        The strategy of its supervisor says who is restarted with it. Nothing is counted in the
        restart window; a rest before a restart is cut short; a parked child is revived.
        Raises UnknownChild, ChildNotStarted (it was removed meanwhile), SupervisorDown (restart
        the supervisor instead). Cancelled: it is restarted all the same.
        """
        keeper, name = self._place(path)
        await keeper.ask(RestartNow(name, Reply()))

    def tree(self) -> Node:
        """Draw the picture of the whole tree."""
        return self._slot.node()

    def _place(self, path: str) -> tuple[Keeper, str]:
        parent_path, _, name = path.rpartition("/")
        try:
            return self._keeper_at(parent_path), name
        except UnknownChild:
            raise UnknownChild(path) from None

    def _keeper_at(self, path: str) -> Keeper:
        root, *names = path.split("/")
        keeper: Keeper | None = self._keeper if root == self._slot.path else None
        for name in names:
            slot = keeper.slots.get(name) if keeper is not None else None
            keeper = slot.keeper if slot is not None else None
        if keeper is None:
            raise UnknownChild(f"no supervisor {path!r}")
        return keeper

    def _enter(self, state: State) -> None:
        self._slot.enter(state)
        self._on_change(self._slot.change())
