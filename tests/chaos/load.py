"""The people of a round: donors who bid without pause, one who knocks, and those who watch.

Owns: what each of them was promised: every ack with seq and hash, every fact of every feed.
Invariant: a command keeps its id until it has a final answer. Must not know: what is done to the
server. Source: PROTOCOL 2 to 4, rule 28.
"""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Callable, Sequence

import attrs
import httpx
import trio

from saleroom.auction.roles import Role
from saleroom.client import Client, Message, NoAnswer, event_url, open_client
from tests.chaos.guest import CUT_OFF, open_guest
from tests.chaos.processes import Server
from tests.e2e.progress import Progress

RETURN_S = 0.02
"""Between two tries of those who do not wait politely: what is measured is the server."""
KNOCK_LIMIT_S = 8.0
SILENCE_S = 60.0
RESUME_FACTS = 1_000
"""A client no further behind than this is never told to start anew."""
AWAY = ("OVERLOADED", "RATE_LIMITED", "OUTCOME_UNKNOWN")


@attrs.frozen
class Ack:
    """An accepted bid. asked_at, at: when it was first sent and answered (time.monotonic)."""

    user: str
    id: str
    lot: int
    amount: int
    seq: int
    head: str
    asked_at: float
    at: float


@attrs.define(eq=False)
class Room:
    """Where the round happens. servers: the last one goes on with the event."""

    servers: Sequence[Server]
    event: str
    acks: list[Ack] = attrs.field(factory=list)
    progress: Progress = attrs.field(factory=Progress)
    refused: dict[str, int] = attrs.field(factory=dict)

    @property
    def server(self) -> Server:
        """The server that people go to."""
        return self.servers[-1]

    @property
    def url(self) -> str:
        """The event's websocket address."""
        return event_url(self.server.url, self.event)

    def accept(self, ack: Ack) -> None:
        """Remember an accepted bid."""
        self.acks.append(ack)
        self.progress.made()

    def refuse(self, code: str) -> None:
        """Count a refusal."""
        self.refused[code] = self.refused.get(code, 0) + 1


@attrs.define(eq=False)
class Donor:
    """Bids without pause on lots that others bid on too."""

    room: Room
    user: str
    lots: Sequence[int]
    rng: random.Random
    client: Client | None = None
    acked: int = 0
    _asks: dict[int, int] = attrs.field(init=False, factory=dict)

    async def bid_forever(self) -> None:
        """Connect and bid until cancelled."""
        token = self.room.server.token(self.user, Role.DONOR)
        async with open_client(self.room.url, token, on_message=self._see) as client:
            self.client = client
            self._see(await client.ready())
            while True:
                lot = self.rng.choice(self.lots)
                await self._bid(client, uuid.uuid4().hex, lot, self._asks[lot])

    async def ask_again(self, ack: Ack) -> Message:
        """Send an accepted bid once more, on a connection of its own."""
        token = self.room.server.token(self.user, Role.DONOR)
        async with open_client(self.room.url, token) as client:
            while True:
                answer = await client.ask("place_bid", id=ack.id, lot=ack.lot, amount=ack.amount)
                if answer.get("code") not in AWAY:
                    return answer
                await trio.sleep(answer.get("retry_after_ms", 0) / 1000)

    async def _bid(self, client: Client, command_id: str, lot: int, amount: int) -> None:
        """Send one bid, again and again, until it is accepted or declined for good."""
        asked_at = time.monotonic()
        while True:
            try:
                answer = await client.ask("place_bid", id=command_id, lot=lot, amount=amount)
            except NoAnswer:
                continue
            if answer["type"] == "ack":
                self._asks[lot] = answer["min_next"]
                self.acked += 1
                head, seq = answer["hash"], answer["seq"]
                at = time.monotonic()
                self.room.accept(Ack(self.user, command_id, lot, amount, seq, head, asked_at, at))
                return
            self.room.refuse(answer["code"])
            if answer["code"] not in AWAY:
                assert "min_next" in answer, f"{self.user} was refused: {answer}"
                self._asks[lot] = answer["min_next"]
                return
            await trio.sleep(answer.get("retry_after_ms", 0) / 1000)

    def _see(self, message: Message) -> None:
        if message["type"] == "welcome" and "snapshot" in message:
            self._asks = {lot["lot"]: lot["min_next"] for lot in message["snapshot"]["lots"]}
        elif message["type"] == "feed":
            for fact in message["events"]:
                if fact["type"] == "bid_placed":
                    self._asks[fact["lot"]] = fact["min_next"]


@attrs.define(eq=False)
class Knocker:
    """Bids over HTTP on a lot of their own, and is at the door again at once when it is shut."""

    room: Room
    user: str
    lot: int

    async def knock_forever(self) -> None:
        """Bid until cancelled."""
        async with httpx.AsyncClient(timeout=KNOCK_LIMIT_S) as http:
            amount = await self._min_next(http)
            while True:
                amount = await self._bid(http, uuid.uuid4().hex, amount)
                await trio.sleep(RETURN_S)

    async def _min_next(self, http: httpx.AsyncClient) -> int:
        path = f"/api/v1/events/{self.room.event}/lots/{self.lot}"
        response = await http.get(f"{self.room.server.url}{path}")
        response.raise_for_status()
        return int(response.json()["min_next"])

    async def _bid(self, http: httpx.AsyncClient, key: str, amount: int) -> int:
        """Bid once, under one key however often it takes; give the least next amount."""
        asked_at = time.monotonic()
        body = {"event": self.room.event, "lot": self.lot, "amount": amount}
        while True:
            server = self.room.server
            headers = {
                "Authorization": f"Bearer {server.token(self.user, Role.DONOR)}",
                "Idempotency-Key": key,
            }
            try:
                response = await http.post(f"{server.url}/api/v1/bids", json=body, headers=headers)
            except httpx.TransportError:
                await trio.sleep(RETURN_S)
                continue
            answer = response.json()
            if response.is_success:
                at, head, seq = time.monotonic(), answer["hash"], answer["seq"]
                ack = Ack(self.user, key, self.lot, amount, seq, head, asked_at, at)
                self.room.accept(ack)
                return int(answer["min_next"])
            self.room.refuse(answer["code"])
            if answer["code"] not in AWAY:
                assert "min_next" in answer, f"{self.user} was refused: {answer}"
                return int(answer["min_next"])
            await trio.sleep(RETURN_S)


@attrs.define(eq=False)
class Follower:
    """Watches the feed and holds it to the promise: no gap, no repeat, over every reconnect.

    role: staff see the full feed, None the conflated one. facts: of a full feed, by seq.
    """

    room: Room
    role: Role | None
    seq: int = 0
    first: int = 0
    epoch: str | None = None
    connections: int = 0
    snapshots: int = 0
    facts: dict[int, Message] = attrs.field(factory=dict)
    faults: list[str] = attrs.field(factory=list)

    @property
    def name(self) -> str:
        """How it is called in a verdict."""
        return "the full feed" if self.role else "the conflated feed"

    async def follow_forever(self) -> None:
        """Follow until cancelled; come back at once with `resume` whenever a connection ends."""
        while True:
            try:
                async with open_guest(self.room.url) as socket:
                    await socket.send_message(json.dumps(self._hello()))
                    while True:
                        with trio.fail_after(SILENCE_S):
                            text = await socket.get_message()
                        for message in json.loads(text):
                            self.take(message)
            except* CUT_OFF:
                await trio.sleep(RETURN_S)

    def has_reached(self, seq: int) -> Callable[[], bool]:
        """Give the condition that the feed came this far."""
        return lambda: self.seq >= seq

    def _hello(self) -> Message:
        token = None if self.role is None else self.room.server.token("watcher", self.role)
        hello: Message = {
            "type": "hello",
            "token": token,
            "feed": "conflated" if self.role is None else "full",
        }
        if self.epoch is not None:
            hello["resume"] = {"epoch": self.epoch, "seq": self.seq}
        return hello

    def take(self, message: Message) -> None:
        """Take one message, and note what is wrong with it."""
        if message["type"] == "welcome":
            self._take_welcome(message)
        elif message["type"] == "feed":
            start, end = message["from"], message["to"]
            if start != self.seq + 1:
                self.faults.append(f"{self.name}: {start}...{end} follows {self.seq}")
            self.seq = end
            if self.role is not None:
                self._keep(start, end, message["events"])
        self.room.progress.made()

    def _take_welcome(self, message: Message) -> None:
        self.connections += 1
        missed = message["seq"] - self.seq
        if self.epoch not in (None, message["epoch"]):
            self.faults.append(f"{self.name}: the epoch is another")
        if not message["recovered"]:
            if self.epoch is not None:
                self.snapshots += 1
                if missed < RESUME_FACTS:
                    self.faults.append(f"{self.name}: no resume over {missed} facts")
            self.facts.clear()
            self.seq, self.first = message["seq"], message["seq"] + 1
        elif missed < 0:
            self.faults.append(f"{self.name}: the server went back to {message['seq']}")
        self.epoch = message["epoch"]

    def _keep(self, start: int, end: int, events: list[Message]) -> None:
        if [fact["seq"] for fact in events] != list(range(start, end + 1)):
            self.faults.append(f"{self.name}: {start}...{end} does not hold its facts")
        self.facts.update((fact["seq"], fact) for fact in events)
