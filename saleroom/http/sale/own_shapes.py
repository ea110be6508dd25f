"""The shapes of what is one's own: watched lots, bids, wins and pledges.

Owns: what those routes promise, as types. Invariant: a max stands only where its own bidder reads.
Must not know: routes. Source: PROTOCOL 7, issue 6 point 4.
"""

from __future__ import annotations

from typing import Annotated, Literal

import attrs

from saleroom.protocol.shapes import ABSENT, Chars, Example, Whole
from saleroom.protocol.wire_views import How, LotSnapshot, Mode, Status

EVENTS_MOST = 5
"""Events read at once: each may have to be rebuilt from its journal."""
WATCHES_PAGE_MOST = 100
BidStanding = Literal["leading", "outbid", "won", "lost", "waiting"]


@attrs.frozen
class WatchView:
    """Whether one watches a lot, and since when, in ms since 1970."""

    lot: int
    watching: bool
    since: int | None
    watchers: int


@attrs.frozen
class WatcherCounts:
    """How many watch each lot, by its number; lots that nobody watches are left out."""

    watchers: dict[str, int]


@attrs.frozen
class WatchedLot:
    """A lot that one watches, as it stands; null for one that is gone."""

    event: str
    lot: int
    since: int
    now: LotSnapshot | None


@attrs.frozen
class WatchedPage:
    """A part of what one watches; `next` is the cursor of the following part."""

    watching: list[WatchedLot]
    next: str | None


@attrs.frozen
class WatchedQuery:
    """Which part of what one watches."""

    cursor: Annotated[
        str, Chars(0, 80, r"([A-Za-z0-9_-]{1,64}:[0-9]{1,7})?"), Example("Zk3vB1x0aQ9L:17")
    ] = ""
    limit: Annotated[int, Whole(1, WATCHES_PAGE_MOST), Example(50)] = 50


@attrs.frozen
class OwnBid:
    """One's bidding on a lot. `highest`: the most that one bid; `max`: what still stands of it."""

    lot: int
    title: str
    mode: Mode
    state: str
    price: int | None
    min_next: int
    ends_at: int | None
    highest: int | None
    max: int | None
    standing: BidStanding


@attrs.frozen
class OwnSums:
    """Sums in the minor unit of the event's currency; `leading` counts maxes in full."""

    leading: int
    won: int
    pledged: int


@attrs.frozen
class OwnEventBids:
    """One's bidding at an event."""

    event: str
    title: str
    status: Status
    currency: str
    paddle: int
    bids: list[OwnBid]
    sums: OwnSums


@attrs.frozen
class OwnBidPage:
    """A part of the events at which one bids; `next` is the cursor of the following part."""

    events: list[OwnEventBids]
    next: str | None


@attrs.frozen
class OwnWin:
    """A lot that one has won or bought: `amount` of one unit."""

    lot: int
    title: str
    units: int
    amount: int
    total: int
    how: How
    paid: bool


@attrs.frozen
class OwnEventWins:
    """What one has won at an event; `sum` in the minor unit of its currency."""

    event: str
    title: str
    currency: str
    paddle: int
    wins: list[OwnWin]
    sum: int


@attrs.frozen
class OwnWinPage:
    """A part of the events at which one has a paddle."""

    events: list[OwnEventWins]
    next: str | None


@attrs.frozen
class OwnPledge:
    """A pledge: `count` times `level`; `matched` is what others added to it."""

    lot: int
    title: str
    level: int
    count: int
    amount: int
    matched: int


@attrs.frozen
class OwnEventPledges:
    """What one has pledged at an event; `sum` in the minor unit of its currency."""

    event: str
    title: str
    currency: str
    paddle: int
    pledges: list[OwnPledge]
    sum: int


@attrs.frozen
class OwnPledgePage:
    """A part of the events at which one has a paddle."""

    events: list[OwnEventPledges]
    next: str | None


@attrs.frozen
class OwnQuery:
    """Which part of one's events."""

    cursor: Annotated[str, Chars(0, 64, "[A-Za-z0-9_-]{0,64}"), Example("")] = ""
    limit: Annotated[int, Whole(1, EVENTS_MOST), Example(EVENTS_MOST)] = ABSENT
