"""axe-core finds nothing on any page: in the dark and in the light, on a phone and on a desktop."""

from __future__ import annotations

from playwright.sync_api import Page

from saleroom.auction.roles import Role
from tests.browser.axe import violations
from tests.browser.people import DESKTOP, PHONE, People
from tests.browser.scene import Scene


def check(page: Page) -> None:
    """Look at a page in all its forms."""
    page.emulate_media(reduced_motion="reduce")
    found = {}
    for size in (PHONE, DESKTOP):
        page.set_viewport_size({"width": size.width, "height": size.height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found[f"{size.width} {scheme}"] = violations(page)
    assert found == {form: [] for form in found}


def test_events(people: People, scene: Scene) -> None:
    page = people.stranger().visit("/")
    page.get_by_role("link", name="Harbour lights gala").first.wait_for()
    check(page)


def test_auctioneer(people: People, scene: Scene) -> None:
    page = people.staff(f"/e/{scene.event}/auctioneer", Role.AUCTIONEER).page
    page.get_by_role("heading", name="A week in a Tuscan farmhouse").wait_for()
    check(page)


def test_auctioneer_with_a_fund(people: People, scene: Scene) -> None:
    page = people.staff(f"/e/{scene.event}/auctioneer", Role.AUCTIONEER).page
    page.get_by_role("button", name="A new roof").click()
    page.get_by_role("heading", name="Key pledges").wait_for()
    check(page)


def test_auctioneers_page_before_signing_in(people: People, scene: Scene) -> None:
    page = people.stranger().visit(f"/e/{scene.event}/auctioneer")
    page.get_by_role("button", name="Sign in").wait_for()
    check(page)


def test_display(people: People, scene: Scene) -> None:
    page = people.stranger().visit(f"/e/{scene.event}/display")
    page.get_by_role("heading", name="A week in a Tuscan farmhouse").wait_for()
    check(page)


def test_rostrum(people: People, scene: Scene) -> None:
    page = people.stranger().visit(f"/e/{scene.event}/rostrum")
    page.get_by_role("heading", name="A week in a Tuscan farmhouse").wait_for()
    check(page)
