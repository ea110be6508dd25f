"""A worker that runs many temporary, anonymous children: sessions.

Owns: their tasks and their count. Invariant: a crash of one ends that one alone. A member costs
its trio task and one frame, has no node in the tree, and is never restarted; whoever admits
members bounds their number. Knows nothing of what members do.
Source: ARCHITECTURE 4 (`doors/sessions`), I9.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVarTuple, Unpack

import attrs
import trio

from saleroom.supervisor.child import Child
from saleroom.supervisor.errors import PoolClosed, describe
from saleroom.supervisor.spec import ChildSpec, Kind, Restart

logger = logging.getLogger("saleroom.supervisor")

Args = TypeVarTuple("Args")


@attrs.frozen
class PoolStatistics:
    """Counts since the pool was made; `running` is of now."""

    running: int
    started: int
    crashed: int
    last_error: str | None


class Pool:
    """The body of a pool: `run` is one incarnation of it.

    on_crash: told the name and the error of each member that crashed, before it is gone; it must
    neither wait nor raise.
    """

    def __init__(self, *, on_crash: Callable[[str, Exception], None] | None = None) -> None:
        self._on_crash = on_crash
        self._nursery: trio.Nursery | None = None
        self._running = 0
        self._started = 0
        self._crashed = 0
        self._last_error: str | None = None

    def spec(
        self, name: str, *, restart: Restart = Restart.PERMANENT, stop_s: float = 5.0
    ) -> ChildSpec:
        """Describe the pool as a child. stop_s: how long members have to end of themselves."""
        return ChildSpec(
            name=name,
            run=self.run,
            restart=restart,
            stop_s=stop_s,
            statistics=lambda: attrs.asdict(self.statistics()),
            kind=Kind.POOL,
        )

    async def run(self, child: Child) -> None:
        """Admit members until asked to stop, then wait for those that still run.

        Cancelled: every member is cancelled.
        """
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            try:
                child.started()
                await child.stopping.wait()
            finally:
                self._nursery = None

    def start_soon(
        self,
        fn: Callable[[Unpack[Args]], Awaitable[object]],
        *args: *Args,
        name: str,
    ) -> None:
        """Start a member: `fn(*args)` in a task called `name`. Raises PoolClosed."""
        if self._nursery is None:
            raise PoolClosed(name)
        self._started += 1
        self._running += 1
        try:
            self._nursery.start_soon(self._live, name, fn, args, name=name)
        except BaseException:
            self._running -= 1
            raise

    def statistics(self) -> PoolStatistics:
        """Count the members."""
        return PoolStatistics(self._running, self._started, self._crashed, self._last_error)

    async def _live(
        self,
        name: str,
        fn: Callable[[Unpack[Args]], Awaitable[object]],
        args: tuple[*Args],
    ) -> None:
        try:
            await fn(*args)
        except Exception as error:
            self._crashed += 1
            self._last_error = f"{name}: {describe(error)}"
            logger.error("%s", self._last_error, exc_info=error)
            if self._on_crash is not None:
                self._on_crash(name, error)
        finally:
            self._running -= 1
