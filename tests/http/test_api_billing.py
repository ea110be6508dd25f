"""Billing over HTTP: from the hammer to the invoice, what is taken back, and the ledger."""

from __future__ import annotations

from typing import Any

from trio.testing import MockClock

from tests.http.house import open_house
from tests.http.till import (
    FOLIO,
    GALA_TERMS,
    REASON,
    adjust,
    balanced,
    billed_house,
    folio,
    settled_sale,
)


async def test_the_figures_of_a_closed_event(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await settled_sale(house, GALA_TERMS)
        made = await house.done("POST", f"/api/v1/events/{event}/invoices", "admin")
        (invoice,) = made["documents"]
        assert (invoice["label"], invoice["paddle"]) == ("INV-000001", 100)
        win, purchase, pledge = invoice["lines"]
        assert (win["amount"], win["premium"], win["tax"]) == (10_000, 1_000, 798)
        assert (win["fmv"], win["deductible"]) == (4_000, 7_000)
        assert (purchase["kind"], purchase["units"], purchase["unit_amount"]) == (
            "purchase",
            2,
            2_500,
        )
        assert (purchase["premium"], purchase["tax"], purchase["deductible"]) == (0, 363, 0)
        assert (pledge["kind"], pledge["total"], pledge["deductible"]) == ("pledge", 5_000, 5_000)
        assert invoice["total"] == 11_798 + 5_363 + 5_000
        assert await balanced(house, event)
        again = await house.done("POST", f"/api/v1/events/{event}/invoices", "admin")
        assert again == {"documents": []}


async def test_an_event_is_billed_once_it_has_closed(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        reply = await house.call("POST", f"/api/v1/events/{event}/invoices", "admin")
        assert (reply.status, reply.code) == (409, "EVENT_NOT_CLOSED")
        assert reply.json["event_status"] == "open"


async def test_terms_are_set_before_the_event_is_billed(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await settled_sale(house, GALA_TERMS)
        path = f"/api/v1/events/{event}/billing"
        assert await house.done("GET", path, "clerk") == {**GALA_TERMS, "version": 1}
        stale = await house.call("PUT", path, "admin", {**GALA_TERMS, "version": 0})
        assert (stale.status, stale.code) == (409, "STALE_VERSION")
        assert stale.json["version"] == 1
        wrong = await house.call("PUT", path, "admin", {**GALA_TERMS, "tax_ppm": 7.25})
        assert wrong.status == 422
        await house.done("POST", f"/api/v1/events/{event}/invoices", "admin")
        late = await house.call("PUT", path, "admin", {**GALA_TERMS, "version": 1})
        assert (late.status, late.code) == (409, "EVENT_BILLED")


async def test_an_invoice_is_read_by_staff_and_its_own_paddle(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await billed_house(house)
        path = f"/api/v1/events/{event}/invoices/1"
        own = await house.done("GET", path, "ann")
        assert own["label"] == "INV-000001"
        assert "by" not in own
        assert (await house.done("GET", path, "clerk"))["by"] == "ada"
        other = await house.call("GET", path, "bob")
        assert (other.status, other.code) == (404, "UNKNOWN_INVOICE")
        pages = f"/api/v1/events/{event}/invoices"
        assert await house.done("GET", f"{pages}?cursor=1", "clerk") == {
            "documents": [],
            "next": None,
        }
        notes = await house.done("GET", f"{pages}?kind=credit_note", "clerk")
        assert notes["documents"] == []


async def test_lines_are_taken_back_and_billed_again_when_asked(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        event = await billed_house(house)
        path = f"/api/v1/events/{event}/invoices"
        key = (await house.done("GET", f"{path}/1", "admin"))["lines"][0]["key"]
        body: dict[str, Any] = {"lines": [key], **REASON}
        note = await house.done("POST", f"{path}/1/credit", "admin", body)
        assert (note["label"], note["corrects"], note["total"]) == ("CN-000001", 1, 11_798)
        assert (await folio(house, event))["balance"] == 10_363
        twice = await house.call("POST", f"{path}/1/credit", "admin", body)
        assert (twice.status, twice.code) == (409, "NOTHING_TO_CREDIT")
        assert await house.done("POST", path, "admin") == {"documents": []}
        again = await house.done("POST", path, "admin", {"again": True})
        assert [document["label"] for document in again["documents"]] == ["INV-000002"]
        void = await house.done("POST", f"{path}/1/credit", "admin", REASON)
        assert [line["kind"] for line in void["lines"]] == ["purchase", "pledge"]
        assert (await folio(house, event))["balance"] == 11_798
        assert await balanced(house, event)
        audit = await house.done("GET", f"/api/v1/audit?event={event}", "admin")
        told = [entry["after"] for entry in audit["entries"] if entry["what"] == "billing.credit"]
        assert {"note": "CN-000001", "reason": "a mistake", "total": 11_798} in told


async def test_an_adjustment_acts_once_and_never_below_what_is_due(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        event = await billed_house(house)
        for _ in range(2):
            assert (await adjust(house, event, "credit", 2_161)).status == 200
        assert (await folio(house, event))["balance"] == 20_000
        reused = await adjust(house, event, "credit", 2_162)
        assert (reused.status, reused.code) == (409, "ID_REUSED")
        much = await adjust(house, event, "credit", 20_001, key="other")
        assert (much.status, much.code) == (409, "MORE_THAN_DUE")
        assert much.json["due"] == 20_000
        assert (await adjust(house, event, "charge", 500, key="late fee")).status == 200
        assert (await folio(house, event))["due"] == 20_500
        assert await balanced(house, event)


async def test_a_runner_up_is_billed_in_the_place_of_who_defaulted(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        event = await house.event()
        await house.lot(event)
        for who in ("ann", "bob"):
            await house.bidder(event, who)
        for who, name, fields in (
            ("auctioneer", "open_event", {}),
            ("auctioneer", "open_lot", {"lot": 1}),
            ("bob", "place_bid", {"lot": 1, "amount": 10_000}),
            ("ann", "place_bid", {"lot": 1, "amount": 12_000}),
            ("auctioneer", "sell_lot", {"lot": 1}),
            ("auctioneer", "close_event", {}),
        ):
            assert (await house.command(event, who, name, **fields)).status == 200
        path = f"/api/v1/events/{event}/invoices"
        first = await house.done("POST", path, "admin")
        assert [(d["label"], d["paddle"]) for d in first["documents"]] == [("INV-000001", 100)]
        offered = await house.command(
            event, "admin", "offer_runner_up", lot=1, reason="did not pay"
        )
        assert offered.status == 200
        assert (await house.command(event, "bob", "answer_offer", lot=1, accept=True)).status == 200
        then = await house.done("POST", path, "admin")
        assert [(d["label"], d["paddle"], d["total"]) for d in then["documents"]] == [
            ("CN-000001", 100, 12_000),
            ("INV-000002", 101, 10_000),
        ]
        rows = (await house.done("GET", f"/api/v1/events/{event}/folios", "clerk"))["folios"]
        assert [(row["paddle"], row["billed"], row["balance"]) for row in rows] == [
            (100, 0, 0),
            (101, 10_000, 10_000),
        ]
        assert await balanced(house, event)


async def test_a_folio_is_seen_by_its_holder_alone(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await billed_house(house)
        seen = await house.done("GET", FOLIO.format(event=event), "ann")
        assert (seen["due"], seen["due_with_fee"]) == (22_161, 22_161 + 693)
        assert "reason" in seen["documents"][0]
        assert (await house.call("GET", FOLIO.format(event=event), "bob")).status == 403
        missing = await house.call("GET", f"/api/v1/events/{event}/folios/999", "clerk")
        assert (missing.status, missing.code) == (404, "UNKNOWN_PADDLE")


async def test_the_ledger_is_paged(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await billed_house(house)
        await adjust(house, event, "credit", 1)
        path = f"/api/v1/events/{event}/ledger"
        first = await house.done("GET", f"{path}?limit=1", "admin")
        assert first["next"] == 1
        (entry,) = first["entries"]
        assert (entry["kind"], entry["reference"]) == ("invoice", "INV-000001")
        rest = await house.done("GET", f"{path}?limit=1&cursor=1", "admin")
        assert rest["next"] is None
        assert rest["entries"][0]["reason"] == "a mistake"
