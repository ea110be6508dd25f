"""An event's mailbox: commands in order, kept until each is answered.

Owns: which commands wait, which are taken, and how many one user may have. Invariant: a command
that was let in is answered exactly once, also over restarts of the actor; the order of stamps is
the order of decision. Must not know what a command means. Source: rule 8, I4, I6.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import trio

from saleroom.actors.clock import EventClock
from saleroom.auction.commands import Command
from saleroom.auction.roles import Role, outranks
from saleroom.auction.state import Asked
from saleroom.protocol.answers import plain_nack
from saleroom.protocol.messages import Ask

Reply = Callable[[bytes], None]
"""Takes an answer, one JSON object; must neither wait nor raise."""


class MailboxFull(Exception):
    """The mailbox takes no more of this sender's commands now. retry_after_ms: when it may."""

    def __init__(self, reason: str, retry_after_ms: int = 1_000) -> None:
        super().__init__(reason)
        self.retry_after_ms = retry_after_ms


@attrs.define(eq=False)
class Envelope:
    """A command with whom to answer. crashes: how often the actor died deciding it.

    is_taken: an incarnation has had it, so that its facts may be durable.
    """

    asked: Asked
    reply: Reply
    entered: float
    is_taken: bool = False
    is_answered: bool = False
    crashes: int = 0


@attrs.frozen
class MailboxLimits:
    """commands: of all; staff_reserve: of those, for staff alone; user_share: of one donor.

    wait_s: after this a command is answered OVERLOADED (never taken) or OUTCOME_UNKNOWN.
    """

    commands: int = 20_000
    staff_reserve: int = 500
    user_share: int = 200
    wait_s: float = 5.0


@attrs.frozen
class MailboxStatistics:
    waiting: int
    unanswered: int
    entered: int
    refused: int
    expired: int


@attrs.define(eq=False)
class Mailbox:
    """Let commands in, hand them out in order, and know which have no answer yet.

    as_of, stands: what an answer of the mailbox's own says of the event, and of the lot of a bid.
    """

    clock: EventClock
    limits: MailboxLimits = MailboxLimits()
    as_of: Callable[[], int] = lambda: 0
    stands: Callable[[Command], Mapping[str, Any]] = lambda command: {}
    _waiting: deque[Envelope] = attrs.field(init=False, factory=deque)
    _taken: deque[Envelope] = attrs.field(init=False, factory=deque)
    _held: dict[str, int] = attrs.field(init=False, factory=dict)
    _arrival: trio.Event = attrs.field(init=False, factory=trio.Event)
    _in_hand: Envelope | None = attrs.field(init=False, default=None)
    _is_attended: bool = attrs.field(init=False, default=True)
    _entered: int = attrs.field(init=False, default=0)
    _refused: int = attrs.field(init=False, default=0)
    _expired: int = attrs.field(init=False, default=0)

    def put(self, ask: Ask, by: str, role: Role | None, reply: Reply) -> None:
        """Let a command in, stamped now. Raises MailboxFull."""
        if not self._is_attended:
            raise MailboxFull("the event does not run")
        is_staff = outranks(role, Role.CLERK)
        unanswered = len(self._waiting) + len(self._taken)
        room = self.limits.commands - (0 if is_staff else self.limits.staff_reserve)
        if unanswered >= room or (not is_staff and self._held.get(by, 0) >= self.limits.user_share):
            self._refused += 1
            raise MailboxFull("too many commands wait")
        self._held[by] = self._held.get(by, 0) + 1
        self._entered += 1
        now_ms = self.clock.now_ms()
        asked = Asked(ask.command, by, role, now_ms, ask.id, ask.digest, ask.source)
        was_empty = not self._waiting
        self._waiting.append(Envelope(asked, reply, trio.current_time()))
        if was_empty:
            self.nudge()

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits to be taken."""
        return not self._waiting

    async def arrival(self) -> None:
        """Return when something waits, or at the next nudge."""
        if not self._waiting:
            await self._arrival.wait()

    def nudge(self) -> None:
        """Wake whoever waits for an arrival."""
        arrival, self._arrival = self._arrival, trio.Event()
        arrival.set()

    def take(self) -> Envelope | None:
        """Hand out the next command; it is in hand until `put_down`, or the next one is taken."""
        if not self._waiting:
            self._in_hand = None
            return None
        envelope = self._waiting.popleft()
        envelope.is_taken = True
        self._taken.append(envelope)
        self._in_hand = envelope
        return envelope

    def put_down(self) -> None:
        """Say that the command in hand was decided."""
        self._in_hand = None

    def answer(self, envelope: Envelope, answer: bytes) -> None:
        """Answer a command, unless it has been answered."""
        if not envelope.is_answered:
            self._close(envelope)
            envelope.reply(answer)
        while self._taken and self._taken[0].is_answered:
            self._taken.popleft()

    def redeliver(self) -> None:
        """Put what a dead incarnation left unanswered back, before all that waits, in order.

        What killed two incarnations is answered INTERNAL instead.
        """
        culprit, self._in_hand = self._in_hand, None
        if culprit is not None:
            culprit.crashes += 1
        left = [envelope for envelope in self._taken if not envelope.is_answered]
        self._taken.clear()
        for envelope in reversed(left):
            if envelope.crashes >= 2:
                self.answer(envelope, self._nack(envelope, "INTERNAL"))
            else:
                self._waiting.appendleft(envelope)
        if self._waiting:
            self.nudge()

    async def attend(self) -> None:
        """Answer what waited too long, until cancelled; then, all that is left.

        Nothing is let in before the mailbox is attended again.
        """
        self._is_attended = True
        try:
            await self._expire_forever()
        finally:
            self._is_attended = False
            self._expire_until(math.inf)

    async def _expire_forever(self) -> None:
        while True:
            oldest = self._oldest()
            if oldest is None:
                await self.arrival()
                await trio.sleep(self.limits.wait_s)
            else:
                await trio.sleep_until(oldest.entered + self.limits.wait_s)
            self._expire_until(trio.current_time())

    def _expire_until(self, now: float) -> None:
        """Answer whatever has waited for `wait_s` at `now`."""
        while (oldest := self._oldest()) is not None and oldest.entered + self.limits.wait_s <= now:
            self._expired += 1
            if not self._taken:
                self._waiting.popleft()
            code = "OUTCOME_UNKNOWN" if oldest.is_taken else "OVERLOADED"
            self.answer(oldest, self._nack(oldest, code))

    def statistics(self) -> MailboxStatistics:
        """Count what waits and what went through."""
        return MailboxStatistics(
            len(self._waiting),
            len(self._waiting) + len(self._taken),
            self._entered,
            self._refused,
            self._expired,
        )

    def _oldest(self) -> Envelope | None:
        if self._taken:
            return self._taken[0]
        return self._waiting[0] if self._waiting else None

    def _close(self, envelope: Envelope) -> None:
        envelope.is_answered = True
        by = envelope.asked.by
        if self._held[by] == 1:
            del self._held[by]
        else:
            self._held[by] -= 1

    def _nack(self, envelope: Envelope, code: str) -> bytes:
        asked = envelope.asked
        later = {"retry_after_ms": 1_000} if code == "OVERLOADED" else {}
        extras = {**self.stands(asked.command), **later}
        return plain_nack(asked.id, code, self.as_of(), self.clock.now_ms(), extras)
