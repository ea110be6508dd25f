"""A session: one websocket with an identity, on one event.

Owns: one connection's conversation, from hello to its end. Invariant: each command it lets through
is answered once; between the welcome and the first feed there is neither a gap nor a repeat. It
waits for nobody but its own client and, once, for the event to be up. Source: PROTOCOL 2, 3, 5, I9.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn, Protocol

import attrs
import orjson
import trio

from saleroom.actors.audience import Audience
from saleroom.actors.mailbox import MailboxFull
from saleroom.actors.member import Member, Wire
from saleroom.actors.published import Published
from saleroom.actors.site import Site
from saleroom.auction.refusal import Code, Refusal
from saleroom.auction.roles import Role, outranks
from saleroom.protocol import notices
from saleroom.protocol.answers import nack, plain_nack, pong, with_lot
from saleroom.protocol.close import Close
from saleroom.protocol.frames import close_frame, ping_frame, text_frame
from saleroom.protocol.identity import Identity, KeysUnavailable, TokenRejected
from saleroom.protocol.messages import Ask, Hello, Ping, Refresh
from saleroom.protocol.session import (
    End,
    Greet,
    Perform,
    Pong,
    Refuse,
    Renew,
    SessionLimits,
    SessionMachine,
    Share,
)

Verify = Callable[[str], Awaitable[Identity]]
"""Raises TokenRejected, KeysUnavailable."""


ShareOf = Callable[[str, bool], Share]
"""Gives what a user's connections share, as staff or not."""


class Connection(Protocol):
    """What a session needs of a websocket; see http/door/websocket.py."""

    last_seen: float

    @property
    def stream(self) -> Wire: ...

    async def receive(self) -> str: ...

    def send_nowait(self, frame: bytes) -> bool: ...

    async def close(self, code: int, reason: str) -> None: ...


@attrs.frozen
class TalkLimits:
    """hello_s: for the hello after the handshake. heartbeat_ms: of silence before a Ping."""

    hello_s: float = 5.0
    heartbeat_ms: int = 30_000
    silent_heartbeats: int = 3
    machine: SessionLimits = attrs.field(factory=SessionLimits)


class Ended(Exception):
    """The session ends with this code."""

    def __init__(self, code: Close) -> None:
        super().__init__(code.name)
        self.code = code


@attrs.define(eq=False)
class Session:
    """One conversation; `run` returns when it is over."""

    connection: Connection
    site: Site
    verify: Verify
    limits: TalkLimits
    is_public: bool = True
    on_welcome: Callable[[Session], None] = lambda session: None
    share_of: ShareOf | None = None
    identity: Identity | None = None
    machine: SessionMachine = attrs.field(init=False)
    member: Member | None = attrs.field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self.machine = SessionMachine(self.limits.machine)

    @property
    def expires_at(self) -> float:
        """When the token ends, in seconds since 1970."""
        return math.inf if self.identity is None else self.identity.expires_at

    async def run(self) -> None:
        """Talk until either side ends. Raises ConnectionClosed as the connection does."""
        try:
            with trio.move_on_after(self.limits.hello_s) as patience:
                hello = await self._hello()
            if patience.cancelled_caught:
                raise Ended(Close.HELLO_TIMEOUT)
            await self._talk(hello)
        except Ended as ended:
            await self.connection.close(ended.code, ended.code.name)

    def end(self, code: Close) -> None:
        """End the session from outside, after what is queued; its own task notices at once."""
        self.connection.stream.finish_nowait(close_frame(code, code.name), keep_queued=True)

    def beat(self) -> None:
        """Send a Ping and a heartbeat in one write."""
        heartbeat = notices.heartbeat(self.site.clock.now_ms())
        self.connection.send_nowait(ping_frame() + text_frame(b"[" + heartbeat + b"]"))

    async def _hello(self) -> Hello:
        while True:
            step = self.machine.receive(await self.connection.receive(), trio.current_time())
            if isinstance(step, Greet):
                return step.hello
            self._answer(step)

    async def _talk(self, hello: Hello) -> None:
        self.identity = await self._identify(hello.token)
        if self.identity is None and not self.is_public:
            raise Ended(Close.UNAUTHENTICATED)
        published, audience = await self._event()
        self.on_welcome(self)
        self._welcome(hello, published, audience)
        try:
            while True:
                text = await self.connection.receive()
                step = self.machine.receive(text, trio.current_time())
                if isinstance(step, Perform):
                    self._perform(step.ask)
                elif isinstance(step, Renew):
                    await self._renew(step.refresh)
                else:
                    self._answer(step)
        finally:
            if self.member is not None:
                audience.leave(self.member)

    async def _event(self) -> tuple[Published, Audience]:
        """Wait a moment for an event that is being rebuilt, but not for one that was lost."""
        if self.site.is_lost:
            raise Ended(Close.OVERLOADED)
        with trio.move_on_after(self.limits.hello_s):
            return await self.site.up()
        raise Ended(Close.OVERLOADED)

    async def _identify(self, token: str | None) -> Identity | None:
        if token is None:
            return None
        try:
            return await self.verify(token)
        except TokenRejected:
            raise Ended(Close.UNAUTHENTICATED) from None
        except KeysUnavailable:
            raise Ended(Close.OVERLOADED) from None

    def _role(self) -> Role | None:
        return None if self.identity is None else self.identity.role_on(self.site.event)

    def _welcome(self, hello: Hello, published: Published, audience: Audience) -> None:
        """Say where the client stands and join the audience there, without any await between."""
        role, state = self._role(), published.state
        user = None if self.identity is None else self.identity.user
        paddle = None if user is None else state.paddle_of.get(user)
        if paddle is not None and state.paddles[paddle].is_banned:
            raise Ended(Close.BANNED)
        is_staff = outranks(role, Role.CLERK)
        is_conflated = hello.feed == "conflated" or not is_staff
        resumes = (
            hello.resume is not None
            and hello.resume.epoch == published.epoch
            and published.tail.can_resume(hello.resume.seq, conflated=is_conflated)
        )
        assert hello.resume is not None or not resumes
        seq = hello.resume.seq if resumes and hello.resume is not None else published.seq
        self.machine.admitted(role, trio.current_time(), self._share())
        self.site.figures.welcomes += 1
        self.site.figures.resumes += resumes
        now = self.site.clock.now_ms()
        you = {
            "role": None if role is None else role.value,
            **published.view.own(paddle),
            "name": self._name(paddle),
        }
        welcome = {
            "type": "welcome",
            "event": self.site.event,
            "epoch": published.epoch,
            "seq": published.seq,
            "server_time": now,
            "recovered": resumes,
            "you": you,
            "heartbeat_ms": self.limits.heartbeat_ms,
        }
        message = orjson.dumps(welcome)
        if not resumes:
            snapshot = published.view.snapshot(paddle, now)
            message = message[:-1] + b',"snapshot":' + snapshot + b"}"
        self._send(message)
        self.member = Member(self.connection.stream, user, paddle, is_staff, is_conflated, seq + 1)
        audience.join(self.member)

    def _share(self) -> Share | None:
        if self.identity is None or self.share_of is None:
            return None
        return self.share_of(self.identity.user, outranks(self._role(), Role.CLERK))

    def _name(self, paddle: int | None) -> str | None:
        if self.identity is None:
            return None
        registered = None if paddle is None else self.site.names.get(paddle)
        return registered or self.identity.name or self.identity.user

    def _perform(self, ask: Ask) -> None:
        assert self.identity is not None
        try:
            self.site.tell(ask, self.identity.user, self.machine.role, self._reply)
        except MailboxFull as full:
            stands = self.site.stands(ask.command)
            later = {"retry_after_ms": full.retry_after_ms}
            self._refuse(ask.id, "OVERLOADED", {**stands, **later})

    async def _renew(self, refresh: Refresh) -> None:
        """Take a new token of the same user; the session goes on with its roles."""
        try:
            renewed = await self.verify(refresh.token)
        except TokenRejected as rejected:
            return self._answer(
                Refuse(refresh.id, Refusal(Code.UNAUTHENTICATED, detail=str(rejected)))
            )
        except KeysUnavailable:
            return self._refuse(refresh.id, "OVERLOADED", {"retry_after_ms": 1_000})
        if self.identity is None or renewed.user != self.identity.user:
            return self._answer(
                Refuse(refresh.id, Refusal(Code.FORBIDDEN, detail="the token is another user's"))
            )
        self.identity = renewed
        self.machine.admitted(self._role(), trio.current_time(), self._share())
        if self.member is not None:
            self.member.rank(is_staff=outranks(self._role(), Role.CLERK))
        self.on_welcome(self)
        self._send(
            orjson.dumps(
                {
                    "type": "ack",
                    "re": refresh.id,
                    "as_of": self._as_of(),
                    "expires_at": int(renewed.expires_at * 1000),
                }
            )
        )

    def _answer(self, step: object) -> None:
        if isinstance(step, Pong):
            ping: Ping = step.ping
            self._send(pong(ping.id, ping.t0, self.site.clock.now_ms()))
        elif isinstance(step, Refuse):
            refusal, published = step.refusal, self.site.published
            if step.ask is not None:
                state = None if published is None else published.state
                refusal = with_lot(refusal, step.ask.command, state)
            self._send(nack(step.re, refusal, self._as_of(), self.site.clock.now_ms()))
        elif isinstance(step, End):
            self._stop(step.code)

    def _refuse(self, re: str | None, code: str, extras: dict[str, Any]) -> None:
        self._send(plain_nack(re, code, self._as_of(), self.site.clock.now_ms(), extras))

    def _stop(self, code: Close) -> NoReturn:
        raise Ended(code)

    def _as_of(self) -> int:
        return self.site.published.seq if self.site.published is not None else 0

    def _reply(self, answer: bytes) -> None:
        self.site.outgoing.send(self._send, answer)

    def _send(self, message: bytes) -> None:
        self.connection.send_nowait(text_frame(b"[" + message + b"]"))
