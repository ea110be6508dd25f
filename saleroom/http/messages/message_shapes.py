"""The shapes of messages over HTTP: preferences, browsers, dead messages and the sandbox.

Owns: what those routes take and give, as types. Invariant: every kind and channel of `kinds.py` has
its place. Must not know: routes, or who calls. Source: PROTOCOL 7, issue 8 points 1, 3 and 5.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

import attrs

from saleroom.http.catalogue.api_shapes import PageLimit, TimeZone
from saleroom.http.requests.api_cursors import Cursor
from saleroom.messages.web_push import SERVICES
from saleroom.protocol.shapes import ABSENT, Chars, EventId, Example, Items, Number, Time, Whole

MESSAGE_MAX = 10**15 - 1
Channel = Literal["sms", "email", "push"]
KindName = Literal["outbid", "ending", "won", "pledge", "closed", "checkout", "receipt"]
Channels = Annotated[list[Channel], Items(0, 3, is_set=True), Example(["push"])]
ClockTime = Annotated[
    str, Chars(5, 5, "([01][0-9]|2[0-3]):[0-5][0-9]", "is a time such as 22:00"), Example("22:00")
]
E164 = Annotated[
    str,
    Chars(7, 16, r"\+[1-9][0-9]{5,14}", "is a number such as +15550100199"),
    Example("+15550100199"),
]
MessageId = Annotated[int, Whole(1, MESSAGE_MAX), Example(7)]
DeviceId = Annotated[str, Chars(32, 32, "[0-9a-f]{32}"), Example("0123456789abcdef" * 2)]
_SERVICE = "|".join(re.escape(host.removeprefix(".")) for host in SERVICES)
Endpoint = Annotated[
    str,
    Chars(
        12,
        1_000,
        rf"https://([a-z0-9-]+\.)*({_SERVICE})(:443)?/[\x21-\x7e]*",
        "is a push service's of a browser",
    ),
    Example("https://fcm.googleapis.com/x"),
]
PublicKey = Annotated[
    str,
    Chars(87, 88, "B[A-Za-z0-9_-]{86}=?", "is the key of a browser's subscription"),
    Example(
        "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"
    ),
]
"""A point of P-256, uncompressed, in base64url."""
AuthSecret = Annotated[
    str,
    Chars(22, 24, "[A-Za-z0-9_-]{22}(==)?", "is the secret of a browser's subscription"),
    Example("AAAAAAAAAAAAAAAAAAAAAA"),
]
"""16 bytes in base64url."""


@attrs.frozen
class ChoicesGiven:
    """By which channels to be told, kind by kind; what is left out is as the house has it."""

    outbid: Channels = ABSENT
    ending: Channels = ABSENT
    won: Channels = ABSENT
    pledge: Channels = ABSENT
    closed: Channels = ABSENT
    checkout: Channels = ABSENT
    receipt: Channels = ABSENT


@attrs.frozen
class ChoicesView:
    """By which channels one is told, kind by kind."""

    outbid: list[Channel]
    ending: list[Channel]
    won: list[Channel]
    pledge: list[Channel]
    closed: list[Channel]
    checkout: list[Channel]
    receipt: list[Channel]


@attrs.frozen
class QuietHours:
    """When no phone rings; past midnight where the end is before the start."""

    start: ClockTime
    end: ClockTime


@attrs.frozen
class PreferencesGiven:
    """How one wants to be told. zone: of the quiet hours."""

    choices: ChoicesGiven
    quiet: QuietHours | None = None
    zone: TimeZone = "UTC"


@attrs.frozen
class PreferencesView:
    """How one is told."""

    choices: ChoicesView
    quiet: QuietHours | None
    zone: TimeZone


@attrs.frozen
class PushKeys:
    """The keys of a browser's subscription (RFC 8291)."""

    p256dh: PublicKey
    auth: AuthSecret


@attrs.frozen
class NewDevice:
    """A browser's subscription, as `PushSubscription.toJSON()` has it."""

    endpoint: Endpoint
    keys: PushKeys


@attrs.frozen
class DeviceView:
    """A browser that is told. service: who carries its notices."""

    device: DeviceId
    service: str


@attrs.frozen
class DeviceList:
    """One's browsers, oldest first."""

    devices: list[DeviceView]


@attrs.frozen
class PushKey:
    """What a browser subscribes with; null while notices stay in the sandbox."""

    key: str | None


@attrs.frozen
class DeadQuery:
    """Which part of the dead messages."""

    cursor: Cursor = ""
    limit: PageLimit = 50


@attrs.frozen
class DeadView:
    """A message that could not be sent. reason: what its provider said."""

    message: int
    event: EventId
    kind: KindName
    channel: Channel
    paddle: Number
    lot: Number | None
    attempts: int
    reason: str | None
    created_at: Time
    died_at: Time


@attrs.frozen
class DeadPage:
    """Dead messages, the newest first."""

    messages: list[DeadView]
    next: str | None


@attrs.frozen
class SandboxQuery:
    """Of which channel; all of them when left out."""

    channel: Channel | None = None


@attrs.frozen
class SandboxMessage:
    """A message that would have been sent. to: an address, a number, or how many browsers."""

    at: Time
    channel: Channel
    to: str
    subject: str
    text: str
    url: str | None
    attachments: list[str]


@attrs.frozen
class SandboxView:
    """What was not sent, the newest first. channels: those that have no provider."""

    channels: list[Channel]
    messages: list[SandboxMessage]


@attrs.frozen
class TextNumber:
    """The number to which an event's bids are texted."""

    number: E164


@attrs.frozen
class TextNumberView:
    """The number of an event; the house's own where it has none, null where there is none."""

    number: E164 | None
    own: bool
