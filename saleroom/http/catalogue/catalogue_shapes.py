"""The shapes of the catalogue's bodies and answers: categories, donors, orders, copies, the audit.

Owns: what those routes take and give, as types. Invariant: what is read has bounds. Must not know:
routes, or who calls. Source: PROTOCOL 7.
"""

from __future__ import annotations

from typing import Annotated, Any

import attrs

from saleroom.http.catalogue.api_shapes import Category, PageLimit
from saleroom.http.requests.api_cursors import Cursor
from saleroom.protocol.shapes import (
    ABSENT,
    Email,
    EventId,
    Items,
    Name,
    Number,
    Phone,
    Schema,
    Text,
    Time,
    UserId,
    Version,
)
from saleroom.storage.index_ports import CATEGORIES_MAX

LOTS_MAX = 5_000  # of an event that can be put in order by one request, which a body has room for
Numbers = Annotated[list[Number], Items(0, LOTS_MAX, is_set=True)]
Plain = Annotated[Any, Schema({"type": ["object", "null"]})]


@attrs.frozen
class NewCategory:
    """A category to be added as the last."""

    name: Category


@attrs.frozen
class CategoryChanges:
    """A category's new name, under which its lots stand from now on."""

    version: Version
    name: Category


@attrs.frozen
class CategoryView:
    """A heading under which lots stand; a lot names it by its `name`."""

    id: int
    name: str
    version: int


@attrs.frozen
class CategoryList:
    """All categories of an event, in their order."""

    categories: list[CategoryView]


@attrs.frozen
class CategoryOrder:
    """Every category's id, in their new order."""

    categories: Annotated[list[Number], Items(0, CATEGORIES_MAX, is_set=True)]


@attrs.frozen
class NewDonor:
    """Who gives lots; the name of one who is hidden is for the house alone, as contacts are."""

    name: Name
    hidden: bool = False
    contact: Text | None = None
    email: Email | None = None
    phone: Phone | None = None


@attrs.frozen
class DonorChanges:
    """What changes of a donor; null clears a contact."""

    version: Version
    name: Name = ABSENT
    hidden: bool = ABSENT
    contact: Text | None = None
    email: Email | None = None
    phone: Phone | None = None


@attrs.frozen
class DonorView:
    """Who gives lots; to others than staff only those who are not hidden, by name."""

    id: int
    name: str
    hidden: bool = ABSENT
    contact: str | None = ABSENT
    email: str | None = ABSENT
    phone: str | None = ABSENT
    version: int = ABSENT


@attrs.frozen
class DonorPage:
    """A part of the list of donors; `next` is the cursor of the following part."""

    donors: list[DonorView]
    next: int | None


@attrs.frozen
class LotOrder:
    """Numbers of lots: of a draft all, of a published event those that have not opened."""

    lots: Numbers


@attrs.frozen
class LotOrderView:
    """The whole running order."""

    lots: list[int]


@attrs.frozen
class EventCopy:
    """What differs in a copy; the times of lots move with `starts_at` where both have one."""

    title: Text | None = None
    starts_at: Time | None = None


@attrs.frozen
class BidEntry:
    """A bid that stands: what it made of the price. One left before the opening has no time."""

    seq: int | None
    at: int | None
    bidder: int | None
    amount: int
    leader: int | None
    source: str


@attrs.frozen
class BidPage:
    """A part of a lot's bids, the newest first; `next` is the cursor of the following part."""

    bids: list[BidEntry]
    next: str | None


@attrs.frozen
class PageQuery:
    """Which part of a list."""

    cursor: Cursor = ""
    limit: PageLimit = ABSENT


@attrs.frozen
class AuditQuery:
    """Which entries."""

    event: EventId | None = None
    who: UserId | None = None
    cursor: Cursor = ""
    limit: PageLimit = ABSENT


@attrs.frozen
class AuditView:
    """What somebody did; `before` and `after` hold what changed."""

    number: int
    at: int
    who: str
    role: str | None
    what: str
    event: str | None
    target: str | None
    before: Plain
    after: Plain


@attrs.frozen
class AuditPage:
    """A part of the audit, the newest first; `next` is the cursor of the following part."""

    entries: list[AuditView]
    next: str | None
