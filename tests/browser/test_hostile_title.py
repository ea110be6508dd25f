"""A long title full of tricks, on every page that shows it: text like any other."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from saleroom.auction.roles import Role
from tests.browser.donor import open_lot
from tests.browser.house import House
from tests.browser.people import DESKTOP, PHONE, People, Size
from tests.browser.scene import HOSTILE, HOSTILE_LOT, Scene

OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
SHOWN = HOSTILE[:60]


def check(page: Page) -> None:
    """The title is read as it is written, does nothing, and pushes nothing off the page."""
    expect(page.get_by_text(SHOWN).first).to_be_visible()
    assert "taken" not in page.title()
    assert page.locator("img[src='x']").count() == 0
    assert page.evaluate(OVERFLOW) <= 0


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_for_donors(people: People, scene: Scene, size: Size) -> None:
    ann = people.donor(scene.event, "Ann Lee", size)
    check(ann.page)
    open_lot(ann.page, HOSTILE_LOT)
    check(ann.page)


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_for_the_house(people: People, scene: Scene, size: Size) -> None:
    otto = people.staff(f"/e/{scene.event}/auctioneer", Role.AUCTIONEER, size=size)
    otto.page.get_by_role("button", name="<img").click()
    check(otto.page)


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_in_the_administration(people: People, scene: Scene, size: Size) -> None:
    ada = people.staff(f"/admin#/events/{scene.event}/lots", Role.ADMIN, size=size)
    check(ada.page)


@pytest.mark.parametrize("place", ["display", "rostrum"])
def test_in_the_ring(people: People, house: House, place: str) -> None:
    event = house.open(house.event({"title": HOSTILE}))
    house.command(event, "open_lot", lot=1)
    for size in (PHONE, DESKTOP):
        otto = people.staff(f"/e/{event}/{place}", Role.AUCTIONEER, size=size)
        check(otto.page)
