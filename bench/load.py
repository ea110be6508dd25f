"""The load: one process, many websockets, and as little work for each as can be.

Owns: client sockets, their framing and the one loop that reads them. Invariant: the time of a frame
is taken after it was read, so that a slow client counts against the server and never for it.
It parses no JSON. Knows nothing of lots or bids, nor of which server it speaks to: a `Dialect` says
how that one greets. Source: RFC 6455 (a mask of zeros is a mask).
"""

from __future__ import annotations

import selectors
import socket
import struct
import time
from collections.abc import Callable, Mapping, Sequence

import attrs

from bench import BenchFailed
from bench.limits import require_sockets, source_address

RECEIVE_BYTES = 64 * 1024
CONNECT_S, WELCOME_S = 10.0, 20.0
BATCH = 250  # sockets that say hello together
SPIN_S = 0.001  # epoll counts in whole milliseconds; what is left of one is spun away
ROUND_S = 0.001
"""How long sockets gather between two rounds of reading.

A client that sleeps until the next byte is woken by the server's own core, a microsecond or two of
it for each frame, which no screen in another machine would cost; what a frame waits for its round
counts as the server's latency.
"""

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA

Hear = Callable[["Client", bytes, float], None]
"""Takes one text message and the time (perf_counter) at which it had been read."""
Frames = list[tuple[int, bytes]]


@attrs.frozen
class Dialect:
    """How a server greets.

    greet: takes what comes first until it says that the client is welcome; may raise BenchFailed.
    None: who is upgraded is welcome. replies: messages that want one.
    """

    path: str
    greet: Callable[[Client, bytes], bool] | None = None
    replies: Mapping[bytes, bytes] = attrs.field(factory=dict)


class Splitter:
    """Finds the frames in what was read; the bytes of a broadcast are split once for all."""

    def __init__(self) -> None:
        self._data = b""
        self._found: tuple[Frames, bytes] = [], b""

    def split(self, data: bytes) -> tuple[Frames, bytes]:
        """Give the whole frames and the rest."""
        if data != self._data:
            self._data, self._found = data, server_frames(data)
        return self._found


class Client:
    """One websocket. hear: may be replaced at any time. seq: how far it has been shown."""

    __slots__ = (
        "_dialect",
        "_rest",
        "_splitter",
        "connection",
        "hear",
        "index",
        "is_welcome",
        "seq",
    )

    def __init__(
        self,
        connection: socket.socket,
        index: int,
        hear: Hear,
        dialect: Dialect,
        splitter: Splitter,
    ) -> None:
        self.connection = connection
        self.index = index
        self.hear = hear
        self.is_welcome = dialect.greet is None
        self.seq = 0
        self._dialect = dialect
        self._splitter = splitter
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
        if self._rest:
            data = self._rest + data
        frames, self._rest = self._splitter.split(data)
        for opcode, payload in frames:
            if opcode == TEXT:
                if self.is_welcome and not self._dialect.replies:
                    self.hear(self, payload, now)
                else:
                    self._take(payload, now)
            elif opcode == PING:
                self.connection.send(client_frame(PONG, payload))
            elif opcode == CLOSE:
                raise BenchFailed(f"the server closed a connection: {payload[2:].decode()}")

    def _take(self, payload: bytes, now: float) -> None:
        """Take a message that may not be for whoever hears this client."""
        reply = self._dialect.replies.get(payload)
        if reply is not None:
            self.send(reply)
        elif self.is_welcome:
            self.hear(self, payload, now)
        else:
            assert self._dialect.greet is not None
            self.is_welcome = self._dialect.greet(self, payload)


class Load:
    """All sockets of one measure; `close` ends them."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._selector = selectors.DefaultSelector()
        self._splitter = Splitter()
        self.clients: list[Client] = []

    def connect(self, dialect: Dialect, hellos: Sequence[bytes | None], hear: Hear) -> list[Client]:
        """Open one welcomed socket per hello; None: it says nothing."""
        require_sockets(len(self.clients) + len(hellos))
        opened = []
        for start in range(0, len(hellos), BATCH):
            opened += self._connect_batch(dialect, hellos[start : start + BATCH], hear)
        return opened

    def poll(self, until: float) -> None:
        """Read what comes until a time (perf_counter)."""
        select = self._selector.select
        while True:
            left = until - time.perf_counter()
            ready = select(left if left > SPIN_S else 0)
            for key, _ in ready:
                key.data()
            if left <= 0:
                return
            if ready and left > ROUND_S:
                time.sleep(ROUND_S)

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

    def _connect_batch(
        self, dialect: Dialect, hellos: Sequence[bytes | None], hear: Hear
    ) -> list[Client]:
        request = (
            f"GET {dialect.path} HTTP/1.1\r\nHost: {self._address[0]}:{self._address[1]}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: c2FsZXJvb20gYmVuY2htaw==\r\n\r\n"
        ).encode()
        batch = []
        for _ in hellos:
            number = len(self.clients)
            connection = socket.create_connection(
                self._address, CONNECT_S, (source_address(number), 0)
            )
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(request)
            batch.append(Client(connection, number, hear, dialect, self._splitter))
            self.clients.append(batch[-1])
        for client, hello in zip(batch, hellos, strict=True):
            await_upgrade(client.connection)
            client.connection.setblocking(False)
            self._selector.register(client.connection, selectors.EVENT_READ, client.read)
            if hello is not None:
                client.send(hello)
        waiting = list(batch)

        def are_welcome() -> bool:
            while waiting and waiting[-1].is_welcome:
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


def server_frames(data: bytes) -> tuple[Frames, bytes]:
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


def await_upgrade(connection: socket.socket) -> None:
    """Read the answer to the handshake, and nothing after it. Raises BenchFailed."""
    answer, end = b"", -1
    while end < 0:
        answer = connection.recv(4096, socket.MSG_PEEK)
        if not answer:
            break
        end = answer.find(b"\r\n\r\n")
    connection.recv(end + 4)
    if not answer.startswith(b"HTTP/1.1 101 "):
        raise BenchFailed(f"no websocket: {answer[:200]!r}")
