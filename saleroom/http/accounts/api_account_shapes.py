"""The shapes of what accounts take and give over HTTP.

Owns: bodies, queries and answers of the routes of accounts. Invariant: no answer has a password or
its hash; a password stands in no `repr`. Must not know: routes, or who calls. Source: PROTOCOL 7.
"""

from __future__ import annotations

from typing import Annotated, Literal

import attrs

from saleroom.auction.roles import Role
from saleroom.http.accounts.passwords import CHARS_MAX, CHARS_MIN
from saleroom.protocol.shapes import (
    ABSENT,
    Chars,
    Email,
    EventId,
    Example,
    Items,
    Name,
    Phone,
    Text,
    Time,
    UserId,
    Whole,
)
from saleroom.storage.accounts_ports import Account

TOKEN_CHARS_MAX = 128
EVENTS_MAX = 100

Password = Annotated[str, Chars(1, CHARS_MAX), Example("violet harbor nine")]
NewPassword = Annotated[str, Chars(CHARS_MIN, CHARS_MAX), Example("violet harbor nine")]
Code = Annotated[str, Chars(1, TOKEN_CHARS_MAX), Example("q3Jm0d4N")]
RefreshToken = Annotated[str, Chars(1, TOKEN_CHARS_MAX), Example("5f0c2a.q3Jm0d4N")]
Roles = Annotated[list[Role], Items(1, len(Role), is_set=True), Example(["clerk"])]
Events = Annotated[list[EventId], Items(0, EVENTS_MAX, is_set=True), Example(["Zk3vB1x0aQ9L"])]


@attrs.frozen
class NewAccount:
    """A new donor."""

    email: Email
    password: NewPassword = attrs.field(repr=False)
    name: Name
    phone: Phone | None = None


@attrs.frozen
class Login:
    """An address and its password. cookie: for pages, which then hold no token."""

    email: Email
    password: Password = attrs.field(repr=False)
    cookie: bool = False


@attrs.frozen
class TokenRefresh:
    """The token that serves once; pages that are signed in by cookie leave it out."""

    refresh_token: RefreshToken | None = attrs.field(default=None, repr=False)


@attrs.frozen
class SignOut:
    """everywhere: on all devices, not on this one alone."""

    refresh_token: RefreshToken | None = attrs.field(default=None, repr=False)
    everywhere: bool = False


@attrs.frozen
class PasswordChange:
    """The password that is, and the one that is to be."""

    current: Password = attrs.field(repr=False)
    new: NewPassword = attrs.field(repr=False)


@attrs.frozen
class AddressGiven:
    """An e-mail address."""

    email: Email


@attrs.frozen
class CodeGiven:
    """The code of a letter."""

    token: Code = attrs.field(repr=False)


@attrs.frozen
class PasswordReset:
    """The code of a letter, and the password that is to be."""

    token: Code = attrs.field(repr=False)
    password: NewPassword = attrs.field(repr=False)


@attrs.frozen
class ProfileChanges:
    """What a person may change about themself."""

    name: Name = ABSENT
    phone: Phone | None = None


@attrs.frozen
class RightsChanges:
    """What an admin may change about an account. events: narrows staff roles; null: all events."""

    roles: Roles = ABSENT
    events: Events | None = None
    disabled: bool = ABSENT


@attrs.frozen
class AccountQuery:
    """Which accounts are wanted. q: a part of a name or an address."""

    q: Text | None = None
    role: Role | None = None
    cursor: UserId | None = None
    limit: Annotated[int, Whole(1, 200)] | None = None


@attrs.frozen
class AccountView:
    """A person. email: null for a guest, and for whom another service vouches."""

    id: UserId
    email: str | None
    name: str | None
    phone: str | None
    roles: list[Role]
    events: list[EventId] | None
    verified: bool
    disabled: bool
    created_at: Time | None


@attrs.frozen
class AccountPage:
    """A part of the accounts, the newest first. next: the cursor, null at the end."""

    accounts: list[AccountView]
    next: UserId | None


@attrs.frozen
class SignedIn:
    """Somebody with their tokens, or, signed in by cookie, with what a page sends in X-CSRF-Token.

    expires_in: of the access token, in seconds. refresh_token: serves once.
    """

    account: AccountView
    expires_in: int
    access_token: str = ABSENT
    token_type: Literal["Bearer"] = ABSENT
    refresh_token: str = ABSENT
    csrf_token: str = ABSENT


@attrs.frozen
class SocketToken:
    """A token for the `hello` or `refresh` of a websocket. expires_in: in seconds."""

    token: str
    expires_in: int


def account_view(account: Account) -> AccountView:
    """Show an account."""
    return AccountView(
        id=account.id,
        email=account.email,
        name=account.name,
        phone=account.phone,
        roles=sorted((Role(role) for role in account.roles), key=lambda role: role.value),
        events=None if account.events is None else sorted(account.events),
        verified=account.verified_at_ms is not None,
        disabled=account.is_disabled,
        created_at=account.created_at_ms,
    )
