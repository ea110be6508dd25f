"""A client of the simulation: it bids, loses its connection, comes back, and asks again.

Owns: one person's commands and one screen. Invariant: it keeps PROTOCOL's rules for clients (resume
after a cut, the same id sent again until a final answer comes), and says what breaks them.
Source: PROTOCOL 2-5, rule 28.
"""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Sequence
from typing import Any

import attrs
import orjson
import trio

from saleroom.auction.roles import Role
from saleroom.protocol.close import Close
from saleroom.protocol.codec import decode_command
from tests.actors.line import Message
from tests.sim.cable import Cable
from tests.sim.house import House
from tests.sim.knobs import NetworkKnobs
from tests.sim.screen import FeedBroken, Screen
from tests.sim.script import Command, Writer
from tests.sim.world import Noticed, Seen, Sent, World

AT_THE_DOOR = frozenset({"OVERLOADED", "RATE_LIMITED", "MALFORMED", "FORBIDDEN", "UNAUTHENTICATED"})
"""Refusals that no actor decides: they need not keep the order of what waits for one."""
UNDECIDED = frozenset({"INTERNAL", "OUTCOME_UNKNOWN"})
NOTICES = ("outbid", "won", "max_changed")
BREATH = 4
PATIENCE = 20
"""Commands without an answer, after which a person waits before the next."""
LOOK_S = 0.5
GIVES_UP_S = 20.0
SAMPLED = 0.1


@attrs.define(eq=False)
class Client:
    """One connection at a time.

    user: None for a spectator. pending, settled: commands without and with a final answer.
    is_banned: the server closed its last connection for that.
    """

    world: World
    name: str
    user: str | None
    role: Role | None
    writer: Writer | None
    rng: random.Random
    screen: Screen = attrs.field(factory=Screen)
    pending: dict[str, Sent] = attrs.field(factory=dict)
    settled: list[Sent] = attrs.field(factory=list)
    is_banned: bool = False
    _line: Cable | None = None
    _is_welcome: bool = False
    _is_silent: bool = False
    _out: Counter[str] = attrs.field(factory=Counter)
    _order: dict[str, deque[int]] = attrs.field(factory=dict)
    _sendings: int = 0
    _answered: int = -1
    _reused: set[str] = attrs.field(factory=set)

    @property
    def network(self) -> NetworkKnobs:
        return self.world.knobs.network

    @property
    def is_settled(self) -> bool:
        """Whether all is answered and the screen has all there is, or it may not come back."""
        is_here = self._is_welcome and self.screen.seq == self.world.shelf.ledger.seq
        return self.is_banned or (is_here and not self.pending)

    async def live(self) -> None:
        """Connect, act, and come back, until the run is over."""
        while not self.world.is_over:
            house = self.world.house
            if house is not None:
                await self._hold(house)
            mean_s = 0.2 if self.world.is_calm else self.network.away_s
            await trio.sleep(0.05 + self.rng.expovariate(1 / mean_s))

    async def _hold(self, house: House) -> None:
        """Hold one connection to its end."""
        line = self._line = house.dial(self.user, self._read)
        self._is_welcome = self._is_silent = False
        self._out, self._order, self._reused = Counter(), {}, set()
        self._answered = -1
        self._greet(house, line)
        dialed = trio.current_time()
        while line.ended is None and not self.world.is_over:
            with trio.move_on_after(self._pause_s()):
                await line.over.wait()
            if line.ended is None and self._is_welcome and not self._is_silent:
                self._resend(line)
                if not self.world.is_calm:
                    self._act(line)
                elif not line.is_reading:
                    line.read_on()
            elif self._gives_up(dialed):
                line.hang_up()
        self.is_banned = line.ended == Close.BANNED
        if line.ended is not None and line.ended in {*Close}:
            self.world.closes[Close(line.ended).name] += 1
        if self._is_welcome and not self.world.is_over:
            self.show(f"at the end of a connection ({line.ended})")
        self._line = None

    def _gives_up(self, dialed: float) -> bool:
        """Say whether it has been silent, or waited for its welcome, for long enough."""
        if self._is_welcome:
            return self.world.is_calm
        return trio.current_time() - dialed > GIVES_UP_S

    def _pause_s(self) -> float:
        if self.world.is_calm:
            return LOOK_S
        return self.rng.expovariate(1 / self.world.knobs.crowd.think_s)

    def show(self, when: str) -> None:
        """Have what the screen shows now compared with the journal, once that is whole."""
        where = f"{self.name} {when}"
        screen = self.screen
        self.world.seen.append(Seen(where, screen.seq, screen.view(), screen.status))

    def _greet(self, house: House, line: Cable) -> None:
        hello: dict[str, Any] = {}
        if self.user is not None:
            hello["token"] = house.token(self.user, self.role)
        if self.screen.epoch is not None and self.rng.random() < self.network.resume:
            hello["resume"] = {"epoch": self.screen.epoch, "seq": self.screen.seq}
        if self.role is not Role.DONOR and self.rng.random() < 0.7:
            hello["feed"] = "full"
        line.say("hello", **hello)

    # What it does

    def _act(self, line: Cable) -> None:
        rng, network, crowd = self.rng, self.network, self.world.knobs.crowd
        if not line.is_reading:
            if rng.random() < self.world.knobs.crowd.think_s / network.stall_s:
                line.read_on()
        elif rng.random() < network.stall:
            self.world.faults["slow reader"] += 1
            line.stop_reading()
        if rng.random() < network.silence:
            self.world.faults["silent client"] += 1
            self._is_silent, line.answers_pings = True, False
            return
        if self.writer is not None and len(self.pending) < PATIENCE:
            for _ in range(BREATH if rng.random() < crowd.burst else 1):
                self._give(line, self.writer)
        if rng.random() < crowd.garble:
            self.world.faults["malformed frame"] += 1
            line.say_text(rng.choice(("{", "[]", '{"type":"place_bid","lot":1.5}')))
        if rng.random() < network.cut:
            self.world.faults["connection cut"] += 1
            line.tear(rng)

    def _give(self, line: Cable, writer: Writer) -> None:
        crowd, rng = self.world.knobs.crowd, self.rng
        if self.settled and rng.random() < crowd.repeat:
            self._repeat(line, rng.choice(self.settled[-10:]))
            return
        if self.settled and rng.random() < crowd.reuse:
            self._reuse(line, rng.choice(self.settled))
            return
        command = writer.draw(self.screen)
        if command is not None:
            self._send(line, self.ask(command))

    def ask(self, command: Command) -> Sent:
        """Give a command; it is sent again and again until it is answered for good."""
        writer = self.writer
        assert writer is not None
        command_id = f"{self.name}-{len(self.world.sent) + 1}"
        ask = decode_command(command, command_id)
        sent = Sent(writer.user, writer.role, ask, command)
        self.world.sent[writer.user, command_id] = sent
        self.pending[command_id] = sent
        return sent

    def _repeat(self, line: Cable, sent: Sent) -> None:
        """Ask again for what was answered for good: the same ack, or a new decision."""
        if sent.ask.id in self._reused or self._out[sent.ask.id]:
            return
        self.world.faults["id sent again"] += 1
        self.settled.remove(sent)
        sent.final = None
        self.pending[sent.ask.id] = sent
        self._send(line, sent)

    def _reuse(self, line: Cable, sent: Sent) -> None:
        """Give another command an id that was accepted: it must be refused."""
        if not sent.acks or sent.ask.id in self.pending or sent.message["type"] == "announce":
            return
        self.world.faults["id reused"] += 1
        self._reused.add(sent.ask.id)
        line.say("announce", id=sent.ask.id, text="another command by an old id")

    def _resend(self, line: Cable) -> None:
        now = trio.current_time()
        for sent in list(self.pending.values()):
            if not self._out[sent.ask.id] and sent.retry_at <= now:
                self._send(line, sent)

    def _send(self, line: Cable, sent: Sent) -> None:
        self._out[sent.ask.id] += 1
        self._order.setdefault(sent.ask.id, deque()).append(self._sendings)
        self._sendings += 1
        line.say_text(orjson.dumps({**sent.message, "id": sent.ask.id}).decode())

    # What it reads

    def _read(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self._take(message)

    def _take(self, message: Message) -> None:
        kind = message["type"]
        try:
            if kind == "welcome":
                self._welcomed(message)
            elif kind == "feed":
                self.screen.feed(message)
                if self.rng.random() < SAMPLED:
                    self.show("in the middle of a feed")
            elif kind in ("ack", "nack"):
                self._answer(message)
            elif kind in NOTICES:
                assert self.user is not None
                self.world.noticed.append(Noticed(self.user, self.screen.seq, message))
            elif kind == "leaderboard_update":
                self.screen.board = message["top"]
        except FeedBroken as broken:
            self.world.find("feeds", f"{self.name}: {broken}")
            self.screen = Screen()
            if self._line is not None:
                self._line.hang_up()

    def _welcomed(self, message: Message) -> None:
        self.screen.welcome(message)
        self._is_welcome = True
        if not message["recovered"]:
            self.show("at its welcome")
        else:
            self.world.faults["resumed"] += 1

    def _answer(self, message: Message) -> None:
        command_id = message["re"]
        if message["type"] == "nack":
            self.world.refusals[message["code"]] += 1
        if command_id is None:
            return
        if command_id in self._reused:
            if message["type"] == "ack":
                self.world.find("once", f"{self.name}: a reused id was accepted: {message}")
            return
        if not self._out[command_id]:
            self.world.find("answers", f"{self.name}: answered without being asked: {message}")
            return
        self._out[command_id] -= 1
        self._keep_order(command_id, message)
        sent = self.pending.get(command_id)
        if sent is None:
            return
        if message["type"] == "nack" and message["temporary"]:
            wait_s = message.get("retry_after_ms", 500) / 1_000
            sent.retry_at = trio.current_time() + wait_s
            return
        (sent.acks if message["type"] == "ack" else sent.nacks).append(message)
        sent.final = message
        self.settled.append(self.pending.pop(command_id))

    def _keep_order(self, command_id: str, message: Message) -> None:
        """Answers of one connection come in the order of its commands."""
        number = self._order[command_id].popleft()
        if message.get("code") in AT_THE_DOOR | UNDECIDED:
            return
        if number < self._answered:
            self.world.find("order", f"{self.name}: an answer overtook another: {message}")
        self._answered = max(self._answered, number)
