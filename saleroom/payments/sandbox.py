"""The sandbox: a processor that moves no money and shows what would have been charged.

Owns: what was asked of it since the start, a bounded list. Invariant: it answers as a processor
does whose cards are all good; it takes no webhooks. Must not know: the ledger.
Source: issue 8 point 5.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

import attrs
import trio

from saleroom.billing.payment import PaymentState, RefundState
from saleroom.payments.ports import (
    CardReport,
    CardSetup,
    NotTaken,
    Order,
    PaymentReport,
    ProcessorEvent,
    RefundReport,
    Stored,
    WebhookRefused,
)

KEPT_MOST = 1_000
SANDBOX_CARD = CardReport("", None, None, None, None, "visa", "4242", 12, 2099)
"""The number that every processor's test mode knows."""


@attrs.frozen
class SandboxCharge:
    """A payment that would have been carried out. how: card or checkout."""

    order: Order
    how: str
    at_ms: int
    report: PaymentReport
    refunds: tuple[RefundReport, ...] = ()


@attrs.define(eq=False)
class SandboxProcessor:
    """A `Processor` without keys. now_ms: the wall clock."""

    now_ms: Callable[[], int] = lambda: int(time.time() * 1000)
    _kept: OrderedDict[str, SandboxCharge] = attrs.field(init=False, factory=OrderedDict)
    _setups: OrderedDict[str, CardReport] = attrs.field(init=False, factory=OrderedDict)

    @property
    def is_sandbox(self) -> bool:
        return True

    def charges(self) -> list[SandboxCharge]:
        """Give what would have been charged, the newest first."""
        return list(reversed(self._kept.values()))

    async def set_up_card(self, event: str, user: str, key: str) -> CardSetup:
        await trio.lowlevel.checkpoint()
        setup = CardSetup(f"sandbox_cus_{key}", f"sandbox_seti_{key}", f"sandbox_secret_{key}")
        self._setups[setup.setup] = attrs.evolve(
            SANDBOX_CARD,
            setup=setup.setup,
            event=event,
            user=user,
            customer=setup.customer,
            method=f"sandbox_pm_{key}",
        )
        if len(self._setups) > KEPT_MOST:
            self._setups.popitem(last=False)
        return setup

    async def card(self, setup: str) -> CardReport:
        await trio.lowlevel.checkpoint()
        if setup not in self._setups:
            raise NotTaken("resource_missing")
        return self._setups[setup]

    async def forget_customer(self, customer: str) -> None:
        await trio.lowlevel.checkpoint()

    async def charge(self, order: Order, card: Stored, *, is_held: bool) -> PaymentReport:
        await trio.lowlevel.checkpoint()
        return self._take(order, "card", is_held=is_held)

    async def open_checkout(self, order: Order, back_to: str) -> PaymentReport:
        """Take the money at once: there is no page to be shown."""
        await trio.lowlevel.checkpoint()
        return self._take(order, "checkout", is_held=False)

    async def look(self, reference: str) -> PaymentReport:
        await trio.lowlevel.checkpoint()
        return self._charge(reference).report

    async def capture(
        self, payment: str, reference: str, amount: int, currency: str
    ) -> PaymentReport:
        await trio.lowlevel.checkpoint()
        return self._change(reference, PaymentState.CAPTURED, amount)

    async def void(self, reference: str) -> PaymentReport:
        await trio.lowlevel.checkpoint()
        if self._charge(reference).report.state is PaymentState.CAPTURED:
            return self._charge(reference).report
        return self._change(reference, PaymentState.VOIDED, None)

    async def refund(self, refund: str, reference: str, amount: int, currency: str) -> RefundReport:
        await trio.lowlevel.checkpoint()
        made = RefundReport(f"sandbox_{refund}", reference, RefundState.PAID, amount, refund)
        charge = self._kept.get(reference)
        if charge is not None and made not in charge.refunds:
            self._kept[reference] = attrs.evolve(charge, refunds=(*charge.refunds, made))
        return made

    async def look_at_refund(self, reference: str) -> RefundReport:
        await trio.lowlevel.checkpoint()
        for charge in self._kept.values():
            for made in charge.refunds:
                if made.reference == reference:
                    return made
        raise NotTaken("resource_missing")

    def read_webhook(self, body: bytes, signature: str | None) -> ProcessorEvent:
        raise WebhookRefused("no processor is configured")

    def _take(self, order: Order, how: str, *, is_held: bool) -> PaymentReport:
        reference = f"sandbox_{order.payment}"
        if reference not in self._kept:
            state = PaymentState.AUTHORIZED if is_held else PaymentState.CAPTURED
            captured = None if is_held else order.amount
            report = PaymentReport(reference, state, order.payment, captured)
            self._kept[reference] = SandboxCharge(order, how, self.now_ms(), report)
            if len(self._kept) > KEPT_MOST:
                self._kept.popitem(last=False)
        return self._kept[reference].report

    def _charge(self, reference: str) -> SandboxCharge:
        if reference not in self._kept:
            raise NotTaken("resource_missing")
        return self._kept[reference]

    def _change(self, reference: str, state: PaymentState, captured: int | None) -> PaymentReport:
        charge = self._charge(reference)
        report = attrs.evolve(charge.report, state=state, captured=captured)
        self._kept[reference] = attrs.evolve(charge, report=report)
        return report
