"""Pledges keyed as fast as they are typed, without a pointer."""

from __future__ import annotations

from playwright.sync_api import expect

from saleroom.auction.roles import Role
from tests.browser.house import House
from tests.browser.people import People

COUNT = 20
FUND = 1
LEVELS = [5_000, 10_000]


def test_twenty_paddles_and_a_double(people: People, house: House) -> None:
    event = house.event({"title": "A new roof", "mode": "pledge", "opening": 1, "levels": LEVELS})
    paddles = house.paddles(event, COUNT)
    house.open(event)
    clerk = people.staff(f"/e/{event}/auctioneer", Role.CLERK)
    page, keys = clerk.page, clerk.page.keyboard
    expect(page.get_by_role("radiogroup", name="Level")).to_be_visible()
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    expect(page.get_by_role("radio", name="$100", exact=True)).to_be_checked()
    for paddle in paddles:
        keys.type(f"{paddle}")
        keys.press("Enter")
    keys.type(f"{paddles[7]}")
    keys.press("Enter")
    warning = page.get_by_text(f"Paddle {paddles[7]} has pledged $100 already.", exact=True)
    expect(warning).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Keyed here")).to_contain_text("20")
    keys.press("n")
    expect(warning).to_be_hidden()
    assert [f["paddle"] for f in house.facts(event, "pledge_made")] == paddles
    keys.type(f"{paddles[7]}")
    keys.press("Enter")
    keys.press("y")
    expect(page.get_by_role("status").filter(has_text="Keyed here")).to_contain_text("21")
    made = [(fact["paddle"], fact["level"]) for fact in house.facts(event, "pledge_made")]
    assert made == [(paddle, LEVELS[1]) for paddle in [*paddles, paddles[7]]]
