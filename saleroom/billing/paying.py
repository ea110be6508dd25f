"""Paying: what a payment, a capture, a void and a refund do to a folio.

Owns: which payments are taken, and what is posted when the processor has spoken. Invariant: no two
payments are under way for the same money; what is given back never exceeds what was taken; a
repeated request, answer or webhook changes nothing. Must not know: which processor.
Source: decision 0021, issue 8 point 2 and "Bad input".
"""

from __future__ import annotations

import attrs

from saleroom.auction.money import AMOUNT_MAX
from saleroom.billing.folio import Changes, Declined, Folio
from saleroom.billing.invoicing import Act
from saleroom.billing.ledger import Account, Posting, PostingKind, transfers
from saleroom.billing.payment import (
    PAYMENT_MACHINE,
    REFUND_MACHINE,
    Method,
    Payment,
    PaymentState,
    Refund,
    RefundState,
)
from saleroom.billing.terms import BillingTerms

PROCESSOR = "processor"
"""Who gave money back at the processor's own desk, or took it back."""


@attrs.frozen
class Wanted:
    """A payment that is asked for. is_exact: the payer saw a page, and pays what it said."""

    method: Method
    amount: int
    key: str
    by: str
    is_fee_covered: bool = False
    is_held: bool = False
    is_exact: bool = False
    note: str | None = None


def begin_payment(
    folio: Folio, wanted: Wanted, id: str, terms: BillingTerms, at_ms: int
) -> Payment | Declined:
    """Give the payment to carry out: the first one, when the key was used for the same.

    A payment by hand is captured as it begins.
    """
    cover = terms.fee_cover(wanted.amount) if wanted.is_fee_covered else 0
    made = Payment(
        id,
        folio.event,
        folio.paddle,
        wanted.method,
        wanted.amount,
        cover,
        wanted.key,
        wanted.by,
        at_ms,
        is_held=wanted.is_held,
        note=wanted.note,
    )
    for known in folio.payments:
        if known.key == wanted.key:
            return known if _is_same(known, made) else Declined("ID_REUSED")
    if wanted.method.is_by_hand and (wanted.is_fee_covered or wanted.is_held):
        return Declined("INVALID_FIELD", {"field": "cover_fee"}, "a card alone has a fee, or holds")
    if wanted.amount < 1 or made.charged > AMOUNT_MAX:
        return Declined("INVALID_AMOUNT")
    under_way = folio.open_payment
    if under_way is not None and not wanted.method.is_by_hand:
        return Declined("PAYMENT_UNDER_WAY", {"payment": under_way.id})
    if wanted.is_exact and wanted.amount != folio.due:
        return Declined("AMOUNT_CHANGED", {"due": folio.due})
    if wanted.amount > folio.due:
        return Declined("MORE_THAN_DUE", {"due": folio.due})
    return made


def first_changes(payment: Payment) -> Changes:
    """Give what is written before anybody is charged."""
    if payment.method.is_by_hand:
        return settle_payment(payment, PaymentState.CAPTURED, Act(payment.at_ms, payment.by))
    return Changes(payments=(payment,))


def settle_payment(
    payment: Payment,
    state: PaymentState,
    act: Act,
    *,
    captured: int | None = None,
    reference: str | None = None,
    url: str | None = None,
    error: str | None = None,
) -> Changes:
    """Take over what is known of a payment now; what does not lead on changes nothing.

    captured: what was taken in all, when it may be less than was asked.
    """
    known = attrs.evolve(
        payment,
        reference=reference or payment.reference,
        url=url or payment.url,
        error=error,
    )
    if state not in PAYMENT_MACHINE[payment.state]:
        known = attrs.evolve(known, error=payment.error)
        return Changes() if known == payment else Changes(payments=(known,))
    known = attrs.evolve(known, state=state)
    if state is not PaymentState.CAPTURED:
        return Changes(payments=(known,))
    taken = payment.charged if captured is None else captured
    amount = min(payment.amount, taken)
    known = attrs.evolve(known, amount=amount, fee_cover=taken - amount)
    account = payment.method.account
    moves = transfers(
        (account, Account.RECEIVABLE, known.amount),
        (account, Account.FEE_COVER, known.fee_cover),
    )
    posting = Posting(PostingKind.PAYMENT, payment.id, act.at_ms, moves, act.by, payment.note)
    return Changes(payments=(known,), postings=(posting,))


def begin_refund(
    folio: Folio, payment_id: str, amount: int, reason: str, key: str, id: str, act: Act
) -> tuple[Refund, Changes] | Declined:
    """Give back a part of a payment, or all of it; the first refund, when the key was used for it.

    What the house owes the paddle is used up first, and the rest is forgiven: a refund makes nobody
    owe again. What was added for the fee is given back last.
    """
    payment = folio.payment(payment_id)
    if payment is None:
        return Declined("UNKNOWN_PAYMENT")
    for known in payment.refunds:
        if known.key == key:
            is_same = (known.amount, known.reason) == (amount, reason)
            return (known, Changes()) if is_same else Declined("ID_REUSED")
    if payment.state is not PaymentState.CAPTURED:
        return Declined("NOT_CAPTURED", {"state": payment.state.value})
    if amount > payment.left:
        return Declined("REFUND_TOO_HIGH", {"left": payment.left})
    assert act.by is not None
    refund = _refund(payment, amount, reason, key, id, act.by, act.at_ms)
    opened = payment.with_refund(refund)
    postings = [_refund_posting(folio, refund, act)]
    if payment.method.is_by_hand:
        opened = opened.with_refund(attrs.evolve(refund, state=RefundState.PAID))
        postings.append(_paid_posting(payment, refund, act))
    return opened.refund(id), Changes(payments=(opened,), postings=tuple(postings))


def settle_refund(
    payment: Payment,
    refund: Refund,
    state: RefundState,
    act: Act,
    *,
    reference: str | None = None,
    error: str | None = None,
) -> Changes:
    """Take over what is known of a refund now; what does not lead on changes nothing."""
    known = attrs.evolve(refund, reference=reference or refund.reference)
    if state not in REFUND_MACHINE[refund.state]:
        changed = payment.with_refund(known)
        return Changes() if changed == payment else Changes(payments=(changed,))
    known = attrs.evolve(known, state=state, error=error)
    postings = []
    if state is RefundState.PAID:
        postings.append(_paid_posting(payment, refund, act))
    else:
        if refund.state is RefundState.PAID:
            moves = transfers((payment.method.account, Account.REFUNDS, refund.amount))
            postings.append(Posting(PostingKind.REFUND_FAILED, refund.id, act.at_ms, moves))
        moves = transfers(
            (Account.REFUNDS, Account.RECEIVABLE, refund.amount - refund.fee_cover),
            (Account.REFUNDS, Account.FEE_COVER, refund.fee_cover),
        )
        postings.append(Posting(PostingKind.REFUND_FAILED, refund.id, act.at_ms, moves))
    return Changes(payments=(payment.with_refund(known),), postings=tuple(postings))


@attrs.frozen
class Elsewhere:
    """Money that was given back at the processor's own desk, or taken back by the payer's bank.

    name: the processor's.
    """

    name: str
    state: RefundState
    amount: int
    why: str = "given back at the processor"


def refund_elsewhere(folio: Folio, payment: Payment, made: Elsewhere, at_ms: int) -> Changes:
    """Record what was given back over there, once, as far as it can be.

    One that has failed moves nothing, and is kept so that older word of it counts no more.
    """
    is_known = any(refund.reference == made.name for refund in payment.refunds)
    if is_known or made.state is RefundState.PENDING or made.amount < 1:
        return Changes()
    if payment.state is not PaymentState.CAPTURED:
        return Changes()
    act = Act(at_ms, PROCESSOR)
    opened = _refund(payment, made.amount, made.why, made.name, made.name, PROCESSOR, at_ms)
    refund = attrs.evolve(opened, state=made.state, reference=made.name)
    if made.state is RefundState.FAILED:
        return Changes(payments=(payment.with_refund(refund),))
    if made.amount > payment.left:
        return Changes()
    postings = (_refund_posting(folio, refund, act), _paid_posting(payment, refund, act))
    return Changes(payments=(payment.with_refund(refund),), postings=postings)


def win_dispute(folio: Folio, payment: Payment, refund: Refund, at_ms: int) -> Changes:
    """Take money in again that a bank had taken back: all stands as if it never had."""
    if RefundState.FAILED not in REFUND_MACHINE[refund.state]:
        return Changes()
    kinds = (PostingKind.REFUND, PostingKind.REFUND_PAID)
    undone = [
        Posting(
            PostingKind.REFUND_FAILED,
            refund.id,
            at_ms,
            transfers(*((move.credit, move.debit, move.amount) for move in posting.transfers)),
            reason="the dispute was won",
        )
        for posting in reversed(folio.postings)
        if posting.kind in kinds and posting.reference == refund.id
    ]
    ended = payment.with_refund(attrs.evolve(refund, state=RefundState.FAILED))
    return Changes(payments=(ended,), postings=tuple(undone))


def _refund(
    payment: Payment, amount: int, reason: str, key: str, id: str, by: str, at_ms: int
) -> Refund:
    of_amount = payment.amount - (payment.refunded - payment.fee_refunded)
    return Refund(id, amount, max(0, amount - of_amount), reason, key, by, at_ms)


def _refund_posting(folio: Folio, refund: Refund, act: Act) -> Posting:
    of_amount = refund.amount - refund.fee_cover
    owed_to_payer = min(of_amount, max(0, -folio.balance))
    moves = transfers(
        (Account.RECEIVABLE, Account.REFUNDS, owed_to_payer),
        (Account.ADJUSTMENTS, Account.REFUNDS, of_amount - owed_to_payer),
        (Account.FEE_COVER, Account.REFUNDS, refund.fee_cover),
    )
    return Posting(PostingKind.REFUND, refund.id, act.at_ms, moves, act.by, refund.reason)


def _paid_posting(payment: Payment, refund: Refund, act: Act) -> Posting:
    moves = transfers((Account.REFUNDS, payment.method.account, refund.amount))
    return Posting(PostingKind.REFUND_PAID, refund.id, act.at_ms, moves, act.by)


def _is_same(known: Payment, made: Payment) -> bool:
    """Say whether a repeated key asks for the same; a capture may have taken less since."""
    return (
        (known.method, known.is_held, known.note) == (made.method, made.is_held, made.note)
        and known.asked == made.asked
        and bool(known.fee_cover) == bool(made.fee_cover)
    )
