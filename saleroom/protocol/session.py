"""The session machine: what one connection may say when, and what follows.

Owns: a connection's conversation as a table. Invariant: every frame gives exactly one step; what is
refused here never reaches an event. It has no socket and no clock, time is an argument.
Source: PROTOCOL sections 2 and 3, the first four of rule 29.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from saleroom.auction.refusal import Code, Refusal
from saleroom.auction.roles import LEAST_ROLE, Role, outranks
from saleroom.protocol.close import Close
from saleroom.protocol.codec import Malformed, decode_frame
from saleroom.protocol.messages import Ask, ClientFrame, Hello, Ping, Refresh

GREETING, ACTIVE, OVER = "greeting", "active", "over"


@attrs.frozen
class Greet:
    """The client introduces itself; the caller answers with `admitted` or an end."""

    hello: Hello


@attrs.frozen
class Perform:
    """A command to put in the event's mailbox."""

    ask: Ask


@attrs.frozen
class Pong:
    """A ping to answer."""

    ping: Ping


@attrs.frozen
class Renew:
    """A new token to check."""

    refresh: Refresh


@attrs.frozen
class Refuse:
    """A frame declined at the door. ask: the command in it, where there was one."""

    re: str | None
    refusal: Refusal
    ask: Ask | None = None


@attrs.frozen
class End:
    """Close the connection."""

    code: Close


Step = Greet | Perform | Pong | Renew | Refuse | End


@attrs.frozen
class SessionLimits:
    """rate, burst: commands a second and at once, of donors and of staff."""

    malformed_max: int = 10
    donor_rate: float = 20.0
    donor_burst: float = 40.0
    staff_rate: float = 200.0
    staff_burst: float = 400.0


@attrs.define
class Bucket:
    """A token bucket. rate: a second; times in seconds of any monotonic clock."""

    rate: float
    burst: float
    level: float
    at: float

    def take(self, now: float) -> float:
        """Take one; give the seconds to wait when there is none, else 0."""
        self.level = min(self.burst, self.level + (now - self.at) * self.rate)
        self.at = now
        if self.level >= 1:
            self.level -= 1
            return 0.0
        return (1 - self.level) / self.rate


Share = Callable[[float, float], Bucket]
"""Gives a bucket of a rate and a burst."""


@attrs.define
class SessionMachine:
    """One connection's conversation."""

    limits: SessionLimits
    state: str = GREETING
    role: Role | None = None
    malformed: int = 0
    _bucket: Bucket | None = None

    def admitted(self, role: Role | None, now: float, share: Share | None = None) -> None:
        """Go on with a role; None for a spectator. Also after a refresh changed it.

        share: gives the bucket that this connection draws on with others; None: one of its own.
        """
        self.state, self.role = ACTIVE, role
        is_staff = outranks(role, Role.CLERK)
        rate = self.limits.staff_rate if is_staff else self.limits.donor_rate
        burst = self.limits.staff_burst if is_staff else self.limits.donor_burst
        if self._bucket is None or self._bucket.rate != rate:
            self._bucket = Bucket(rate, burst, burst, now) if share is None else share(rate, burst)

    def receive(self, text: str, now: float) -> Step:
        """Take one text frame. now: seconds of a monotonic clock."""
        try:
            frame = decode_frame(text)
        except Malformed as breach:
            return self._malformed(breach.re, breach.reason)
        step: Callable[[SessionMachine, Any, float], Step] = TABLE[self.state][type(frame)]
        return step(self, frame, now)

    def _malformed(self, re: str | None, reason: str) -> Step:
        self.malformed += 1
        if self.malformed >= self.limits.malformed_max:
            self.state = OVER
            return End(Close.PROTOCOL)
        return Refuse(re, Refusal(Code.MALFORMED, detail=reason))

    def _greet(self, hello: Hello, now: float) -> Step:
        return Greet(hello)

    def _greet_again(self, hello: Hello, now: float) -> Step:
        return self._malformed(None, "hello was said already")

    def _pong(self, ping: Ping, now: float) -> Step:
        if self._bucket is not None and (wait := self._bucket.take(now)):
            return _limited(ping.id, wait)
        return Pong(ping)

    def _too_early(self, frame: Ask | Refresh, now: float) -> Step:
        return Refuse(frame.id, Refusal(Code.UNAUTHENTICATED, detail="say hello first"))

    def _perform(self, ask: Ask, now: float) -> Step:
        if self.role is None:
            return Refuse(ask.id, Refusal(Code.UNAUTHENTICATED), ask)
        if not outranks(self.role, LEAST_ROLE[type(ask.command)]):
            return Refuse(ask.id, Refusal(Code.FORBIDDEN), ask)
        assert self._bucket is not None
        if wait := self._bucket.take(now):
            return _limited(ask.id, wait, ask)
        return Perform(ask)

    def _renew(self, refresh: Refresh, now: float) -> Step:
        assert self._bucket is not None
        if wait := self._bucket.take(now):
            return _limited(refresh.id, wait)
        return Renew(refresh)

    def _silence(self, frame: ClientFrame, now: float) -> Step:
        return End(Close.PROTOCOL)


def _limited(re: str | None, wait_s: float, ask: Ask | None = None) -> Refuse:
    extras = {"retry_after_ms": int(wait_s * 1000) + 1}
    return Refuse(re, Refusal(Code.RATE_LIMITED, extras), ask)


TABLE: dict[str, dict[type[ClientFrame], Callable[[SessionMachine, Any, float], Step]]] = {
    GREETING: {
        Hello: SessionMachine._greet,
        Ping: SessionMachine._pong,
        Ask: SessionMachine._too_early,
        Refresh: SessionMachine._too_early,
    },
    ACTIVE: {
        Hello: SessionMachine._greet_again,
        Ping: SessionMachine._pong,
        Ask: SessionMachine._perform,
        Refresh: SessionMachine._renew,
    },
    OVER: {
        Hello: SessionMachine._silence,
        Ping: SessionMachine._silence,
        Ask: SessionMachine._silence,
        Refresh: SessionMachine._silence,
    },
}
"""{state: {frame: step}}"""
