"""Receipts, statements and sums over HTTP: for whom they are, and that they are the ledger's."""

from __future__ import annotations

import csv
import io
from typing import Any

import attrs
from trio.testing import MockClock

from saleroom.billing.folio import Folio
from saleroom.billing.payment import Method
from saleroom.receipts.html import POLICY
from tests.http.house import House, Reply, open_house
from tests.receipts.evening import NOON_MS, Evening, pledge, win
from tests.receipts.test_papers import words_of

NEVER_MS = 4_000_000_000_000
ABOUT = {
    "organisation": "Sea Rescue",
    "address": "1 Pier\n28199 Bremen",
    "tax_number": "12/345/678",
    "locale": "de-DE",
    "time_zone": "Europe/Berlin",
    "currency": "EUR",
}


async def sale(house: House, **fields: Any) -> str:
    """A published event with ann's paddle 100 and bob's 101."""
    event = await house.event(**{**ABOUT, **fields})
    await house.lot(event)
    await house.bidder(event, "ann")
    await house.bidder(event, "bob")
    return event


async def keep(house: House, event: str, evening: Evening, paddle: int = 100) -> None:
    """Put an evening into a paddle's folio, as if it had happened at this event."""
    changes = evening.changes()
    currency = (await house.stores.catalogue.event(event)).currency
    documents = tuple(
        attrs.evolve(each, event=event, paddle=paddle, currency=currency)
        for each in changes.documents
    )
    payments = tuple(
        attrs.evolve(each, event=event, paddle=paddle, id=f"{event}-{each.id}")
        for each in changes.payments
    )
    postings = tuple(
        attrs.evolve(each, reference=f"{event}-{each.reference}") for each in changes.postings
    )
    kept = attrs.evolve(changes, documents=documents, payments=payments, postings=postings)
    await house.stores.billing.write(Folio(event, paddle), kept)


def settled_evening(year_ms: int = NOON_MS) -> Evening:
    """Lot 1 for 100.00 and pledges of 50.00, paid by card with the fee covered."""
    evening = Evening(at_ms=year_ms)
    invoice = evening.bill(win(1, 10_000, 4_000), pledge(2, 2_500, 2))
    evening.pay(invoice.total, is_fee_covered=True)
    return evening


def rows_of(reply: Reply) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(reply.body.decode())))


async def test_a_receipt_for_its_holder_and_for_staff(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await sale(house)
        await keep(house, event, settled_evening())
        path = f"/api/v1/events/{event}/invoices/1/receipt"
        own = await house.done("GET", path, "ann")
        assert own == await house.done("GET", path, "clerk")
        assert (own["label"], own["paddle"], own["name"]) == ("INV-000001", 100, "Ann")
        assert (own["organisation"], own["currency"]) == ("Sea Rescue", "EUR")
        assert [line["deductible"] for line in own["lines"]] == [7_000, 5_000]
        assert own["deductible"] == 12_000
        assert own["paid"] == 16_798 + own["fee_cover"]
        assert [payment["method"] for payment in own["payments"]] == ["card"]


async def test_anothers_receipt_does_not_exist(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await sale(house)
        await keep(house, event, settled_evening())
        for form in ("", ".html", ".pdf"):
            path = f"/api/v1/events/{event}/invoices/1/receipt{form}"
            assert (await house.call("GET", path, "bob")).code == "UNKNOWN_INVOICE"
            missing = path.replace("/1/", "/2/")
            assert (await house.call("GET", missing, "bob")).code == "UNKNOWN_INVOICE"
            assert (await house.call("GET", missing, "admin")).code == "UNKNOWN_INVOICE"


async def test_a_receipt_as_a_page_and_on_paper(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await sale(house)
        await keep(house, event, settled_evening())
        path = f"/api/v1/events/{event}/invoices/1/receipt"
        page = await house.call("GET", f"{path}.html", "ann")
        assert page.headers["content-security-policy"] == POLICY
        assert page.headers["cache-control"] == "no-store"
        assert "Quittung" in page.body.decode()
        assert "Ann, Bieternummer 100" in page.body.decode()
        paper = await house.call("GET", f"{path}.pdf", "ann")
        assert paper.headers["content-type"] == "application/pdf"
        assert paper.headers["content-disposition"] == (
            f'inline; filename="receipt-{event}-INV-000001.pdf"'
        )
        assert "Ann, Bieternummer 100" in words_of(paper.body)
        assert (await house.call("GET", f"{path}.pdf", "ann")).body == paper.body


async def test_an_unpaid_invoice_has_no_receipt(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await sale(house)
        evening = Evening()
        evening.bill(pledge(1, 10_000))
        evening.pay(9_999, Method.CASH)
        await keep(house, event, evening)
        for form in ("", ".html", ".pdf"):
            path = f"/api/v1/events/{event}/invoices/1/receipt{form}"
            reply = await house.call("GET", path, "ann")
            assert (reply.status, reply.code) == (409, "NOT_SETTLED")


async def test_an_event_without_an_organisation_sells_in_its_own_name(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        event = await sale(house, organisation=None)
        await keep(house, event, settled_evening())
        own = await house.done("GET", f"/api/v1/events/{event}/invoices/1/receipt", "ann")
        assert own["organisation"] == "Gala"


async def test_a_receipt_is_sent_again_when_staff_ask(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await sale(house)
        await keep(house, event, settled_evening())
        path = f"/api/v1/events/{event}/invoices/1/receipt/mail"
        assert (await house.call("POST", path, "clerk")).status == 202
        (row,) = [row for row in await house.stores.outbox.owed(NEVER_MS, 9) if row.event == event]
        assert (row.topic, row.payload["paddle"], row.payload["invoice"]) == ("receipt", 100, 1)
        assert row.payload["subject"] == "Quittung INV-000001, Gala"
        assert "Ann" not in row.payload["text"]
        audit = await house.done("GET", f"/api/v1/audit?event={event}", "admin")
        assert "receipt.send" in [entry["what"] for entry in audit["entries"]]


async def test_a_year_over_all_events(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        first, second = await sale(house), await sale(house, currency="JPY", title="Frühling")
        third = await sale(house, title="Later")
        await keep(house, first, settled_evening())
        await keep(house, second, settled_evening())
        await keep(house, third, settled_evening(NOON_MS + 8 * 86_400_000))
        await keep(house, third, settled_evening(), paddle=101)
        reply = await house.call("GET", "/api/v1/me/statements/2025.pdf", "ann")
        assert reply.headers["content-type"] == "application/pdf"
        said = words_of(reply.body)
        assert "Jahresaufstellung 2025" in said
        assert "Abziehbar in EUR 120,00 €" in said
        assert "Abziehbar in JPY 12.000 ¥" in said
        assert "Later" not in said
        english = await house.call("GET", "/api/v1/me/statements/2026.pdf?locale=en-GB", "ann")
        assert "Statement 2026" in words_of(english.body)
        assert "Later" in words_of(english.body)
        nothing = await house.call("GET", "/api/v1/me/statements/2024.pdf", "ann")
        assert "Nothing was paid in this year." in words_of(nothing.body)


async def test_years_that_are_none(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        for year in ("0", "1999", "3000", "x", "2025.5", "-1"):
            reply = await house.call("GET", f"/api/v1/me/statements/{year}.pdf", "ann")
            assert reply.code == "NOT_FOUND"


async def test_an_events_sums(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await sale(house)
        await keep(house, event, settled_evening())
        unpaid = Evening()
        unpaid.bill(win(3, 20_000, title="=SUM(A1)"))
        await keep(house, event, unpaid, paddle=101)
        told = await house.done("GET", f"/api/v1/events/{event}/summary", "admin")
        cover = told["fee_cover"]
        assert (told["currency"], told["paddles"]) == ("EUR", 2)
        assert told["wins"] == {"lines": 2, "amount": 30_000}
        assert told["purchases"] == {"lines": 0, "amount": 0}
        assert told["pledges"] == {"lines": 1, "amount": 5_000}
        assert (told["gross"], told["premium"], told["tax"]) == (35_000, 3_000, 798 + 1_595)
        assert told["billed"] == 35_000 + 3_000 + 798 + 1_595
        assert told["received"] == {"card": 16_798 + cover, "cash": 0, "cheques": 0, "other": 0}
        assert (told["unpaid"], told["credit"]) == (23_595, 0)
        # The cover was reckoned so that the fee leaves the rest.
        assert 0 <= told["net"] - 16_798 <= 1
        assert told["top_lots"][0] == {
            "lot": 3,
            "title": "=SUM(A1)",
            "units": 1,
            "amount": 20_000,
        }


async def test_sums_as_a_table(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await sale(house)
        evening = settled_evening()
        evening.refund(evening.folio.payments[0], 1_000)
        await keep(house, event, evening)
        rows = {
            row["item"]: row
            for row in rows_of(
                await house.call("GET", f"/api/v1/events/{event}/summary.csv", "admin")
            )
        }
        assert rows["gross"]["amount"] == "150.00"
        assert rows["gross"]["amount_minor"] == "15000"
        assert rows["wins"]["count"] == "1"
        assert rows["adjustments"]["amount"] == "-10.00"
        assert rows["refunds_under_way"]["amount"] == "10.00"
        assert {row["currency"] for row in rows.values()} == {"EUR"}
        assert rows["lot 1: Lot 1"]["amount"] == "100.00"


async def test_the_ledger_as_a_table(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await sale(house)
        evening = settled_evening()
        evening.ask_more(500)
        await keep(house, event, evening)
        reply = await house.call("GET", f"/api/v1/events/{event}/ledger.csv", "admin")
        assert reply.headers["content-type"] == "text/csv; charset=utf-8"
        rows = rows_of(reply)
        entries = await house.stores.billing.ledger(event, 0, 100)
        assert len(rows) == sum(len(entry.posting.transfers) for entry in entries)
        assert [row["number"] for row in rows] == sorted(row["number"] for row in rows)
        assert rows[0]["at"] == "2025-12-24T13:00:01+01:00"
        debits, credits = (
            sum(int(row["amount_minor"]) for row in rows if row[side] == "receivable")
            for side in ("debit", "credit")
        )
        assert debits - credits == 500
        asked = rows[-1]
        assert (asked["kind"], asked["debit"], asked["credit"], asked["amount"]) == (
            "adjustment",
            "receivable",
            "adjustments",
            "5.00",
        )
        assert (asked["by"], asked["reason"]) == ("clara", "damage")


async def test_no_cell_of_the_ledger_is_a_formula(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await sale(house)
        evening = Evening()
        evening.bill(pledge(1, 10_000))
        payment = evening.pay(10_000, Method.CASH)
        evening.refund(payment, 4_000)
        posting = evening.folio.postings[-1]
        hostile = attrs.evolve(posting, reason="=HYPERLINK(1)", by="@mallory")
        evening.folio = attrs.evolve(
            evening.folio, postings=(*evening.folio.postings[:-1], hostile)
        )
        await keep(house, event, evening)
        rows = rows_of(await house.call("GET", f"/api/v1/events/{event}/ledger.csv", "admin"))
        assert rows[-1]["reason"] == "'=HYPERLINK(1)"
        assert rows[-1]["by"] == "'@mallory"


async def test_an_event_without_money_has_sums_of_nothing(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event(draft=True)
        told = await house.done("GET", f"/api/v1/events/{event}/summary", "admin")
        assert (told["gross"], told["net"], told["paddles"], told["top_lots"]) == (0, 0, 0, [])
        assert rows_of(await house.call("GET", f"/api/v1/events/{event}/ledger.csv", "admin")) == []
        unknown = await house.call("GET", "/api/v1/events/nowhere/summary", "admin")
        assert unknown.code == "UNKNOWN_EVENT"
