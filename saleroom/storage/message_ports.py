"""The interfaces behind which messages to people stand: the outbox, and how people want to be told.

Owns: the shapes of what is owed, of a message on its way, and of whom it is for. Invariant: an
outbox row becomes deliveries once, whoever tries; a delivery is claimed by one sender at a time and
comes back when that one is not heard of. Addresses are never in what is owed, only in `Recipient`.
Must not know: providers, words. Source: issue 8 points 1 and 3, decision 0023.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import attrs

TAIL_DIGITS = 7
"""The digits by which phones are looked up."""
NEWER_WAITS = "a newer one waits"


def digits_of(phone: str) -> str:
    """Give the digits of a phone as people write it."""
    return "".join(char for char in phone if char in "0123456789")


@attrs.frozen
class Owed:
    """An outbox row. position: of the fact that owes it, 0 where none does."""

    id: int
    event: str
    position: int
    topic: str
    payload: Mapping[str, Any]


@attrs.frozen
class NewDelivery:
    """A message to one person by one channel, to be sent at `due_at_ms` or later.

    is_once: it is never merged; others of their paddle, kind, channel and lot wait as one, and are
    sent `interval_ms` apart.
    """

    kind: str
    channel: str
    paddle: int
    lot: int | None
    payload: Mapping[str, Any]
    due_at_ms: int
    is_once: bool = True
    interval_ms: int = 0


@attrs.frozen
class Delivery:
    """A message on its way. state: waiting, sending, sent, dropped or dead. attempts: begun."""

    id: int
    event: str
    kind: str
    channel: str
    paddle: int
    lot: int | None
    payload: Mapping[str, Any]
    state: str
    attempts: int
    due_at_ms: int
    created_at_ms: int
    ended_at_ms: int | None = None
    note: str | None = None


class Outbox(Protocol):
    """What is owed to people. Every call may raise StoreUnavailable; a write OutcomeUnknown."""

    async def owe(self, event: str, topic: str, payload: Mapping[str, Any], at_ms: int) -> None:
        """Owe what no fact of a journal does, from `at_ms` on."""

    async def owed(self, now_ms: int, limit: int) -> list[Owed]:
        """Give rows that are due and not yet made into deliveries, oldest first."""

    async def postpone(self, owed: int, due_at_ms: int) -> None:
        """Let a row come up again later."""

    async def settle(self, owed: int, deliveries: Sequence[NewDelivery], now_ms: int) -> None:
        """Make a row into deliveries, once; no two are of one kind, paddle, lot and channel.

        What waits already takes in what is merged with it, and waits as long as that.
        """

    async def move(self, owed: int, old: int, new: int, now_ms: int) -> None:
        """Settle a row by giving what waits for a paddle to its new number."""

    async def claim(self, channel: str, now_ms: int, until_ms: int, limit: int) -> list[Delivery]:
        """Take due deliveries; they come up again at `until_ms` unless something is said of them.

        Counts an attempt.
        """

    async def end(self, delivery: int, state: str, now_ms: int, note: str | None = None) -> None:
        """Say what became of a claimed delivery: sent, dropped or dead."""

    async def put_back(
        self, delivery: int, due_at_ms: int, now_ms: int, note: str | None, *, is_attempt: bool
    ) -> None:
        """Let a claimed delivery come up again; dropped where a newer one waits in its place."""

    async def dead(self, before: int | None, limit: int) -> list[Delivery]:
        """Give dead deliveries, the newest first, those with an id below `before`."""

    async def revive(self, delivery: int, now_ms: int) -> bool:
        """Try a dead delivery anew, with all its attempts. False: there is none.

        Dropped where a newer one waits in its place.
        """

    async def counts(self) -> dict[str, int]:
        """Count deliveries by state, and under `owed` the rows that wait."""

    async def drop_ended(self, before_ms: int, most: int) -> int:
        """Remove what was settled, sent or dropped before; give how many rows went."""


@attrs.frozen
class Preferences:
    """How a person wants to be told. choices: {kind: channels} where they differ from the house's.

    quiet_from, quiet_to: minutes after midnight in `zone`, both None without quiet hours.
    """

    choices: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)
    quiet_from: int | None = None
    quiet_to: int | None = None
    zone: str = "UTC"


@attrs.frozen(repr=False)
class PushDevice:
    """A browser that wants notices. public_key, auth: base64url, as RFC 8291 has them."""

    endpoint: str
    public_key: str
    auth: str


@attrs.frozen
class Recipient:
    """Whoever holds a paddle. email: theirs by registration, or their account's once verified."""

    paddle: int
    user: str | None
    name: str = attrs.field(repr=False)
    email: str | None = attrs.field(repr=False)
    phone: str | None = attrs.field(repr=False)
    preferences: Preferences
    has_devices: bool


@attrs.frozen
class Caller:
    """A paddle with a phone, as it was written down."""

    event: str
    paddle: int
    user: str | None
    phone: str = attrs.field(repr=False)


class Recipients(Protocol):
    """How people are reached. Errors as of `Outbox`."""

    async def of_paddles(self, event: str, paddles: Collection[int]) -> list[Recipient]:
        """Give who holds these paddles, by paddle."""

    async def preferences(self, user: str) -> Preferences:
        """Give how a user wants to be told; the house's own way for who never said."""

    async def set_preferences(self, user: str, preferences: Preferences) -> None:
        """Replace them."""

    async def add_device(self, user: str, device: PushDevice, now_ms: int, most: int) -> None:
        """Keep a browser, which is then this user's alone; of more than `most` the newest stay."""

    async def devices(self, user: str) -> list[PushDevice]:
        """Give a user's browsers, oldest first."""

    async def drop_device(self, endpoint: str, user: str | None = None) -> None:
        """Forget a browser; with a user, only if it is theirs."""

    async def silence(self, phone: str, at_ms: int) -> None:
        """Note that a number wants no more texts."""

    async def unsilence(self, phone: str) -> None:
        """Note that it wants them again."""

    async def is_silenced(self, phone: str) -> bool:
        """Say whether a number said STOP."""

    async def callers(self, tail: str) -> list[Caller]:
        """Give the paddles of events under way whose phone ends in these TAIL_DIGITS digits.

        A registration without a phone has its account's.
        """

    async def set_number(self, event: str, number: str | None) -> None:
        """Give an event the number that people text to, or take it away."""

    async def number(self, event: str) -> str | None:
        """Give an event's own number."""

    async def events_of(self, number: str) -> list[str]:
        """Name the events that have this number."""
