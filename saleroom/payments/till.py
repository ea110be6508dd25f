"""The till: payments, captures, voids and refunds, from the asking to the ledger.

Owns: the order of the steps. Invariant: a payment stands in the store before anybody is charged for
it, and goes to the processor under its own id, so that whatever is lost on the way, asking again
charges nobody twice; what the processor says is posted once. Must not know: HTTP, roles.
Source: decision 0021, issue 8 point 2.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import Final, TypeVar

import attrs

from saleroom.billing.folio import Changes, Declined, Folio
from saleroom.billing.invoice import Invoice
from saleroom.billing.invoicing import Act
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
from saleroom.billing.payment import Method, Payment, PaymentState, Refund, RefundState
from saleroom.payments.ports import (
    NotDone,
    NotTaken,
    Order,
    PaymentReport,
    Processor,
    ProcessorAway,
    RefundReport,
    Stored,
)
from saleroom.storage.billing_ports import Billing, Place
from saleroom.storage.ports import Conflict, NotFound, StoreUnavailable

logger = logging.getLogger("saleroom.payments")

TRIES: Final = 5
"""How often a change is decided anew because somebody else changed the folio meanwhile."""
ASKED_AGAIN_MS: Final = 23 * 3_600_000
"""How long a processor surely knows an id that it was given: Stripe keeps them for a day."""

T = TypeVar("T")


@attrs.frozen
class Sale:
    """Whose money it is, and in which currency."""

    event: str
    paddle: int
    currency: str


def new_id(kind: str) -> str:
    """Give an id that nobody guesses: of a payment (pay) or a refund (ref)."""
    return f"{kind}_{secrets.token_hex(12)}"


@attrs.define(eq=False)
class Till:
    """What people and the sweep do with money.

    on_change: hears of every folio that changed. Raises NotDone, StoreError and ProcessorAway.
    """

    store: Billing
    processor: Processor
    now_ms: Callable[[], int]
    on_change: Callable[[str, int], None] = lambda event, paddle: None

    async def change(
        self, event: str, paddle: int, decide: Callable[[Folio], tuple[T, Changes] | Declined]
    ) -> tuple[T, list[Invoice]]:
        """Decide on a folio as it stands, and write what was decided. Gives the new documents."""
        for _ in range(TRIES):
            folio = await self.store.folio(event, paddle)
            decided = decide(folio)
            if isinstance(decided, Declined):
                raise NotDone.of(decided)
            answer, changes = decided
            if not changes:
                return answer, []
            try:
                documents = await self.store.write(folio, changes)
            except Conflict:
                continue
            self.on_change(event, paddle)
            return answer, documents
        raise StoreUnavailable(f"the folio of paddle {paddle} changes too fast")

    async def pay(
        self, sale: Sale, wanted: Wanted, card: Stored | None = None, back_to: str = ""
    ) -> Payment:
        """Take a payment, and give it as it stands then.

        card: for Method.CARD. back_to: for Method.CHECKOUT, where the payer returns. A repeated key
        gives the first payment; one whose end was not known is asked for again.
        """
        terms = (await self.store.terms(sale.event)).terms
        id, at_ms = new_id("pay"), self.now_ms()

        def decide(folio: Folio) -> tuple[Payment, Changes] | Declined:
            begun = begin_payment(folio, wanted, id, terms, at_ms)
            if isinstance(begun, Declined):
                return begun
            return begun, first_changes(begun) if begun.id == id else Changes()

        payment, _ = await self.change(sale.event, sale.paddle, decide)
        if payment.method.is_by_hand:
            return await self.payment(Place(sale.event, sale.paddle, payment.id))
        if payment.state is not PaymentState.PENDING or payment.reference is not None:
            return payment
        return await self._carry_out(sale, payment, card, back_to)

    async def payment(self, place: Place) -> Payment:
        """Give a payment as it stands."""
        found = (await self.store.folio(place.event, place.paddle)).payment(place.payment)
        if found is None:
            raise NotDone("UNKNOWN_PAYMENT")
        return found

    async def capture(self, sale: Sale, id: str, amount: int | None, act: Act) -> Payment:
        """Take what is held: all of it, or a part, and let the rest go."""
        place = Place(sale.event, sale.paddle, id)
        payment = await self.payment(place)
        wanted = payment.charged if amount is None else amount
        if payment.state is PaymentState.CAPTURED and payment.is_held:
            if payment.charged != wanted and amount is not None:
                raise NotDone("NOT_HELD", state=payment.state.value)
            return payment
        if payment.state is not PaymentState.AUTHORIZED or payment.reference is None:
            raise NotDone("NOT_HELD", state=payment.state.value)
        if wanted > payment.charged:
            raise NotDone("MORE_THAN_HELD", held=payment.charged)
        try:
            report = await self.processor.capture(id, payment.reference, wanted, sale.currency)
        except NotTaken:
            report = await self._look(payment.reference)
        return await self._settle(place, report, act)

    async def void(self, sale: Sale, id: str, act: Act) -> Payment:
        """Let a payment go that was not captured."""
        place = Place(sale.event, sale.paddle, id)
        payment = await self.payment(place)
        if payment.state is PaymentState.VOIDED:
            return payment
        if not payment.is_open:
            raise NotDone("NOT_OPEN", state=payment.state.value)
        if payment.reference is None:
            raise NotDone("PAYMENT_UNDER_WAY", payment=id)
        try:
            report = await self.processor.void(payment.reference)
        except NotTaken as error:
            raise NotDone("NOT_OPEN", state=payment.state.value) from error
        return await self._settle(place, report, act)

    async def refund(
        self, sale: Sale, payment: str, amount: int, reason: str, key: str, act: Act
    ) -> Refund:
        """Give a part of a payment back, or all of it."""
        id = new_id("ref")

        def decide(folio: Folio) -> tuple[Refund, Changes] | Declined:
            return begin_refund(folio, payment, amount, reason, key, id, act)

        refund, _ = await self.change(sale.event, sale.paddle, decide)
        place = Place(sale.event, sale.paddle, payment, refund.id)
        if refund.state is not RefundState.PENDING:
            return refund
        return await self._give_back(place, sale.currency)

    async def resume(self, place: Place, currency: str, card: Stored | None, back_to: str) -> None:
        """Find out what became of a payment or a refund whose end is not known."""
        if place.refund is not None:
            await self._give_back(place, currency)
            return
        payment = await self.payment(place)
        if not payment.is_open:
            return
        if payment.reference is not None:
            await self._settle(place, await self._look(payment.reference), Act(self.now_ms()))
        elif self.now_ms() - payment.at_ms < ASKED_AGAIN_MS:
            sale = Sale(place.event, place.paddle, currency)
            await self._carry_out(sale, payment, card, back_to)
        else:
            logger.error(
                "payment %s: nobody can say what became of it; look over there", payment.id
            )

    async def hear_payment(self, report: PaymentReport) -> bool:
        """Take in what a webhook says of a payment. False when it is none of ours."""
        return await self._heard_of(report) is not None

    async def hear_refund(self, report: RefundReport) -> bool:
        """Take in what a webhook says of a refund. False when it is none of ours.

        It may come before word of its payment, which is then asked for.
        """
        place = await self._place_of_taken(report.payment_reference)
        if place is None:
            return False
        await self._settle_refund(place, report)
        return True

    async def _heard_of(self, report: PaymentReport) -> Place | None:
        """Take a report in, and say of which payment it is."""
        try:
            if report.payment is None:
                place = await self.store.place_by_reference(report.reference)
            else:
                place = await self.store.place_of(report.payment)
        except NotFound:
            return None
        await self._settle(place, report, Act(self.now_ms()))
        return place

    async def _place_of_taken(self, reference: str) -> Place | None:
        """Find a payment of which money was given back, whether we know yet that it was taken."""
        try:
            place = await self.store.place_by_reference(reference)
            if (await self.payment(place)).state is PaymentState.CAPTURED:
                return place
        except NotFound:
            pass
        try:
            report = await self.processor.look(reference)
        except NotTaken:
            return None
        return await self._heard_of(report)

    async def _carry_out(
        self, sale: Sale, payment: Payment, card: Stored | None, back_to: str
    ) -> Payment:
        place = Place(sale.event, sale.paddle, payment.id)
        order = Order(payment.id, sale.event, sale.paddle, payment.charged, sale.currency)
        try:
            if payment.method is Method.CHECKOUT:
                report = await self.processor.open_checkout(order, back_to)
            elif card is None:
                raise ProcessorAway("the card that the payment was asked of is not on file")
            else:
                report = await self.processor.charge(order, card, is_held=payment.is_held)
        except NotTaken as refused:
            return await self._fail(place, str(refused))
        return await self._settle(place, report, Act(self.now_ms()))

    async def _look(self, reference: str) -> PaymentReport:
        try:
            return await self.processor.look(reference)
        except NotTaken as error:
            raise ProcessorAway(f"the processor does not know the payment: {error}") from None

    async def _look_at_refund(self, reference: str) -> RefundReport:
        try:
            return await self.processor.look_at_refund(reference)
        except NotTaken as error:
            raise ProcessorAway(f"the processor does not know the refund: {error}") from None

    async def _settle(self, place: Place, report: PaymentReport, act: Act) -> Payment:
        def decide(folio: Folio) -> tuple[None, Changes] | Declined:
            payment = folio.payment(place.payment)
            if payment is None:
                return Declined("UNKNOWN_PAYMENT")
            return None, settle_payment(
                payment,
                report.state,
                act,
                captured=report.captured,
                reference=report.reference,
                url=report.url,
                error=report.error,
            )

        await self.change(place.event, place.paddle, decide)
        return await self.payment(place)

    async def _fail(self, place: Place, why: str) -> Payment:
        def decide(folio: Folio) -> tuple[None, Changes] | Declined:
            payment = folio.payment(place.payment)
            if payment is None:
                return Declined("UNKNOWN_PAYMENT")
            act = Act(self.now_ms())
            return None, settle_payment(payment, PaymentState.FAILED, act, error=why)

        await self.change(place.event, place.paddle, decide)
        return await self.payment(place)

    async def _give_back(self, place: Place, currency: str) -> Refund:
        assert place.refund is not None
        payment = await self.payment(place)
        refund = payment.refund(place.refund)
        assert payment.reference is not None
        if refund.reference is not None:
            await self._settle_refund(place, await self._look_at_refund(refund.reference))
            return (await self.payment(place)).refund(refund.id)
        if self.now_ms() - refund.at_ms >= ASKED_AGAIN_MS:
            logger.error("refund %s: nobody can say what became of it; look over there", refund.id)
            return refund
        try:
            report = await self.processor.refund(
                refund.id, payment.reference, refund.amount, currency
            )
        except NotTaken as refused:
            report = RefundReport(
                refund.reference or f"refused-{refund.id}",
                payment.reference,
                RefundState.FAILED,
                refund.amount,
                refund.id,
                str(refused),
            )
        await self._settle_refund(place, report)
        return (await self.payment(place)).refund(refund.id)

    async def _settle_refund(self, place: Place, report: RefundReport) -> None:
        def decide(folio: Folio) -> tuple[None, Changes] | Declined:
            payment, at_ms = folio.payment(place.payment), self.now_ms()
            if payment is None:
                return Declined("UNKNOWN_PAYMENT")
            for refund in payment.refunds:
                if refund.id == report.refund or refund.reference == report.reference:
                    if report.is_disputed and report.state is RefundState.FAILED:
                        return None, win_dispute(folio, payment, refund, at_ms)
                    return None, settle_refund(
                        payment,
                        refund,
                        report.state,
                        Act(at_ms),
                        reference=report.reference,
                        error=report.error,
                    )
            if report.refund is not None:
                return None, Changes()
            if report.state is RefundState.PAID and report.amount > payment.left:
                if report.amount <= payment.left + payment.refunds_pending:
                    raise ProcessorAway("it is not known yet what became of a refund of ours")
                logger.error("refund %s is above what is left of its payment", report.reference)
            made = Elsewhere(report.reference, report.state, report.amount, report.why)
            return None, refund_elsewhere(folio, payment, made, at_ms)

        await self.change(place.event, place.paddle, decide)
