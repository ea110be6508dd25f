"""The given figures, from hammer to invoice, pay page and receipt, in every sort of currency."""

from __future__ import annotations

import pytest
from trio.testing import MockClock

from tests.http.house import House, open_house
from tests.http.till import FOLIO, GALA_TERMS, balanced, card_on_file, link, pay

HAMMER, PREMIUM, TAX = 150_000_000, 15_000_000, 11_962_500
TOTAL = HAMMER + PREMIUM + TAX


async def sold(house: House, hammer: int, terms: dict[str, int], currency: str = "USD") -> str:
    """A closed and billed event at which ann won lot 1, of a market value of 40000."""
    event = await house.event(currency=currency, locale="en-US", organisation="Sea Rescue")
    await house.lot(event, fmv=40_000)
    await house.bidder(event, "ann")
    await house.done("PUT", f"/api/v1/events/{event}/billing", "admin", {**terms, "version": 0})
    for who, name, fields in (
        ("auctioneer", "open_event", {}),
        ("auctioneer", "open_lot", {"lot": 1}),
        ("ann", "place_bid", {"lot": 1, "amount": hammer}),
        ("auctioneer", "sell_lot", {"lot": 1}),
        ("auctioneer", "close_event", {}),
    ):
        assert (await house.command(event, who, name, **fields)).status == 200
    await house.done("POST", f"/api/v1/events/{event}/invoices", "admin")
    return event


@pytest.mark.parametrize(
    ("currency", "total", "premium", "tax"),
    [
        ("USD", "$1,769,625.00", "$150,000.00", "$119,625.00"),
        ("JPY", "¥176,962,500", "¥15,000,000", "¥11,962,500"),
        ("KWD", "KWD\u00a0176,962.500", "KWD\u00a015,000.000", "KWD\u00a011,962.500"),
    ],
)
async def test_premium_and_tax_on_a_great_hammer(
    autojump_clock: MockClock, currency: str, total: str, premium: str, tax: str
) -> None:
    async with open_house() as house:
        event = await sold(house, HAMMER, GALA_TERMS, currency)
        path = f"/api/v1/events/{event}/invoices/1"
        invoice = await house.done("GET", path, "ann")
        (line,) = invoice["lines"]
        assert (line["amount"], line["premium"], line["tax"]) == (HAMMER, PREMIUM, TAX)
        assert (invoice["total"], invoice["currency"]) == (TOTAL, currency)
        assert line["deductible"] == HAMMER + PREMIUM - 40_000
        address = f"/pay/{(await link(house, event)).rpartition('/')[2]}"
        assert total in (await house.call("GET", address)).body.decode()
        assert (await pay(house, event, method="cash", amount=TOTAL)).status == 201
        receipt = (await house.call("GET", f"{path}/receipt.html", "ann")).body.decode()
        for figure in (total, premium, tax):
            assert figure in receipt
        assert await balanced(house, event)


async def test_what_covers_the_fee_of_a_hundred(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await sold(house, 10_000, {**GALA_TERMS, "premium_ppm": 0, "tax_ppm": 0})
        owed = await house.done("GET", FOLIO.format(event=event), "ann")
        assert (owed["due"], owed["due_with_fee"]) == (10_000, 10_330)
        (line,) = owed["documents"][0]["lines"]
        assert line["deductible"] == 0  # 100.00 for what is worth 400.00
        await card_on_file(house, event)
        paid = (await pay(house, event, method="card", amount=10_000, cover_fee=True)).json
        assert (paid["fee_cover"], paid["charged"]) == (330, 10_330)
        receipt = await house.done("GET", f"/api/v1/events/{event}/invoices/1/receipt", "ann")
        assert receipt["fee_cover"] == 330
        assert await balanced(house, event)
