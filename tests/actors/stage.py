"""A sale on stage: memory stores, a real supervision tree, and clients without sockets.

Owns: the setting of one process that runs events in virtual time. Invariant: a stage that closes
was stopped in order; one that is killed leaves only what its stores keep. Source: STYLE "Tests".
"""

from __future__ import annotations

import logging
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import attrs
import orjson
import pytest
import trio
import trio.testing

from saleroom.actors.audience import Audience
from saleroom.actors.clock import Clock
from saleroom.actors.doorkeeper import Doorkeeper, DoorkeeperLimits
from saleroom.actors.operator_feed import OperatorFeed
from saleroom.actors.operator_session import OperatorSession
from saleroom.actors.published import Published
from saleroom.actors.registry import EVENTS_PATH, Registry, RegistryLimits
from saleroom.actors.session import Connection
from saleroom.actors.site import Site
from saleroom.auction import commands as c
from saleroom.auction.decide import DECIDES
from saleroom.auction.definition import define_event, define_lot
from saleroom.auction.roles import Role
from saleroom.auction.state import Asked, EventState, Paddle
from saleroom.http.operations.audit_trail import Trail
from saleroom.operations import Operations
from saleroom.protocol.close import ConnectionClosed
from saleroom.protocol.codec import decode_command
from saleroom.protocol.identity import Identity, KeysUnavailable, TokenRejected
from saleroom.protocol.messages import Ask
from saleroom.storage.memory import memory_stores
from saleroom.storage.ports import Record, Stores
from saleroom.supervisor import Node, Strategy, Supervisor, SupervisorSpec
from tests.actors.line import Line, Message
from tests.actors.weather import Weather

EVENT = "gala"
EVENT_PATH = f"{EVENTS_PATH}/event:{EVENT}"
WALL_MS = 1_700_000_000_000
HOUR_MS = 3_600_000
LONGEST_S = 7 * 24 * 3_600.0
"""In virtual time: a test that waits for what never comes fails at once."""


def silent(lot: int, *, ends_in_ms: int = HOUR_MS, **more: Any) -> dict[str, Any]:
    """Define a silent lot that ends so long after the stage's beginning."""
    ends_at = WALL_MS + ends_in_ms
    return {"lot": lot, "title": f"Lot {lot}", "mode": "silent", "opening": 1_000, **more} | {
        "ends_at": ends_at
    }


def live(lot: int, **more: Any) -> dict[str, Any]:
    return {"lot": lot, "title": f"Lot {lot}", "mode": "live", "opening": 1_000, **more}


def sale(lot: int, **more: Any) -> dict[str, Any]:
    return {"lot": lot, "title": f"Lot {lot}", "mode": "sale", "opening": 1_000, **more}


@attrs.define(eq=False)
class Told:
    """A command that was put, and its answers as they come."""

    answers: list[Message] = attrs.field(factory=list)
    on_answer: Callable[[Message], None] | None = None

    def __call__(self, answer: bytes) -> None:
        message = orjson.loads(answer)
        self.answers.append(message)
        if self.on_answer is not None:
            self.on_answer(message)

    @property
    def answer(self) -> Message:
        """The one answer."""
        assert len(self.answers) == 1, self.answers
        return self.answers[0]

    @property
    def code(self) -> str | None:
        """The refusal's code, None for an ack."""
        code: str | None = self.answer.get("code")
        return code


@attrs.define(eq=False)
class Stage:
    """One process. kept: its stores as they are; `stores`: the same, under the weather."""

    kept: Stores
    stores: Stores
    weather: Weather
    clock: Clock
    registry: Registry
    supervisor: Supervisor
    doorkeeper: Doorkeeper
    nursery: trio.Nursery
    operators: OperatorFeed
    users: dict[str, Identity] = attrs.field(factory=dict)
    ids: int = 0

    # Events

    async def begin(
        self, *lots: dict[str, Any], paddles: int = 3, event: str = EVENT, is_open: bool = True
    ) -> None:
        """Publish an event with paddles 101, 102, ... of the users u101, u102, ..., and open it."""
        definition = define_event({"id": event, "title": "The gala", "currency": "USD"})
        await self.registry.begin(
            definition,
            [define_lot(lot) for lot in lots],
            [Paddle(n, f"u{n}", terms_version=1) for n in range(101, 101 + paddles)],
            "admin",
        )
        if is_open:
            assert (await self.ask("open_event", role=Role.AUCTIONEER, event=event)).code is None

    async def resume(self, event: str = EVENT) -> None:
        """Run an event whose journal is there already, as a server does that starts."""
        spec = self.registry.event_spec(event, is_public=True)
        await self.supervisor.add_child(EVENTS_PATH, spec)

    def site(self, event: str = EVENT) -> Site:
        site = self.registry.site(event)
        assert site is not None
        return site

    def published(self, event: str = EVENT) -> Published:
        published = self.site(event).published
        assert published is not None
        return published

    def state(self, event: str = EVENT) -> EventState:
        return self.published(event).state

    def audience(self, event: str = EVENT) -> Audience:
        audience = self.site(event).audience
        assert audience is not None
        return audience

    def node(self, path: str = f"{EVENT_PATH}/engine") -> Node:
        return next(node for node in self.supervisor.tree().walk() if node.path == path)

    async def journal(self, event: str = EVENT) -> list[Record]:
        return await self.kept.journal.read(event, 0, 1_000_000)

    async def facts(self, event: str = EVENT) -> list[dict[str, Any]]:
        return [orjson.loads(record.body) for record in await self.journal(event)]

    # Commands, straight into the mailbox

    def tell(
        self,
        type: str,
        *,
        by: str = "staff",
        role: Role | None = Role.ADMIN,
        id: str | None = None,
        event: str = EVENT,
        on_answer: Callable[[Message], None] | None = None,
        **fields: Any,
    ) -> Told:
        """Put a command. Raises MailboxFull."""
        told = Told(on_answer=on_answer)
        self.site(event).tell(self.as_ask(type, id, **fields), by, role, told)
        return told

    def as_ask(self, type: str, id: str | None = None, **fields: Any) -> Ask:
        self.ids += 1
        return decode_command({"type": type, **fields}, id or f"auto-{self.ids}")

    def bid(self, paddle: int, amount: int, *, lot: int = 1, id: str | None = None) -> Told:
        return self.tell(
            "place_bid", by=f"u{paddle}", role=Role.DONOR, id=id, lot=lot, amount=amount
        )

    async def ask(self, type: str, **how: Any) -> Told:
        """Put a command and wait until nothing moves."""
        told = self.tell(type, **how)
        await settle()
        return told

    # Clients

    async def connect(self, token: str | None = None, *, event: str = EVENT, **hello: Any) -> Line:
        """Connect, say hello, and wait until nothing moves."""
        line = self.dial(event)
        line.say("hello", **({} if token is None else {"token": token}), **hello)
        await settle()
        return line

    def dial(self, event: str = EVENT) -> Line:
        return self.dial_path(f"/ws/v1/events/{event}")

    def dial_path(self, path: str) -> Line:
        line = Line(path)
        self.nursery.start_soon(self._serve, line)
        return line

    async def _serve(self, line: Line) -> None:
        try:
            await self.doorkeeper.serve(line)
        except ConnectionClosed:
            return

    def token(self, user: str, *roles: Role, ttl_s: float = 1e6, **more: Any) -> str:
        """Issue a token; a donor's by default."""
        identity = Identity(
            user,
            frozenset(roles or (Role.DONOR,)),
            more.pop("events", None),
            self.clock.now_ms() / 1000 + ttl_s,
            **more,
        )
        self.ids += 1
        token = f"{user}-{self.ids}"
        self.users[token] = identity
        return token

    async def verify(self, token: str) -> Identity:
        await trio.lowlevel.checkpoint()
        if token == "keys-away":
            raise KeysUnavailable
        identity = self.users.get(token)
        if identity is None or identity.expires_at <= self.clock.now_ms() / 1000:
            raise TokenRejected("not a token of this server")
        return identity

    def operate(self, connection: Connection) -> OperatorSession:
        trail = Trail(self.kept.audit, self.clock)
        operations = Operations(self.supervisor, self.registry, self.drain, trail)
        talk, now_ms = self.doorkeeper.limits.talk, self.clock.now_ms
        return OperatorSession(connection, self.operators, operations, self.verify, talk, now_ms)

    async def drain(self) -> None:
        await self.doorkeeper.drain()

    def kill(self) -> None:
        """End the process without any order."""
        self.nursery.cancel_scope.cancel()


@asynccontextmanager
async def open_stage(
    limits: RegistryLimits | None = None,
    *,
    kept: Stores | None = None,
    door: DoorkeeperLimits | None = None,
    wall_ms: int | None = None,
) -> AsyncIterator[Stage]:
    """Hold a process for the length of the block. kept: the stores of an earlier one."""
    kept = kept or memory_stores()
    weather = Weather()
    stores = weather.over(kept)
    clock = Clock(WALL_MS + trio.current_time() * 1000 if wall_ms is None else wall_ms)
    registry = Registry(stores, clock, limits or RegistryLimits())
    tree = SupervisorSpec(
        "saleroom", Strategy.ONE_FOR_ONE, [SupervisorSpec("events", Strategy.ONE_FOR_ONE)]
    )
    supervisor = registry.supervisor = Supervisor(tree, rng=random.Random(7))
    with trio.fail_after(LONGEST_S):
        async with trio.open_nursery() as nursery:
            doorkeeper = Doorkeeper(
                registry.find,
                lambda token: stage.verify(token),
                lambda connection: stage.operate(connection),
                door or DoorkeeperLimits(),
                lambda: clock.now_ms() / 1000,
            )
            operators = OperatorFeed(supervisor.tree, clock)
            stage = Stage(
                kept, stores, weather, clock, registry, supervisor, doorkeeper, nursery, operators
            )
            await nursery.start(supervisor.run)
            nursery.start_soon(doorkeeper.watch_forever)
            nursery.start_soon(stage.operators.send_forever)
            yield stage
            supervisor.stop()
            await settle()
            nursery.cancel_scope.cancel()


async def settle() -> None:
    """Wait until nothing moves; the clock stands still meanwhile."""
    await trio.testing.wait_all_tasks_blocked()


@attrs.define(eq=False)
class Poison:
    """What `announce` does to the actor while it is poisoned. struck: how often it did."""

    left: int | None
    struck: int = 0


@contextmanager
def poisoned(
    monkeypatch: pytest.MonkeyPatch, text: str = "poison", times: int | None = None
) -> Iterator[Poison]:
    """Have `announce` with this text crash the actor that decides it: always, or so many times."""
    poison, sound = Poison(times), DECIDES[c.Announce]

    def decide(state: EventState, asked: Asked, command: Any) -> Any:
        if command.text == text and poison.left != 0:
            poison.struck += 1
            poison.left = None if poison.left is None else poison.left - 1
            state.seq += 1_000
            raise ZeroDivisionError("poisoned")
        return sound(state, asked, command)

    with monkeypatch.context() as patched:
        patched.setitem(DECIDES, c.Announce, decide)
        patched.setattr(logging.getLogger("saleroom.supervisor"), "disabled", True)
        yield poison
