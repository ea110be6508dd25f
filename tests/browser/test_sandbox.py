"""The sandbox in a browser: what would have been charged, and through what nothing goes out."""

from __future__ import annotations

from playwright.sync_api import expect

from saleroom.auction.roles import Role
from tests.browser.axe import violations
from tests.browser.house import House
from tests.browser.people import People


def sold(house: House, title: str = "A quilt") -> tuple[str, int]:
    """Close an event at which somebody owes 115.00, and bill it; give it and their paddle."""
    event = house.open(house.event({"title": title, "mode": "live", "opening": 11_500}))
    (paddle,) = house.paddles(event, 1)
    house.command(event, "open_lot", lot=1)
    house.command(event, "floor_bid", lot=1, paddle=paddle)
    house.command(event, "sell_lot", lot=1)
    house.command(event, "close_event")
    house.call("POST", f"/events/{event}/invoices")
    return event, paddle


def test_what_would_have_been_charged_is_shown(people: People, house: House) -> None:
    event, paddle = sold(house)
    link = house.call("POST", f"/events/{event}/folios/{paddle}/link")["url"]
    token = link.rpartition("/")[2]
    wanted = {"method": "checkout", "amount": 11_500}
    house.call("POST", f"/checkout/{token}/payments", wanted, **{"Idempotency-Key": "once"})

    page = people.staff("/admin#/sandbox", Role.ADMIN).page
    charges = page.get_by_role("region", name="What would have been charged")
    row = charges.get_by_role("row").filter(has_text=event)
    for said in (str(paddle), "Checkout page", "$115", "captured"):
        expect(row).to_contain_text(said)
    expect(page.get_by_text("Kept here: Cards")).to_be_visible()
    expect(page.get_by_text("Kept here: Texts, E-mail, Push")).to_be_visible()
    assert violations(page) == []

    page.get_by_role("button", name="Refresh").click()
    row.get_by_role("link", name=event).click()
    expect(page).to_have_url(f"{house.url}/admin#/events/{event}/money")


def test_the_sandbox_is_for_admins(people: People) -> None:
    page = people.staff("/admin#/sandbox", Role.CLERK).page
    expect(page.get_by_text("This is for admins.")).to_be_visible()
