"""Invoices and credit notes: what a paddle was billed, line by line.

Owns: the shape of a document and its sums. Invariant: a document never changes once it has its
number; what is wrong in it is taken back by a credit note that names it. Amounts are whole numbers
of the event's minor unit, and positive in both kinds. Must not know: who holds the paddle, what
was paid. Source: rules 11, 22 and 26, decision 0020.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

import attrs

from saleroom.auction.money import deductible


class LineKind(Enum):
    """What a line is for. win: a lot at its hammer price. purchase: units of a sale lot."""

    WIN = "win"
    PURCHASE = "purchase"
    PLEDGE = "pledge"


class DocumentKind(Enum):
    """invoice: a paddle owes it. credit_note: lines of an invoice that it owes no more."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


_PREFIX = {DocumentKind.INVOICE: "INV", DocumentKind.CREDIT_NOTE: "CN"}


@attrs.frozen
class Line:
    """Something that is billed.

    key: what brought it about, unique in the event: `sale:SEQ` or `pledge:SEQ`, by the seq of the
    journal's fact. fmv: fair market value of all units, None when the house has stated none.
    """

    key: str
    kind: LineKind
    lot: int
    title: str
    units: int
    unit_amount: int
    premium: int
    tax: int
    fmv: int | None

    @property
    def amount(self) -> int:
        """The hammer price or pledge of all units."""
        return self.units * self.unit_amount

    @property
    def total(self) -> int:
        return self.amount + self.premium + self.tax

    @property
    def deductible(self) -> int:
        """The part of it that is a gift; none where no fair market value was stated (rule 26)."""
        paid = self.amount + self.premium
        return deductible(paid, paid if self.fmv is None else self.fmv)


@attrs.frozen
class Invoice:
    """A numbered document.

    number: 1, 2, 3, ... without a gap, per event and kind. corrects: the invoice whose lines a
    credit note takes back. by: the user who had it made, None for the house itself.
    """

    event: str
    kind: DocumentKind
    number: int
    paddle: int
    currency: str
    at_ms: int
    lines: tuple[Line, ...]
    by: str | None = None
    reason: str | None = None
    corrects: int | None = None

    @property
    def label(self) -> str:
        """The number as people read it: INV-000017, CN-000003."""
        return f"{_PREFIX[self.kind]}-{self.number:06d}"

    @property
    def amount(self) -> int:
        """Hammer prices, purchases and pledges."""
        return sum(line.amount for line in self.lines)

    @property
    def premium(self) -> int:
        return sum(line.premium for line in self.lines)

    @property
    def tax(self) -> int:
        return sum(line.tax for line in self.lines)

    @property
    def total(self) -> int:
        return sum(line.total for line in self.lines)

    @property
    def deductible(self) -> int:
        return sum(line.deductible for line in self.lines)


def standing_lines(documents: Iterable[Invoice]) -> dict[str, tuple[int, Line]]:
    """Give the lines that are billed and not taken back: {key: (invoice's number, line)}.

    documents: those of one paddle, in the order in which they were made.
    """
    standing: dict[str, tuple[int, Line]] = {}
    for document in documents:
        for line in document.lines:
            if document.kind is DocumentKind.INVOICE:
                standing[line.key] = (document.number, line)
            else:
                standing.pop(line.key, None)
    return standing
