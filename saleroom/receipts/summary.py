"""An event's sums for its organiser: what was sold, what came in, what is still owed.

Owns: how an event's ledger and documents add up. Invariant: every sum of money is the ledger's; the
order of documents and postings changes nothing. Amounts are in the minor unit. Must not know: who
asks, where they are kept. Source: issue 8 point 4, decision 0025.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import attrs

from saleroom.auction.money import share
from saleroom.billing.invoice import DocumentKind, Invoice, LineKind
from saleroom.billing.ledger import Account, Entry, PostingKind
from saleroom.billing.terms import MILLION, BillingTerms

TOP_LOTS = 10


@attrs.frozen
class KindSum:
    """What stands of one kind of line: how many, and their hammer prices or pledges."""

    lines: int
    amount: int


@attrs.frozen
class LotSum:
    """What stands on invoices of a lot, without premium and tax."""

    lot: int
    title: str
    units: int
    amount: int


@attrs.frozen
class Received:
    """Money by the way that it came, what was given back taken off."""

    card: int
    cash: int
    cheques: int
    other: int


@attrs.frozen
class Summary:
    """An event in figures.

    gross: hammer prices, purchases and pledges. adjustments: what was asked on top, less what was
    forgiven. billed: all that paddles were asked for. refunded: given back, taken back by payers'
    banks, or on its way, of which refunds_under_way is. unpaid: what paddles owe; credit: what the
    house owes to paddles. fees: what the processor keeps of card payments, by the event's terms,
    not by its statement.
    """

    paddles: int
    gross: int
    wins: KindSum
    purchases: KindSum
    pledges: KindSum
    premium: int
    tax: int
    adjustments: int
    billed: int
    fee_cover: int
    received: Received
    received_sum: int
    refunded: int
    refunds_under_way: int
    unpaid: int
    credit: int
    fees: int
    net: int
    top_lots: tuple[LotSum, ...]


@attrs.define
class Reckoning:
    """Takes an event's documents and postings, in any order, and adds them up."""

    _lines: Counter[LineKind] = attrs.field(init=False, factory=Counter)
    _amounts: Counter[LineKind] = attrs.field(init=False, factory=Counter)
    _lots: dict[int, LotSum] = attrs.field(init=False, factory=dict)
    _balances: Counter[Account] = attrs.field(init=False, factory=Counter)
    _owed: Counter[int] = attrs.field(init=False, factory=Counter)
    _charges: list[int] = attrs.field(init=False, factory=list)
    _refunded: int = attrs.field(init=False, default=0)

    def take_document(self, document: Invoice) -> None:
        """Add an invoice's lines, or take a credit note's off."""
        sign = 1 if document.kind is DocumentKind.INVOICE else -1
        for line in document.lines:
            self._lines[line.kind] += sign
            self._amounts[line.kind] += sign * line.amount
            known = self._lots.get(line.lot, LotSum(line.lot, line.title, 0, 0))
            self._lots[line.lot] = attrs.evolve(
                known,
                units=known.units + sign * line.units,
                amount=known.amount + sign * line.amount,
            )

    def take_entry(self, entry: Entry) -> None:
        """Add a posting of the ledger."""
        posting = entry.posting
        self._owed[entry.paddle] += 0
        for transfer in posting.transfers:
            self._balances[transfer.debit] += transfer.amount
            self._balances[transfer.credit] -= transfer.amount
            if transfer.debit is Account.RECEIVABLE:
                self._owed[entry.paddle] += transfer.amount
            if transfer.credit is Account.RECEIVABLE:
                self._owed[entry.paddle] -= transfer.amount
        charged = sum(t.amount for t in posting.transfers if t.debit is Account.CLEARING)
        if posting.kind is PostingKind.PAYMENT and charged:
            self._charges.append(charged)
        if posting.kind is PostingKind.REFUND:
            self._refunded += sum(transfer.amount for transfer in posting.transfers)
        if posting.kind is PostingKind.REFUND_FAILED:
            self._refunded -= sum(
                transfer.amount
                for transfer in posting.transfers
                if transfer.debit is Account.REFUNDS
            )

    def summary(self, terms: BillingTerms) -> Summary:
        """Add up what was taken."""
        balance = self._balances
        received = Received(
            balance[Account.CLEARING],
            balance[Account.CASH],
            balance[Account.CHEQUES],
            balance[Account.OTHER],
        )
        received_sum = sum(attrs.astuple(received))
        rate = Fraction(terms.fee_ppm, MILLION)
        fees = sum(share(charged, rate) + terms.fee_fixed for charged in self._charges)
        gross = -balance[Account.SALES] - balance[Account.DONATIONS]
        premium, tax = -balance[Account.PREMIUM], -balance[Account.TAX]
        adjustments = -balance[Account.ADJUSTMENTS]
        sold = (lot for lot in self._lots.values() if lot.amount)
        return Summary(
            paddles=len(self._owed),
            gross=gross,
            wins=self._kind(LineKind.WIN),
            purchases=self._kind(LineKind.PURCHASE),
            pledges=self._kind(LineKind.PLEDGE),
            premium=premium,
            tax=tax,
            adjustments=adjustments,
            billed=gross + premium + tax + adjustments,
            fee_cover=-balance[Account.FEE_COVER],
            received=received,
            received_sum=received_sum,
            refunded=self._refunded,
            refunds_under_way=-balance[Account.REFUNDS],
            unpaid=sum(owed for owed in self._owed.values() if owed > 0),
            credit=-sum(owed for owed in self._owed.values() if owed < 0),
            fees=fees,
            net=received_sum - fees,
            top_lots=tuple(sorted(sold, key=lambda lot: (-lot.amount, lot.lot))[:TOP_LOTS]),
        )

    def _kind(self, kind: LineKind) -> KindSum:
        return KindSum(self._lines[kind], self._amounts[kind])
