"""The ledger: a double-entry journal of an event's money.

Owns: the accounts, and how what happens is posted to them. Invariant: a transfer takes an amount
from one account and puts it on another, so that no posting can be out of balance; postings are
never changed or removed, and every balance is the sum of its transfers. Amounts are whole numbers
of the minor unit, above 0. Must not know: why money moves. Source: decision 0020, issue 8 point 2.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

import attrs

from saleroom.billing.invoice import DocumentKind, Invoice, LineKind


class Account(Enum):
    """Where money stands. receivable: what a paddle owes, kept apart for each paddle.

    clearing: with the card processor. refunds: promised to payers and still on its way to them.
    adjustments: what the house forgives, or asks on top.
    """

    RECEIVABLE = "receivable"
    SALES = "sales"
    PREMIUM = "premium"
    TAX = "tax"
    DONATIONS = "donations"
    FEE_COVER = "fee_cover"
    ADJUSTMENTS = "adjustments"
    CLEARING = "clearing"
    CASH = "cash"
    CHEQUES = "cheques"
    OTHER = "other"
    REFUNDS = "refunds"


class PostingKind(Enum):
    """What led to a posting."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    ADJUSTMENT = "adjustment"
    PAYMENT = "payment"
    REFUND = "refund"
    REFUND_PAID = "refund_paid"
    REFUND_FAILED = "refund_failed"


@attrs.frozen
class Transfer:
    """An amount that leaves `credit` and comes to `debit`."""

    debit: Account
    credit: Account
    amount: int


@attrs.frozen
class Posting:
    """Transfers that belong together. reference: the document, payment or refund behind them.

    by: the user who acted, None for the house itself and the processor.
    """

    kind: PostingKind
    reference: str
    at_ms: int
    transfers: tuple[Transfer, ...]
    by: str | None = None
    reason: str | None = None


@attrs.frozen
class Entry:
    """A posting in its place. number: 1, 2, 3, ... of the event's."""

    number: int
    paddle: int
    posting: Posting


def transfers(*moves: tuple[Account, Account, int]) -> tuple[Transfer, ...]:
    """Make the transfers (debit, credit, amount) of a posting; amounts of 0 move nothing."""
    return tuple(Transfer(*move) for move in moves if move[2])


def document_posting(document: Invoice) -> Posting:
    """Post an invoice, or a credit note the other way round."""
    incomes = {
        Account.SALES: _amount_of(document, LineKind.WIN, LineKind.PURCHASE),
        Account.DONATIONS: _amount_of(document, LineKind.PLEDGE),
        Account.PREMIUM: document.premium,
        Account.TAX: document.tax,
    }
    if document.kind is DocumentKind.INVOICE:
        kind = PostingKind.INVOICE
        moves = [(Account.RECEIVABLE, income, amount) for income, amount in incomes.items()]
    else:
        kind = PostingKind.CREDIT_NOTE
        moves = [(income, Account.RECEIVABLE, amount) for income, amount in incomes.items()]
    return Posting(
        kind, document.label, document.at_ms, transfers(*moves), document.by, document.reason
    )


def balances(postings: Iterable[Posting]) -> dict[Account, int]:
    """Add up every account: what came to it less what left it. Their sum is 0."""
    sums = dict.fromkeys(Account, 0)
    for posting in postings:
        for transfer in posting.transfers:
            sums[transfer.debit] += transfer.amount
            sums[transfer.credit] -= transfer.amount
    return sums


def _amount_of(document: Invoice, *kinds: LineKind) -> int:
    return sum(line.amount for line in document.lines if line.kind in kinds)
