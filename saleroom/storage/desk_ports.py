"""The desk: what a house keeps of those who hold paddles, beyond what the rules know.

Owns: the shapes of guests and of what is asked about them. Invariant: check-in, notes and contact
stand in tables alone; a paddle that is renumbered takes them along with its row. Must not know:
the rules, who may read. Source: PROTOCOL 7, rule 19, I5.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

import attrs

from saleroom.storage.people_search import PeopleQuery


@attrs.frozen
class Guest:
    """Who holds a paddle. limit, is_captain: what a draft will tell the rules when published.

    checked_in_at_ms, checked_in_by: when, and the user who did it; None until then.
    """

    paddle: int
    user: str | None
    name: str
    email: str | None = None
    phone: str | None = None
    table: str | None = None
    limit: int | None = None
    is_captain: bool = False
    notes: str | None = None
    checked_in_at_ms: int | None = None
    checked_in_by: str | None = None


CHANGEABLE = frozenset({"user", "name", "email", "phone", "table", "limit", "is_captain", "notes"})


@attrs.frozen
class Wanted:
    """Which guests are asked for; what is None asks nothing. paddles: these alone."""

    query: PeopleQuery | None = None
    paddles: Collection[int] | None = None
    table: str | None = None
    is_checked_in: bool | None = None


EVERYONE = Wanted()


class Desk(Protocol):
    """The guests of all events. Every call may raise StoreUnavailable; a write OutcomeUnknown."""

    async def guest(self, event: str, paddle: int) -> Guest:
        """Raises NotFound."""

    async def guests(self, event: str, wanted: Wanted, after: int, limit: int) -> list[Guest]:
        """Give guests with paddle > `after`, by paddle."""

    async def put_guest(self, event: str, guest: Guest, fields: Collection[str]) -> Guest:
        """Replace the named ones of CHANGEABLE, and give what is kept now. Raises NotFound."""

    async def check_in(self, event: str, paddle: int, by: str, at_ms: int) -> Guest:
        """Note that a guest has come; the first time stays. Raises NotFound."""

    async def undo_check_in(self, event: str, paddle: int) -> Guest:
        """Take a check-in back. Raises NotFound."""

    async def paddles_of(self, user: str, after: str, limit: int) -> list[tuple[str, int]]:
        """Give (event, paddle) of a user, by event, of the events past `after`."""
