"""An operator's session: the tree on a socket, and four commands.

Owns: one operator's conversation. Invariant: nobody but an operator of the whole server sees or
moves the tree; every command is answered once. Source: PROTOCOL section 8.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import attrs
import orjson
import trio

from saleroom.actors.operator_feed import OperatorFeed
from saleroom.actors.session import Connection, Ended, TalkLimits, Verify
from saleroom.auction.roles import Role
from saleroom.protocol.answers import pong
from saleroom.protocol.close import Close
from saleroom.protocol.codec import Malformed, decode_object
from saleroom.protocol.frames import close_frame, ping_frame, text_frame
from saleroom.protocol.identity import Identity, KeysUnavailable, TokenRejected
from saleroom.protocol.notices import heartbeat

ID_MAX, NAME_MAX = 64, 500


class Refused(Exception):
    """A command that could not be done. code: as the answer names it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Controls(Protocol):
    """What operators may do. who: the operator's user id. Each raises Refused."""

    async def restart_child(self, who: str, path: str) -> None: ...

    async def stop_event(self, who: str, event: str) -> None: ...

    async def start_event(self, who: str, event: str) -> None: ...

    async def drain(self, who: str) -> None: ...


COMMANDS: dict[str, tuple[str, ...]] = {
    "restart_child": ("path",),
    "stop_event": ("event",),
    "start_event": ("event",),
    "drain": (),
}
"""{command: its fields}; each is a method of `Controls`."""


@attrs.define(eq=False)
class OperatorSession:
    """One conversation; `run` returns when it is over."""

    connection: Connection
    feed: OperatorFeed
    controls: Controls
    verify: Verify
    limits: TalkLimits
    now_ms: Callable[[], int]
    identity: Identity | None = None
    _malformed: int = 0

    @property
    def expires_at(self) -> float:
        """When the token ends, in seconds since 1970."""
        return math.inf if self.identity is None else self.identity.expires_at

    def end(self, code: Close) -> None:
        """End the session from outside; its own task notices at once."""
        self.connection.stream.finish_nowait(close_frame(code, code.name), keep_queued=True)

    def beat(self) -> None:
        """Send a Ping and a heartbeat in one write."""
        frame = text_frame(b"[" + heartbeat(self.now_ms()) + b"]")
        self.connection.send_nowait(ping_frame() + frame)

    async def run(self) -> None:
        """Talk until either side ends. Raises ConnectionClosed as the connection does."""
        try:
            with trio.move_on_after(self.limits.hello_s):
                self.identity = await self._greet()
            if self.identity is None:
                raise Ended(Close.HELLO_TIMEOUT)
            await self._talk(self.identity.user)
        except Ended as ended:
            await self.connection.close(ended.code, ended.code.name)

    async def _greet(self) -> Identity:
        while True:
            frame = self._read(await self.connection.receive())
            if frame is None:
                continue
            if frame.get("type") != "hello":
                self._nack(frame.get("id"), "UNAUTHENTICATED", "say hello first")
                continue
            token = frame.get("token")
            if not isinstance(token, str):
                raise Ended(Close.UNAUTHENTICATED)
            return await self._identify(token)

    async def _identify(self, token: str) -> Identity:
        try:
            identity = await self.verify(token)
        except TokenRejected:
            raise Ended(Close.UNAUTHENTICATED) from None
        except KeysUnavailable:
            raise Ended(Close.OVERLOADED) from None
        if Role.OPERATOR not in identity.roles or identity.events is not None:
            raise Ended(Close.FORBIDDEN)
        return identity

    async def _talk(self, who: str) -> None:
        wire = self.connection.stream
        tree = self.feed.join(wire)
        self._send(
            {
                "type": "welcome",
                "tree": tree,
                "server_time": self.now_ms(),
                "heartbeat_ms": self.limits.heartbeat_ms,
            }
        )
        try:
            while True:
                frame = self._read(await self.connection.receive())
                if frame is not None:
                    await self._take(who, frame)
        finally:
            self.feed.leave(wire)

    def _read(self, text: str) -> dict[str, Any] | None:
        """Decode a frame; refuse what is none, and end after too many."""
        try:
            return decode_object(text)
        except Malformed as breach:
            self._refuse_malformed(None, breach.reason)
            return None

    async def _take(self, who: str, frame: dict[str, Any]) -> None:
        name, command_id = frame.get("type"), frame.get("id")
        if name == "ping" and type(frame.get("t0")) in (int, float):
            answered = command_id if isinstance(command_id, str) else None
            self._send_raw(pong(answered, frame["t0"], self.now_ms()))
            return
        fields = COMMANDS.get(name) if isinstance(name, str) else None
        values = [frame.get(field) for field in fields or ()]
        is_named = isinstance(command_id, str) and 1 <= len(command_id) <= ID_MAX
        is_whole = all(isinstance(v, str) and 1 <= len(v) <= NAME_MAX for v in values)
        if fields is None or not is_named or not is_whole or set(frame) - {"type", "id", *fields}:
            self._refuse_malformed(command_id if is_named else None, "not an operator's command")
            return
        do: Callable[..., Awaitable[None]] = getattr(self.controls, str(name))
        try:
            await do(who, *values)
        except Refused as refused:
            self._nack(command_id, refused.code, str(refused))
        else:
            self._send({"type": "ack", "re": command_id, "server_time": self.now_ms()})

    def _refuse_malformed(self, re: object, reason: str) -> None:
        self._malformed += 1
        if self._malformed >= self.limits.machine.malformed_max:
            raise Ended(Close.PROTOCOL)
        self._nack(re, "MALFORMED", reason)

    def _nack(self, re: object, code: str, message: str) -> None:
        self._send(
            {
                "type": "nack",
                "re": re if isinstance(re, str) else None,
                "code": code,
                "message": message,
                "temporary": False,
                "server_time": self.now_ms(),
            }
        )

    def _send(self, message: dict[str, Any]) -> None:
        self._send_raw(orjson.dumps(message))

    def _send_raw(self, message: bytes) -> None:
        self.connection.send_nowait(text_frame(b"[" + message + b"]"))
