"""Settlement: which money paid for which line.

Owns: the sharing out of a paddle's payments. Invariant: the oldest line is paid first, by the
oldest money; what is shared out is never more than what came in, less what was given back, nor more
than what is billed and not taken back. Must not know: how it is told. Source: rule 26, issue 8
point 4, decision 0025.

Payments are made by a paddle, not by an invoice, so that somebody has to say what each of them paid
for. What the house has forgiven settles a line as money does, but it was not paid, and what was not
paid is not deductible.
"""

from __future__ import annotations

import attrs

from saleroom.auction.money import deductible
from saleroom.billing.folio import Folio
from saleroom.billing.invoice import Line, standing_lines
from saleroom.billing.ledger import PostingKind
from saleroom.billing.payment import Method


@attrs.frozen
class Money:
    """Money that came in and stayed. amount, fee_cover: what was given back is taken off."""

    payment: str
    method: Method
    at_ms: int
    amount: int
    fee_cover: int


@attrs.frozen
class Part:
    """What one payment paid of one line."""

    money: Money
    amount: int


@attrs.frozen
class SettledLine:
    """A line that stands, with what was paid of it. forgiven: settled without money."""

    invoice: int
    line: Line
    parts: tuple[Part, ...]
    forgiven: int

    @property
    def paid(self) -> int:
        return sum(part.amount for part in self.parts)

    @property
    def is_settled(self) -> bool:
        return self.paid + self.forgiven == self.line.total

    @property
    def deductible(self) -> int:
        """The gift in what was paid (rule 26)."""
        return gift(self.line, self.paid)

    def deductible_between(self, from_ms: int, to_ms: int) -> int:
        """The gift in what was paid from one moment up to another, which is not included."""
        before = sum(part.amount for part in self.parts if part.money.at_ms < from_ms)
        during = sum(part.amount for part in self.parts if from_ms <= part.money.at_ms < to_ms)
        return gift(self.line, before + during) - gift(self.line, before)


def gift(line: Line, paid: int) -> int:
    """Give the deductible part of what was paid of a line; tax is none, nor what has no fmv."""
    if line.fmv is None or line.total == 0:
        return 0
    untaxed = paid * (line.total - line.tax) // line.total
    return deductible(untaxed, line.fmv)


def settle(folio: Folio) -> list[SettledLine]:
    """Share out a paddle's money over its lines, oldest first.

    What stands, was not paid and is not owed either has been forgiven.
    """
    money = _money(folio)
    standing = standing_lines(folio.documents).values()
    left = [each.amount for each in money]
    billed = sum(line.total for _, line in standing)
    forgiven = max(0, billed - max(0, folio.balance) - sum(left))
    settled = []
    turn = 0
    for invoice, line in standing:
        open_part, parts = line.total, []
        while open_part and turn < len(left):
            taken = min(open_part, left[turn])
            if taken:
                parts.append(Part(money[turn], taken))
            open_part -= taken
            left[turn] -= taken
            if not left[turn]:
                turn += 1
        spared = min(open_part, forgiven)
        forgiven -= spared
        settled.append(SettledLine(invoice, line, tuple(parts), spared))
    return settled


def _money(folio: Folio) -> list[Money]:
    """Give the money that stayed, in the order in which the ledger had it."""
    payments = {payment.id: payment for payment in folio.payments}
    return [
        Money(
            payment.id,
            payment.method,
            posting.at_ms,
            payment.amount - (payment.refunded - payment.fee_refunded),
            payment.fee_cover - payment.fee_refunded,
        )
        for posting in folio.postings
        if posting.kind is PostingKind.PAYMENT
        for payment in [payments[posting.reference]]
    ]
