"""Billing, purely: the figures of rule 26, and a ledger that is in balance whatever happens."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from saleroom.auction import commands as c
from saleroom.billing.charges import charges
from saleroom.billing.folio import Changes, Declined, Folio
from saleroom.billing.invoice import DocumentKind, Invoice, Line, LineKind
from saleroom.billing.invoicing import Act, adjust, bill, credit
from saleroom.billing.ledger import Account, Posting, PostingKind, document_posting, transfers
from saleroom.billing.paying import (
    Elsewhere,
    Wanted,
    begin_payment,
    begin_refund,
    first_changes,
    refund_elsewhere,
    settle_payment,
    settle_refund,
)
from saleroom.billing.payment import (
    PAYMENT_MACHINE,
    REFUND_MACHINE,
    Method,
    Payment,
    PaymentState,
    RefundState,
)
from saleroom.billing.terms import BillingTerms
from saleroom.storage.memory_billing import MemoryBilling
from tests.auction.book import choice, fixed, live, play, pledge
from tests.billing.books import check_books

ADA = Act(5, "ada")
HOUSE = Act(6)
TERMS = BillingTerms(premium_ppm=100_000, tax_ppm=72_500)


def line(seq: int = 1, amount: int = 10_000, **changes: Any) -> Line:
    premium = TERMS.premium(amount)
    tax = TERMS.tax(amount + premium)
    made = Line(f"sale:{seq}", LineKind.WIN, seq, f"Lot {seq}", 1, amount, premium, tax, None)
    return attrs.evolve(made, **changes)


def written(folio: Folio, changes: Changes | Declined) -> Folio:
    """Write changes as a store does."""
    assert isinstance(changes, Changes), changes
    numbered: list[Invoice] = []
    for document in changes.documents:
        kept = [*folio.documents, *numbered]
        number = 1 + sum(other.kind is document.kind for other in kept)
        numbered.append(attrs.evolve(document, number=number))
    payments = {payment.id: payment for payment in (*folio.payments, *changes.payments)}
    return attrs.evolve(
        folio,
        version=folio.version + 1,
        documents=(*folio.documents, *numbered),
        payments=tuple(payments.values()),
        postings=(*folio.postings, *map(document_posting, numbered), *changes.postings),
    )


@pytest.mark.parametrize(
    ("terms", "net", "cover"),
    [
        (BillingTerms(), 10_000, 330),  # 2.9 % + 30
        (BillingTerms(fee_ppm=0, fee_fixed=30), 10_000, 30),
        (BillingTerms(fee_ppm=0, fee_fixed=0), 10_000, 0),
        (BillingTerms(fee_ppm=500_000, fee_fixed=1), 1, 3),
    ],
)
def test_rule_26_what_a_payer_adds_for_the_fee(terms: BillingTerms, net: int, cover: int) -> None:
    assert terms.fee_cover(net) == cover


@pytest.mark.parametrize(
    ("hammer", "premium", "tax"),
    [
        (150_000_000, 15_000_000, 11_962_500),
        (10_000, 1_000, 798),  # 797.5, half up
        (5, 1, 0),  # 0.5 is rounded up, 0.435 down
        (4, 0, 0),
    ],
)
def test_rule_26_premium_and_tax(hammer: int, premium: int, tax: int) -> None:
    assert TERMS.premium(hammer) == premium
    assert TERMS.tax(hammer + premium) == tax


@pytest.mark.parametrize(
    ("fmv", "deductible"), [(4_000, 7_000), (11_000, 0), (20_000, 0), (0, 11_000), (None, 0)]
)
def test_rule_26_what_is_deductible(fmv: int | None, deductible: int) -> None:
    assert line(fmv=fmv).deductible == deductible


def test_what_a_sale_charges_each_paddle() -> None:
    made = play(
        """
        #1 clerk opens => -
        #1 A bids 10000 => 10000 A
        #1 clerk sells => state=sold
        #2 B buys 2 => -
        #3 A pledges 5000 => -
        """,
        live(1, fmv=4_000),
        fixed(2),
        pledge(3),
    )
    assert [line.lot for line in charges(made.book.state, TERMS)[101]] == [1]
    made.must(c.CloseEvent())
    owed = charges(made.book.state, TERMS)
    assert {
        paddle: [(line.kind.value, line.total) for line in lines]
        for paddle, lines in (owed.items())
    } == {
        101: [("win", 11_798), ("pledge", 5_000)],
        102: [("purchase", 5_363)],
    }
    assert owed[101][0].fmv == 4_000
    assert owed[101][1].deductible == 5_000
    assert charges(made.book.state, TERMS) == owed


def test_units_of_a_choice_lot_are_billed_as_they_were_chosen() -> None:
    made = play(
        """
        clerk opens => -
        A bids 10000 => 10000 A
        clerk sells => state=sold
        """,
        choice(fmv=1_000),
    )
    (one,) = charges(made.book.state, TERMS)[101]
    assert (one.units, one.amount, one.fmv) == (1, 10_000, 1_000)


def test_billing_again_changes_nothing_and_a_changed_sale_is_credited() -> None:
    folio = written(
        Folio("gala", 101),
        bill(Folio("gala", 101), [line(1), line(2)], "USD", HOUSE, is_again=False),
    )
    assert not bill(folio, [line(1), line(2)], "USD", HOUSE, is_again=False)
    changes = bill(folio, [line(1, 12_000)], "USD", HOUSE, is_again=False)
    assert [(d.kind, d.corrects, [each.key for each in d.lines]) for d in changes.documents] == [
        (DocumentKind.CREDIT_NOTE, 1, ["sale:1", "sale:2"]),
        (DocumentKind.INVOICE, None, ["sale:1"]),
    ]
    folio = written(folio, changes)
    assert folio.balance == line(1, 12_000).total
    assert not bill(folio, [line(1, 12_000)], "USD", HOUSE, is_again=False)


def test_what_was_taken_back_by_hand_stays_so_until_asked_for() -> None:
    folio = written(
        Folio("gala", 101), bill(Folio("gala", 101), [line(1)], "USD", HOUSE, is_again=False)
    )
    folio = written(folio, credit(folio, 1, None, "a scratch", ADA))
    assert folio.balance == 0
    assert not bill(folio, [line(1)], "USD", HOUSE, is_again=False)
    assert bill(folio, [line(1)], "USD", HOUSE, is_again=True)
    assert credit(folio, 1, None, "again", ADA) == Declined("NOTHING_TO_CREDIT")
    assert credit(folio, 2, None, "again", ADA) == Declined("UNKNOWN_INVOICE")


def test_the_machines_only_lead_on() -> None:
    assert PAYMENT_MACHINE.keys() == set(PaymentState)
    assert REFUND_MACHINE.keys() == set(RefundState)
    assert not PAYMENT_MACHINE[PaymentState.CAPTURED]
    for state, following in PAYMENT_MACHINE.items():
        assert state not in following
        if state is not PaymentState.CAPTURED:
            assert PaymentState.CAPTURED in following


async def test_a_write_that_spoils_the_books_fails_its_test() -> None:
    lost = Posting(PostingKind.PAYMENT, "p1", 5, transfers((Account.CASH, Account.SALES, 1)))
    folio = Folio("gala", 101)
    with pytest.raises(AssertionError):
        await MemoryBilling().write(folio, Changes(postings=(lost,)))


class Till(RuleBasedStateMachine):
    """One paddle's money: anything may happen, in any order and twice."""

    payments = Bundle("payments")
    refunds = Bundle("refunds")

    def __init__(self) -> None:
        super().__init__()
        self.folio = Folio("gala", 101)
        self.count = 0

    def take(self, changes: Changes | Declined) -> None:
        if isinstance(changes, Changes) and changes:
            self.folio = written(self.folio, changes)

    @initialize()
    def open(self) -> None:
        self.take(bill(self.folio, [line(1)], "USD", HOUSE, is_again=False))

    @rule(amounts=st.lists(st.integers(1, 50_000), max_size=4), again=st.booleans())
    def billed(self, amounts: list[int], again: bool) -> None:
        lines = [line(seq, amount) for seq, amount in enumerate(amounts, 1)]
        self.take(bill(self.folio, lines, "USD", HOUSE, is_again=again))

    @rule(number=st.integers(1, 4))
    def credited(self, number: int) -> None:
        self.take(credit(self.folio, number, None, "a scratch", ADA))

    @rule(amount=st.integers(1, 20_000), key=st.integers(1, 3), is_credit=st.booleans())
    def adjusted(self, amount: int, key: int, is_credit: bool) -> None:
        self.take(adjust(self.folio, amount, "why", str(key), ADA, is_credit=is_credit))

    @rule(
        target=payments,
        method=st.sampled_from(Method),
        amount=st.integers(1, 60_000),
        key=st.integers(1, 6),
        covered=st.booleans(),
    )
    def begun(self, method: Method, amount: int, key: int, covered: bool) -> str:
        self.count += 1
        is_covered = covered and not method.is_by_hand
        wanted = Wanted(method, amount, str(key), "ann", is_fee_covered=is_covered)
        begun = begin_payment(self.folio, wanted, f"p{self.count}", TERMS, 7)
        if isinstance(begun, Payment) and begun.id == f"p{self.count}":
            self.take(first_changes(begun))
        return begun.id if isinstance(begun, Payment) else "none"

    @rule(id=payments, state=st.sampled_from(PaymentState), part=st.integers(1, 100))
    def heard(self, id: str, state: PaymentState, part: int) -> None:
        payment = self.folio.payment(id)
        if payment is not None:
            taken = max(1, payment.charged * part // 100)
            self.take(settle_payment(payment, state, HOUSE, captured=taken))

    @rule(target=refunds, id=payments, amount=st.integers(1, 60_000), key=st.integers(1, 3))
    def gave_back(self, id: str, amount: int, key: int) -> tuple[str, str]:
        self.count += 1
        begun = begin_refund(self.folio, id, amount, "why", str(key), f"r{self.count}", ADA)
        if isinstance(begun, Declined):
            return id, "none"
        refund, changes = begun
        owed_before = self.folio.balance
        self.take(changes)
        assert self.folio.balance <= max(0, owed_before)
        return id, refund.id

    @rule(place=refunds, state=st.sampled_from(RefundState))
    def refund_heard(self, place: tuple[str, str], state: RefundState) -> None:
        payment = self.folio.payment(place[0])
        found = [] if payment is None else [r for r in payment.refunds if r.id == place[1]]
        if payment is not None and found:
            self.take(settle_refund(payment, found[0], state, HOUSE))

    @rule(id=consumes(payments), amount=st.integers(1, 60_000), state=st.sampled_from(RefundState))
    def gave_back_over_there(self, id: str, amount: int, state: RefundState) -> None:
        payment = self.folio.payment(id)
        if payment is not None:
            made = Elsewhere(f"re_{id}", state, amount)
            self.take(refund_elsewhere(self.folio, payment, made, 8))

    @invariant()
    def the_books_hold(self) -> None:
        check_books(self.folio)


TestTill = Till.TestCase
TestTill.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
