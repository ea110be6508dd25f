"""A till with an invoice to be paid, before a processor that keeps books of its own.

Owns: the setting of the tests of the till and of its sweep. Invariant: the clock moves only when a
test moves it. Knows nothing of what is tested.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from saleroom.billing.folio import Changes, Folio
from saleroom.billing.invoice import DocumentKind, Invoice, Line, LineKind
from saleroom.billing.invoicing import Act
from saleroom.billing.ledger import Account, balances
from saleroom.billing.paying import Wanted
from saleroom.billing.payment import Method, Payment
from saleroom.payments.ports import PaymentReport, Stored
from saleroom.payments.till import Sale, Till
from saleroom.storage.billing_ports import Billing
from tests.payments.clearing_house import ClearingHouse

SALE = Sale("gala", 101, "USD")
CARD = Stored("cus_1", "pm_1")
ADA = Act(5, "ada")


@attrs.define(eq=False)
class Desk:
    """A till at which paddle 101 pays."""

    house: ClearingHouse
    till: Till
    now_ms: int = 10

    async def folio(self) -> Folio:
        return await self.till.store.folio("gala", 101)

    async def pay(self, amount: int, method: Method = Method.CARD, key: str = "k") -> Payment:
        covered = method is Method.CARD
        wanted = Wanted(method, amount, key, "ann", is_fee_covered=covered)
        return await self.till.pay(SALE, wanted, CARD, "https://gala.example/pay/x")

    async def refund(self, payment: Payment, amount: int, key: str = "r") -> str:
        made = await self.till.refund(SALE, payment.id, amount, "why", key, ADA)
        return made.state.value

    async def hear(self, at: int) -> bool:
        """Deliver one of the webhooks that wait."""
        report = self.house.hooks.pop(at)
        if isinstance(report, PaymentReport):
            return await self.till.hear_payment(report)
        return await self.till.hear_refund(report)

    async def in_clearing(self) -> int:
        sums = balances((await self.folio()).postings)
        assert sums[Account.CLEARING] == self.house.in_hand
        return sums[Account.CLEARING]


async def desk_over(store: Billing, paddles: Sequence[int] = (101,)) -> Desk:
    """A till over a store, at which each paddle owes 20000."""
    house = ClearingHouse()
    for paddle in paddles:
        line = Line(f"sale:{paddle}", LineKind.WIN, 1, "A lot", 1, 20_000, 0, 0, None)
        invoice = Invoice("gala", DocumentKind.INVOICE, 0, paddle, "USD", 5, (line,))
        await store.write(Folio("gala", paddle), Changes(documents=(invoice,)))
    desk = Desk(house, Till(store, house, lambda: 0))
    desk.till.now_ms = lambda: desk.now_ms
    return desk
