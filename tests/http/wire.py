"""A door on a free loopback port, and a peer that speaks raw bytes to it.

Owns: what the tests of this room share. Invariant: whatever is opened here ends with its block, and
no wait lasts longer than `guard_s`. Knows nothing of what is tested.
"""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import attrs
import trio
from trio.testing import wait_all_tasks_blocked

from saleroom.http.door.door import Door, DoorLimits, open_listeners, serve_door
from saleroom.http.door.hypercorn_door import HttpLimits
from saleroom.http.door.outside import NOWHERE, Outside
from saleroom.http.door.quick_door import Quick, nothing_quick
from saleroom.http.door.stream import StreamLimits
from saleroom.http.door.websocket import Websocket
from saleroom.protocol.frames import text_frame

GUARD_S = 20.0
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

# Long where a test does not want the bound, short where a test waits for it.
LIMITS = DoorLimits(
    stream=StreamLimits(stall_s=GUARD_S, finish_s=GUARD_S, linger_s=GUARD_S),
    http=HttpLimits(keep_alive_s=GUARD_S),
)
SHORT_S = 0.05


async def echo(websocket: Websocket) -> None:
    while True:
        message = await websocket.receive()
        websocket.send_nowait(text_frame(message.encode()))


async def hello(scope: dict[str, Any], receive: Any, send: Any) -> None:
    body = scope["path"].encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def get(path: str, *headers: str, method: str = "GET", version: str = "1.1") -> bytes:
    lines = (f"{method} {path} HTTP/{version}", "Host: sale.example", *headers, "\r\n")
    return "\r\n".join(lines).encode()


def upgrade(path: str = "/ws/v1/events/gala", *headers: str, key: str = KEY) -> bytes:
    return get(
        path,
        "Upgrade: websocket",
        "Connection: keep-alive, Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        *headers,
    )


def client_frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool = True
) -> bytes:
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    mask_bit = 0x80 if masked else 0
    size = len(payload)
    if size <= 125:
        head = struct.pack("!BB", first, mask_bit | size)
    elif size <= 0xFFFF:
        head = struct.pack("!BBH", first, mask_bit | 126, size)
    else:
        head = struct.pack("!BBQ", first, mask_bit | 127, size)
    if not masked:
        return head + payload
    mask = b"\x11\x22\x33\x44"
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def close_payload(code: int, reason: bytes = b"") -> bytes:
    return struct.pack("!H", code) + reason


@attrs.define
class Peer:
    """One client connection; reads are buffered, so that frames can be taken one by one."""

    stream: trio.SocketStream
    buffer: bytes = b""

    async def send(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def _more(self) -> None:
        data = await self.stream.receive_some()
        if not data:
            raise EOFError(self.buffer)
        self.buffer += data

    async def take(self, size: int) -> bytes:
        while len(self.buffer) < size:
            await self._more()
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    async def response(self) -> tuple[int, dict[str, str], bytes]:
        """Read one HTTP response: status, headers in lower case, body by content-length."""
        while b"\r\n\r\n" not in self.buffer:
            await self._more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = await self.take(int(headers.get("content-length", "0")))
        return int(status.split()[1]), headers, body

    async def frame(self) -> tuple[int, bytes]:
        """Read one server frame, which must be final, unmasked and without extension bits."""
        first, size = await self.take(2)
        assert first & 0xF0 == 0x80
        assert not size & 0x80
        if size == 126:
            (size,) = struct.unpack("!H", await self.take(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", await self.take(8))
        return first & 0x0F, await self.take(size)

    async def close_code(self) -> int:
        opcode, payload = await self.frame()
        assert opcode == CLOSE, (opcode, payload)
        (code,) = struct.unpack("!H", payload[:2])
        return int(code)

    async def at_end(self) -> bool:
        """Wait for the connection's end; false if anything came before it."""
        return not self.buffer and not await self.stream.receive_some()

    async def exchange(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        await self.send(request)
        return await self.response()


@attrs.frozen
class Running:
    door: Door
    port: int
    pool: trio.Nursery
    peers: list[Peer] = attrs.field(factory=list)

    async def connect(self) -> Peer:
        peer = Peer(await trio.open_tcp_stream("127.0.0.1", self.port))
        self.peers.append(peer)
        return peer

    async def websocket(self, *headers: str) -> Peer:
        peer = await self.connect()
        status, _, _ = await peer.exchange(upgrade("/ws/v1/events/gala", *headers))
        assert status == 101
        return peer

    async def all_gone(self) -> None:
        """Wait until no connection is left."""
        while self.door.statistics().connections:
            await wait_all_tasks_blocked()


@asynccontextmanager
async def open_door(
    *,
    session: Callable[[Websocket], Awaitable[None]] = echo,
    app: Any = hello,
    limits: DoorLimits = LIMITS,
    outside: Outside = NOWHERE,
    quick: Quick = nothing_quick,
    guard_s: float = GUARD_S,
) -> AsyncIterator[Running]:
    listeners = await open_listeners("127.0.0.1", 0)
    port = listeners[0].socket.getsockname()[1]
    with trio.fail_after(guard_s):
        async with trio.open_nursery() as pool:
            door = await pool.start(
                partial(
                    serve_door,
                    listeners,
                    asgi_app=app,
                    on_websocket=session,
                    limits=limits,
                    outside=outside,
                    quick=quick,
                    start_soon=pool.start_soon,
                )
            )
            running = Running(door, port, pool)
            yield running
            for peer in running.peers:
                peer.stream.socket.close()
            pool.cancel_scope.cancel()
