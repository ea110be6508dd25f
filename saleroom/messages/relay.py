"""The relay: what is owed becomes messages to people, each by the channels that they chose.

Owns: the way from an outbox row to deliveries. Invariant: a row is settled once, whole; one that
cannot be settled yet comes up again and holds up no other. Must not know: providers, words.
Source: issue 8 points 1 and 3, decision 0023.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import trio

from saleroom.auction.state import EventState
from saleroom.messages.kinds import DAY_MS, EMAIL, HOUR_MS, KINDS, PUSH, SMS
from saleroom.messages.owed import ENDING_LEAD_MS
from saleroom.messages.preferences import channels_of
from saleroom.storage.message_ports import NewDelivery, Outbox, Owed, Recipient, Recipients
from saleroom.storage.ports import StoreError
from saleroom.supervisor import Child, Reliance

POLL_S = 1.0
RETRY_S = 2.0  # a store that was away is back by then, or soon after
BATCH = 100  # rows at once: some 100 look-ups of people
LATER_MS = 5_000  # an event that is being rebuilt is there by then
MOVED_MS = 1_000  # an end that moved by less is told as it was planned
KEPT_MS = 30 * DAY_MS  # what was sent, for who asks whether it was
SWEEP_S = 3_600.0
SWEEP_ROWS = 1_000

StateOf = Callable[[str], EventState | None]
"""Give the published state of an event that runs here."""


@attrs.frozen
class _News:
    """What one paddle is to be told."""

    kind: str
    paddle: int
    lot: int | None
    payload: Mapping[str, Any] = attrs.field(factory=dict)


@attrs.frozen
class _Later:
    """The row comes up again."""

    due_at_ms: int


@attrs.frozen
class RelayStatistics:
    """Counted since the start. failures: of a store."""

    settled: int
    postponed: int
    messages: int
    failures: int


@attrs.define(eq=False)
class Relay:
    """`run` as a child of the tree. state_of: of an event that runs in this process."""

    outbox: Outbox
    recipients: Recipients
    state_of: StateOf
    now_ms: Callable[[], int]
    _settled: int = attrs.field(init=False, default=0)
    _postponed: int = attrs.field(init=False, default=0)
    _messages: int = attrs.field(init=False, default=0)
    _store: Reliance = attrs.field(init=False)
    _swept_at: float = attrs.field(init=False, default=0.0)

    def __attrs_post_init__(self) -> None:
        self._store = Reliance((StoreError,), POLL_S, RETRY_S)

    async def run(self, child: Child) -> None:
        """Settle what is owed until asked to stop; a store that is away is waited for (I7)."""
        child.started()
        self._store.is_known = False
        while not child.stopping.is_set():
            with self._store.trying(child):
                if await self.settle_due() == BATCH:
                    continue
                await self.sweep()
            with trio.move_on_after(self._store.wait_s):
                await child.stopping.wait()

    async def settle_due(self) -> int:
        """Settle what is due, oldest first; give how many rows were looked at."""
        rows = await self.outbox.owed(self.now_ms(), BATCH)
        for row in rows:
            await self._settle(row)
        return len(rows)

    def statistics(self) -> RelayStatistics:
        """Count rows and messages."""
        return RelayStatistics(self._settled, self._postponed, self._messages, self._store.failures)

    async def _settle(self, row: Owed) -> None:
        now_ms = self.now_ms()
        if row.topic == "renumbered":
            moved = row.payload
            await self.outbox.move(row.id, moved["paddle"], moved["new_paddle"], now_ms)
            self._settled += 1
            return
        read = _TOPICS.get(row.topic, _unknown)
        news = read(row, self.state_of(row.event), now_ms)
        if isinstance(news, _Later):
            self._postponed += 1
            await self.outbox.postpone(row.id, news.due_at_ms)
            return
        deliveries = await self._addressed(row, news, now_ms) if news else []
        await self.outbox.settle(row.id, deliveries, now_ms)
        self._settled += 1
        self._messages += len(deliveries)

    async def _addressed(self, row: Owed, news: Sequence[_News], now_ms: int) -> list[NewDelivery]:
        """Give each piece of news by every channel that its paddle is reached by."""
        paddles = {each.paddle for each in news}
        found = await self.recipients.of_paddles(row.event, paddles)
        people = {each.paddle: each for each in found}
        return [
            _delivery(each, channel, now_ms)
            for each in news
            if each.paddle in people
            for channel in _reached_by(people[each.paddle], each.kind)
        ]

    async def sweep(self) -> None:
        """Remove what was sent long ago, a part at a time, and then rest for a while."""
        if trio.current_time() < self._swept_at:
            return
        if not await self.outbox.drop_ended(self.now_ms() - KEPT_MS, SWEEP_ROWS):
            self._swept_at = trio.current_time() + SWEEP_S


def _delivery(news: _News, channel: str, now_ms: int) -> NewDelivery:
    kind = KINDS[news.kind]
    return NewDelivery(
        news.kind,
        channel,
        news.paddle,
        news.lot,
        news.payload,
        now_ms + kind.settle_ms,
        is_once=kind.interval_ms is None,
        interval_ms=kind.interval_ms or 0,
    )


def _reached_by(person: Recipient, kind: str) -> list[str]:
    """Give the channels that a person chose for a kind and can be reached by."""
    can = {
        SMS: person.phone is not None,
        EMAIL: person.email is not None,
        PUSH: person.has_devices,
    }
    return [channel for channel in channels_of(kind, person.preferences) if can[channel]]


_Read = list[_News] | _Later


def _outbid(row: Owed, state: EventState | None, now_ms: int) -> _Read:
    return [
        _News("outbid", paddle, lot) for lot, paddles in row.payload["lots"] for paddle in paddles
    ]


def _won(row: Owed, state: EventState | None, now_ms: int) -> _Read:
    won = {
        (lot, paddle): {"amount": amount, "units": units}
        for lot, paddle, amount, units in row.payload["won"]
    }
    return [_News("won", paddle, lot, said) for (lot, paddle), said in won.items()]


def _pledge(row: Owed, state: EventState | None, now_ms: int) -> _Read:
    sums: Counter[tuple[int, int]] = Counter()
    for lot, paddle, amount in row.payload["pledges"]:
        sums[lot, paddle] += amount
    return [
        _News("pledge", paddle, lot, {"amount": amount}) for (lot, paddle), amount in sums.items()
    ]


def _ending(row: Owed, state: EventState | None, now_ms: int) -> _Read:
    """Tell a lot's bidders before its end, wherever that has moved to by then."""
    due_at = row.payload["due_at"]
    if now_ms < due_at:
        return _Later(due_at)
    if state is None:
        return _Later(now_ms + LATER_MS) if now_ms < due_at + DAY_MS else []
    lot = state.lots.get(row.payload["lot"])
    if lot is None or not lot.is_running or lot.ends_at is None:
        return []
    if lot.ends_at - ENDING_LEAD_MS > now_ms + MOVED_MS:
        return _Later(lot.ends_at - ENDING_LEAD_MS)
    bidders = {action.paddle for action in lot.actions if action.kind == "bid" and action.paddle}
    return [_News("ending", paddle, lot.number) for paddle in sorted(filter(None, bidders))]


def _closed(row: Owed, state: EventState | None, now_ms: int) -> _Read:
    if state is None:
        return _Later(now_ms + LATER_MS)
    return [_News("closed", paddle, None) for paddle, tally in state.tallies.items() if tally.total]


def _of_the_till(row: Owed, state: EventState | None, now_ms: int) -> _Read:
    """`{paddle, subject, text, url?, html?, ...}`: whoever owes it brings the words."""
    return [_News(row.topic, row.payload["paddle"], None, row.payload)]


def _unknown(row: Owed, state: EventState | None, now_ms: int) -> _Read:
    """A server of a newer release has owed it; that one may settle it."""
    return _Later(now_ms + HOUR_MS)


_TOPICS: Mapping[str, Callable[[Owed, EventState | None, int], _Read]] = {
    "outbid": _outbid,
    "won": _won,
    "pledge": _pledge,
    "ending": _ending,
    "closed": _closed,
    "checkout": _of_the_till,
    "receipt": _of_the_till,
}
