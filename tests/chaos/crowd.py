"""A room for a long evening: the polite, the restless, the rude and the slow.

Owns: what each kind of guest does, over and over, and how often. Invariant: all of it is what a
client on the network may do; a close code other than the protocol's is a fault. Must not know: how
the server fares. Source: PROTOCOL 1, 2, 5.
"""

from __future__ import annotations

import json
import random
import socket
import struct
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

import attrs
import httpx
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection

from saleroom.auction.roles import Role
from saleroom.cli_shared import first_error
from saleroom.client import Client, Message, NoAnswer, event_url, open_client
from saleroom.protocol.close import Close
from tests.chaos.guest import CUT_OFF, open_guest
from tests.chaos.processes import Server

SILENT_LOTS, LIVE_LOT = (1, 2, 3, 4, 5, 6), 7
DONORS = tuple(f"guest{number}" for number in range(30))
RESTLESS, RUDE, SLOW, READERS = 5, 2, 3, 2
THINK_S, STAY_S, CALL_S = (0.1, 0.6), (0.2, 2.0), 0.5
RAISE = 1_000_000
NOT_READ_S, DRAIN_S = 30.0, 10.0
SLOW_BUFFER_BYTES = 4096
RUDE_LIMIT_S = 15.0
RETRY_S = 1.0
TOO_BIG, MALFORMED_FRAMES = 17 * 1024, 10


@attrs.define(eq=False)
class Crowd:
    """All guests of one event. done: how often each thing was done. faults: wrong answers."""

    server: Server
    event: str
    rng: random.Random
    done: Counter[str] = attrs.field(factory=Counter)
    faults: list[str] = attrs.field(factory=list)

    @property
    def url(self) -> str:
        """The event's websocket address."""
        return event_url(self.server.url, self.event)

    async def stay(self) -> None:
        """Have everyone at it until cancelled."""
        async with trio.open_nursery() as nursery:
            for user in DONORS:
                nursery.start_soon(self._donate, user)
            nursery.start_soon(self._call)
            for _ in range(RESTLESS):
                nursery.start_soon(self._come_and_go)
            for number in range(RUDE):
                nursery.start_soon(self._be_rude, number)
            for _ in range(SLOW):
                nursery.start_soon(self._be_slow)
            for _ in range(READERS):
                nursery.start_soon(self._read_pages)

    async def _donate(self, user: str) -> None:
        asks: dict[int, int] = {}

        def see(message: Message) -> None:
            if "snapshot" in message:
                asks.update((lot["lot"], lot["min_next"]) for lot in message["snapshot"]["lots"])
            elif message["type"] == "feed":
                bids = [fact for fact in message["events"] if fact["type"] == "bid_placed"]
                asks.update((fact["lot"], fact["min_next"]) for fact in bids)

        token = self.server.token(user, Role.DONOR)
        async with open_client(self.url, token, on_message=see) as client:
            while True:
                await trio.sleep(self.rng.uniform(*THINK_S))
                await self._bid(client, asks)

    async def _bid(self, client: Client, asks: dict[int, int]) -> None:
        lot = self.rng.choice((*SILENT_LOTS, LIVE_LOT))
        try:
            if lot != LIVE_LOT and self.rng.random() < 0.2:
                answer = await client.ask("set_max_bid", lot=lot, max=asks[lot] + RAISE)
            else:
                answer = await client.ask("place_bid", lot=lot, amount=asks[lot])
        except NoAnswer:
            self.faults.append("a bid had no answer")
            return
        self.done["bids accepted" if answer["type"] == "ack" else "bids declined"] += 1
        if "min_next" in answer:
            asks[lot] = answer["min_next"]

    async def _call(self) -> None:
        """Sell one live lot again and again; passed when nobody bids, and opened anew."""
        token = self.server.token("gwen", Role.AUCTIONEER, Role.ADMIN)
        async with open_client(self.url, token, feed="full") as client:
            await client.ask("open_lot", lot=LIVE_LOT)
            while True:
                await trio.sleep(CALL_S)
                for call in ("fair_warning", "final_call", "sell_lot"):
                    answer = await client.ask(call, lot=LIVE_LOT)
                if answer["type"] == "ack":
                    self.done["lots sold"] += 1
                elif answer["code"] == "NO_BIDS":
                    await client.ask("pass_lot", lot=LIVE_LOT)
                await client.ask("reopen_lot", lot=LIVE_LOT, reason="once more")

    async def _come_and_go(self) -> None:
        """Connect, resume, and vanish without a word."""
        resume: Message | None = None
        while True:
            try:
                async with open_guest(self.url) as guest:
                    await guest.send_message(json.dumps({"type": "hello", "resume": resume}))
                    with trio.move_on_after(self.rng.uniform(*STAY_S)):
                        while True:
                            resume = self._followed(resume, json.loads(await guest.get_message()))
            except* CUT_OFF:
                await trio.sleep(RETRY_S)

    def _followed(self, resume: Message | None, messages: Sequence[Message]) -> Message | None:
        for message in messages:
            if message["type"] == "welcome":
                self.done["connections resumed" if message["recovered"] else "connections"] += 1
                if not message["recovered"]:
                    resume = {"epoch": message["epoch"], "seq": message["seq"]}
            elif message["type"] == "feed" and resume is not None:
                if message["from"] != resume["seq"] + 1:
                    self.faults.append(f"{message['from']} follows {resume['seq']}")
                resume = {**resume, "seq": message["to"]}
        return resume

    async def _be_rude(self, number: int) -> None:
        """Break the protocol in every way, in turn; the server must say which, and end it."""
        kinds: Sequence[tuple[Callable[[WebSocketConnection], Awaitable[None]], Close]] = (
            (_send_binary, Close.NOT_TEXT),
            (_send_too_much, Close.TOO_BIG),
            (_send_nonsense, Close.PROTOCOL),
            (_say_nothing, Close.HELLO_TIMEOUT),
        )
        while True:
            for offend, code in (*kinds[number:], *kinds[:number]):
                await self._offend(offend, code)
            await self._throw_rubbish()

    async def _offend(
        self, offend: Callable[[WebSocketConnection], Awaitable[None]], code: Close
    ) -> None:
        try:
            async with open_guest(self.url) as guest:
                with trio.fail_after(RUDE_LIMIT_S):
                    await offend(guest)
                    while True:
                        await guest.get_message()
        except* ConnectionClosed as group:
            closed = first_error(group)
            assert isinstance(closed, ConnectionClosed)
            told = None if closed.reason is None else closed.reason.code
            if told != code:
                self.faults.append(f"{code.name} was expected, and {told} came")
            self.done["rude guests shown out"] += 1
        except* trio.TooSlowError:
            self.faults.append(f"{code.name} did not come")

    async def _throw_rubbish(self) -> None:
        """Speak no HTTP at all, or stop in the middle of it."""
        host, _, port = self.server.url.removeprefix("http://").partition(":")
        for rubbish in (self.rng.randbytes(200) + b"\r\n\r\n", b"GET /ws/v1/events/x HTTP/1.1\r\n"):
            stream = await trio.open_tcp_stream(host, int(port))
            async with stream:
                await stream.send_all(rubbish)
                with trio.move_on_after(RETRY_S):
                    await stream.receive_some()
            self.done["rubbish thrown"] += 1

    async def _be_slow(self) -> None:
        """Follow the feed without ever reading it, until the server has had enough."""
        while True:
            try:
                await self._sleep_through()
            except* CUT_OFF:
                await trio.sleep(RETRY_S)

    async def _sleep_through(self) -> None:
        host, _, port = self.server.url.removeprefix("http://").partition(":")
        connection = trio.socket.socket()
        with connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_BUFFER_BYTES)
            await connection.connect((host, int(port)))
            stream = trio.SocketStream(connection)
            await stream.send_all(
                f"GET /ws/v1/events/{self.event} HTTP/1.1\r\nHost: {host}\r\n"
                "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: c2FsZXJvb20gYmVuY2htaw==\r\n\r\n".encode()
            )
            hello = b'{"type":"hello"}'
            await stream.send_all(struct.pack("!BBI", 0x81, 0x80 | len(hello), 0) + hello)
            await trio.sleep(NOT_READ_S)
            with trio.move_on_after(DRAIN_S):
                while await stream.receive_some():
                    pass
                self.done["slow readers cut"] += 1

    async def _read_pages(self) -> None:
        paths = (f"/api/v1/events/{self.event}/lots", f"/api/v1/events/{self.event}", "/ready")
        while True:
            async with httpx.AsyncClient(base_url=self.server.url, timeout=RUDE_LIMIT_S) as http:
                for path in paths:
                    response = await http.get(path)
                    if not response.is_success:
                        self.faults.append(f"{path}: {response.status_code}")
                    self.done["pages read"] += 1
                    await trio.sleep(self.rng.uniform(*THINK_S))


async def _send_binary(guest: WebSocketConnection) -> None:
    await guest.send_message(b"\x00\x01")


async def _send_too_much(guest: WebSocketConnection) -> None:
    await guest.send_message("x" * TOO_BIG)


async def _send_nonsense(guest: WebSocketConnection) -> None:
    await guest.send_message(json.dumps({"type": "hello"}))
    for number in range(MALFORMED_FRAMES):
        await guest.send_message(f'{{"type":"place_bid","amount":1.5,"id":{number}')


async def _say_nothing(guest: WebSocketConnection) -> None:
    await trio.lowlevel.checkpoint()
