"""Wish lists: what people wish for, and what their friends have promised.

Owns: the shapes of lists, items and gifts. Invariant: what is promised of an item never exceeds its
amount, however many promise at once; nobody promises on a list of their own. Amounts are in the
minor unit of the list's currency. Must not know: who may see whom. Source: issue 6 point 4,
decision 0011.
"""

from __future__ import annotations

from typing import Protocol

import attrs


@attrs.frozen
class WishList:
    """token: the end of the link. is_revealed: the owner has asked who gave."""

    id: str
    token: str = attrs.field(repr=False)
    owner: str
    title: str
    currency: str
    created_at_ms: int
    is_open: bool = True
    is_revealed: bool = False


@attrs.frozen
class WishItem:
    """A wish. event, lot: of the lot wished for, both None for a wish in words."""

    item: int
    title: str
    amount: int
    event: str | None = None
    lot: int | None = None
    promised: int = 0

    @property
    def left(self) -> int:
        return self.amount - self.promised


@attrs.frozen
class Gift:
    """A promise. key: the giver's own id of it, by which a repeated one is known."""

    id: str
    list_id: str
    item: int
    giver: str
    key: str
    amount: int
    name: str | None
    message: str | None
    at_ms: int


class WishLists(Protocol):
    """The lists of all users. Every call may raise StoreUnavailable; a write OutcomeUnknown."""

    async def add(self, row: WishList, most: int) -> bool:
        """Keep a new list. False when its owner has `most` already."""

    async def put(self, row: WishList) -> None:
        """Replace title, token and both flags. Raises NotFound."""

    async def remove(self, id: str) -> None:
        """Remove a list with its items. Raises NotFound, Conflict while anything is promised."""

    async def list_of(self, id: str) -> WishList:
        """Raises NotFound."""

    async def by_token(self, token: str) -> WishList:
        """Raises NotFound."""

    async def lists(self, owner: str, after: str, limit: int) -> list[WishList]:
        """Give an owner's lists with id > `after`, by id."""

    async def add_item(self, list_id: str, item: WishItem, most: int) -> WishItem | None:
        """Add an item under the next number. None when there are `most`. Raises NotFound."""

    async def remove_item(self, list_id: str, item: int) -> None:
        """Raises NotFound, Conflict while anything is promised of it."""

    async def items(self, list_id: str) -> list[WishItem]:
        """Give the items by number."""

    async def give(self, gift: Gift, *, is_whole: bool) -> Gift | None:
        """Promise an amount, or with `is_whole` all of an item of which nothing is promised yet.

        A repeated key gives the first promise again. None when the list is closed, unknown or the
        giver's own, or less is left. Raises Conflict when the key was of another promise.
        """

    async def take_back(self, list_id: str, gift: str, giver: str) -> None:
        """Take one's own promise back while the list is open. Raises NotFound."""

    async def gifts(self, list_id: str) -> list[Gift]:
        """Give the promises, the oldest first."""
