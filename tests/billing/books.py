"""The books: what always holds of a folio's money, whoever wrote it last.

Owns: the check. Invariant: it looks at what is kept alone, never at how it came about.
Source: decisions 0020 and 0021, issue 8 "the ledger balances after every test".
"""

from __future__ import annotations

from saleroom.billing.folio import Folio
from saleroom.billing.invoice import standing_lines
from saleroom.billing.ledger import Account, balances
from saleroom.billing.payment import PaymentState

MONEY = (Account.CLEARING, Account.CASH, Account.CHEQUES, Account.OTHER)
INCOMES = (Account.SALES, Account.PREMIUM, Account.TAX, Account.DONATIONS)


def check_books(folio: Folio) -> None:
    """Hold a folio's ledger against its documents and its payments."""
    sums = balances(folio.postings)
    assert sum(sums.values()) == 0
    assert all(transfer.amount > 0 for posting in folio.postings for transfer in posting.transfers)
    on_its_way = -sums[Account.REFUNDS]
    assert on_its_way >= 0
    assert sum(sums[account] for account in MONEY) - on_its_way == folio.paid
    billed = sum(line.total for _, line in standing_lines(folio.documents).values())
    assert -sum(sums[account] for account in INCOMES) == billed
    assert sums[Account.FEE_COVER] <= 0
    assert sums[Account.RECEIVABLE] == folio.balance
    for payment in folio.payments:
        assert 0 <= payment.refunded <= payment.charged
        assert payment.state is PaymentState.CAPTURED or not payment.refunds
    assert len([payment for payment in folio.payments if payment.is_open]) <= 1
