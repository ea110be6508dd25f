"""A client that keeps no rule: raw bytes over one connection, and small buffers if it likes.

Owns: how an intruder connects, says hello and gives up. Invariant: whatever is opened here is
closed with its block, and no wait outlasts `PATIENCE_S`. Knows nothing of what is sent.
Source: RFC 6455, PROTOCOL 2.
"""

from __future__ import annotations

import json
import socket as stdlib_socket
import struct
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import attrs
import trio

from tests.hostile.house import House
from tests.http.wire import PING, PONG, TEXT, Peer, client_frame, upgrade

PATIENCE_S = 90.0  # ten seconds' work, on a machine that does other things
SMALL_BUFFER_BYTES = 32 * 1024
MARK = b"so far"


@attrs.define
class Intruder(Peer):
    """A connection with the reading of wire.Peer."""

    async def say(self, message: dict[str, Any]) -> None:
        """Send one message in a frame of its own."""
        await self.send(said(message))

    async def hello(self, token: str | None = None, feed: str = "conflated") -> dict[str, Any]:
        """Say hello; give the welcome."""
        await self.say({"type": "hello", "token": token, "feed": feed})
        (welcome,) = await self.messages()
        assert welcome["type"] == "welcome", welcome
        return dict(welcome)

    async def messages(self) -> list[dict[str, Any]]:
        """Read the messages of the next text frame."""
        opcode, payload = await self.frame()
        assert opcode == TEXT, (opcode, payload)
        return list(json.loads(payload))

    async def answers_until_pong(self) -> list[str]:
        """Send a Ping; give the codes of what is answered before its Pong."""
        await self.send(client_frame(PING, MARK))
        codes: list[str] = []
        while True:
            opcode, payload = await self.frame()
            if (opcode, payload) == (PONG, MARK):
                return codes
            codes += [m["code"] for m in json.loads(payload) if "re" in m]

    async def answer(self) -> str:
        """Read on to the next answer; give its code."""
        while True:
            for message in await self.messages():
                if "re" in message:
                    return str(message["code"])

    async def drip(self, data: bytes) -> None:
        """Send, whether or not anybody still listens."""
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await self.send(data)

    def reset(self) -> None:
        """Leave without a word: the server's next write or read fails."""
        self.stream.socket.setsockopt(
            stdlib_socket.SOL_SOCKET, stdlib_socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        self.stream.socket.close()


def said(message: dict[str, Any]) -> bytes:
    """Give the frame of one message."""
    return client_frame(TEXT, json.dumps(message).encode())


@asynccontextmanager
async def intruder(house: House, *, small_buffer: bool = False) -> AsyncIterator[Intruder]:
    """Connect for the length of the block. small_buffer: the kernel holds little for us."""
    socket = trio.socket.socket()
    if small_buffer:
        socket.setsockopt(stdlib_socket.SOL_SOCKET, stdlib_socket.SO_RCVBUF, SMALL_BUFFER_BYTES)
    with trio.fail_after(PATIENCE_S):
        try:
            await socket.connect(("127.0.0.1", house.port))
            yield Intruder(trio.SocketStream(socket))
        finally:
            socket.close()


@asynccontextmanager
async def websocket(
    house: House, event: str, *, small_buffer: bool = False
) -> AsyncIterator[Intruder]:
    """Hold an upgraded connection to an event for the length of the block."""
    async with intruder(house, small_buffer=small_buffer) as peer:
        status, _, _ = await peer.exchange(upgrade(f"/ws/v1/events/{event}"))
        assert status == 101
        yield peer


@asynccontextmanager
async def websockets(
    house: House, event: str, count: int, *, small_buffer: bool = False
) -> AsyncIterator[list[Intruder]]:
    """Hold so many."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(websocket(house, event, small_buffer=small_buffer))
            for _ in range(count)
        ]
