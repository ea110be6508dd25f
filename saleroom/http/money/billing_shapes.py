"""The shapes of billing: terms, invoices, folios, payments and cards as HTTP takes and gives them.

Owns: what those routes promise, as types. Invariant: amounts are whole numbers of the minor unit;
what only staff may know has a default, and is left out for everyone else; no number of a card and
no secret stands here but the one that its holder completes a setup with. Must not know: routes.
Source: decisions 0020 and 0021, issue 8 point 2.
"""

from __future__ import annotations

from typing import Annotated, Literal

import attrs

from saleroom.auction.money import AMOUNT_MAX
from saleroom.billing.terms import FEE_FIXED_MAX, FEE_RATE_MAX, RATE_MAX
from saleroom.http.catalogue.api_shapes import Paddle, PageLimit, Position
from saleroom.protocol.shapes import (
    ABSENT,
    Chars,
    EventId,
    Example,
    Items,
    Money,
    Text,
    Time,
    Version,
    Whole,
)

SIGNED_MOST = 1_000 * AMOUNT_MAX
Sum = Annotated[int, Whole(0, SIGNED_MOST), Example(12_500)]
Balance = Annotated[int, Whole(-SIGNED_MOST, SIGNED_MOST), Example(12_500)]
Rate = Annotated[int, Whole(0, RATE_MAX), Example(72_500)]
DocumentNumber = Annotated[int, Whole(1, 10**9), Example(17)]
PaymentId = Annotated[
    str, Chars(1, 64, "[A-Za-z0-9_]{1,64}"), Example("pay_0f3a5c7e9b1d2f4a6b8c0d1e")
]
LinkToken = Annotated[
    str, Chars(43, 43, "[A-Za-z0-9_-]{43}"), Example("k3JxVd0aK1mBq3JxVd0aK1mBq3JxVd0aK1mBq3JxVd0")
]
LineKey = Annotated[str, Chars(1, 64, "(sale|pledge):[0-9]{1,16}"), Example("sale:1043")]
SetupId = Annotated[str, Chars(1, 255, "[A-Za-z0-9_-]{1,255}"), Example("seti_1MzFFC2eZvKYlo2C")]
Kind = Literal["win", "purchase", "pledge"]
State = Literal["pending", "action", "authorized", "captured", "failed", "voided"]
HowPaid = Literal["card", "checkout", "cash", "cheque", "other"]
Account = Literal[
    "receivable",
    "sales",
    "premium",
    "tax",
    "donations",
    "fee_cover",
    "adjustments",
    "clearing",
    "cash",
    "cheques",
    "other",
    "refunds",
]


@attrs.frozen
class TermsView:
    """What an event adds to a hammer price, in parts per million; fees are the processor's."""

    premium_ppm: Rate
    tax_ppm: Rate
    fee_ppm: Annotated[int, Whole(0, FEE_RATE_MAX), Example(29_000)]
    fee_fixed: Annotated[int, Whole(0, FEE_FIXED_MAX), Example(30)]
    version: Version


@attrs.frozen
class LineView:
    """Something billed. `fmv` is null where the house has stated no fair market value."""

    key: LineKey
    kind: Kind
    lot: int
    title: str
    units: int
    unit_amount: int
    amount: Sum
    premium: Sum
    tax: Sum
    total: Sum
    fmv: Sum | None
    deductible: Sum


@attrs.frozen
class DocumentView:
    """An invoice, or a credit note that takes lines of the invoice `corrects` back."""

    event: EventId
    kind: Literal["invoice", "credit_note"]
    number: DocumentNumber
    label: str
    paddle: int
    currency: str
    at: Time
    lines: list[LineView]
    amount: Sum
    premium: Sum
    tax: Sum
    total: Sum
    deductible: Sum
    corrects: int | None
    reason: str | None
    by: str | None = ABSENT


@attrs.frozen
class DocumentPage:
    """A part of the documents; `next` is the cursor of the following part."""

    documents: list[DocumentView]
    next: int | None


@attrs.frozen
class DocumentQuery:
    """Which documents: those of a kind with a number past the cursor."""

    kind: Literal["invoice", "credit_note"] = "invoice"
    cursor: Position = 0
    limit: PageLimit = ABSENT


@attrs.frozen
class Billing:
    """Whether lines that were taken back by hand are billed again."""

    again: bool = False


@attrs.frozen
class Billed:
    """The documents that were made."""

    documents: list[DocumentView]


@attrs.frozen
class Crediting:
    """Which lines of an invoice are taken back, all that stand where none are named, and why."""

    reason: Text
    lines: Annotated[list[LineKey], Items(1, 100, is_set=True)] = ABSENT


@attrs.frozen
class Adjustment:
    """A part of what is owed that is forgiven (credit), or asked on top (charge), and why."""

    kind: Literal["credit", "charge"]
    amount: Money
    reason: Text


@attrs.frozen
class RefundView:
    """Money given back; `fee_cover` of it gives back what was added for the fee."""

    id: PaymentId
    amount: Sum
    fee_cover: Sum
    state: Literal["pending", "paid", "failed"]
    at: Time
    reason: str = ABSENT
    by: str = ABSENT
    error: str | None = ABSENT


@attrs.frozen
class PaymentView:
    """A payment. `charged` is the amount with what was added for the fee.

    `url`: the processor's page, on which the payer goes on. `error`: why it failed.
    """

    id: PaymentId
    method: HowPaid
    state: State
    amount: Sum
    fee_cover: Sum
    charged: Sum
    refunded: Sum
    held: bool
    at: Time
    url: str | None
    error: str | None
    refunds: list[RefundView]
    by: str = ABSENT
    note: str | None = ABSENT


@attrs.frozen
class CardView:
    """A card on file."""

    brand: str
    last4: str
    exp_month: int
    exp_year: int


@attrs.frozen
class FolioView:
    """What a paddle was billed, has paid and owes; `due` is not paid and not being paid.

    `balance` is below 0 where the house owes the paddle.
    """

    event: EventId
    title: str
    paddle: int
    currency: str
    balance: Balance
    due: Sum
    due_with_fee: Sum
    paid: Sum
    documents: list[DocumentView]
    payments: list[PaymentView]
    card: CardView | None


@attrs.frozen
class FolioRow:
    """A folio in figures."""

    paddle: int
    billed: Balance
    paid: Sum
    balance: Balance
    under_way: Sum


@attrs.frozen
class FolioPage:
    """A part of the folios; `next` is the cursor of the following part."""

    folios: list[FolioRow]
    next: int | None


@attrs.frozen
class TransferView:
    """An amount that leaves `credit` and comes to `debit`."""

    debit: Account
    credit: Account
    amount: Sum


@attrs.frozen
class EntryView:
    """A posting of the ledger."""

    number: int
    paddle: int
    kind: str
    reference: str
    at: Time
    by: str | None
    reason: str | None
    transfers: list[TransferView]


@attrs.frozen
class LedgerPage:
    """A part of the ledger; `next` is the cursor of the following part."""

    entries: list[EntryView]
    next: int | None


@attrs.frozen
class NewPayment:
    """A payment at the desk: by hand, or by the card that the paddle's holder has on file.

    `cover_fee`: what the processor keeps is added. `hold`: the card's money is held, not taken.
    """

    method: Literal["card", "cash", "cheque", "other"]
    amount: Money
    cover_fee: bool = False
    hold: bool = False
    note: Text | None = None


@attrs.frozen
class OwnPayment:
    """A payment by whoever has the link; the amount is what the page said, and must be due."""

    method: Literal["card", "checkout"]
    amount: Money
    cover_fee: bool = False


@attrs.frozen
class Capture:
    """How much of what is held is taken; all of it where no amount is named."""

    amount: Money = ABSENT


@attrs.frozen
class NewRefund:
    """How much is given back, and why."""

    amount: Money
    reason: Text


@attrs.frozen
class LinkView:
    """A checkout link, shown this once; a new one ends it."""

    url: str
    expires_at: Time


@attrs.frozen
class SetupView:
    """A setup that the card's holder completes with the processor's own library."""

    setup: SetupId
    client_secret: str = attrs.field(repr=False)
    publishable_key: str | None
    sandbox: bool


@attrs.frozen
class SetupDone:
    """The setup that was completed."""

    setup: SetupId


@attrs.frozen
class Heard:
    """Whether a webhook was about something of ours, and had not been taken in before."""

    taken: bool


@attrs.frozen
class SandboxChargeView:
    """A payment that would have been carried out."""

    payment: PaymentId
    event: EventId
    paddle: Paddle
    how: Literal["card", "checkout"]
    amount: Sum
    currency: str
    state: State
    refunded: Sum
    at: Time


@attrs.frozen
class SandboxPayments:
    """What would have been charged, the newest first; nothing where a processor is configured."""

    sandbox: bool
    charges: list[SandboxChargeView]
