"""The shapes of wish lists, for their owners and for friends who come by a link.

Owns: what those routes promise, as types. Invariant: who gave stands in no shape but `GiverView`,
which an owner is shown of a closed list they asked to be revealed. Amounts are in the minor unit of
the list's currency. Must not know: routes, stores. Source: issue 6 point 4, decision 0011.
"""

from __future__ import annotations

from typing import Annotated, Literal

import attrs

from saleroom.http.catalogue.api_shapes import PageLimit
from saleroom.protocol.shapes import ABSENT, Chars, EventId, Example, Money, Name, Number, Text
from saleroom.protocol.wire_views import Currency

ListId = Annotated[str, Chars(1, 64, "[A-Za-z0-9_-]{1,64}"), Example("w4Jk0aPq")]
Link = Annotated[str, Chars(1, 64, "[A-Za-z0-9_-]{1,64}"), Example("q3JxVd0aK1mBq3JxVd0aK1")]
Item = Annotated[str, Chars(1, 7, "[1-9][0-9]{0,6}"), Example("1")]
Message = Annotated[str, Chars(1, 500), Example("With love from all of us.")]


@attrs.frozen
class NewWishList:
    """A list to be made."""

    title: Text
    currency: Currency


@attrs.frozen
class WishListChanges:
    """What changes: `open` closes and reopens it, `revealed` shows who gave once it is closed.

    new_link: true makes the old link lead nowhere.
    """

    title: Text = ABSENT
    open: bool = ABSENT
    revealed: bool = ABSENT
    new_link: bool = ABSENT


@attrs.frozen
class NewWish:
    """A wish in words, and what it costs."""

    title: Text
    amount: Money


@attrs.frozen
class WishedLot:
    """A lot of an event, which brings its title and price where they are left out."""

    event: EventId
    lot: Number
    title: Text | None = None
    amount: Money | None = None


@attrs.frozen
class WishView:
    """A wish, and what is left of it to be given."""

    item: int
    title: str
    amount: int
    event: str | None
    lot: int | None
    promised: int
    left: int


@attrs.frozen
class GiverView:
    """Who promised what."""

    item: int
    amount: int
    name: str | None
    message: str | None
    status: Literal["promised"]


@attrs.frozen
class WishListView:
    """One's own list. link: what friends are sent. givers: null until it is closed and revealed."""

    id: str
    link: str
    title: str
    currency: str
    open: bool
    revealed: bool
    items: list[WishView]
    givers: list[GiverView] | None


@attrs.frozen
class WishListHead:
    """One's own list, without its items."""

    id: str
    link: str
    title: str
    currency: str
    open: bool
    revealed: bool


@attrs.frozen
class WishListPage:
    """A part of one's lists; `next` is the cursor of the following part."""

    wishlists: list[WishListHead]
    next: str | None


@attrs.frozen
class WishListQuery:
    """Which part of one's lists."""

    cursor: Annotated[str, Chars(0, 64, "[A-Za-z0-9_-]{0,64}"), Example("")] = ""
    limit: PageLimit = ABSENT


@attrs.frozen
class NewGift:
    """A promise: a part of a wish, or all of it where `amount` is left out."""

    amount: Money | None = None
    name: Name | None = attrs.field(default=None, repr=False)
    message: Message | None = attrs.field(default=None, repr=False)


@attrs.frozen
class GiftView:
    """A promise of one's own; the money comes later."""

    id: str
    item: int
    amount: int
    status: Literal["promised"]


@attrs.frozen
class SharedWishList:
    """A list as friends see it. mine: one's own promises."""

    title: str
    currency: str
    open: bool
    items: list[WishView]
    mine: list[GiftView]
