"""A folio: everything that one paddle was billed, has paid and was given back.

Owns: the shape of a folio and of a change to it. Invariant: what a paddle owes is the sum of its
postings and stands nowhere else; a change was decided on one version of the folio and is written
on that version or not at all. Must not know: where it is kept. Source: decision 0020.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from saleroom.billing.invoice import DocumentKind, Invoice
from saleroom.billing.ledger import Account, Posting, balances
from saleroom.billing.payment import Payment


@attrs.frozen
class Folio:
    """One paddle's money in one event. version: counts its changes; 0 before the first."""

    event: str
    paddle: int
    version: int = 0
    documents: tuple[Invoice, ...] = ()
    payments: tuple[Payment, ...] = ()
    postings: tuple[Posting, ...] = ()

    @property
    def balance(self) -> int:
        """What the paddle owes; below 0 what the house owes it."""
        return balances(self.postings)[Account.RECEIVABLE]

    @property
    def under_way(self) -> int:
        """What payments whose end is not known yet may still bring."""
        return sum(payment.amount for payment in self.payments if payment.is_open)

    @property
    def due(self) -> int:
        """What is to be paid and nobody is paying yet."""
        return max(0, self.balance - self.under_way)

    @property
    def paid(self) -> int:
        """What was taken, fee cover included, less what was given back."""
        return sum(payment.left for payment in self.payments)

    @property
    def open_payment(self) -> Payment | None:
        """The payment that is under way."""
        return next((payment for payment in self.payments if payment.is_open), None)

    def payment(self, id: str) -> Payment | None:
        return next((payment for payment in self.payments if payment.id == id), None)

    def invoice(self, number: int) -> Invoice | None:
        return next(
            (
                document
                for document in self.documents
                if document.kind is DocumentKind.INVOICE and document.number == number
            ),
            None,
        )


@attrs.frozen
class Changes:
    """What one decision writes, all or nothing.

    documents: new ones, number 0; the store numbers them and posts them. payments: as they stand
    now. postings: beside those of the documents.
    """

    documents: tuple[Invoice, ...] = ()
    payments: tuple[Payment, ...] = ()
    postings: tuple[Posting, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.documents or self.payments or self.postings)


@attrs.frozen
class Declined:
    """What was asked does not hold. code: as clients are told; extras: what the answer says."""

    code: str
    extras: Mapping[str, Any] = attrs.field(factory=dict)
    detail: str | None = None
