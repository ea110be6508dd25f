"""A processor of cards that keeps true books of its own, and whose messengers are unreliable.

Owns: every payment, page and refund over there, and what it has to tell of them. Invariant: it acts
once for an id and then gives its first answer, as a real one does; what moved is told by `in_hand`,
whatever was lost on the way. An answer is lost before or after the act; what it tells is delivered
late, twice, out of order. Must not know: the ledger, our payments. Source: decision 0021.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

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

FAILED = RefundState.FAILED
T = TypeVar("T")


@attrs.define(eq=False)
class Intent:
    """A payment over there. name: its reference. page: the Checkout page that it was made by."""

    name: str
    payment: str
    amount: int
    state: PaymentState
    captured: int = 0
    page: str | None = None
    refunds: dict[str, RefundReport] = attrs.field(factory=dict)

    @property
    def left(self) -> int:
        """What may still be given back."""
        given = (made.amount for made in self.refunds.values() if made.state is not FAILED)
        return self.captured - sum(given)

    @property
    def report(self) -> PaymentReport:
        if self.state is PaymentState.CAPTURED:
            return PaymentReport(self.name, self.state, self.payment, self.captured)
        if self.page is None:
            return PaymentReport(self.name, self.state, self.payment)
        url = f"https://pay.example/{self.page}" if self.state is PaymentState.PENDING else None
        return PaymentReport(self.page, self.state, self.payment, url=url)


@attrs.define(eq=False)
class ClearingHouse:
    """A `Processor`. loses: whether the next answer is lost, `before` or `after` the act.

    declines: whether the next card is. pends: whether the next refund takes its time. hooks: what
    is to be told; whoever delivers one may leave it there. looks: what was asked about.
    """

    is_sandbox = False
    loses: str | None = None
    declines: bool = False
    pends: bool = False
    intents: dict[str, Intent] = attrs.field(factory=dict)
    hooks: list[PaymentReport | RefundReport] = attrs.field(factory=list)
    looks: list[str] = attrs.field(factory=list)
    _first: dict[str, RefundReport] = attrs.field(factory=dict)
    _refunds: int = 0

    @property
    def in_hand(self) -> int:
        """What was taken and not given back."""
        return sum(
            intent.captured
            - sum(r.amount for r in intent.refunds.values() if r.state is RefundState.PAID)
            for intent in self.intents.values()
        )

    async def charge(self, order: Order, card: Stored, *, is_held: bool) -> PaymentReport:
        def act() -> PaymentReport:
            name = f"pi_{order.payment}"
            if name not in self.intents:
                state = PaymentState.AUTHORIZED if is_held else PaymentState.CAPTURED
                if self.declines:
                    state, self.declines = PaymentState.FAILED, False
                intent = Intent(name, order.payment, order.amount, state)
                intent.captured = order.amount if state is PaymentState.CAPTURED else 0
                self._tell(intent)
            return self.intents[name].report

        return await self._answer(act)

    async def open_checkout(self, order: Order, back_to: str) -> PaymentReport:
        def act() -> PaymentReport:
            name = f"pi_{order.payment}"
            if name not in self.intents:
                page = f"cs_{order.payment}"
                self.intents[name] = Intent(
                    name, order.payment, order.amount, PaymentState.PENDING, page=page
                )
            return self.intents[name].report

        return await self._answer(act)

    async def look(self, reference: str) -> PaymentReport:
        self.looks.append(reference)
        return await self._answer(lambda: self._intent(reference).report)

    async def capture(
        self, payment: str, reference: str, amount: int, currency: str
    ) -> PaymentReport:
        def act() -> PaymentReport:
            intent = self._intent(reference)
            if intent.state is PaymentState.AUTHORIZED:
                intent.state, intent.captured = PaymentState.CAPTURED, amount
                self._tell(intent)
            elif intent.captured != amount:
                raise NotTaken("payment_intent_unexpected_state")
            return intent.report

        return await self._answer(act)

    async def void(self, reference: str) -> PaymentReport:
        def act() -> PaymentReport:
            intent = self._intent(reference)
            if intent.state in (PaymentState.AUTHORIZED, PaymentState.PENDING):
                intent.state = PaymentState.VOIDED
                self._tell(intent)
            return intent.report

        return await self._answer(act)

    async def refund(self, refund: str, reference: str, amount: int, currency: str) -> RefundReport:
        def act() -> RefundReport:
            intent = self._intent(reference)
            if refund not in intent.refunds:
                if amount > intent.left:
                    raise NotTaken("charge_already_refunded")
                state = RefundState.PENDING if self.pends else RefundState.PAID
                self.pends = False
                self._give_back(intent, f"re_{refund}", amount, state, refund)
                self._first[refund] = intent.refunds[refund]
            return self._first[refund]

        return await self._answer(act)

    async def look_at_refund(self, reference: str) -> RefundReport:
        def act() -> RefundReport:
            for intent in self.intents.values():
                for made in intent.refunds.values():
                    if made.reference == reference:
                        return made
            raise NotTaken("resource_missing")

        return await self._answer(act)

    # What people and banks do over there.

    def pay_page(self, name: str) -> None:
        """Pay a page that is open."""
        intent = self.intents[name]
        if intent.page is not None and intent.state is PaymentState.PENDING:
            intent.state, intent.captured = PaymentState.CAPTURED, intent.amount
            self._tell(intent)

    def give_back(self, name: str, amount: int) -> None:
        """Give something back at the processor's own desk."""
        intent = self.intents[name]
        if 1 <= amount <= intent.left:
            self._refunds += 1
            reference = f"re_desk_{self._refunds}"
            self._give_back(intent, reference, amount, RefundState.PAID, None)

    def dispute(self, name: str) -> None:
        """Let the payer's bank take back all that is left."""
        intent = self.intents[name]
        if intent.left:
            self._refunds += 1
            reference = f"du_{self._refunds}"
            made = RefundReport(
                reference, intent.name, RefundState.PAID, intent.left, is_disputed=True, why="fraud"
            )
            intent.refunds[reference] = made
            self.hooks.append(made)

    def win(self, name: str) -> None:
        """Let the payer's bank give everything back that it took."""
        intent = self.intents[name]
        for key, made in intent.refunds.items():
            if made.is_disputed and made.state is RefundState.PAID:
                intent.refunds[key] = attrs.evolve(made, state=RefundState.FAILED)
                self.hooks.append(intent.refunds[key])

    def end_refund(self, name: str, state: RefundState) -> None:
        """Let the payer's bank decide on the refunds that are on their way."""
        intent = self.intents[name]
        for key, made in intent.refunds.items():
            if made.state is RefundState.PENDING:
                intent.refunds[key] = attrs.evolve(made, state=state)
                self.hooks.append(intent.refunds[key])

    def end_refunds(self) -> None:
        """Let all banks decide."""
        for name in self.intents:
            self.end_refund(name, RefundState.PAID)

    # What is not asked of it here.

    async def set_up_card(self, event: str, user: str, key: str) -> CardSetup:
        raise NotImplementedError

    async def card(self, setup: str) -> CardReport:
        raise NotImplementedError

    async def forget_customer(self, customer: str) -> None:
        raise NotImplementedError

    def read_webhook(self, body: bytes, signature: str | None) -> ProcessorEvent:
        raise WebhookRefused("none is sent")

    def _tell(self, intent: Intent) -> None:
        self.intents[intent.name] = intent
        self.hooks.append(intent.report)

    def _give_back(
        self, intent: Intent, reference: str, amount: int, state: RefundState, ours: str | None
    ) -> None:
        made = RefundReport(reference, intent.name, state, amount, ours)
        intent.refunds[ours or reference] = made
        self.hooks.append(made)

    def _intent(self, reference: str) -> Intent:
        for intent in self.intents.values():
            if reference in (intent.name, intent.page):
                return intent
        raise NotTaken("resource_missing")

    async def _answer(self, act: Callable[[], T]) -> T:
        await trio.lowlevel.checkpoint()
        lost, self.loses = self.loses, None
        if lost == "before":
            raise ProcessorAway("it was never asked")
        answer = act()
        if lost == "after":
            raise ProcessorAway("the answer was lost")
        return answer
