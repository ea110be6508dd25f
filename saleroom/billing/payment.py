"""Payments and refunds: their machines as tables.

Owns: the states of a payment and of a refund. Invariant: a payment changes only along the table,
and one that was captured stays so: what is given back is a refund. Amounts are in the minor unit.
Must not know: who carries a payment out. Source: decision 0021, issue 8 point 2.
"""

from __future__ import annotations

from enum import Enum

import attrs

from saleroom.billing.ledger import Account


class Method(Enum):
    """How somebody pays. card: one on file. checkout: on the processor's own page."""

    CARD = "card"
    CHECKOUT = "checkout"
    CASH = "cash"
    CHEQUE = "cheque"
    OTHER = "other"

    @property
    def is_by_hand(self) -> bool:
        """Whether a cashier takes it, so that no processor knows of it."""
        return self not in (Method.CARD, Method.CHECKOUT)

    @property
    def account(self) -> Account:
        """Where the money comes to."""
        return _ACCOUNTS.get(self, Account.CLEARING)


_ACCOUNTS = {
    Method.CASH: Account.CASH,
    Method.CHEQUE: Account.CHEQUES,
    Method.OTHER: Account.OTHER,
}


class PaymentState(Enum):
    """pending: asked of the processor, whose last word is not known. authorized: held, not taken.

    action: the payer must confirm it with their bank.
    """

    PENDING = "pending"
    ACTION = "action"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    FAILED = "failed"
    VOIDED = "voided"


class RefundState(Enum):
    """pending: asked of the processor, whose last word is not known."""

    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"


PAYMENT_MACHINE: dict[PaymentState, frozenset[PaymentState]] = {
    # What the processor says late, or out of order, counts only where it leads on. Money that it
    # took is recorded even of a payment that had been given up.
    PaymentState.PENDING: frozenset(
        {
            PaymentState.ACTION,
            PaymentState.AUTHORIZED,
            PaymentState.CAPTURED,
            PaymentState.FAILED,
            PaymentState.VOIDED,
        }
    ),
    PaymentState.ACTION: frozenset(
        {
            PaymentState.AUTHORIZED,
            PaymentState.CAPTURED,
            PaymentState.FAILED,
            PaymentState.VOIDED,
        }
    ),
    PaymentState.AUTHORIZED: frozenset({PaymentState.CAPTURED, PaymentState.VOIDED}),
    PaymentState.FAILED: frozenset({PaymentState.CAPTURED}),
    PaymentState.VOIDED: frozenset({PaymentState.CAPTURED}),
    PaymentState.CAPTURED: frozenset(),
}

REFUND_MACHINE: dict[RefundState, frozenset[RefundState]] = {
    RefundState.PENDING: frozenset({RefundState.PAID, RefundState.FAILED}),
    RefundState.PAID: frozenset({RefundState.FAILED}),  # the payer's bank sent it back
    RefundState.FAILED: frozenset(),
}

OPEN = frozenset({PaymentState.PENDING, PaymentState.ACTION, PaymentState.AUTHORIZED})
"""Money that may still come."""


@attrs.frozen
class Refund:
    """Money given back. reference: the processor's name of it. key: the asker's, unique by payment.

    fee_cover: how much of the amount gives back what was added for the fee.
    """

    id: str
    amount: int
    fee_cover: int
    reason: str
    key: str
    by: str
    at_ms: int
    state: RefundState = RefundState.PENDING
    reference: str | None = None
    error: str | None = None


@attrs.frozen
class Payment:
    """Money that comes in. amount: of what the paddle owes; fee_cover: added for the fee.

    key: the asker's id of it, unique by paddle. by: the user, or `link` for who came by a
    checkout link. reference: the processor's name of it. url: of the processor's page. is_held:
    authorized first, and captured by hand. asked: the amount that was asked for, of which a
    capture may take less.
    """

    id: str
    event: str
    paddle: int
    method: Method
    amount: int
    fee_cover: int
    key: str
    by: str
    at_ms: int
    is_held: bool = False
    state: PaymentState = PaymentState.PENDING
    reference: str | None = None
    url: str | None = attrs.field(default=None, repr=False)
    error: str | None = None
    note: str | None = None
    refunds: tuple[Refund, ...] = ()
    asked: int = attrs.field()

    @asked.default
    def _default_asked(self) -> int:
        return self.amount

    @property
    def charged(self) -> int:
        """What the payer is charged in all."""
        return self.amount + self.fee_cover

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def refunded(self) -> int:
        """What was given back, or is on its way."""
        return sum(refund.amount for refund in self._given_back())

    @property
    def fee_refunded(self) -> int:
        return sum(refund.fee_cover for refund in self._given_back())

    @property
    def refunds_pending(self) -> int:
        """What is on its way back, and may yet fail."""
        pending = (each for each in self.refunds if each.state is RefundState.PENDING)
        return sum(refund.amount for refund in pending)

    @property
    def left(self) -> int:
        """What may still be given back."""
        return self.charged - self.refunded if self.state is PaymentState.CAPTURED else 0

    def refund(self, id: str) -> Refund:
        """Give a refund. Raises KeyError."""
        return {refund.id: refund for refund in self.refunds}[id]

    def with_refund(self, refund: Refund) -> Payment:
        """Add a refund, or put it in the place of the one of its id."""
        others = {kept.id: kept for kept in self.refunds} | {refund.id: refund}
        return attrs.evolve(self, refunds=tuple(others.values()))

    def _given_back(self) -> list[Refund]:
        return [refund for refund in self.refunds if refund.state is not RefundState.FAILED]
