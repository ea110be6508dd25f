"""The doorkeeper: every session of this server, and what befalls them from outside.

Owns: the sessions by event and user, heartbeats, the expiry of tokens, bans and draining.
Invariant: one timer serves all sessions; a user has at most so many sockets on an event, and the
oldest gives way. Source: PROTOCOL 1, 2, 5; ARCHITECTURE 6 (trap 10).
"""

from __future__ import annotations

import heapq
import random
import time
from collections.abc import Callable, Collection
from itertools import count
from typing import Protocol

import attrs
import trio

from saleroom.actors.operator_session import OperatorSession
from saleroom.actors.session import Connection, Session, ShareOf, TalkLimits, Verify
from saleroom.actors.site import Site
from saleroom.protocol.close import Close
from saleroom.protocol.identity import Identity

EVENT_PATH = "/ws/v1/events/"
OPERATOR_PATH = "/ws/v1/operator"
TICK_S = 0.1
DRAIN_RATE = 500
"""Sessions closed a second by a drain, so that they do not come back all at once."""


class Arriving(Connection, Protocol):
    """A connection with the path it asked for."""

    @property
    def path(self) -> str: ...


class Watched(Protocol):
    """What the doorkeeper looks after: a session of either kind."""

    @property
    def connection(self) -> Connection: ...

    @property
    def identity(self) -> Identity | None: ...

    @property
    def expires_at(self) -> float: ...

    def end(self, code: Close) -> None: ...

    def beat(self) -> None: ...


@attrs.frozen
class DoorkeeperLimits:
    """sockets_per_user: on one event. drain_s: over which a drain spreads its closes at most."""

    sockets_per_user: int = 5
    drain_s: float = 4.0
    talk: TalkLimits = attrs.field(factory=TalkLimits)


@attrs.frozen
class DoorkeeperStatistics:
    sessions: int
    replaced: int
    silent: int


@attrs.define(eq=False)
class Doorkeeper:
    """Admit websockets to their events and look after them.

    find: gives an event's site and whether spectators may read it, None for an unknown event.
    operate: makes an operator's session of a connection. share_of: gives the rate that a user's
    sockets share; None: each has its own.
    Each session has one live entry among those due, the one that `_sessions` names; the entries of
    sessions that ended hold nothing of them.
    """

    find: Callable[[str], tuple[Site, bool] | None]
    verify: Verify
    operate: Callable[[Connection], OperatorSession]
    limits: DoorkeeperLimits = attrs.field(factory=DoorkeeperLimits)
    now: Callable[[], float] = time.time
    is_draining: bool = False
    share_of: ShareOf | None = None
    _sessions: dict[Watched, int] = attrs.field(init=False, factory=dict)
    _of_user: dict[tuple[str, str], dict[Session, None]] = attrs.field(init=False, factory=dict)
    _watched: dict[int, Watched] = attrs.field(init=False, factory=dict)
    _due: list[tuple[float, int]] = attrs.field(init=False, factory=list)
    _entries: count[int] = attrs.field(init=False, factory=count)
    _replaced: int = attrs.field(init=False, default=0)
    _silent: int = attrs.field(init=False, default=0)

    async def serve(self, connection: Arriving) -> None:
        """Hold one websocket's session from its handshake to its end."""
        if self.is_draining:
            return await connection.close(Close.DRAINING, Close.DRAINING.name)
        if connection.path == OPERATOR_PATH:
            return await self._hold_operator(connection)
        event = connection.path.removeprefix(EVENT_PATH)
        found = self.find(event) if connection.path.startswith(EVENT_PATH) else None
        if found is None:
            return await connection.close(Close.UNKNOWN_EVENT, Close.UNKNOWN_EVENT.name)
        site, is_public = found
        session = Session(
            connection,
            site,
            self.verify,
            self.limits.talk,
            is_public,
            self._welcomed,
            self.share_of,
        )
        self._watch_anew(session)
        try:
            await session.run()
        finally:
            self._forget(session)

    async def _hold_operator(self, connection: Arriving) -> None:
        session = self.operate(connection)
        session.on_identified = self._watch_anew
        self._watch_anew(session)
        try:
            await session.run()
        finally:
            self._unwatch(session)

    async def watch_forever(self) -> None:
        """Send heartbeats, end the silent and the expired; until cancelled."""
        while True:
            await trio.sleep(TICK_S)
            self.look_after(trio.current_time())

    def look_after(self, now: float) -> None:
        """Deal with every session that is due."""
        beat_s = self.limits.talk.heartbeat_ms / 1000
        while self._due and self._due[0][0] <= now:
            _, entry = heapq.heappop(self._due)
            session = self._watched.get(entry)
            if session is None:
                continue
            last_seen = session.connection.last_seen
            if session.expires_at <= self.now():
                session.end(Close.TOKEN_EXPIRED)
            elif last_seen + beat_s * self.limits.talk.silent_heartbeats <= now:
                self._silent += 1
                session.end(Close.SILENT)
            elif last_seen + beat_s <= now:
                session.beat()
                self._watch(session, now + beat_s)
            else:
                self._watch(session, last_seen + beat_s)

    async def drain(self) -> None:
        """Refuse newcomers and close every session 4200, spread out so that none stampedes."""
        self.is_draining = True
        sessions = list(self._sessions)
        random.shuffle(sessions)
        pause = min(1 / DRAIN_RATE, self.limits.drain_s / max(1, len(sessions)))
        for session in sessions:
            session.end(Close.DRAINING)
            await trio.sleep(random.uniform(0, 2 * pause))  # noqa: S311 - jitter

    def hang_up(self, user: str, sign_ins: Collection[str] | None = None) -> None:
        """End a user's sessions of either kind, or those that follow from these sign-ins."""
        ended = [
            session
            for session in self._sessions
            if session.identity is not None
            and session.identity.user == user
            and (sign_ins is None or session.identity.sign_in in sign_ins)
        ]
        for session in ended:
            session.end(Close.UNAUTHENTICATED)

    def statistics(self) -> DoorkeeperStatistics:
        """Count sessions."""
        return DoorkeeperStatistics(len(self._sessions), self._replaced, self._silent)

    def _welcomed(self, session: Session) -> None:
        """Count a session for its user; the sixth closes the oldest."""
        self._watch_anew(session)
        if session.identity is None:
            return
        mates = self._of_user.setdefault((session.site.event, session.identity.user), {})
        mates[session] = None
        if len(mates) > self.limits.sockets_per_user:
            oldest = next(iter(mates))
            del mates[oldest]
            self._replaced += 1
            oldest.end(Close.REPLACED)

    def _watch(self, session: Watched, at: float) -> None:
        """Look at a session next at `at` (trio time), or when its token ends if that is sooner."""
        expiry = trio.current_time() + max(0.0, session.expires_at - self.now())
        self._unwatch(session)
        self._sessions[session] = entry = next(self._entries)
        self._watched[entry] = session
        heapq.heappush(self._due, (min(at, expiry), entry))

    def _watch_anew(self, session: Watched) -> None:
        """Look at a session whose token is new, or that has just come."""
        self._watch(session, trio.current_time() + self.limits.talk.heartbeat_ms / 1000)

    def _unwatch(self, session: Watched) -> None:
        entry = self._sessions.pop(session, None)
        if entry is not None:
            del self._watched[entry]

    def _forget(self, session: Session) -> None:
        self._unwatch(session)
        if session.identity is None:
            return
        key = (session.site.event, session.identity.user)
        mates = self._of_user.get(key, {})
        mates.pop(session, None)
        if not mates:
            self._of_user.pop(key, None)
