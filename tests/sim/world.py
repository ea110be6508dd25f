"""The world of one run: what everybody in it shares.

Owns: the stores, who has asked what, what went wrong on purpose, and what was noticed. Invariant:
what the server tells is held against what is durable at that moment. Source: I2, PROTOCOL 3 and 4.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs
import trio

from saleroom.auction.roles import Role
from saleroom.protocol.messages import Ask
from saleroom.storage.ports import Stores
from tests.actors.line import Message
from tests.actors.weather import Weather
from tests.sim.knobs import Knobs
from tests.sim.ledger import Shelf
from tests.sim.screen import Lots
from tests.sim.script import Secrets

if TYPE_CHECKING:
    from tests.sim.house import House

NUMBERS = re.compile(rb"[:\[,](\d{5,12})(?=[,\]}])")

ID = re.compile(r'"id":"([^"]*)"')


@attrs.define(eq=False)
class Sent:
    """A command that somebody gave, and what came of it.

    stamps: the event's time whenever the server had read it. acks, nacks: all that were read, but
    for temporary ones. final: the answer that settled it. retry_at: when it may be sent again.
    """

    user: str
    role: Role
    ask: Ask
    message: Message
    stamps: list[int] = attrs.field(factory=list)
    acks: list[Message] = attrs.field(factory=list)
    nacks: list[Message] = attrs.field(factory=list)
    final: Message | None = None
    retry_at: float = 0.0


@attrs.frozen
class Seen:
    """What a screen showed of all lots at a seq. where: for people."""

    where: str
    seq: int
    lots: Lots
    status: str


@attrs.frozen
class Noticed:
    """A notice that a user's screen got when it had everything up to `seq`."""

    user: str
    seq: int
    message: Message


@attrs.define(eq=False)
class World:
    """Everything of one run. calm: nothing goes wrong any more; is_over: all is settled."""

    seed: int
    knobs: Knobs
    nursery: trio.Nursery
    secrets: Secrets
    shelf: Shelf = attrs.field(factory=Shelf)
    weather: Weather = attrs.field(factory=Weather)
    faults: Counter[str] = attrs.field(factory=Counter)
    findings: list[str] = attrs.field(factory=list)
    sent: dict[tuple[str, str], Sent] = attrs.field(factory=dict)
    seen: list[Seen] = attrs.field(factory=list)
    noticed: list[Noticed] = attrs.field(factory=list)
    closes: Counter[str] = attrs.field(factory=Counter)
    refusals: Counter[str] = attrs.field(factory=Counter)
    first_told: dict[int, int] = attrs.field(factory=dict)
    house: House | None = None
    calm: trio.Event = attrs.field(factory=trio.Event)
    is_over: bool = False
    frames: int = 0

    def rng(self, name: str) -> random.Random:
        """Give the chance of one part of the world, which no other part uses up."""
        return random.Random(f"{self.seed}:{name}")

    @property
    def is_calm(self) -> bool:
        return self.calm.is_set()

    @property
    def stores(self) -> Stores:
        """The stores under the weather."""
        return self.weather.over(self.shelf.stores)

    def find(self, checker: str, what: str) -> None:
        """Note that something is wrong."""
        self.findings.append(f"{checker}: {what}")

    def stamp(self, user: str | None, text: str, now_ms: int) -> None:
        """Note when the server had read a command."""
        command_id = _id_of(text)
        if user is not None and command_id is not None and (user, command_id) in self.sent:
            self.sent[user, command_id].stamps.append(now_ms)

    def hear(self, user: str | None, frame: bytes, messages: Sequence[Message]) -> None:
        """Hold what the server tells a user against what is durable now."""
        self.frames += 1
        ledger = self.shelf.ledger
        for message in messages:
            told = _seq_told(message)
            if told > ledger.seq:
                self.find("durable", f"seq {told} was told, {ledger.seq} is durable: {message}")
            if "hash" in message and message["hash"] not in ledger.heads:
                self.find("durable", f"an ack of what is not durable: {message}")
        for digits in NUMBERS.findall(frame):
            number = int(digits)
            if number in self.secrets.owners and self.secrets.owners[number] != user:
                self.first_told.setdefault(number, ledger.seq)


def _seq_told(message: Message) -> int:
    """Give the newest seq that a message speaks of."""
    kind = message["type"]
    if kind == "feed":
        told: Any = message["to"]
    elif kind == "welcome":
        told = message["seq"]
    else:
        told = message.get("as_of", 0)
    return int(told)


def _id_of(text: str) -> str | None:
    """Give the id that a client's frame bears, None for a frame without one."""
    found = ID.search(text)
    return None if found is None else found[1]
