"""An evening's money: folios that tests of receipts share.

Owns: how a folio is put together. Invariant: each step is one that billing itself takes, so that
its ledger balances. Knows nothing of what is tested.
"""

from __future__ import annotations

from typing import Any

import attrs

from saleroom.billing.folio import Changes, Declined, Folio
from saleroom.billing.invoice import DocumentKind, Invoice, Line, LineKind
from saleroom.billing.invoicing import Act, adjust, bill, credit
from saleroom.billing.ledger import document_posting
from saleroom.billing.paying import (
    Elsewhere,
    Wanted,
    begin_payment,
    begin_refund,
    first_changes,
    refund_elsewhere,
    settle_payment,
    settle_refund,
    win_dispute,
)
from saleroom.billing.payment import Method, Payment, PaymentState, RefundState
from saleroom.billing.terms import BillingTerms
from saleroom.receipts.receipt import Buyer, Sale, Seller

EVENT, PADDLE = "gala", 101
TERMS = BillingTerms(premium_ppm=100_000, tax_ppm=72_500)
NOON_MS = 1_766_577_600_000  # 24 December 2025, 12:00 UTC
SELLER = Seller("Sea Rescue", "1 Pier\n28199 Bremen", "12/345/678", "desk@gala.example")
SALE = Sale(EVENT, "Harbour Lights Gala", "USD", SELLER, "en-US", "America/New_York")
BUYER = Buyer(PADDLE, "Ada Berg")


def win(seq: int, amount: int, fmv: int | None = None, **fields: Any) -> Line:
    premium = TERMS.premium(amount)
    tax = TERMS.tax(amount + premium)
    named = {"title": f"Lot {seq}", **fields}
    return Line(f"sale:{seq}", LineKind.WIN, seq, named["title"], 1, amount, premium, tax, fmv)


def pledge(seq: int, level: int, count: int = 1) -> Line:
    return Line(f"pledge:{seq}", LineKind.PLEDGE, 90, "The boat", count, level, 0, 0, 0)


@attrs.define
class Evening:
    """A folio that moves on step by step, a second at a time."""

    folio: Folio = attrs.field(factory=lambda: Folio(EVENT, PADDLE))
    at_ms: int = NOON_MS
    _made: int = 0

    def bill(self, *lines: Line) -> Invoice:
        """Bill these charges besides those billed before."""
        before = [line for document in self.folio.documents for line in document.lines]
        self.take(bill(self.folio, [*before, *lines], "USD", self.act(), is_again=False))
        return self.folio.documents[-1]

    def pay(
        self, amount: int, method: Method = Method.CARD, *, is_fee_covered: bool = False
    ) -> Payment:
        wanted = Wanted(method, amount, self.name("key"), "ann", is_fee_covered=is_fee_covered)
        act = self.act()
        payment = begin_payment(self.folio, wanted, self.name("pay"), TERMS, act.at_ms)
        assert isinstance(payment, Payment), payment
        self.take(first_changes(payment))
        if not method.is_by_hand:
            self.take(settle_payment(payment, PaymentState.CAPTURED, act))
        return self.folio.payments[-1]

    def refund(self, payment: Payment, amount: int) -> None:
        made = begin_refund(
            self.folio, payment.id, amount, "sorry", self.name("key"), self.name("ref"), self.act()
        )
        assert not isinstance(made, Declined), made
        self.take(made[1])

    def fail(self, payment: Payment) -> None:
        """Let the payer's bank send back what was given back last."""
        self.take(settle_refund(payment, payment.refunds[-1], RefundState.FAILED, self.act()))

    def dispute(self, payment: Payment, amount: int) -> None:
        """Let the payer's bank take money back."""
        made = Elsewhere(self.name("du"), RefundState.PAID, amount)
        self.take(refund_elsewhere(self.folio, payment, made, self.act().at_ms))

    def win(self, payment: Payment) -> None:
        """Win the newest dispute."""
        refund = payment.refunds[-1]
        self.take(win_dispute(self.folio, payment, refund, self.act().at_ms))

    def credit(self, invoice: Invoice, *keys: str) -> None:
        self.take(credit(self.folio, invoice.number, keys or None, "returned", self.act()))

    def forgive(self, amount: int) -> None:
        self.take(adjust(self.folio, amount, "a wish", self.name("k"), self.act(), is_credit=True))

    def ask_more(self, amount: int) -> None:
        self.take(adjust(self.folio, amount, "damage", self.name("k"), self.act(), is_credit=False))

    def take(self, changes: Changes | Declined) -> None:
        """Write changes as a store does."""
        assert isinstance(changes, Changes), changes
        documents: list[Invoice] = []
        for document in changes.documents:
            kept = (*self.folio.documents, *documents)
            number = 1 + sum(one.kind is document.kind for one in kept)
            documents.append(attrs.evolve(document, number=number))
        payments = {payment.id: payment for payment in (*self.folio.payments, *changes.payments)}
        self.folio = attrs.evolve(
            self.folio,
            documents=(*self.folio.documents, *documents),
            payments=tuple(payments.values()),
            postings=(
                *self.folio.postings,
                *map(document_posting, documents),
                *changes.postings,
            ),
        )

    def changes(self) -> Changes:
        """Give all of it as one change to an empty folio, as a store takes it."""
        own = [attrs.evolve(document, number=0) for document in self.folio.documents]
        of_documents = {document_posting(document) for document in self.folio.documents}
        postings = [each for each in self.folio.postings if each not in of_documents]
        return Changes(tuple(own), self.folio.payments, tuple(postings))

    def act(self) -> Act:
        self.at_ms += 1_000
        return Act(self.at_ms, "clara")

    def name(self, kind: str) -> str:
        self._made += 1
        return f"{kind}-{self._made:04d}"

    @property
    def invoices(self) -> list[Invoice]:
        return [d for d in self.folio.documents if d.kind is DocumentKind.INVOICE]
