"""The shapes of the desk: guests, tables, check-in and join codes as HTTP takes and gives them.

Owns: what those routes promise, as types. Invariant: what only staff may know (notes, why a paddle
is locked, who checked somebody in) has a default, and is left out for everyone else. Must not know:
routes, or who calls. Source: PROTOCOL 7, rules 19, 24 and 25.
"""

from __future__ import annotations

from typing import Annotated, Literal

import attrs

from saleroom.auction.definition import TIME_MAX
from saleroom.auction.state import PADDLE_LAST
from saleroom.http.catalogue.api_shapes import Paddle, PageLimit
from saleroom.protocol.shapes import (
    ABSENT,
    Chars,
    Email,
    EventId,
    Example,
    Money,
    Name,
    Phone,
    Whole,
    together,
)

NOTES_MAX = 2_000
CODES_MAX = 500
Notes = Annotated[str, Chars(1, NOTES_MAX), Example("Vegetarian; seat by the door.")]
Table = Annotated[str, Chars(1, 100), Example("12")]
Typed = Annotated[str, Chars(1, 200), Example("mueller")]
CodeId = Annotated[str, Chars(1, 64, "[A-Za-z0-9_-]{1,64}"), Example("q3JxVd0aK1mB")]


@attrs.frozen
class GuestView:
    """Who holds a paddle, as the house knows them; times in ms since 1970, null: not come yet."""

    paddle: int
    user: str | None
    name: str
    email: str | None
    phone: str | None
    table: str | None
    limit: int | None
    captain: bool
    opted_in: bool
    terms_version: int
    locked: bool
    checked_in_at: int | None
    checked_in_by: str | None = ABSENT
    notes: str | None = ABSENT
    lock_reason: str | None = ABSENT
    banned: bool = ABSENT


@attrs.frozen
class GuestPage:
    """A part of the list of guests; `next` is the cursor of the following part."""

    registrations: list[GuestView]
    next: int | None


@attrs.frozen
class GuestQuery:
    """Which guests: `q` is what is typed of a name, phone, paddle or e-mail address."""

    q: Typed = ABSENT
    table: Table = ABSENT
    checked_in: bool = ABSENT
    cursor: Annotated[int, Whole(0, PADDLE_LAST), Example(0)] = 0
    limit: PageLimit = ABSENT


@attrs.frozen
class GuestChanges:
    """What changes of a guest; null clears what may be empty. A limit of 10^12 is none."""

    name: Name = ABSENT
    email: Email | None = None
    phone: Phone | None = None
    notes: Notes | None = None
    table: Table = ABSENT
    limit: Money = ABSENT
    captain: bool = ABSENT
    opted_in: bool = ABSENT


@attrs.frozen
class SeatView:
    """A guest at a table."""

    paddle: int
    name: str
    captain: bool
    checked_in: bool


@attrs.frozen
class TableView:
    """A table, its captains and who sits there, by paddle."""

    table: str
    captains: list[int]
    guests: list[SeatView]


@attrs.frozen
class TablePage:
    """A part of the tables; `unseated` counts the paddles without one."""

    tables: list[TableView]
    unseated: int
    next: str | None


@attrs.frozen
class TableQuery:
    """Which part of the tables: what follows the table `cursor`."""

    cursor: Annotated[str, Chars(0, 500), Example("")] = ""
    limit: PageLimit = ABSENT


@together(
    anyOf=[
        {"properties": {"paddle": {"type": "null"}}},
        {"properties": {"count": {"const": 1}}},
    ]
)
@attrs.frozen
class NewCodes:
    """How many codes to print, and what they bind: a paddle (one code), a table, or both."""

    count: Annotated[int, Whole(1, CODES_MAX), Example(20)] = 1
    paddle: Paddle | None = None
    table: Table | None = None
    expires_at: Annotated[int, Whole(0, TIME_MAX)] | None = None


@attrs.frozen
class PrintedCode:
    """A code, shown this once. link: what its QR code says. picture: where that is."""

    id: str
    code: str
    link: str
    picture: str


@attrs.frozen
class PrintedCodes:
    """The codes that were made."""

    codes: list[PrintedCode]
    paddle: int | None
    table: str | None
    expires_at: int | None


@attrs.frozen
class CodeView:
    """A code as it is kept; times in ms since 1970, null: never, or not yet."""

    id: str
    paddle: int | None
    table: str | None
    created_by: str
    created_at: int
    expires_at: int | None
    used_at: int | None


@attrs.frozen
class CodePage:
    """A part of the codes; `next` is the cursor of the following part."""

    codes: list[CodeView]
    next: str | None


@attrs.frozen
class CodeQuery:
    """Which part of the codes."""

    cursor: Annotated[str, Chars(0, 64, "[A-Za-z0-9_-]{0,64}"), Example("")] = ""
    limit: PageLimit = ABSENT


JoinCodeTyped = Annotated[str, Chars(1, 40), Example("7KQ2M-X9RTB")]


@attrs.frozen
class CodeShown:
    """A code, as it was typed or scanned."""

    code: JoinCodeTyped = attrs.field(repr=False)


@attrs.frozen
class Invitation:
    """What a code is for; terms: null where there are none."""

    event: EventId
    title: str
    terms: str | None


@attrs.frozen
class Joining:
    """Who joins with a code; the terms must be accepted. cookie: for pages, which hold no token."""

    code: JoinCodeTyped = attrs.field(repr=False)
    name: Name = attrs.field(repr=False)
    accept_terms: bool
    email: Email | None = attrs.field(default=None, repr=False)
    phone: Phone | None = attrs.field(default=None, repr=False)
    cookie: bool = False


@attrs.frozen
class Joined:
    """The paddle that was given, and its guest signed in; expires_in: seconds, of access_token."""

    event: EventId
    paddle: int
    user: str
    terms_version: int
    expires_in: int
    access_token: str = ABSENT
    token_type: Literal["Bearer"] = ABSENT
    refresh_token: str = ABSENT
    csrf_token: str = ABSENT
