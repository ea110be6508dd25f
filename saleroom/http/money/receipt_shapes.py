"""The shapes of receipts and of an event's sums.

Owns: what those routes promise, as types. Invariant: every amount is in the minor unit of the
event's currency. Must not know: routes. Source: issue 8 point 4.
"""

from __future__ import annotations

from typing import Annotated, Literal

import attrs

from saleroom.http.catalogue.api_shapes import Locale
from saleroom.protocol.shapes import Example, Whole

InvoiceNumber = Annotated[int, Whole(1, 10**6), Example(17)]
Year = Annotated[int, Whole(2000, 2999), Example(2026)]


@attrs.frozen
class ReceiptLineView:
    """A line of an invoice. `fmv`: null where nobody has stated one, and then nothing is a gift."""

    kind: Literal["win", "purchase", "pledge"]
    lot: int
    title: str
    units: int
    unit_amount: int
    premium: int
    tax: int
    total: int
    paid: int
    fmv: int | None
    deductible: int


@attrs.frozen
class ReceiptPaymentView:
    """Money that paid for it, what was given back taken off."""

    method: Literal["card", "checkout", "cash", "cheque", "other"]
    at: int
    amount: int


@attrs.frozen
class ReceiptView:
    """The receipt of a settled invoice. `paid` includes what covers the processor's fee."""

    event: str
    title: str
    currency: str
    organisation: str
    invoice: int
    label: str
    invoiced_at: int
    paddle: int
    name: str | None
    lines: list[ReceiptLineView]
    payments: list[ReceiptPaymentView]
    fee_cover: int
    paid: int
    deductible: int


@attrs.frozen
class StatementQuery:
    """In which language; that of the last event without one."""

    locale: Locale | None = None


@attrs.frozen
class KindSumView:
    """How many lines stand, and their hammer prices or pledges."""

    lines: int
    amount: int


@attrs.frozen
class LotSumView:
    """What stands on invoices of a lot, without premium and tax."""

    lot: int
    title: str
    units: int
    amount: int


@attrs.frozen
class ReceivedView:
    """Money by the way that it came, what was given back taken off."""

    card: int
    cash: int
    cheques: int
    other: int


@attrs.frozen
class SummaryView:
    """An event in figures.

    `billed` is gross, premium, tax and adjustments. `credit` is owed to paddles. `fees` are what
    the processor keeps by the event's terms, and `net` is `received_sum` without them.
    """

    currency: str
    paddles: int
    gross: int
    wins: KindSumView
    purchases: KindSumView
    pledges: KindSumView
    premium: int
    tax: int
    adjustments: int
    billed: int
    fee_cover: int
    received: ReceivedView
    received_sum: int
    refunded: int
    refunds_under_way: int
    unpaid: int
    credit: int
    fees: int
    net: int
    top_lots: list[LotSumView]
