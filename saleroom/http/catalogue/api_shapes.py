"""The shapes of the API's own bodies, queries and answers: events, lots, registrations, results.

Owns: what the routes of the auction itself take and give, as types. Invariant: what is read by hand
(`api_definitions.py`) is declared here just as it is read. Must not know: routes, or who calls.
Source: PROTOCOL 7, RULES "Events and lots".
"""

from __future__ import annotations

from typing import Annotated, Literal

import attrs

from saleroom.auction.definition import TIME_MAX
from saleroom.auction.state import PADDLE_LAST
from saleroom.protocol.shapes import (
    ABSENT,
    Chars,
    Email,
    EventId,
    Example,
    Money,
    Name,
    Number,
    Phone,
    Text,
    Time,
    UserId,
    Version,
    Whole,
)
from saleroom.protocol.wire_views import (
    Currency,
    How,
    Ladder,
    LadderGiven,
    LotFields,
    LotSnapshot,
    Mode,
    SoftClose,
    SoftCloseGiven,
    Standing,
    Status,
)

PAGE_MOST = 200
JOURNAL_PAGE_MOST = 1_000
PageLimit = Annotated[int, Whole(1, PAGE_MOST), Example(50)]
Position = Annotated[int, Whole(0, TIME_MAX), Example(0)]
Paddle = Annotated[int, Whole(1, PADDLE_LAST), Example(214)]
Description = Annotated[str, Chars(1, 10_000), Example("Hand-sewn by the friends of the house.")]
Category = Annotated[str, Chars(1, 100), Example("Craft")]
Terms = Annotated[str, Chars(1, 20_000), Example("The hammer price is due on the evening.")]
TimeZone = Annotated[
    str,
    Chars(1, 64, "[A-Za-z][A-Za-z0-9_+/-]*", "is a name such as Europe/Zurich"),
    Example("Europe/Zurich"),
]
Organisation = Annotated[str, Chars(), Example("Friends of the Harbour")]
"""Whose event it is, as receipts name it."""
Address = Annotated[str, Chars(), Example("1 Pier Road\n28199 Bremen")]
"""Of the organisation, line by line."""
TaxNumber = Annotated[str, Chars(1, 64), Example("12-3456789")]
Locale = Annotated[
    str,
    Chars(2, 35, "[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", "is a tag such as de-CH"),
    Example("de-CH"),
]


@attrs.frozen
class NewEvent:
    """An event to be made; published at once unless it is to be a draft."""

    title: Text
    currency: Currency
    starts_at: Time | None = None
    ladder: LadderGiven | None = None
    soft_close: SoftCloseGiven | None = None
    public: bool = True
    draft: bool = False
    description: Description | None = None
    venue: Text | None = None
    time_zone: TimeZone | None = None
    locale: Locale | None = None
    contact: Text | None = None
    terms: Terms | None = None
    organisation: Organisation | None = None
    address: Address | None = None
    tax_number: TaxNumber | None = None


@attrs.frozen
class EventChanges:
    """What changes in an event; null takes the default back."""

    version: Version
    title: Text = ABSENT
    currency: Currency = ABSENT
    starts_at: Time | None = None
    ladder: LadderGiven | None = None
    soft_close: SoftCloseGiven | None = None
    public: bool = ABSENT
    description: Description | None = None
    venue: Text | None = None
    time_zone: TimeZone | None = None
    locale: Locale | None = None
    contact: Text | None = None
    terms: Terms | None = None
    organisation: Organisation | None = None
    address: Address | None = None
    tax_number: TaxNumber | None = None


@attrs.frozen
class EventView:
    """An event; once it is published, also how it stands."""

    id: EventId
    title: str
    currency: str
    status: Status
    public: bool
    starts_at: int | None = ABSENT
    ladder: Ladder = ABSENT
    soft_close: SoftClose = ABSENT
    description: str | None = ABSENT
    venue: str | None = ABSENT
    time_zone: str | None = ABSENT
    locale: str | None = ABSENT
    contact: str | None = ABSENT
    terms: str | None = ABSENT
    organisation: str | None = ABSENT
    address: str | None = ABSENT
    tax_number: str | None = ABSENT
    terms_version: int = ABSENT
    created_at: int = ABSENT
    version: int = ABSENT
    seq: int = ABSENT
    raised: int = ABSENT
    server_time: int = ABSENT


@attrs.frozen
class EventPage:
    """A part of the list of events; `next` is the cursor of the following part."""

    events: list[EventView]
    next: str | None


@attrs.frozen
class EventQuery:
    """Which part of the list."""

    cursor: Annotated[str, Chars(0, 64, "[A-Za-z0-9_-]{0,64}"), Example("")] = ""
    limit: PageLimit = ABSENT


@attrs.frozen
class NewLot(LotFields):
    """A lot to be added, at the end unless it has a number."""

    title: Text = attrs.field(kw_only=True)
    mode: Mode = attrs.field(kw_only=True)
    opening: Money = attrs.field(kw_only=True)
    lot: Number | None = None
    description: Description | None = None
    category: Category | None = None
    donor: Number | None = None


@attrs.frozen
class LotChanges(LotFields):
    """What changes in a lot; null takes the default back."""

    version: Version = attrs.field(kw_only=True)
    title: Text = ABSENT
    mode: Mode = ABSENT
    opening: Money = ABSENT
    description: Description | None = None
    category: Category | None = None
    donor: Number | None = None


@attrs.frozen
class ThumbnailView:
    """A smaller form of a picture; `/api/v1/media/{key}` shows it."""

    key: str
    width: int
    height: int


@attrs.frozen
class ImageView:
    """A picture of a lot; its thumbnails are at most 320, 640 and 1280 pixels wide."""

    key: str
    width: int
    height: int
    alt: str | None
    thumbnails: list[ThumbnailView]


@attrs.frozen
class LotView(LotSnapshot):
    """A lot as it stands, with what its organiser says of it; `version` 0: not in the catalogue."""

    version: int = attrs.field(kw_only=True)
    description: str | None = attrs.field(kw_only=True)
    category: str | None = attrs.field(kw_only=True)
    donor: int | None = attrs.field(kw_only=True)
    donor_name: str | None = attrs.field(kw_only=True)
    images: list[ImageView] = attrs.field(kw_only=True)
    opening: int = ABSENT
    ladder: Ladder = ABSENT
    reserve: int = ABSENT
    quantity: int = ABSENT
    starts_at: int = ABSENT
    soft_close: SoftClose = ABSENT
    donor_paddle: int = ABSENT
    fmv: int = ABSENT
    group: str = ABSENT
    ring: str = ABSENT


@attrs.frozen
class LotPage:
    """A part of the list of lots; `next` is the cursor of the following part."""

    lots: list[LotView]
    next: str | None


@attrs.frozen
class WithdrawalQuery:
    """Why a published lot is taken out."""

    reason: Text | None = None


@attrs.frozen
class NewRegistration:
    """Somebody to be registered; a donor names neither another user nor a paddle."""

    name: Name
    user: UserId | None = None
    email: Email | None = None
    phone: Phone | None = None
    paddle: Paddle | None = None


@attrs.frozen
class RegistrationView:
    """Who holds a paddle."""

    paddle: int
    user: str | None
    name: str
    email: str | None = None
    phone: str | None = None
    table: str | None = None


@attrs.frozen
class NumberQuery:
    """Which part of a list: what follows the number `cursor`."""

    cursor: Position = 0
    limit: PageLimit = ABSENT


@attrs.frozen
class AcceptedTerms:
    """The terms that a paddle's holder has now accepted."""

    paddle: int
    terms_version: int


@attrs.frozen
class NewNumber:
    """The number that a paddle is to have."""

    paddle: Paddle


@attrs.frozen
class NumberedPaddle:
    """The number that a paddle now has; `moved_to`: the one that its former holder now has."""

    paddle: int
    moved_to: int | None


@attrs.frozen
class LeaderboardView:
    """Every paddle that has won or given, the first one first, and the sum."""

    leaderboard: list[Standing]
    raised: int
    seq: int


@attrs.frozen
class Win:
    """A win or a purchase: `amount` of one unit; `name` for staff alone."""

    lot: int
    title: str
    mode: Mode
    paddle: int
    units: int
    amount: int
    total: int
    how: How
    currency: str
    seq: int
    name: str | None = ABSENT


@attrs.frozen
class ResultPage:
    """A part of the list of wins; `next` is the cursor of the following part."""

    results: list[Win]
    next: int | None


@attrs.frozen
class JournalQuery:
    """Which part of the journal: what follows the position `after`."""

    after: Position = 0
    limit: Annotated[int, Whole(1, JOURNAL_PAGE_MOST), Example(100)] = JOURNAL_PAGE_MOST


@attrs.frozen
class JournalFact:
    """A fact as it was decided, with its own fields; `hash` is the chain's head after it."""

    position: int
    seq: int | None
    type: str
    at: int
    by: str | None
    command: str | None
    hash: str


@attrs.frozen
class JournalPage:
    """A part of a journal; `next` is the `after` of the following part."""

    facts: list[JournalFact]
    next: int | None


@attrs.frozen
class Alive:
    """The loop runs."""

    status: Literal["alive"]


@attrs.frozen
class Ready:
    """Whether the server takes work; each component is ok, or degraded or away and why."""

    status: Literal["ready", "degraded", "away"]
    components: dict[str, str]


@attrs.frozen
class RestartedChild:
    """The child that was started again."""

    path: str


@attrs.frozen
class Draining:
    """The server stops."""


@attrs.frozen
class StraightBid:
    """A bid of just this amount."""

    event: EventId
    lot: Number
    amount: Money


@attrs.frozen
class MaximumBid:
    """A secret maximum."""

    event: EventId
    lot: Number
    max: Money


@attrs.frozen
class AckView:
    """An accepted command: `hash` is its receipt. A bid's answer also says how its lot stands."""

    type: Literal["ack"]
    re: str
    as_of: int
    hash: str
    seq: int = ABSENT
    lot: int = ABSENT
    price: int | None = ABSENT
    leader: int | None = ABSENT
    min_next: int = ABSENT
    leading: bool = ABSENT
    paddle: int = ABSENT
