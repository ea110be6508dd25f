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
from saleroom.protocol.answers import TEMPORARY, pong
from saleroom.protocol.close import Close
from saleroom.protocol.codec import Malformed, decode_object, is_text, read_talk, readable_id
from saleroom.protocol.frames import close_frame, ping_frame, text_frame
from saleroom.protocol.identity import Identity, KeysUnavailable, TokenRejected
from saleroom.protocol.messages import Hello, Ping, Refresh
from saleroom.protocol.notices import heartbeat

NAME_MAX = 500


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
    on_identified: Callable[[OperatorSession], None] = lambda session: None
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
            with trio.move_on_after(self.limits.hello_s) as patience:
                hello = await self._hello()
            if patience.cancelled_caught:
                raise Ended(Close.HELLO_TIMEOUT)
            self._admit(await self._identify(hello))
            await self._talk()
        except Ended as ended:
            await self.connection.close(ended.code, ended.code.name)

    async def _hello(self) -> Hello:
        while True:
            said = self._read(await self.connection.receive())
            if isinstance(said, Hello):
                return said
            if isinstance(said, Ping):
                self._pong(said)
            elif isinstance(said, Refresh):
                self._nack(said.id, "UNAUTHENTICATED", "say hello first")
            elif said is not None:
                self._nack(readable_id(said), "UNAUTHENTICATED", "say hello first")

    async def _identify(self, hello: Hello) -> Identity:
        if hello.token is None:
            raise Ended(Close.UNAUTHENTICATED)
        try:
            identity = await self.verify(hello.token)
        except TokenRejected:
            raise Ended(Close.UNAUTHENTICATED) from None
        except KeysUnavailable:
            raise Ended(Close.OVERLOADED) from None
        if not _operates(identity):
            raise Ended(Close.FORBIDDEN)
        return identity

    def _admit(self, identity: Identity) -> None:
        self.identity = identity
        self.on_identified(self)

    async def _talk(self) -> None:
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
                said = self._read(await self.connection.receive())
                if isinstance(said, Ping):
                    self._pong(said)
                elif isinstance(said, Refresh):
                    await self._renew(said)
                elif isinstance(said, Hello):
                    self._refuse_malformed(None, "hello was said already")
                elif said is not None:
                    await self._take(said)
        finally:
            self.feed.leave(wire)

    def _read(self, text: str) -> Hello | Ping | Refresh | dict[str, Any] | None:
        """Decode a frame; refuse what is none, and end after too many."""
        frame: dict[str, Any] = {}
        try:
            frame = decode_object(text)
            return read_talk(frame) or frame
        except Malformed as breach:
            self._refuse_malformed(readable_id(frame), breach.reason)
            return None

    async def _take(self, frame: dict[str, Any]) -> None:
        assert self.identity is not None
        name, command_id = frame.get("type"), readable_id(frame)
        fields = COMMANDS.get(name) if isinstance(name, str) else None
        values = [frame.get(field) for field in fields or ()]
        is_whole = all(isinstance(v, str) and is_text(v, NAME_MAX) for v in values)
        if fields is None or not command_id or not is_whole or set(frame) - {"type", "id", *fields}:
            self._refuse_malformed(command_id, "not an operator's command")
            return
        do: Callable[..., Awaitable[None]] = getattr(self.controls, str(name))
        try:
            await do(self.identity.user, *values)
        except Refused as refused:
            self._nack(command_id, refused.code, str(refused))
        else:
            self._send({"type": "ack", "re": command_id, "server_time": self.now_ms()})

    async def _renew(self, refresh: Refresh) -> None:
        """Take a new token of the same operator."""
        assert self.identity is not None
        try:
            renewed = await self.verify(refresh.token)
        except TokenRejected as rejected:
            return self._nack(refresh.id, "UNAUTHENTICATED", str(rejected))
        except KeysUnavailable:
            return self._nack(refresh.id, "OVERLOADED", "try again in a moment")
        if renewed.user != self.identity.user:
            return self._nack(refresh.id, "FORBIDDEN", "the token is another user's")
        if not _operates(renewed):
            return self._nack(refresh.id, "FORBIDDEN", "the token is no operator's")
        self._admit(renewed)
        self._send(
            {
                "type": "ack",
                "re": refresh.id,
                "server_time": self.now_ms(),
                "expires_at": int(renewed.expires_at * 1000),
            }
        )

    def _pong(self, ping: Ping) -> None:
        self._send_raw(pong(ping.id, ping.t0, self.now_ms()))

    def _refuse_malformed(self, re: str | None, reason: str) -> None:
        self._malformed += 1
        if self._malformed >= self.limits.machine.malformed_max:
            raise Ended(Close.PROTOCOL)
        self._nack(re, "MALFORMED", reason)

    def _nack(self, re: str | None, code: str, message: str) -> None:
        self._send(
            {
                "type": "nack",
                "re": re,
                "code": code,
                "message": message,
                "temporary": code in TEMPORARY,
                "server_time": self.now_ms(),
            }
        )

    def _send(self, message: dict[str, Any]) -> None:
        self._send_raw(orjson.dumps(message))

    def _send_raw(self, message: bytes) -> None:
        self.connection.send_nowait(text_frame(b"[" + message + b"]"))


def _operates(identity: Identity) -> bool:
    """Say whether it is an operator's, of the whole server."""
    return Role.OPERATOR in identity.roles and identity.events is None
