"""The load: one process, many websockets, and as little work for each as can be.

Owns: client sockets, their framing and the one loop that reads them. Invariant: the time of a frame
is taken after it was read, so that a slow client counts against the server and never for it.
It parses no JSON past the welcome. Knows nothing of lots or bids.
Source: RFC 6455 (a mask of zeros is a mask), PROTOCOL 2.
"""

from __future__ import annotations

import json
import selectors
import socket
import struct
import time
from collections.abc import Callable, Sequence
from typing import Any

from bench import BenchFailed

RECEIVE_BYTES = 64 * 1024
CONNECT_S, WELCOME_S = 10.0, 20.0
BATCH = 250  # sockets that say hello together
SPIN_S = 0.001  # epoll counts in whole milliseconds; what is left of one is spun away

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA

Hear = Callable[["Client", bytes, float], None]
"""Takes one text message and the time (perf_counter) at which it had been read."""


class Client:
    """One websocket. welcome: what the server said first. hear: may be replaced at any time."""

    __slots__ = ("_rest", "connection", "hear", "index", "seq", "welcome")

    def __init__(self, connection: socket.socket, index: int, hear: Hear) -> None:
        self.connection = connection
        self.index = index
        self.hear = hear
        self.welcome: dict[str, Any] | None = None
        self.seq = 0
        self._rest = b""

    def send(self, *messages: bytes) -> None:
        """Send text messages in one write. Raises BenchFailed when the server reads no more."""
        data = b"".join([client_frame(TEXT, message) for message in messages])
        try:
            sent = self.connection.send(data)
        except BlockingIOError:
            sent = 0
        if sent != len(data):
            raise BenchFailed("the server has stopped reading")

    def read(self) -> None:
        """Read once, and hand on every whole text message."""
        try:
            data = self.connection.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return
        now = time.perf_counter()
        if not data:
            raise BenchFailed("the server ended a connection")
        frames, self._rest = server_frames(self._rest + data)
        for opcode, payload in frames:
            if opcode == TEXT:
                if self.welcome is None:
                    self._take_welcome(payload)
                else:
                    self.hear(self, payload, now)
            elif opcode == PING:
                self.connection.send(client_frame(PONG, payload))
            elif opcode == CLOSE:
                raise BenchFailed(f"the server closed a connection: {payload[2:].decode()}")

    def _take_welcome(self, payload: bytes) -> None:
        self.welcome = json.loads(payload)[0]
        if self.welcome["type"] != "welcome":
            raise BenchFailed(f"no welcome: {payload[:200].decode()}")
        self.seq = self.welcome["seq"]


class Load:
    """All sockets of one measure; `close` ends them."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._selector = selectors.DefaultSelector()
        self.clients: list[Client] = []

    def connect(self, event: str, tokens: Sequence[str | None], hear: Hear) -> list[Client]:
        """Open one welcomed socket per token; None is a spectator."""
        opened = []
        for start in range(0, len(tokens), BATCH):
            opened += self._connect_batch(event, tokens[start : start + BATCH], hear)
        return opened

    def poll(self, until: float) -> None:
        """Read what comes until a time (perf_counter)."""
        select = self._selector.select
        while True:
            left = until - time.perf_counter()
            for key, _ in select(left if left > SPIN_S else 0):
                key.data.read()
            if left <= 0:
                return

    def poll_until(self, is_done: Callable[[], bool], within_s: float, what: str) -> None:
        """Read what comes until something is so. Raises BenchFailed naming it when it is not."""
        deadline = time.perf_counter() + within_s
        while not is_done():
            if time.perf_counter() >= deadline:
                raise BenchFailed(f"{what}: not within {within_s:g} s")
            self.poll(time.perf_counter() + SPIN_S)

    def close(self) -> None:
        """End every socket."""
        for client in self.clients:
            client.connection.close()
        self._selector.close()

    def _connect_batch(self, event: str, tokens: Sequence[str | None], hear: Hear) -> list[Client]:
        request = (
            f"GET /ws/v1/events/{event} HTTP/1.1\r\nHost: {self._address[0]}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: c2FsZXJvb20gYmVuY2htaw==\r\n\r\n"
        ).encode()
        batch = []
        for _ in tokens:
            connection = socket.create_connection(self._address, CONNECT_S)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(request)
            batch.append(Client(connection, len(self.clients), hear))
            self.clients.append(batch[-1])
        for client, token in zip(batch, tokens, strict=True):
            _await_upgrade(client.connection)
            client.connection.setblocking(False)
            self._selector.register(client.connection, selectors.EVENT_READ, client)
            client.send(json.dumps({"type": "hello", "token": token}).encode())
        waiting = list(batch)

        def are_welcome() -> bool:
            while waiting and waiting[-1].welcome is not None:
                waiting.pop()
            return not waiting

        self.poll_until(are_welcome, WELCOME_S, f"a welcome for {len(batch)} sockets")
        return batch


def client_frame(opcode: int, payload: bytes) -> bytes:
    """Frame a whole message as a client must: masked, here with zeros."""
    size = len(payload)
    if size <= 125:
        head = struct.pack("!BBI", 0x80 | opcode, 0x80 | size, 0)
    else:
        head = struct.pack("!BBHI", 0x80 | opcode, 0x80 | 126, size, 0)
    return head + payload


def server_frames(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Split bytes into whole frames, as (opcode, payload), and the rest."""
    frames, at, size = [], 0, len(data)
    while size - at >= 2:
        length, start = data[at + 1], at + 2
        if length >= 126:
            start += 2 if length == 126 else 8
            length = int.from_bytes(data[at + 2 : start], "big")
        if start > size or start + length > size:
            break
        frames.append((data[at] & 0x0F, data[start : start + length]))
        at = start + length
    return frames, data[at:]


def feed_end(message: bytes) -> int | None:
    """Give the `to` of the feed that a message begins with, without parsing; None for others."""
    if not message.startswith(b'[{"type":"feed"'):
        return None
    start = message.index(b'"to":') + 5
    return int(message[start : message.index(b",", start)])


def _await_upgrade(connection: socket.socket) -> None:
    """Read the answer to the handshake; a server speaks no frame before the hello."""
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        chunk = connection.recv(4096)
        if not chunk:
            break
        answer += chunk
    if not answer.startswith(b"HTTP/1.1 101 "):
        raise BenchFailed(f"no websocket: {answer[:200]!r}")
