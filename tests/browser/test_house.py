"""The desk over a lost line, and the screens that nobody attends."""

from __future__ import annotations

import re

from playwright.sync_api import Route, expect

from saleroom.auction.roles import Role
from tests.browser.cable import laid
from tests.browser.house import House
from tests.browser.people import People, Size

PROJECTOR = Size(1920, 1080)
LEVELS = [10_000]
A_RELEASE = re.compile(r"/web/[0-9a-z]+/")
COUNT_LOADS = "sessionStorage.loads = Number(sessionStorage.loads ?? 0) + 1"
LOADS = "Number(sessionStorage.loads)"


def test_commands_wait_for_the_line_or_are_dropped(people: People, house: House) -> None:
    fund = {"title": "A new roof", "mode": "pledge", "opening": 1, "levels": LEVELS}
    event = house.event({"title": "A quilt", "opening": 10_000}, fund)
    first, second = house.paddles(event, 2)
    house.open(event)
    house.command(event, "open_lot", lot=1)
    with laid(house.url) as cable:
        desk = people.staff(f"/e/{event}/auctioneer", Role.AUCTIONEER, url=cable.url)
        desk.watch.expect("ERR_|WebSocket connection")
        page, keys = desk.page, desk.page.keyboard
        given = page.get_by_role("region", name="Commands")
        expect(page.get_by_label("Entry")).to_be_focused()
        cable.pull()
        expect(page.get_by_text("no line", exact=True)).to_be_visible()
        keys.type(f"{first}")
        keys.press("b")
        keys.press("w")
        expect(given.get_by_text("waits for the line")).to_have_count(2)
        late = given.get_by_role("listitem").filter(has_text="Fair warning")
        late.get_by_role("button", name="Drop").click()
        expect(late).to_contain_text("dropped")
        keys.type("2")
        keys.press("g")
        keys.press("ArrowDown")
        for paddle in (first, second):
            keys.type(f"{paddle}")
            keys.press("Enter")
        expect(given.get_by_text("waits for the line")).to_have_count(3)
        cable.put_in()
        expect(given.get_by_text("done", exact=True)).to_have_count(3)
        lot = house.lot(event, 1)
        assert (lot["state"], lot["leader"], lot["price"]) == ("open", first, 10_000)
        assert [fact["paddle"] for fact in house.facts(event, "pledge_made")] == [first, second]
        assert house.facts(event, "lot_warned") == []


def test_a_letter_that_is_written_is_no_command(people: People, house: House) -> None:
    event = house.event({"title": "A quilt", "opening": 10_000})
    house.open(event)
    page = people.staff(f"/e/{event}/auctioneer", Role.CLERK).page
    keys = page.keyboard
    expect(page.get_by_label("Entry")).to_be_focused()
    keys.press("t")
    keys.type("New bids now")
    keys.press("Enter")
    told = page.get_by_role("region", name="Commands").get_by_text("Tell: New bids now")
    expect(told).to_be_visible()
    expect(page.get_by_label("Entry")).to_be_focused()
    page.get_by_role("button", name="Keys on").click()
    keys.press("n")
    page.get_by_role("button", name="Keys off").click()
    assert house.facts(event, "lot_opened") == []
    keys.press("n")
    expect(page.get_by_role("region", name="Lot at hand")).not_to_contain_text("not open yet")
    assert len(house.facts(event, "lot_opened")) == 1


def test_the_display_comes_back_by_itself(people: People, house: House) -> None:
    event = house.event({"title": "A quilt", "opening": 10_000})
    (paddle,) = house.paddles(event, 1)
    house.open(event)
    with laid(house.url) as cable:
        screen = people.stranger(PROJECTOR, url=cable.url)
        screen.watch.expect("ERR_|WebSocket connection")
        page = screen.visit(f"/e/{event}/display")
        expect(page.get_by_text("Next: lot 1")).to_be_visible()
        assert page.evaluate("getComputedStyle(document.body).cursor") == "none"
        house.command(event, "open_lot", lot=1)
        expect(page.get_by_text("Opening at")).to_be_visible()
        cable.pull()
        house.command(event, "floor_bid", lot=1, paddle=paddle)
        expect(page.get_by_text("Reconnecting")).to_be_visible()
        cable.put_in()
        expect(page.get_by_role("main")).to_contain_text(
            re.compile(rf"Bid\s*\$100.*{paddle}", re.S)
        )
        expect(page.get_by_text("Reconnecting")).to_be_hidden()
        house.command(event, "sell_lot", lot=1)
        expect(page.get_by_role("main")).to_contain_text("Sold for")


def test_a_screen_takes_up_another_release(people: People, house: House) -> None:
    event = house.open(house.event({"title": "A quilt"}))
    with laid(house.url) as cable:
        screen = people.stranger(PROJECTOR, url=cable.url)
        screen.watch.expect("ERR_|WebSocket connection")
        page = screen.page
        page.add_init_script(COUNT_LOADS)
        page = screen.visit(f"/e/{event}/rostrum")
        expect(page.get_by_role("heading", name="A quilt")).to_be_visible()
        assert page.evaluate(LOADS) == 1

        def tell_of_another(route: Route) -> None:
            if route.request.is_navigation_request():
                route.continue_()
                return
            answer = route.fetch(url=f"{house.url}/e/{event}/rostrum")
            text = A_RELEASE.sub("/web/another/", answer.text())
            route.fulfill(response=answer, body=text)

        page.route(f"**/e/{event}/rostrum", tell_of_another)
        cable.cut()
        page.wait_for_function(f"() => {LOADS} === 2")
        expect(page.get_by_role("heading", name="A quilt")).to_be_visible()
        page.unroute_all(behavior="wait")
