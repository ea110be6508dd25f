"""A receipt in a browser: readable by everyone, with its style under the strictest policy."""

from __future__ import annotations

from playwright.sync_api import expect

from saleroom.auction.roles import Role
from tests.browser.axe import violations
from tests.browser.house import House
from tests.browser.people import People
from tests.browser.scene import HOSTILE
from tests.browser.test_sandbox import sold


def test_a_receipt_is_read_as_a_page(people: People, house: House) -> None:
    event, paddle = sold(house, HOSTILE)
    body = {"method": "cash", "amount": 11_500}
    path = f"/events/{event}/folios/{paddle}/payments"
    house.call("POST", path, body, **{"Idempotency-Key": "cash"})

    page = people.staff(f"/api/v1/events/{event}/invoices/1/receipt.html", Role.CLERK).page
    expect(page.get_by_role("heading", name="Receipt")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="$115.00").first).to_be_visible()
    expect(page.locator("td.figure").first).to_have_css("text-align", "right")
    expect(page).to_have_title("Receipt")
    assert page.locator("img, script").count() == 0
    assert violations(page) == []
