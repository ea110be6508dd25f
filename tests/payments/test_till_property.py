"""The till against a processor with books of its own: in the end both say the same.

Answers are lost before and after the act, webhooks come late, twice and out of order, people act
over there: whatever happens, nothing is charged twice, and once everything has been heard of, what
the ledger has in clearing is what the processor has in hand.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

import trio
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from saleroom.billing.folio import Changes, Declined, Folio
from saleroom.billing.invoice import Line, LineKind
from saleroom.billing.invoicing import Act, adjust, bill, credit
from saleroom.billing.ledger import Account, balances
from saleroom.billing.paying import Wanted
from saleroom.billing.payment import Method, PaymentState, RefundState
from saleroom.payments.ports import NotDone, PaymentReport, ProcessorAway, Stored
from saleroom.payments.till import Sale, Till
from saleroom.storage.memory_billing import MemoryBilling
from tests.billing.books import check_books
from tests.payments.clearing_house import ClearingHouse

SALE = Sale("gala", 101, "USD")
CARD = Stored("cus_1", "pm_1")
BACK = "https://gala.example/pay/x"
FAR_OFF_MS = 10**12
T = TypeVar("T")

amounts = st.integers(1, 30_000)
parts = st.sampled_from([1, 30, 50, 70, 100])
picks = st.integers(0, 3)
methods = st.sampled_from([Method.CARD, Method.CHECKOUT, Method.CHECKOUT, Method.CASH])
losses = st.sampled_from([None, None, None, "before", "after"])


class Evening(RuleBasedStateMachine):
    """One paddle's money, at the desk, at the processor and on the way between them."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = 0
        self.store, self.house = MemoryBilling(), ClearingHouse()
        self.till = Till(self.store, self.house, self.now)
        self.folio = Folio("gala", 101)
        self.keys = 0

    def now(self) -> int:
        self.now_ms += 1
        return self.now_ms

    def run(self, call: Awaitable[T]) -> T | None:
        """See a call through; one that was declined, or whose outcome is unknown, gives nothing."""

        async def seen_through() -> T | None:
            try:
                return await call
            except (NotDone, ProcessorAway):
                return None
            finally:
                self.folio = await self.store.folio("gala", 101)

        return trio.run(seen_through)

    def picked(self, place: int) -> str:
        """Give one of the newest payments' ids."""
        payments = self.folio.payments
        return payments[-1 - place % len(payments)].id if payments else "none"

    def intent(self, place: int) -> str | None:
        """Give one of the processor's newest payments."""
        names = list(self.house.intents)
        return names[-1 - place % len(names)] if names else None

    def key(self, is_again: bool) -> str:
        """Give a key, the newest once more or a new one."""
        self.keys += not is_again
        return f"k{self.keys}"

    def decide(self, changes: Changes | Declined) -> tuple[None, Changes] | Declined:
        return changes if isinstance(changes, Declined) else (None, changes)

    @initialize()
    def opened(self) -> None:
        self.bill([20_000])

    @rule(bids=st.lists(amounts, min_size=1, max_size=3))
    def billed(self, bids: list[int]) -> None:
        self.bill(bids)

    def bill(self, bids: list[int]) -> None:
        lines = [
            Line(f"sale:{seq}", LineKind.WIN, seq, "A lot", 1, amount, 0, 0, None)
            for seq, amount in enumerate(bids, 1)
        ]
        act = Act(self.now())
        self.run(
            self.till.change(
                "gala",
                101,
                lambda folio: self.decide(bill(folio, lines, "USD", act, is_again=False)),
            )
        )

    @rule(number=st.integers(1, 3))
    def credited(self, number: int) -> None:
        act = Act(self.now(), "ada")
        self.run(
            self.till.change(
                "gala", 101, lambda f: self.decide(credit(f, number, None, "a scratch", act))
            )
        )

    @rule(amount=amounts, is_credit=st.booleans())
    def adjusted_or_written_off(self, amount: int, is_credit: bool) -> None:
        act, key = Act(self.now(), "ada"), self.key(False)
        self.run(
            self.till.change(
                "gala",
                101,
                lambda folio: self.decide(
                    adjust(folio, amount, "why", key, act, is_credit=is_credit)
                ),
            )
        )

    @rule(
        method=methods,
        part=parts,
        covered=st.booleans(),
        held=st.booleans(),
        again=st.booleans(),
        declines=st.booleans(),
        loses=losses,
    )
    def paid(
        self,
        method: Method,
        part: int,
        covered: bool,
        held: bool,
        again: bool,
        declines: bool,
        loses: str | None,
    ) -> None:
        amount = max(1, self.folio.due * part // 100)
        wanted = Wanted(
            method,
            amount,
            self.key(again),
            "ann",
            is_fee_covered=covered and not method.is_by_hand,
            is_held=held and method is Method.CARD,
        )
        self.house.loses, self.house.declines = loses, declines and method is Method.CARD
        self.run(self.till.pay(SALE, wanted, CARD, BACK))
        self.house.loses, self.house.declines = None, False

    @rule(place=picks, part=parts, loses=losses)
    def captured(self, place: int, part: int, loses: str | None) -> None:
        id, self.house.loses = self.picked(place), loses
        payment = self.folio.payment(id)
        amount = max(1, payment.charged * part // 100) if payment is not None else 1
        self.run(self.till.capture(SALE, id, amount, Act(self.now(), "clara")))
        self.house.loses = None

    @rule(place=picks, loses=losses)
    def voided(self, place: int, loses: str | None) -> None:
        self.house.loses = loses
        self.run(self.till.void(SALE, self.picked(place), Act(self.now(), "ada")))
        self.house.loses = None

    @rule(place=picks, part=parts, again=st.booleans(), pends=st.booleans(), loses=losses)
    def gave_back(self, place: int, part: int, again: bool, pends: bool, loses: str | None) -> None:
        id, self.house.loses, self.house.pends = self.picked(place), loses, pends
        payment = self.folio.payment(id)
        amount = max(1, payment.charged * part // 100) if payment is not None else 1
        key, act = self.key(again), Act(self.now(), "ada")
        self.run(self.till.refund(SALE, id, amount, "why", key, act))
        self.house.loses, self.house.pends = None, False

    @rule(place=picks)
    def page_was_paid(self, place: int) -> None:
        name = self.intent(place)
        if name is not None:
            self.house.pay_page(name)

    @rule(place=picks, part=parts)
    def gave_back_over_there(self, place: int, part: int) -> None:
        name = self.intent(place)
        if name is not None:
            self.house.give_back(name, self.house.intents[name].left * part // 100)

    @rule(place=picks, is_won=st.booleans())
    def disputed(self, place: int, is_won: bool) -> None:
        name = self.intent(place)
        if name is not None:
            (self.house.win if is_won else self.house.dispute)(name)

    @rule(place=picks, state=st.sampled_from([RefundState.PAID, RefundState.FAILED]))
    def bank_decided(self, place: int, state: RefundState) -> None:
        name = self.intent(place)
        if name is not None:
            self.house.end_refund(name, state)

    @precondition(lambda self: bool(self.house.hooks))
    @rule(place=picks, stays=st.booleans())
    def heard(self, place: int, stays: bool) -> None:
        at = place % len(self.house.hooks)
        if self.hear(at) and not stays:
            del self.house.hooks[at]

    @rule()
    def swept(self) -> None:
        for place in self.run(self.store.unsettled(FAR_OFF_MS, 50)) or []:
            self.run(self.till.resume(place, "USD", CARD, BACK))

    def hear(self, at: int) -> bool:
        """Deliver a webhook; whether it was taken in, so that it is not sent again."""
        report = self.house.hooks[at]
        if isinstance(report, PaymentReport):
            return self.run(self.till.hear_payment(report)) is not None
        return self.run(self.till.hear_refund(report)) is not None

    @invariant()
    def the_books_hold(self) -> None:
        check_books(self.folio)

    @invariant()
    def nobody_was_charged_twice(self) -> None:
        folio = self.folio
        for intent in self.house.intents.values():
            payment = folio.payment(intent.payment)
            assert payment is not None
            assert intent.captured <= payment.asked + payment.fee_cover
        assert len(self.house.intents) <= len(folio.payments)

    def teardown(self) -> None:
        """Let everything be heard of, and hold one ledger against the other."""
        self.house.end_refunds()
        for _ in range(2):
            self.house.hooks = [
                report for at, report in enumerate(self.house.hooks) if not self.hear(at)
            ]
            self.swept()
        assert self.house.hooks == []
        folio = self.folio
        sums = balances(folio.postings)
        assert sums[Account.CLEARING] == self.house.in_hand
        assert sums[Account.REFUNDS] == 0
        pending = [each for each in folio.payments if each.state is PaymentState.PENDING]
        assert all(payment.url is not None for payment in pending)


TestEvening = Evening.TestCase
TestEvening.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
