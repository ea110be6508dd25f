"""axe-core finds nothing on any page: in the dark and in the light, on a phone and on a desktop."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from playwright.sync_api import Page

from saleroom.auction.roles import Role
from tests.browser.axe import violations
from tests.browser.donor import open_lot
from tests.browser.house import House
from tests.browser.people import DESKTOP, PHONE, People, Size
from tests.browser.scene import FUND, HOSTILE_LOT, LIVE, NEXT, SALE, SILENT, Scene

PLACES = (
    "events",
    "accounts",
    "messages",
    "sandbox",
    "audit",
    "events/{event}",
    "events/{event}/lots",
    "events/{event}/import",
    "events/{event}/headings",
    "events/{event}/guests",
    "events/{event}/codes",
    "events/{event}/results",
    "events/{event}/money",
    "events/{event}/journal",
)


def check(page: Page, sizes: Sequence[Size] = (PHONE, DESKTOP)) -> None:
    """Look at a page in all its forms."""
    page.emulate_media(reduced_motion="reduce")
    found = {}
    for size in sizes:
        page.set_viewport_size({"width": size.width, "height": size.height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found[f"{size.width} {scheme}"] = violations(page)
    broken = [f"{form}: {line}" for form, lines in found.items() for line in lines]
    assert not broken, "\n".join(broken)


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


def test_donors_gallery(people: People, scene: Scene) -> None:
    page = people.donor(scene.event, "Ann Lee").page
    page.get_by_role("heading", name="Sunrise kayak tour").wait_for()
    check(page)


@pytest.mark.parametrize("lot", [LIVE, SILENT, FUND, SALE, HOSTILE_LOT, NEXT])
def test_donors_lot(people: People, scene: Scene, lot: int) -> None:
    page = people.donor(scene.event, "Ann Lee").page
    page.get_by_role("heading", name="Sunrise kayak tour").wait_for()
    open_lot(page, lot)
    check(page)


def test_donors_own(people: People, scene: Scene) -> None:
    page = people.donor(scene.event, "Ann Lee").page
    page.get_by_role("link", name="My bids").click()
    page.get_by_role("heading", name="Paddle").wait_for()
    check(page)


def test_donors_way_in(people: People, scene: Scene) -> None:
    page = people.stranger().visit(f"/e/{scene.event}")
    page.get_by_role("button", name="Get a paddle").click()
    page.get_by_role("dialog").wait_for()
    check(page)


def test_joining(people: People, house: House, scene: Scene) -> None:
    (card,) = house.call("POST", f"/events/{scene.event}/join-codes", {"count": 1})["codes"]
    page = people.stranger().visit(f"/j/{card['code']}")
    page.get_by_label("Your name").wait_for()
    check(page)


def test_no_such_event(people: People) -> None:
    visitor = people.stranger()
    visitor.watch.expect("404: GET")
    page = visitor.visit("/e/none")
    page.get_by_role("heading").first.wait_for()
    check(page)


def test_administration(people: People, scene: Scene) -> None:
    page = people.staff("/admin", Role.ADMIN).page
    for place in PLACES:
        page.goto("about:blank")
        page.goto(f"{people.house.url}/admin#/{place.format(event=scene.event)}")
        page.get_by_role("heading", level=1).wait_for()
        page.get_by_text("Loading").first.wait_for(state="hidden")
        check(page, [DESKTOP])


def test_signing_in_to_the_administration(people: People, house: House) -> None:
    page = people.stranger().visit("/admin")
    page.get_by_label("Password").wait_for()
    check(page)


def test_operator(people: People, scene: Scene) -> None:
    page = people.staff("/operator", Role.OPERATOR).page
    page.get_by_role("table").first.wait_for()
    check(page)
