"""One run: an evening from one seed, to its end and its checks.

Owns: the order of an evening (a stormy part, a calm one in which everything must settle, the end)
and what is kept of it. Invariant: a run is a function of its seed; it ends within a
bounded virtual time after the storms, whatever happens. Source: I8, I10.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

import attrs
import trio
from trio.testing import MockClock

from saleroom.auction import commands as c
from saleroom.auction.decide import DECIDES
from saleroom.auction.record import decode_entry
from saleroom.auction.roles import Role
from saleroom.auction.state import Asked, EventState
from tests.sim.checks import check, gather
from tests.sim.client import Client
from tests.sim.house import WALL_MS, Struck, open_house
from tests.sim.knobs import draw_knobs
from tests.sim.mutations import planted
from tests.sim.script import FIRST_PADDLE, GUESTS, Command, Secrets, Writer, draw_lots
from tests.sim.seeded import seeded
from tests.sim.storms import Storms
from tests.sim.world import World

LOOK_S, CALM_LOOKS = 0.5, 180
QUIET_S = 3.0
QUIET_TRIES = 40


class Poisoned(Exception):
    """What a poisoned announcement raises in whoever decides it."""


@attrs.frozen
class Run:
    """What one seed gave. journal: the hash of its bytes. virtual_s: how long it was.

    faults, kinds, refusals, closes: what went wrong on purpose, facts by type, nacks by code, and
    how the server closed connections.
    """

    seed: int
    findings: Sequence[str]
    journal: str
    virtual_s: float
    commands: int
    accepted: int
    facts: int
    frames: int
    faults: Counter[str]
    kinds: Counter[str]
    refusals: Counter[str]
    closes: Counter[str]


def play(seed: int, mutation: str | None = None) -> Run:
    """Play one seed's evening and check it. mutation: a bug to plant in the server meanwhile."""
    try:
        with seeded(seed) as listener, _poisons(), planted(mutation):
            evening = Evening(seed)
            trio.run(evening.play, clock=MockClock(autojump_threshold=0))
        world = evening.world
        evidence = gather(world, evening.clients)
        findings = [*world.findings, *trio.run(check, evidence)]
        findings += [f"crashes: {error!r}" for error in _bugs(listener.errors)]
    except BaseException as error:
        error.add_note(f"replay: {replay_command(seed, mutation)}")
        raise
    records = world.shelf.ledger.records
    return Run(
        seed,
        findings,
        hashlib.sha256(b"\n".join(record.body for record in records)).hexdigest(),
        evening.virtual_s,
        len(world.sent),
        len(evidence.told.answers),
        len(records),
        world.frames,
        world.faults,
        Counter(decode_entry(record.body).fact.type for record in records),
        world.refusals,
        world.closes,
    )


def replay_command(seed: int, mutation: str | None = None) -> str:
    """Give the command that plays one seed again."""
    planted = f" --mutation {mutation}" if mutation else ""
    return f".venv/bin/python -m tests.sim --seed {seed}{planted}"


@attrs.define(eq=False)
class Evening:
    """The evening of one seed."""

    seed: int
    virtual_s: float = 0.0
    clients: list[Client] = attrs.field(factory=list)
    _world: World | None = None

    @property
    def world(self) -> World:
        assert self._world is not None
        return self._world

    async def play(self) -> None:
        """Play to the end: the storms, the calm, and nothing more to say."""
        async with trio.open_nursery() as nursery:
            secrets = Secrets(self._rng("secrets"))
            knobs = draw_knobs(self._rng("knobs"))
            world = self._world = World(self.seed, knobs, nursery, secrets)
            storms = Storms(world)
            with storms.over_calls():
                await nursery.start(self._keep_house)
                self._gather_crowd()
                for client in self.clients:
                    nursery.start_soon(client.live)
                nursery.start_soon(storms.blow)
                nursery.start_soon(storms.revive)
                await trio.sleep(knobs.crowd.active_s)
                world.calm.set()
                self._say_last_words()
                await self._settled()
                world.is_over = True
                for client in self.clients:
                    client.show("at the end")
            self.virtual_s = trio.current_time()
            nursery.cancel_scope.cancel()

    def _rng(self, name: str) -> random.Random:
        return random.Random(f"{self.seed}:{name}")

    async def _keep_house(
        self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Run the server, life after life."""
        world, rng = self.world, self._rng("lives")
        process = world.knobs.process
        is_begun = False
        while not world.is_over:
            back_ms = rng.uniform(0, process.back_ms) if is_begun else 0.0
            wall_ms = WALL_MS + trio.current_time() * 1_000 - back_ms
            async with open_house(world, wall_ms) as house:
                if is_begun:
                    house.nursery.start_soon(house.resume)
                else:
                    lots = self._lots()
                    await house.begin(lots, world.knobs.crowd.donors)
                    is_begun = True
                world.house = house
                task_status.started()
                task_status = trio.TASK_STATUS_IGNORED
                await house.is_ending.wait()
            world.house = None
            await trio.sleep(rng.expovariate(1 / process.down_s))

    def _lots(self) -> list[Command]:
        world = self.world
        return draw_lots(self._rng("lots"), WALL_MS, world.knobs.crowd.active_s, world.secrets)

    def _gather_crowd(self) -> None:
        crowd = self.world.knobs.crowd
        for n in range(crowd.donors):
            self._admit(f"donor{n}", f"donor{n}", Role.DONOR)
        for n in range(crowd.second_screens):
            self._admit(f"donor{n}-too", f"donor{n}", Role.DONOR)
        self._admit("guest0", "guest0", Role.DONOR)
        for role in (Role.CLERK, Role.AUCTIONEER, Role.ADMIN):
            self._admit(role.value, role.value, role)
        for n in range(crowd.spectators):
            self._admit(f"spectator{n}", None, None)

    def _admit(self, name: str, user: str | None, role: Role | None) -> None:
        world = self.world
        writer = None
        if user is not None and role is not None:
            paddles = [FIRST_PADDLE + n for n in range(world.knobs.crowd.donors)]
            writer = Writer(
                self._rng(f"{name}:commands"),
                user,
                role,
                paddles,
                world.secrets,
                world.knobs.process.poison,
                lambda: int(WALL_MS + trio.current_time() * 1_000),
            )
        self.clients.append(Client(world, name, user, role, writer, self._rng(name)))

    def _say_last_words(self) -> None:
        """Let the banned back in, and in half of the evenings close the sale."""
        admin = next(client for client in self.clients if client.role is Role.ADMIN)
        for paddle in range(FIRST_PADDLE, FIRST_PADDLE + self.world.knobs.crowd.donors + GUESTS):
            admin.ask({"type": "unlock_paddle", "paddle": paddle})
        if self._rng("close").random() < 0.5:
            admin.ask({"type": "close_event"})

    async def _settled(self) -> None:
        """Wait until everybody has all answers and nothing new comes."""
        for _ in range(CALM_LOOKS):
            if all(client.is_settled for client in self.clients):
                break
            await trio.sleep(LOOK_S)
        ledger = self.world.shelf.ledger
        for _ in range(QUIET_TRIES):
            position = len(ledger.records)
            await trio.sleep(QUIET_S)
            if position == len(ledger.records):
                return


@contextmanager
def _poisons() -> Iterator[None]:
    """Have announcements of certain texts crash whoever decides them, once each or always."""
    sound = DECIDES[c.Announce]
    struck: set[tuple[str, str | None]] = set()

    def decide(state: EventState, asked: Asked, command: Any) -> Any:
        is_first = (asked.by, asked.id) not in struck
        if command.text == "poison always" or (command.text == "poison once" and is_first):
            struck.add((asked.by, asked.id))
            state.seq += 1_000
            raise Poisoned(asked.id)
        return sound(state, asked, command)

    with mock.patch.dict(DECIDES, {c.Announce: decide}):
        yield


def _bugs(errors: Sequence[BaseException]) -> Iterator[BaseException]:
    """Give the reported exceptions that nobody planted."""
    for error in errors:
        if isinstance(error, BaseExceptionGroup):
            yield from _bugs(error.exceptions)
        elif not isinstance(error, Struck | Poisoned):
            yield error
