"""Billing: what is kept of what paddles owe and have paid.

Owns: the shapes of terms, cards, links and summaries, and the interface of the store. Invariant: a
change to a folio is written whole, on the version it was decided on, or not at all; documents are
numbered without a gap by the transaction that writes them. Must not know: what is decided.
Source: decisions 0020 and 0021, issue 8 point 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import attrs

from saleroom.billing.folio import Changes, Folio
from saleroom.billing.invoice import DocumentKind, Invoice
from saleroom.billing.ledger import Entry
from saleroom.billing.terms import BillingTerms


@attrs.frozen
class KeptTerms:
    """An event's terms. version: counts their changes; 0 for those that nobody has set."""

    terms: BillingTerms
    version: int = 0


@attrs.frozen
class FolioSummary:
    """A folio in figures: billed less credited, paid less given back, and what is owed."""

    paddle: int
    billed: int
    paid: int
    balance: int
    under_way: int


@attrs.frozen
class Place:
    """Where a payment stands; refund: the refund of it that is meant."""

    event: str
    paddle: int
    payment: str
    refund: str | None = None


@attrs.frozen
class Card:
    """A person's card on file at one event. method: None until the processor has confirmed it."""

    event: str
    user: str
    customer: str = attrs.field(repr=False)
    setup: str = attrs.field(repr=False)
    at_ms: int
    method: str | None = attrs.field(default=None, repr=False)
    brand: str | None = None
    last4: str | None = None
    exp_month: int | None = None
    exp_year: int | None = None


@attrs.frozen
class CheckoutLink:
    """A paddle's link. digest: of its token, 32 bytes."""

    event: str
    paddle: int
    digest: bytes = attrs.field(repr=False)
    expires_at_ms: int


class Billing(Protocol):
    """The money of all events. Every call may raise StoreUnavailable; a write OutcomeUnknown."""

    async def terms(self, event: str) -> KeptTerms:
        """Give an event's terms, the default ones where nobody has set any."""

    async def put_terms(self, event: str, kept: KeptTerms) -> KeptTerms:
        """Replace terms whose stored version is `kept.version`. Raises Conflict.

        Raises Full when the event has documents, which were made under the terms that stand.
        """

    async def folio(self, event: str, paddle: int) -> Folio:
        """Give a folio, an empty one where there is none."""

    async def write(self, folio: Folio, changes: Changes) -> list[Invoice]:
        """Write changes that were decided on `folio`, and give the documents with their numbers.

        Raises Conflict when the folio has changed since it was read.
        """

    async def summaries(self, event: str, after: int, limit: int) -> list[FolioSummary]:
        """Give the folios with paddle > `after`, by paddle."""

    async def documents(
        self, event: str, kind: DocumentKind, after: int, limit: int
    ) -> list[Invoice]:
        """Give the documents of a kind with number > `after`, by number."""

    async def document(self, event: str, kind: DocumentKind, number: int) -> Invoice:
        """Raises NotFound."""

    async def ledger(self, event: str, after: int, limit: int) -> list[Entry]:
        """Give the postings with number > `after`, by number."""

    async def billed_position(self, event: str) -> int:
        """Say up to which position of its journal an event has been billed, 0 for none."""

    async def set_billed(self, event: str, position: int) -> None:
        """Note up to which position an event has been billed; it never goes back."""

    async def place_of(self, payment: str) -> Place:
        """Say where a payment stands. Raises NotFound."""

    async def place_by_reference(self, reference: str) -> Place:
        """Say where a payment stands, by the processor's name of it. Raises NotFound."""

    async def unsettled(self, before_ms: int, limit: int) -> list[Place]:
        """Give payments and refunds older than a time whose end is not known, the oldest first."""

    async def put_card(self, card: Card) -> None:
        """Keep a person's card at an event in the place of the one before."""

    async def card(self, event: str, user: str) -> Card:
        """Raises NotFound."""

    async def card_by_setup(self, setup: str) -> Card:
        """Raises NotFound."""

    async def remove_cards(self, user: str, event: str | None = None) -> Sequence[Card]:
        """Remove a person's card at an event, or at all of them, and give what was removed."""

    async def put_link(self, link: CheckoutLink) -> None:
        """Keep a paddle's link in the place of the one before."""

    async def link(self, digest: bytes) -> CheckoutLink:
        """Raises NotFound."""

    async def knows_event(self, id: str) -> bool:
        """Say whether an event of the processor has been taken in."""

    async def note_event(self, id: str, at_ms: int) -> None:
        """Note that an event of the processor has been taken in."""

    async def forget_events(self, before_ms: int, most: int) -> int:
        """Drop at most so many events of the processor that were taken in before a time."""
