"""The index of a catalogue: categories, donors of lots, and what finds a lot by words.

Owns: the shape of categories and donors, and the interface that keeps them. Invariant: a lot names
only categories and donors of its own event; a donor who stays hidden is found by the house alone.
Knows nothing of bids. Source: PROTOCOL 7, decision 0009.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import attrs

CATEGORIES_MAX = 200  # of an event; each is a heading on a page


@attrs.frozen
class CategoryRow:
    """A heading under which lots stand. id: given by the store, unique over all events."""

    id: int
    name: str
    version: int = 1


@attrs.frozen
class DonorRow:
    """Who gave lots. is_hidden: the name stays in the house. Contacts never leave it."""

    id: int
    name: str
    is_hidden: bool = False
    contact: str | None = None
    email: str | None = None
    phone: str | None = None
    version: int = 1


class CatalogueIndex(Protocol):
    """Categories and donors of events, and the search for lots.

    Every call may raise StoreUnavailable, and every call that writes OutcomeUnknown.
    """

    async def categories(self, event: str) -> list[CategoryRow]:
        """Give all categories in their order."""

    async def add_category(self, event: str, name: str) -> CategoryRow:
        """Add a category as the last. Raises NotFound (event), Conflict (name taken), Full."""

    async def put_category(self, event: str, row: CategoryRow) -> CategoryRow:
        """Rename a category whose stored version is `row.version`; its lots follow.

        Raises NotFound, Conflict (version, or name taken).
        """

    async def remove_category(self, event: str, category: int) -> None:
        """Raises NotFound, Conflict (a lot stands under it)."""

    async def order_categories(self, event: str, categories: Sequence[int]) -> None:
        """Put categories in this order. Raises Conflict unless they are all that there are."""

    async def donors(self, event: str, after: int, limit: int) -> list[DonorRow]:
        """Give donors with an id > `after`, by id."""

    async def donors_of(self, event: str, ids: Sequence[int]) -> Mapping[int, DonorRow]:
        """Give those of these donors that there are."""

    async def add_donor(self, event: str, row: DonorRow) -> DonorRow:
        """Add a donor, under an id of the store's. Raises NotFound (event)."""

    async def put_donor(self, event: str, row: DonorRow) -> DonorRow:
        """Replace a donor whose stored version is `row.version`. Raises NotFound, Conflict."""

    async def remove_donor(self, event: str, donor: int) -> None:
        """Raises NotFound, Conflict (a lot is theirs)."""

    async def find_lots(self, event: str, words: Sequence[str], *, is_house: bool) -> list[int]:
        """Number the lots in which every word stands or begins a word, the best first.

        Looks at title, category, donor and description. When nothing is found, a word also stands
        for those most like it. words: folded. is_house: hidden donors are looked at too.
        """
