"""The interfaces behind which accounts, sign-ins and the tokens of mails stand.

Owns: the shape of an account and of a sign-in. Invariant: no store ever sees a password or a token,
only an argon2id hash and SHA-256 digests; a digest serves once. Knows nothing of HTTP or of how a
hash is made. Source: PROTOCOL 6 and 7, RFC 9700 (refresh tokens that rotate).

A sign-in is what other texts call a token family: all refresh tokens that follow from one sign-in.
"""

from __future__ import annotations

import unicodedata
from typing import Literal, Protocol

import attrs

Purpose = Literal["verify", "reset"]


def email_key(email: str) -> str:
    """Give the form in which addresses are compared: two that differ in case are one."""
    return unicodedata.normalize("NFC", email).lower()


@attrs.frozen
class Account:
    """A person who may sign in; nothing of who they are is shown by `repr`.

    email: None for a guest who joined by a code. password: an argon2id hash, None where nobody can
    sign in with one. roles: names of `Role`. events: narrows staff roles; None: all.
    """

    id: str
    name: str = attrs.field(repr=False)
    created_at_ms: int
    email: str | None = attrs.field(default=None, repr=False)
    phone: str | None = attrs.field(default=None, repr=False)
    password: str | None = attrs.field(default=None, repr=False)
    roles: frozenset[str] = frozenset({"donor"})
    events: frozenset[str] | None = None
    is_disabled: bool = False
    verified_at_ms: int | None = None


@attrs.frozen
class SignIn:
    """One device that is signed in until `expires_at_ms` at the latest."""

    id: str
    account: str
    created_at_ms: int
    expires_at_ms: int


@attrs.frozen
class Rotated:
    """The token was good, and the new one has taken its place."""

    account: Account
    sign_in: SignIn


@attrs.frozen
class Reused:
    """The token had been used before: somebody copied it, and the sign-in has been ended."""

    sign_in: SignIn


@attrs.frozen
class Rights:
    """What an account may do."""

    roles: frozenset[str]
    events: frozenset[str] | None
    is_disabled: bool


class Accounts(Protocol):
    """People who may sign in.

    Every call may raise StoreUnavailable, and those that write OutcomeUnknown. Calls that end
    sign-ins give the ids of those that they ended.
    """

    async def add(self, account: Account) -> None:
        """Raises Conflict: the id or the address is taken."""

    async def account(self, account: str) -> Account:
        """Raises NotFound."""

    async def by_email(self, email: str) -> Account | None:
        """Give the account of an address, whatever the case of its letters."""

    async def list_accounts(
        self, search: str | None, role: str | None, after: str | None, limit: int
    ) -> list[Account]:
        """Give accounts by descending (created_at_ms, id), those past the account `after`.

        search: a part of the address or the name. role: one that they have.
        """

    async def set_profile(self, account: str, name: str, phone: str | None) -> Account:
        """Raises NotFound."""

    async def set_rights(self, account: str, rights: Rights) -> list[str]:
        """Change what an account may do, and end its sign-ins. Raises NotFound."""

    async def set_password(self, account: str, password: str, keep: str | None) -> list[str]:
        """Change the hash, and end all sign-ins but one. Raises NotFound."""

    async def replace_hash(self, account: str, old: str, new: str) -> None:
        """Keep a better hash of the same password, unless it was changed meanwhile."""

    async def erase(self, account: str) -> list[str]:
        """Forget a person: only the id stays, disabled and signed out. Raises NotFound."""

    async def give_mail_token(
        self, account: str, purpose: Purpose, token: bytes, expires_at_ms: int
    ) -> None:
        """Keep the digest of a token that was mailed; an earlier one is void. Raises NotFound."""

    async def holder(self, purpose: Purpose, token: bytes, now_ms: int) -> Account | None:
        """Say whose token it is, while it is good."""

    async def verify(self, token: bytes, now_ms: int) -> Account | None:
        """Use up a token: the address is the person's own. None: it is not good."""

    async def reset(
        self, token: bytes, password: str, now_ms: int
    ) -> tuple[Account, list[str]] | None:
        """Use up a token: change the hash, end all sign-ins; who read the mail owns the address."""


class SignIns(Protocol):
    """Who is signed in. Errors as of `Accounts`."""

    async def begin(self, sign_in: SignIn, token: bytes, most: int) -> list[str]:
        """Keep a sign-in with its first token's digest. Raises NotFound (account), Conflict.

        An account keeps `most` sign-ins: the oldest and the expired are ended, and named.
        """

    async def rotate(self, token: bytes, new: bytes, now_ms: int) -> Rotated | Reused | None:
        """Put a new digest in the place of an old one. None: unknown, expired, or disabled."""

    async def of_token(self, token: bytes) -> SignIn | None:
        """Say which sign-in a token is of, also one that was used."""

    async def end(self, sign_in: str) -> bool:
        """End one; say whether there was one."""

    async def end_all(self, account: str) -> list[str]:
        """End all of an account's."""
