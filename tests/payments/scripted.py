"""A processor that does as a test says: it loses answers, declines, and counts what it took.

Owns: the money that it took, by our own ids. Invariant: as a real one it acts once for an id,
however often it is asked, and acts before an answer is lost. Must not know: the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import trio

from saleroom.billing.payment import PaymentState, RefundState
from saleroom.payments.ports import (
    CardReport,
    CardSetup,
    NotTaken,
    Order,
    PaymentReport,
    ProcessorAway,
    ProcessorEvent,
    RefundReport,
    Stored,
    WebhookRefused,
)

CARD = CardReport("", None, None, None, None, "visa", "4242", 12, 2030)


@attrs.define(eq=False)
class ScriptedProcessor:
    """loses: how many of the next answers about money are lost. declines: the next card's code.

    taken, given_back: what moved, by our ids. events: what a webhook's body stands for.
    """

    loses: int = 0
    declines: str | None = None
    taken: dict[str, int] = attrs.field(factory=dict)
    given_back: dict[str, int] = attrs.field(factory=dict)
    events: Mapping[bytes, ProcessorEvent] = attrs.field(factory=dict)
    forgotten: list[str] = attrs.field(factory=list)
    _setups: dict[str, CardReport] = attrs.field(factory=dict)
    _reports: dict[str, PaymentReport] = attrs.field(factory=dict)

    @property
    def is_sandbox(self) -> bool:
        return False

    async def set_up_card(self, event: str, user: str, key: str) -> CardSetup:
        await trio.lowlevel.checkpoint()
        report = attrs.evolve(
            CARD, setup=f"seti_{key}", event=event, user=user, customer=f"cus_{key}"
        )
        self._setups[report.setup] = report
        return CardSetup(f"cus_{key}", report.setup, f"secret_{key}")

    def complete(self, setup: str) -> None:
        """Do what the card's holder does over there."""
        self._setups[setup] = attrs.evolve(self._setups[setup], method=f"pm_{setup}")

    async def card(self, setup: str) -> CardReport:
        await trio.lowlevel.checkpoint()
        if setup not in self._setups:
            raise NotTaken("resource_missing")
        return self._setups[setup]

    async def forget_customer(self, customer: str) -> None:
        await trio.lowlevel.checkpoint()
        self.forgotten.append(customer)

    async def charge(self, order: Order, card: Stored, *, is_held: bool) -> PaymentReport:
        reference = f"pi_{order.payment}"
        if reference not in self._reports:
            if self.declines is not None:
                state, error, self.declines = PaymentState.FAILED, self.declines, None
                report = PaymentReport(reference, state, order.payment, error=error)
            elif is_held:
                report = PaymentReport(reference, PaymentState.AUTHORIZED, order.payment)
            else:
                report = self._take(reference, order.payment, order.amount)
            self._reports[reference] = report
        return await self._answer(self._reports[reference])

    async def open_checkout(self, order: Order, back_to: str) -> PaymentReport:
        reference = f"cs_{order.payment}"
        url = f"https://pay.example/{reference}"
        report = PaymentReport(reference, PaymentState.PENDING, order.payment, url=url)
        self._reports.setdefault(reference, report)
        return await self._answer(self._reports[reference])

    def pay_page(self, payment: str, amount: int) -> PaymentReport:
        """Do what the payer does on the page."""
        report = self._take(f"pi_{payment}", payment, amount)
        self._reports[f"cs_{payment}"] = self._reports[f"pi_{payment}"] = report
        return report

    async def look(self, reference: str) -> PaymentReport:
        if reference not in self._reports:
            await trio.lowlevel.checkpoint()
            raise NotTaken("resource_missing")
        return await self._answer(self._reports[reference])

    async def capture(
        self, payment: str, reference: str, amount: int, currency: str
    ) -> PaymentReport:
        self._reports[reference] = self._take(reference, payment, amount)
        return await self._answer(self._reports[reference])

    async def void(self, reference: str) -> PaymentReport:
        report = self._reports[reference]
        if report.state is not PaymentState.CAPTURED:
            report = attrs.evolve(report, state=PaymentState.VOIDED, url=None)
            self._reports[reference] = report
        return await self._answer(report)

    async def refund(self, refund: str, reference: str, amount: int, currency: str) -> RefundReport:
        if self.declines is not None:
            await trio.lowlevel.checkpoint()
            why, self.declines = self.declines, None
            raise NotTaken(why)
        self.given_back[refund] = amount
        report = RefundReport(f"re_{refund}", reference, RefundState.PAID, amount, refund)
        await self._answer(PaymentReport("", PaymentState.PENDING))
        return report

    async def look_at_refund(self, reference: str) -> RefundReport:
        await trio.lowlevel.checkpoint()
        raise NotTaken("resource_missing")

    def read_webhook(self, body: bytes, signature: str | None) -> ProcessorEvent:
        if signature != "good" or body not in self.events:
            raise WebhookRefused("the signature does not hold, or is too old")
        return self.events[body]

    def _take(self, reference: str, payment: str, amount: int) -> PaymentReport:
        self.taken[payment] = amount
        return PaymentReport(reference, PaymentState.CAPTURED, payment, amount)

    async def _answer(self, report: PaymentReport) -> PaymentReport:
        await trio.lowlevel.checkpoint()
        if self.loses:
            self.loses -= 1
            raise ProcessorAway("the answer was lost")
        return report
