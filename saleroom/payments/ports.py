"""The processor of cards: what it is asked, and what it says.

Owns: the shapes that cross to a processor and back, and the errors at that border. Invariant: an
answer is certain (a report, or `NotTaken`) or it is `ProcessorAway`; whatever may be asked again
bears a key by which the processor acts once. Must not know: which processor, the ledger.
Source: decision 0021, issue 8 point 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import attrs

from saleroom.billing.folio import Declined
from saleroom.billing.payment import PaymentState, RefundState


class ProcessorAway(Exception):
    """The processor gave no certain answer: what was asked may or may not have happened."""


class NotTaken(Exception):
    """The processor certainly did not do it. Its text is the processor's code for why."""


class WebhookRefused(Exception):
    """A webhook is forged, too old, or none."""


class NotDone(Exception):
    """A request about money that was declined; nothing was changed."""

    def __init__(self, code: str, detail: str | None = None, **extras: Any) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.extras: Mapping[str, Any] = extras

    @classmethod
    def of(cls, declined: Declined) -> NotDone:
        """Say what billing declined."""
        return cls(declined.code, declined.detail, **declined.extras)


@attrs.frozen
class Order:
    """A payment to carry out. payment: our id of it, the key by which it happens once."""

    payment: str
    event: str
    paddle: int
    amount: int
    currency: str


@attrs.frozen
class Stored:
    """A card that may be charged while its holder is away."""

    customer: str = attrs.field(repr=False)
    method: str = attrs.field(repr=False)


@attrs.frozen
class PaymentReport:
    """What the processor knows of a payment. payment: our id of it, where the report bears one.

    captured: what was taken, None while nothing was. url: where the payer goes on.
    """

    reference: str
    state: PaymentState
    payment: str | None = None
    captured: int | None = None
    url: str | None = attrs.field(default=None, repr=False)
    error: str | None = None


@attrs.frozen
class RefundReport:
    """What the processor knows of a refund. refund: our id of it, None for one made over there.

    is_disputed: a payer's bank has taken the money back, and gives it again when that FAILED. why:
    it was made over there.
    """

    reference: str
    payment_reference: str
    state: RefundState
    amount: int
    refund: str | None = None
    error: str | None = None
    is_disputed: bool = False
    why: str = "given back at the processor"


@attrs.frozen
class CardSetup:
    """A setup that the card's holder completes with the processor, by the secret."""

    customer: str = attrs.field(repr=False)
    setup: str
    client_secret: str = attrs.field(repr=False)


@attrs.frozen
class CardReport:
    """A setup as the processor knows it. event, user: whom it was begun for, as we noted there.

    method: None while it is not completed.
    """

    setup: str
    event: str | None
    user: str | None
    customer: str | None = attrs.field(repr=False)
    method: str | None = attrs.field(default=None, repr=False)
    brand: str | None = None
    last4: str | None = None
    exp_month: int | None = None
    exp_year: int | None = None


Report = PaymentReport | RefundReport | CardReport


@attrs.frozen
class ProcessorEvent:
    """A webhook that was verified. report: what it says, None when it is about nothing of ours."""

    id: str
    kind: str
    report: Report | None


class Processor(Protocol):
    """Whoever carries card payments out.

    Each call ends within its deadline and raises ProcessorAway or NotTaken, and nothing else. Sent
    again with the same ids it acts once.
    """

    @property
    def is_sandbox(self) -> bool:
        """Whether no money moves."""

    async def set_up_card(self, event: str, user: str, key: str) -> CardSetup:
        """Begin to keep a person's card."""

    async def card(self, setup: str) -> CardReport:
        """Look at a setup."""

    async def forget_customer(self, customer: str) -> None:
        """Remove a person and their cards over there."""

    async def charge(self, order: Order, card: Stored, *, is_held: bool) -> PaymentReport:
        """Charge a card while its holder is away. A card that is declined is a report: FAILED."""

    async def open_checkout(self, order: Order, back_to: str) -> PaymentReport:
        """Open a page on which the payer pays; `back_to` is where they return."""

    async def look(self, reference: str) -> PaymentReport:
        """Look at a payment by the processor's name of it."""

    async def capture(
        self, payment: str, reference: str, amount: int, currency: str
    ) -> PaymentReport:
        """Take what is held, or a part of it; the rest is let go."""

    async def void(self, reference: str) -> PaymentReport:
        """Let go what is held, or close a page that was not used. Says what it came to."""

    async def refund(self, refund: str, reference: str, amount: int, currency: str) -> RefundReport:
        """Give a part of a payment back. refund: our id of it."""

    async def look_at_refund(self, reference: str) -> RefundReport:
        """Look at a refund by the processor's name of it."""

    def read_webhook(self, body: bytes, signature: str | None) -> ProcessorEvent:
        """Verify and read a webhook. Raises WebhookRefused."""
