"""The storms: faults of stores and of the process, as the knobs say.

Owns: when something goes wrong, and its count by kind. Invariant: a fault is one that the ports
allow (storage/ports.py) or that a machine can suffer; in the calm nothing goes wrong any more, but
what was on its way still arrives. Source: I3, I4, I7, STYLE "Tests".
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import trio

from saleroom.storage.ports import OutcomeUnknown, StoreError
from tests.actors.weather import Call, landed_unknown, lost_unknown, refused
from tests.sim.house import CHILDREN, EVENT_PATH
from tests.sim.knobs import NEVER, StoreKnobs
from tests.sim.script import EVENT
from tests.sim.world import World

WATCH_S = 0.5
STEPS_MAX = 12
TAKEOVER_CALLS, TAKEOVER_STEPS = 6, 40
"""About how many calls and turns of the loop an incarnation needs until it decides."""


@attrs.define(eq=False)
class Storms:
    """All that goes wrong in a world, but for what clients do to their own connections."""

    world: World
    rng: random.Random = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.rng = self.world.rng("storms")

    @property
    def knobs(self) -> StoreKnobs:
        return self.world.knobs.stores

    @contextmanager
    def over_calls(self) -> Iterator[None]:
        """Delay and spoil calls to stores while the block lasts."""
        weather = self.world.weather
        with (
            weather.strikes("", self._call),
            weather.strikes("journal.append", self._commit),
        ):
            yield

    async def blow(self) -> None:
        """Let things happen until the calm."""
        process, stores = self.world.knobs.process, self.knobs
        async with trio.open_nursery() as nursery:
            for every_s, happening in (
                (stores.away_every_s, self._postgres_away),
                (stores.hot_every_s, self._hot_away),
                (process.crash_every_s, self._child_struck),
                (process.restart_every_s, self._operator_restart),
                (process.stop_every_s, self._stop),
                (process.kill_every_s, self._kill),
            ):
                if every_s < NEVER:
                    nursery.start_soon(self._recur, every_s, happening)

    async def revive(self) -> None:
        """Restart a parked event, as operators do, until all is over."""
        while not self.world.is_over:
            await trio.sleep(WATCH_S)
            house = self.world.house
            if house is not None and house.is_parked:
                self.world.faults["event parked"] += 1
                await house.restart(EVENT_PATH)

    # Calls

    async def _call(self, call: Call) -> Any:
        self._maybe_strike()
        await self._take_time()
        return await call()

    async def _commit(self, call: Call) -> Any:
        """Commit in a transaction of its own, which a cancelled waiter leaves behind."""
        self._maybe_strike()
        faults, rng, knobs = self.world.faults, self.rng, self.knobs
        if not self.world.is_calm:
            if rng.random() < knobs.refused:
                faults["commit refused"] += 1
                return await refused(call)
            if rng.random() < knobs.landed:
                faults["commit unknown, landed"] += 1
                return await landed_unknown(call)
            if rng.random() < knobs.lost:
                faults["commit unknown, lost"] += 1
                return await lost_unknown(call)
            if rng.random() < knobs.late:
                faults["commit unknown, landed late"] += 1
                self.world.nursery.start_soon(Transaction(call, self._come_late).run)
                await trio.lowlevel.checkpoint()
                raise OutcomeUnknown("the connection ended during the commit")
        transaction = Transaction(call, self._take_time)
        self.world.nursery.start_soon(transaction.run)
        try:
            return await transaction.result()
        except trio.Cancelled:
            faults["commit cancelled on its way"] += 1
            raise

    async def _take_time(self) -> None:
        """Take as long as a call takes; a slow one, no longer than to the calm."""
        mean_s = self.knobs.latency_s
        await trio.sleep(self.rng.expovariate(1 / mean_s) if mean_s else 0.0)
        if not self.world.is_calm and self.rng.random() < self.knobs.slow:
            self.world.faults["slow call"] += 1
            with trio.move_on_after(self.knobs.slow_s):
                await self.world.calm.wait()

    async def _come_late(self) -> None:
        """Wait some time, or until the next incarnation has taken over and begins to read."""
        rng, knobs = self.rng, self.knobs
        if rng.random() < 0.5:
            await trio.sleep(rng.random() * knobs.late_s)
        else:
            await self.world.shelf.ledger.term_taken.wait()
            await trio.sleep(rng.random() * TAKEOVER_CALLS * knobs.latency_s)
            for _ in range(rng.randrange(TAKEOVER_STEPS)):
                await trio.lowlevel.checkpoint()

    def _maybe_strike(self) -> None:
        if not self.world.is_calm and self.rng.random() < self.world.knobs.process.crash_at_call:
            self._strike("child struck during a call")

    def _strike(self, kind: str) -> None:
        if self.world.house is not None:
            self.world.faults[kind] += 1
            child = self.rng.choice(("engine", "engine", *CHILDREN))
            self.world.house.registry.bolts.strike(child, self.rng.randrange(STEPS_MAX))

    # What recurs

    async def _recur(self, every_s: float, happening: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self._pass(every_s)
            if self.world.is_calm:
                return
            await happening()

    async def _pass(self, mean_s: float) -> None:
        """Let about so much time pass, no longer than to the calm."""
        with trio.move_on_after(self.rng.expovariate(1 / mean_s)):
            await self.world.calm.wait()

    async def _postgres_away(self) -> None:
        self.world.faults["PostgreSQL away"] += 1
        with self.world.weather.postgres_away():
            await self._pass(self.knobs.away_s)

    async def _hot_away(self) -> None:
        self.world.faults["hot store away"] += 1
        with self.world.weather.strikes("hot.", refused):
            await self._pass(self.knobs.hot_s)
            if self.rng.random() < self.knobs.hot_emptied:
                self.world.faults["hot store emptied"] += 1
                await self.world.shelf.stores.hot.clear(EVENT)

    async def _child_struck(self) -> None:
        await trio.lowlevel.checkpoint()
        self._strike("child struck at rest")

    async def _operator_restart(self) -> None:
        house = self.world.house
        if house is not None:
            self.world.faults["child restarted by an operator"] += 1
            await house.restart(f"{EVENT_PATH}/{self.rng.choice(CHILDREN)}")

    async def _stop(self) -> None:
        await self._end("stop", "server stopped in order")

    async def _kill(self) -> None:
        await self._end("kill", "server killed")

    async def _end(self, how: str, kind: str) -> None:
        await trio.lowlevel.checkpoint()
        if self.world.house is not None:
            self.world.faults[kind] += 1
            self.world.house.end(how)


@attrs.define(eq=False)
class Transaction:
    """One commit on its way, whoever waits for it."""

    call: Call
    take_time: Callable[[], Awaitable[None]]
    _error: StoreError | None = None
    _ended: trio.Event = attrs.field(init=False, factory=trio.Event)

    async def run(self) -> None:
        try:
            await self.take_time()
            await self.call()
        except StoreError as error:
            self._error = error
        self._ended.set()

    async def result(self) -> None:
        """Wait for the end. Cancelled: the commit goes on."""
        await self._ended.wait()
        if self._error is not None:
            raise self._error
