"""What every store of billing does: whole changes on one version, and numbers without a gap."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
import trio

from saleroom.auction.definition import TIME_MAX
from saleroom.billing.folio import Changes, Folio
from saleroom.billing.invoice import DocumentKind, Invoice, Line, LineKind
from saleroom.billing.invoicing import Act, credit
from saleroom.billing.ledger import Account, PostingKind, balances
from saleroom.billing.paying import (
    Wanted,
    begin_payment,
    begin_refund,
    first_changes,
    settle_payment,
    settle_refund,
)
from saleroom.billing.payment import Method, Payment, PaymentState, RefundState
from saleroom.billing.terms import BillingTerms
from saleroom.storage.billing_ports import Card, CheckoutLink, FolioSummary, KeptTerms, Place
from saleroom.storage.ports import Conflict, Full, NotFound, Stores

TERMS = BillingTerms(premium_ppm=100_000, tax_ppm=72_500)
ACT = Act(5, "ada")
CARD = Card("gala", "ann", "cus_1", "seti_1", 7)


def line(seq: int = 1, **changes: Any) -> Line:
    made = Line(f"sale:{seq}", LineKind.WIN, seq, f"Lot {seq}", 1, 10_000, 1_000, 798, 4_000)
    return attrs.evolve(made, **changes)


def invoice(*lines: Line, paddle: int = 101) -> Invoice:
    kept = lines or (line(),)
    return Invoice("gala", DocumentKind.INVOICE, 0, paddle, "USD", 5, kept, "ada")


async def billed(stores: Stores, *lines: Line, paddle: int = 101) -> Folio:
    folio = await stores.billing.folio("gala", paddle)
    await stores.billing.write(folio, Changes((invoice(*lines, paddle=paddle),)))
    return await stores.billing.folio("gala", paddle)


def paying(folio: Folio, id: str, amount: int, method: Method = Method.CARD) -> Payment:
    wanted = Wanted(method, amount, f"key-{id}", "ann", is_fee_covered=method is Method.CARD)
    made = begin_payment(folio, wanted, id, TERMS, 10)
    assert isinstance(made, Payment)
    return made


async def pay(stores: Stores, id: str, amount: int) -> Payment:
    """Pay by card, to the end."""
    store = stores.billing
    folio = await store.folio("gala", 101)
    payment = paying(folio, id, amount)
    await store.write(folio, first_changes(payment))
    settled = settle_payment(payment, PaymentState.CAPTURED, Act(11), reference=f"pi_{id}")
    await store.write(await store.folio("gala", 101), settled)
    return settled.payments[0]


async def test_a_document_gets_its_number_and_its_posting(stores: Stores) -> None:
    folio = await stores.billing.folio("gala", 101)
    assert folio == Folio("gala", 101)
    assert (folio.balance, folio.due, folio.paid) == (0, 0, 0)
    assert await stores.billing.summaries("gala", 0, 10) == []
    folio = await billed(stores, line(1), line(2, kind=LineKind.PLEDGE, fmv=0, premium=0, tax=0))
    assert folio.version == 1
    (kept,) = folio.documents
    assert (kept.number, kept.label, kept.total) == (1, "INV-000001", 21_798)
    assert kept == attrs.evolve(invoice(*kept.lines), number=1)
    (posting,) = folio.postings
    assert (posting.kind, posting.reference) == (PostingKind.INVOICE, "INV-000001")
    sums = balances(folio.postings)
    assert sums[Account.RECEIVABLE] == folio.balance == 21_798
    assert sums[Account.SALES] == sums[Account.DONATIONS] == -10_000
    assert await stores.billing.document("gala", DocumentKind.INVOICE, 1) == kept
    for kind, number in ((DocumentKind.INVOICE, 2), (DocumentKind.CREDIT_NOTE, 1)):
        with pytest.raises(NotFound):
            await stores.billing.document("gala", kind, number)


async def test_a_change_is_written_on_the_version_it_was_decided_on(stores: Stores) -> None:
    folio = await billed(stores)
    for stale in (Folio("gala", 101), attrs.evolve(folio, version=2)):
        with pytest.raises(Conflict):
            await stores.billing.write(stale, Changes((invoice(line(2)),)))
    assert await stores.billing.folio("gala", 101) == folio
    assert await stores.billing.write(folio, Changes((invoice(line(2)),)))
    folio = await stores.billing.folio("gala", 101)
    outcomes = []

    async def change(number: int) -> None:
        try:
            await stores.billing.write(folio, Changes((invoice(line(number)),)))
            outcomes.append("written")
        except Conflict:
            outcomes.append("refused")

    async with trio.open_nursery() as nursery:
        for number in (3, 4, 5):
            nursery.start_soon(change, number)
    assert sorted(outcomes) == ["refused", "refused", "written"]
    assert len((await stores.billing.folio("gala", 101)).documents) == 3


async def test_numbers_have_no_gap_whoever_writes_at_once(stores: Stores) -> None:
    async with trio.open_nursery() as nursery:
        for paddle in range(101, 109):

            async def write(paddle: int = paddle) -> None:
                await billed(stores, paddle=paddle)

            nursery.start_soon(write)
    with pytest.raises(Conflict):
        await stores.billing.write(Folio("gala", 101), Changes((invoice(),)))
    await billed(stores, paddle=201)
    documents = await stores.billing.documents("gala", DocumentKind.INVOICE, 0, 20)
    assert [document.number for document in documents] == list(range(1, 10))
    entries = await stores.billing.ledger("gala", 0, 20)
    assert [entry.number for entry in entries] == list(range(1, 10))
    page = await stores.billing.documents("gala", DocumentKind.INVOICE, 2, 3)
    assert [document.number for document in page] == [3, 4, 5]
    assert [entry.number for entry in await stores.billing.ledger("gala", 7, 5)] == [8, 9]


async def test_a_credit_note_has_a_series_of_its_own(stores: Stores) -> None:
    folio = await billed(stores, line(1), line(2))
    changes = credit(folio, 1, ["sale:2"], "a scratch", ACT)
    assert isinstance(changes, Changes)
    (note,) = await stores.billing.write(folio, changes)
    assert (note.label, note.corrects, note.reason) == ("CN-000001", 1, "a scratch")
    folio = await stores.billing.folio("gala", 101)
    assert [document.label for document in folio.documents] == ["INV-000001", "CN-000001"]
    assert folio.balance == line().total


async def test_payments_and_refunds_come_back_as_they_were_written(stores: Stores) -> None:
    store = stores.billing
    await billed(stores)
    payment = await pay(stores, "p1", 10_000)
    folio = await store.folio("gala", 101)
    assert folio.payments == (payment,)
    assert payment.fee_cover == 330
    begun = begin_refund(folio, "p1", 10_100, "broken", "r-key", "r1", ACT)
    assert isinstance(begun, tuple)
    refund, changes = begun
    await store.write(folio, changes)
    folio = await store.folio("gala", 101)
    assert folio.payments == (payment.with_refund(refund),)
    changes = settle_refund(folio.payments[0], refund, RefundState.PAID, Act(20), reference="re_1")
    await store.write(folio, changes)
    folio = await store.folio("gala", 101)
    assert folio.payments[0].refunds[0].state is RefundState.PAID
    assert folio.payments[0].refunds[0].reference == "re_1"
    assert (folio.paid, folio.balance) == (230, line().total - 10_000)
    expected = FolioSummary(101, line().total, 230, line().total - 10_000, 0)
    assert await store.summaries("gala", 0, 5) == [expected]
    for past in (101, TIME_MAX):
        assert await store.summaries("gala", past, 5) == []
    place = Place("gala", 101, "p1")
    assert await stores.billing.place_of("p1") == place
    assert await stores.billing.place_by_reference("pi_p1") == place
    with pytest.raises(NotFound):
        await stores.billing.place_of("p2")
    with pytest.raises(NotFound):
        await stores.billing.place_by_reference("pi_p2")


async def test_what_is_not_settled_is_found_when_it_is_old(stores: Stores) -> None:
    store = stores.billing
    folio = await billed(stores)
    await store.write(folio, first_changes(paying(folio, "p1", 100)))
    assert await store.unsettled(10, 5) == []
    assert await store.unsettled(11, 5) == [Place("gala", 101, "p1")]
    assert (await store.summaries("gala", 0, 5))[0].under_way == 100
    folio = await store.folio("gala", 101)
    await store.write(folio, settle_payment(folio.payments[0], PaymentState.AUTHORIZED, Act(11)))
    assert await store.unsettled(11, 5) == [Place("gala", 101, "p1")]
    folio = await store.folio("gala", 101)
    captured = settle_payment(folio.payments[0], PaymentState.CAPTURED, Act(12))
    await store.write(folio, captured)
    folio = await store.folio("gala", 101)
    begun = begin_refund(folio, "p1", 50, "broken", "r-key", "r1", Act(13, "ada"))
    assert isinstance(begun, tuple)
    await store.write(folio, begun[1])
    assert await store.unsettled(13, 5) == []
    assert await store.unsettled(14, 5) == [Place("gala", 101, "p1", "r1")]
    assert await store.unsettled(14, 0) == []


async def test_terms_and_the_billed_position_of_an_event(stores: Stores) -> None:
    store = stores.billing
    assert await store.terms("gala") == KeptTerms(BillingTerms())
    assert await store.put_terms("gala", KeptTerms(TERMS)) == KeptTerms(TERMS, 1)
    for stale in (0, 2, TIME_MAX):
        with pytest.raises(Conflict):
            await store.put_terms("gala", KeptTerms(BillingTerms(), stale))
    with pytest.raises(Conflict):
        await store.put_terms("ball", KeptTerms(TERMS, 1))
    assert await store.terms("gala") == KeptTerms(TERMS, 1)
    assert await store.put_terms("gala", KeptTerms(BillingTerms(), 1)) == KeptTerms(
        BillingTerms(), 2
    )
    await billed(stores)
    with pytest.raises(Full):
        await store.put_terms("gala", KeptTerms(TERMS, 2))
    assert await stores.billing.billed_position("gala") == 0
    for position in (40, 30):
        await stores.billing.set_billed("gala", position)
        assert await stores.billing.billed_position("gala") == 40


async def test_cards_links_and_what_the_processor_told(stores: Stores) -> None:
    store = stores.billing
    with pytest.raises(NotFound):
        await store.card("gala", "ann")
    await store.put_card(CARD)
    kept = attrs.evolve(
        CARD, method="pm_1", brand="visa", last4="4242", exp_month=12, exp_year=2030
    )
    await store.put_card(kept)
    await store.put_card(attrs.evolve(CARD, event="ball", setup="seti_2"))
    assert await store.card("gala", "ann") == kept
    assert await store.card_by_setup("seti_1") == kept
    for secret in ("cus_1", "pm_1", "seti_1"):
        assert secret not in repr(kept)
    assert await store.remove_cards("ann", "gala") == [kept]
    assert [card.event for card in await store.remove_cards("ann")] == ["ball"]
    with pytest.raises(NotFound):
        await store.card_by_setup("seti_1")
    first = CheckoutLink("gala", 101, b"1" * 32, 50)
    second = attrs.evolve(first, digest=b"2" * 32, expires_at_ms=60)
    await stores.billing.put_link(first)
    assert await stores.billing.link(first.digest) == first
    await stores.billing.put_link(second)
    assert await stores.billing.link(second.digest) == second
    with pytest.raises(NotFound):
        await stores.billing.link(first.digest)
    for number, at_ms in ((1, 10), (2, 20), (1, 30)):
        await store.note_event(f"evt_{number}", at_ms)
    assert await store.knows_event("evt_1")
    assert not await store.knows_event("evt_3")
    assert await store.forget_events(20, 5) == 1
    assert not await store.knows_event("evt_1")
    assert await store.knows_event("evt_2")
