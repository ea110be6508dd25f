"""A server that follows a script: what the tests of the client hold it against.

Owns: trio-websocket's server on loopback, one script per connection. Invariant: it ends with its
block, and every script was wanted. Must not know: what is tested. Source: PROTOCOL 2 to 5.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest
import trio
from trio_websocket import (
    ConnectionClosed,
    WebSocketConnection,
    WebSocketRequest,
    serve_websocket,
)

from saleroom.client import Message, event_url

GUARD_S = 20.0


class Line:
    """One accepted connection, as the script of a test holds it."""

    def __init__(self, socket: WebSocketConnection, path: str, hello: Message) -> None:
        self.socket = socket
        self.path = path
        self.hello = hello

    async def hear(self) -> Message:
        """Wait for the client's next message."""
        message: Message = json.loads(await self.socket.get_message())
        return message

    async def say(self, *messages: Message) -> None:
        """Send messages in one frame."""
        await self.socket.send_message(json.dumps(messages))

    async def welcome(self, seq: int = 0, **fields: Any) -> None:
        """Let the client in."""
        await self.say(welcome(seq, **fields))

    async def cut(self) -> None:
        """End the connection without a Close, as a lost network does."""
        await trio.aclose_forcefully(self.socket._stream)

    async def stay(self) -> None:
        """Keep the connection until the client ends it."""
        with pytest.raises(ConnectionClosed):
            await self.socket.get_message()


Script = Callable[[Line], Awaitable[None]]


def welcome(seq: int = 0, **fields: Any) -> Message:
    return {
        "type": "welcome",
        "event": "gala",
        "epoch": "e1",
        "seq": seq,
        "recovered": False,
        "heartbeat_ms": 30_000,
        **fields,
    }


def feed(first: int, last: int) -> Message:
    facts = [{"seq": seq, "type": "announcement"} for seq in range(first, last + 1)]
    return {"type": "feed", "from": first, "to": last, "events": facts}


@attrs.define
class Stage:
    """A scripted server and the waits of the client that it caused."""

    url: str
    waits: list[float]
    lines: list[Line]


@asynccontextmanager
async def on_stage(waits: list[float], *scripts: Script) -> AsyncIterator[Stage]:
    """Serve one connection per script, in order; more are an error."""
    stage = Stage("", waits, [])
    ahead = list(scripts)

    async def handle(request: WebSocketRequest) -> None:
        script = ahead.pop(0)
        socket = await request.accept(subprotocol="saleroom.v1")
        hello = json.loads(await socket.get_message())
        line = Line(socket, request.path, hello)
        stage.lines.append(line)
        await script(line)

    with trio.fail_after(GUARD_S):
        async with trio.open_nursery() as nursery:
            server = await nursery.start(serve_websocket, handle, "127.0.0.1", 0, None)
            stage.url = event_url(f"http://127.0.0.1:{server.port}", "gala")
            yield stage
            nursery.cancel_scope.cancel()
    assert not ahead, "the client did not come back"


def closing(code: int, *, welcomed: bool = True) -> Script:
    async def script(line: Line) -> None:
        if welcomed:
            await line.welcome()
        await line.socket.aclose(code, "REASON")

    return script
