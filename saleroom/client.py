"""A client of a sale: connects, comes back, resumes, and sends again what had no answer.

Owns: one conversation with one event over however many connections. Invariant: every `ask` ends in
an answer or an error; a command keeps its id over every connection, so that it acts once; facts
reach `on_message` in order, without gap or repeat. Source: PROTOCOL 2 to 5.
"""

from __future__ import annotations

import json
import math
import random
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, urlsplit

import attrs
import trio
from trio_websocket import (
    ConnectionClosed,
    HandshakeError,
    WebSocketConnection,
    wrap_client_stream,
)

from saleroom.protocol.close import Close, may_return, returns_at_once

Message = dict[str, Any]
Stream = trio.SocketStream | trio.SSLStream[trio.SocketStream]

BACK_OFF_FIRST_S, BACK_OFF_MAX_S = 1.0, 15.0
EAGER_S, EAGER_FOR_S = 0.25, 5.0
"""How often, and for how long, to knock at a server that said "come back at once"."""
CONNECT_S = 10.0
WELCOME_S = 20.0
"""Between the hello and the welcome: a server may wait a while for an event to be rebuilt."""
SILENT_HEARTBEATS = 3
CLOSE_S = 2.0
ANSWER_S = 30.0
MESSAGE_BYTES_MAX = 16 * 1024 * 1024


class SaleClosed(Exception):
    """The server does not want this client back. code: the close code."""

    def __init__(self, code: int, reason: str | None) -> None:
        super().__init__(
            f"the server closed the connection for good: {code} {reason or ''}".strip()
        )
        self.code = code


class NoAnswer(Exception):
    """A command had no final answer in time; sending the same id again tells its outcome."""


@attrs.define(eq=False)
class _Pending:
    frame: str
    answered: trio.Event = attrs.field(factory=trio.Event)
    answer: Message | None = None


@attrs.define(eq=False)
class Client:
    """One event's conversation. Use `open_client`.

    url: `ws://host:port/ws/v1/events/{event}`. on_message: gets each message of the server that is
    no answer, as it comes; it must not wait. seq, epoch: how far the feed was followed.
    """

    url: str
    token: str | None = None
    feed: str = "conflated"
    on_message: Callable[[Message], None] = lambda message: None
    welcome: Message | None = None
    epoch: str | None = None
    seq: int = 0
    connections: int = 0
    _pending: dict[str, _Pending] = attrs.field(init=False, factory=dict)
    _socket: WebSocketConnection | None = attrs.field(init=False, default=None)
    _is_welcome: bool = attrs.field(init=False, default=False)
    _first_word: trio.Event = attrs.field(init=False, factory=trio.Event)
    _closed: SaleClosed | None = attrs.field(init=False, default=None)

    async def run(self) -> None:
        """Stay connected until cancelled. Raises SaleClosed when told not to come back.

        It returns at once where the close code allows that and it had been welcomed, and knocks
        often for a while when the server is not there yet; else it returns after 1 s or more.
        """
        delay, eager_until = BACK_OFF_FIRST_S, -math.inf
        while True:
            code, reason = await self._connect_once()
            if code is not None and not may_return(code):
                self._closed = SaleClosed(code, reason)
                self._first_word.set()
                for pending in self._pending.values():
                    pending.answered.set()
                raise self._closed
            was_welcome, self._is_welcome = self._is_welcome, False
            if was_welcome:
                delay = BACK_OFF_FIRST_S
            if was_welcome and code is not None and returns_at_once(code):
                eager_until = trio.current_time() + EAGER_FOR_S
            elif code is None and trio.current_time() < eager_until:
                await _back_off(EAGER_S)
            else:
                await _back_off(delay)
                delay = min(delay * 2, BACK_OFF_MAX_S)

    async def ready(self) -> Message:
        """Wait for the first welcome and give it. Raises SaleClosed."""
        await self._first_word.wait()
        if self._closed is not None:
            raise self._closed
        assert self.welcome is not None
        return self.welcome

    async def ask(self, type: str, *, id: str | None = None, **fields: Any) -> Message:
        """Send a command and give its answer, an ack or a nack.

        Over lost connections and OUTCOME_UNKNOWN the same id is sent again. Raises NoAnswer after
        30 s, SaleClosed.
        """
        command_id = id or uuid.uuid4().hex
        pending = _Pending(json.dumps({"type": type, "id": command_id, **fields}))
        with trio.move_on_after(ANSWER_S):
            self._pending[command_id] = pending
            try:
                while True:
                    if self._closed is not None:
                        raise self._closed
                    await self._send(pending.frame)
                    await pending.answered.wait()
                    if self._closed is not None:
                        raise self._closed
                    assert pending.answer is not None
                    if pending.answer.get("code") != "OUTCOME_UNKNOWN":
                        return pending.answer
                    pending.answered = trio.Event()
            finally:
                self._pending.pop(command_id, None)
        raise NoAnswer(f"{type} {command_id}: no answer within {ANSWER_S:g} s")

    async def _send(self, frame: str) -> None:
        """Send now if there is a welcome; else the next welcome sends all that is pending."""
        if self._socket is not None and self._is_welcome:
            try:
                await self._socket.send_message(frame)
            except ConnectionClosed:
                return

    async def _connect_once(self) -> tuple[int | None, str | None]:
        """Hold one connection to its end; give its close code, None when it never stood."""
        try:
            with trio.move_on_after(CONNECT_S) as patience:
                async with _open_stream(self.url) as (stream, host, path):
                    return await self._hold(stream, host, path, patience)
        except OSError:
            return None, None
        finally:
            self._socket = None
        return None, None

    async def _hold(
        self, stream: Stream, host: str, path: str, patience: trio.CancelScope
    ) -> tuple[int | None, str | None]:
        ended: tuple[int | None, str | None] = (None, None)
        try:
            async with trio.open_nursery() as nursery:
                socket = await wrap_client_stream(
                    nursery,
                    stream,
                    host,
                    path,
                    subprotocols=["saleroom.v1"],
                    max_message_size=MESSAGE_BYTES_MAX,
                )
                patience.deadline = math.inf
                ended = await self._converse_to_the_end(socket)
                nursery.cancel_scope.cancel()
        except* (HandshakeError, trio.BrokenResourceError):
            ended = (None, None)
        return ended

    async def _converse_to_the_end(
        self, socket: WebSocketConnection
    ) -> tuple[int | None, str | None]:
        try:
            await self._converse(socket)
        except ConnectionClosed as closed:
            reason = closed.reason
            return (None, None) if reason is None else (reason.code, reason.reason)
        except trio.TooSlowError:
            return None, None
        return Close.OUR_FAULT, None

    async def _converse(self, socket: WebSocketConnection) -> None:
        self._socket = socket
        self.connections += 1
        silence_s = WELCOME_S
        with trio.fail_after(silence_s):
            await socket.send_message(json.dumps(self._hello()))
        while True:
            with trio.fail_after(silence_s):
                messages = json.loads(await socket.get_message())
            for message in messages:
                if not self._take(message):
                    with trio.move_on_after(CLOSE_S):
                        await socket.aclose(1000, "a gap in the feed")
                    return
                if message["type"] == "welcome":
                    silence_s = SILENT_HEARTBEATS * message["heartbeat_ms"] / 1000
                    with trio.fail_after(silence_s):
                        for pending in list(self._pending.values()):
                            await socket.send_message(pending.frame)

    def _hello(self) -> Message:
        hello: Message = {"type": "hello", "token": self.token, "feed": self.feed}
        if self.epoch is not None:
            hello["resume"] = {"epoch": self.epoch, "seq": self.seq}
        return hello

    def _take(self, message: Message) -> bool:
        """Take one message; False when the feed has a gap."""
        kind = message["type"]
        if kind in ("ack", "nack", "pong"):
            pending = self._pending.get(message.get("re") or "")
            if pending is not None:
                pending.answer = message
                pending.answered.set()
            return True
        if kind == "welcome":
            self.welcome = message
            self._greeted(message)
            self._is_welcome = True
            self._first_word.set()
        elif kind == "feed":
            if message["from"] != self.seq + 1:
                return False
            self.seq = message["to"]
        self.on_message(message)
        return True

    def _greeted(self, welcome: Message) -> None:
        self.epoch = welcome["epoch"]
        if not welcome["recovered"]:
            self.seq = welcome["seq"]


async def _back_off(delay_s: float) -> None:
    """Wait that long, and by chance up to half as long again, so that clients do not storm."""
    await trio.sleep(delay_s * random.uniform(1.0, 1.5))  # noqa: S311 - jitter


@asynccontextmanager
async def _open_stream(url: str) -> AsyncIterator[tuple[Stream, str, str]]:
    """Hold a connection to a websocket's server; give it with the Host and the path to ask for.

    However the conversation ended, nothing stays open. Raises OSError.
    """
    parts = urlsplit(url)
    host, is_tls = parts.hostname or "", parts.scheme == "wss"
    port = parts.port or (443 if is_tls else 80)
    stream: Stream
    if is_tls:
        stream = await trio.open_ssl_over_tcp_stream(host, port, https_compatible=True)
    else:
        stream = await trio.open_tcp_stream(host, port)
    try:
        yield stream, parts.netloc.rpartition("@")[2], parts.path
    finally:
        with trio.CancelScope(shield=True):
            await trio.aclose_forcefully(stream)


@asynccontextmanager
async def open_client(
    url: str,
    token: str | None = None,
    *,
    feed: str = "conflated",
    on_message: Callable[[Message], None] = lambda message: None,
) -> AsyncIterator[Client]:
    """Hold a client for the length of the block, welcomed once.

    Raises SaleClosed in a group, also while the block runs, which is then cancelled.
    """
    client = Client(url, token, feed, on_message)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.run)
        await client.ready()
        yield client
        nursery.cancel_scope.cancel()


def event_url(server: str, event: str) -> str:
    """Give an event's websocket address on a server such as `http://127.0.0.1:8080`."""
    scheme, _, rest = server.partition("://")
    return (
        f"{'wss' if scheme == 'https' else 'ws'}://{rest.rstrip('/')}/ws/v1/events/{quote(event)}"
    )
