"""A process of the simulation: the whole server, over the world's stores.

Owns: one life of the registry, the supervision tree and the doorkeeper. Invariant: a life that is
stopped ends in order; one that is killed leaves only what its stores keep; either way no connection
outlives it. Any of the event's children may be struck dead at any await.
Source: ARCHITECTURE 4, I4, I9.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import attrs
import trio

from saleroom.actors.audience import AudienceLimits
from saleroom.actors.checkpointer import CheckpointLimits
from saleroom.actors.clock import Clock
from saleroom.actors.committer import CommitLimits
from saleroom.actors.doorkeeper import Doorkeeper, DoorkeeperLimits
from saleroom.actors.event import EventLimits
from saleroom.actors.mailbox import MailboxLimits
from saleroom.actors.operator_session import OperatorSession
from saleroom.actors.registry import EVENTS_PATH, Registry, RegistryLimits
from saleroom.actors.session import Connection, TalkLimits
from saleroom.actors.site import SiteLimits
from saleroom.auction.definition import define_event, define_lot
from saleroom.auction.roles import Role
from saleroom.auction.state import Paddle
from saleroom.protocol.close import ConnectionClosed
from saleroom.protocol.feed import TailLimits
from saleroom.protocol.identity import Identity, TokenRejected
from saleroom.supervisor import (
    Child,
    ChildSpec,
    Spec,
    State,
    Strategy,
    Supervisor,
    SupervisorError,
    SupervisorSpec,
)
from saleroom.supervisor.spec import Run
from tests.actors.line import Message
from tests.sim.cable import Cable
from tests.sim.knobs import LimitKnobs
from tests.sim.script import EVENT, FIRST_PADDLE, Command

if TYPE_CHECKING:
    from tests.sim.world import World

EVENT_PATH = f"{EVENTS_PATH}/event:{EVENT}"
WALL_MS = 1_700_000_000_000
CHILDREN = ("mailbox", "audience", "engine", "checkpointer")
RESUME_MS = 600_000
STOP_S = 30.0


class Struck(Exception):
    """The end of a child that was struck dead by the simulation."""


@attrs.define(eq=False)
class Bolts:
    """Strikes the children of an event, each wherever it waits."""

    _falling: dict[str, trio.Event] = attrs.field(factory=dict)
    _steps: int = 0

    def strike(self, child: str, steps: int = 0) -> None:
        """End a child after so many turns of the loop."""
        self._steps = steps
        if child in self._falling:
            self._falling[child].set()

    def over(self, name: str, run: Run) -> Run:
        """Put a child under these bolts."""

        async def exposed(child: Child) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._wait, name)
                await run(child)
                nursery.cancel_scope.cancel()

        return exposed

    async def _wait(self, name: str) -> None:
        bolt = self._falling[name] = trio.Event()
        await bolt.wait()
        for _ in range(self._steps):
            await trio.lowlevel.checkpoint()
        raise Struck(name)


@attrs.define(eq=False)
class ExposedRegistry(Registry):
    """A registry whose events stand under bolts."""

    bolts: Bolts = attrs.field(factory=Bolts)

    def event_spec(self, event: str, *, is_public: bool) -> SupervisorSpec:
        spec = super().event_spec(event, is_public=is_public)
        return attrs.evolve(spec, children=[self._exposed(child) for child in spec.children])

    def _exposed(self, child: Spec) -> Spec:
        assert isinstance(child, ChildSpec)
        return attrs.evolve(child, run=self.bolts.over(child.name, child.run))


@attrs.define(eq=False)
class House:
    """One life of the server. ending: asked for by the storms, "stop" or "kill"."""

    world: World
    clock: Clock
    registry: ExposedRegistry
    supervisor: Supervisor
    nursery: trio.Nursery
    doorkeeper: Doorkeeper = attrs.field(init=False)
    lines: dict[Cable, None] = attrs.field(factory=dict)
    ending: str | None = None
    is_ending: trio.Event = attrs.field(factory=trio.Event)

    def __attrs_post_init__(self) -> None:
        limits = self.world.knobs.limits
        talk = TalkLimits(heartbeat_ms=limits.heartbeat_ms)
        self.doorkeeper = Doorkeeper(
            self.registry.find,
            self._verify,
            self._operate,
            DoorkeeperLimits(talk=talk),
            lambda: self.clock.now_ms() / 1_000,
        )

    async def begin(self, lots: Sequence[Command], donors: int) -> None:
        """Publish the event, once in a run."""
        await self.registry.begin(
            define_event({"id": EVENT, "title": "The gala", "currency": "USD"}),
            [define_lot(lot) for lot in lots],
            [Paddle(FIRST_PADDLE + n, f"donor{n}", terms_version=1) for n in range(donors)],
            "admin",
        )

    async def resume(self) -> None:
        """Run the event whose journal is there already, as a server does that starts."""
        spec = self.registry.event_spec(EVENT, is_public=True)
        try:
            await self.supervisor.add_child(EVENTS_PATH, spec)
        except SupervisorError:
            assert self.is_ending.is_set()

    def dial(self, user: str | None, on_read: Callable[[tuple[Message, ...]], None]) -> Cable:
        """Connect a client."""
        world, site = self.world, self.registry.site(EVENT)
        assert site is not None
        line = Cable(
            f"/ws/v1/events/{EVENT}",
            lambda text: world.stamp(user, text, site.clock.now_ms()),
            lambda frame, told: world.hear(user, frame, told),
            on_read,
        )
        self.lines[line] = None
        self.nursery.start_soon(self._serve, line)
        return line

    def token(self, user: str, role: Role | None) -> str:
        """Issue a token of the deployment's length."""
        assert role is not None
        expires_at = self.clock.now_ms() / 1_000 + self.world.knobs.limits.token_s
        return f"{user} {role.value} {expires_at}"

    def end(self, how: str) -> None:
        """Ask for the end of this life."""
        if self.ending is None:
            self.ending = how
            self.is_ending.set()

    @property
    def is_parked(self) -> bool:
        """Whether the event has gone past its restarts and waits for an operator."""
        return any(
            node.path == EVENT_PATH and node.state is State.FAILED
            for node in self.supervisor.tree().walk()
        )

    async def restart(self, path: str) -> None:
        """Restart a child as an operator does; too late is no harm."""
        try:
            await self.supervisor.restart_child(path)
        except SupervisorError:
            await trio.lowlevel.checkpoint()

    async def _serve(self, line: Cable) -> None:
        try:
            await self.doorkeeper.serve(line)
        except ConnectionClosed:
            return
        finally:
            self.lines.pop(line, None)

    async def _verify(self, token: str) -> Identity:
        await trio.lowlevel.checkpoint()
        user, role, expires_at = token.split()
        if float(expires_at) <= self.clock.now_ms() / 1_000:
            raise TokenRejected("it has expired")
        return Identity(user, frozenset({Role(role)}), None, float(expires_at))

    def _operate(self, connection: Connection) -> OperatorSession:
        raise NotImplementedError("no operator connects in a simulation")


@asynccontextmanager
async def open_house(world: World, wall_ms: float) -> AsyncIterator[House]:
    """Hold a process for the length of the block; it ends as `ending` says, in order by default."""
    clock = Clock(wall_ms)
    registry = ExposedRegistry(world.stores, clock, _registry_limits(world.knobs.limits))
    tree = SupervisorSpec(
        "saleroom", Strategy.ONE_FOR_ONE, [SupervisorSpec("events", Strategy.ONE_FOR_ONE)]
    )
    rng = random.Random(f"{world.seed}:supervisor")
    supervisor = registry.supervisor = Supervisor(tree, rng=rng)
    async with trio.open_nursery() as nursery:
        house = House(world, clock, registry, supervisor, nursery)
        tree_ended = trio.Event()
        await nursery.start(_run_tree, supervisor, tree_ended)
        nursery.start_soon(house.doorkeeper.watch_forever)
        yield house
        house.end("stop")
        if house.ending == "stop":
            with trio.fail_after(STOP_S):
                await house.doorkeeper.drain()
                supervisor.stop()
                await tree_ended.wait()
        for line in list(house.lines):
            line.hang_up()
        nursery.cancel_scope.cancel()


async def _run_tree(
    supervisor: Supervisor,
    ended: trio.Event,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    await supervisor.run(task_status=task_status)
    ended.set()


def _registry_limits(knobs: LimitKnobs) -> RegistryLimits:
    return RegistryLimits(
        SiteLimits(
            MailboxLimits(commands=knobs.waiting, staff_reserve=2, user_share=knobs.waiting // 2),
            AudienceLimits(outbox_bytes=knobs.outbox_bytes, outbox_age_s=knobs.outbox_s),
            TailLimits(
                facts=knobs.tail_facts,
                age_ms=RESUME_MS if knobs.tail_facts > 100 else 0,
                resume_bytes_max=knobs.resume_bytes,
            ),
        ),
        EventLimits(CommitLimits(facts=knobs.batch_facts)),
        CheckpointLimits(snapshot_facts=knobs.snapshot_facts, chunk_facts=knobs.chunk_facts),
    )
