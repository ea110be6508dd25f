"""What the room sees and runs by: the desk's keys, the rostrum, the display."""

from __future__ import annotations

import json
import re

from playwright.sync_api import Locator, Page, WebSocket, expect

from saleroom.auction.roles import Role
from tests.browser.donor import open_lot
from tests.browser.house import House
from tests.browser.people import PHONE, People, Size
from tests.e2e.server import ROOT

PROJECTOR, PHONE_ASIDE = Size(1920, 1080), Size(844, 390, is_phone=True)
PICTURE = ROOT / "saleroom" / "web" / "icons" / "icon-192.png"
FUND = {"title": "A new roof", "mode": "pledge", "opening": 1, "goal": 100_000}
MARK = "(shown) => { shown.dataset.seen = 'yes' }"
MOTION = "(shown) => getComputedStyle(shown).animationName"
OVERFLOWS = """
() => [...document.querySelectorAll(".rostrum, .rostrum *")]
  .filter((each) => {
    const { left, top, right, bottom } = each.getBoundingClientRect();
    return left < 0 || top < 0 || right > innerWidth + 1 || bottom > innerHeight + 1;
  })
  .map((each) => each.outerHTML)
"""
WIDEST_GAP = """
() => {
  const main = document.querySelector("main").getBoundingClientRect();
  const rows = [...document.querySelectorAll("dl > div")].map((row) => row.getBoundingClientRect());
  const edges = [{ bottom: main.top }, ...rows, { top: main.bottom }];
  const gaps = edges.slice(1).map((edge, place) => edge.top - edges[place].bottom);
  return Math.max(...gaps) / innerHeight;
}
"""


def at_hand(page: Page) -> Locator:
    """Find the lot that the desk works on."""
    return page.get_by_role("region", name="Lot at hand")


def test_a_lot_is_run_by_the_keys_that_stand_on_the_screen(people: People, house: House) -> None:
    event = house.event({"title": "A quilt", "opening": 10_000}, {"title": "A chair"})
    (guest,) = house.paddles(event, 1)
    house.open(event)
    ann = people.donor(event, "Ann Lee")
    open_lot(ann.page, 1)
    desk = people.staff(f"/e/{event}/auctioneer", Role.AUCTIONEER).page
    keys, lot = desk.keyboard, at_hand(desk)
    expect(desk.get_by_label("Entry")).to_be_focused()
    on_screen = desk.get_by_role("region", name="Keys").get_by_role("button")
    for key, words in (("B", "Floor bid at ask"), ("S", "Sold"), ("L", "Online bids on/off")):
        expect(on_screen.filter(has_text=words).first).to_have_attribute("aria-keyshortcuts", key)

    keys.press("n")
    expect(lot).to_contain_text(re.compile(r"A quilt\s*Ask\s*\$100\s*Price\s*no bid"))
    keys.type("120")
    keys.press("Enter")
    expect(lot).to_contain_text("Floor, no paddle yet")
    keys.type(f"{guest}")
    keys.press("p")
    expect(lot).to_contain_text(re.compile(rf"\$120\s*Leader\s*{guest}"))
    keys.type("25")
    keys.press("i")
    expect(lot).to_contain_text(re.compile(r"Ask\s*\$145"))
    keys.press("u")
    expect(lot).to_contain_text(re.compile(r"Ask\s*\$130"))
    log = desk.get_by_role("list", name="Log of lot 1").get_by_role("listitem")
    expect(log.first).to_contain_text(f"Undone: $120, paddle {guest} stands")

    expect(ann.page.get_by_role("button", name="Slide to bid $130")).to_be_visible()
    keys.press("l")
    expect(lot).to_contain_text("online locked")
    expect(ann.page.get_by_text("Online bids on this lot are held back")).to_be_visible()
    keys.press("l")
    expect(ann.page.get_by_role("button", name="Slide to bid $130")).to_be_visible()

    keys.press("x")
    expect(lot).to_contain_text("passed")
    keys.press("n")
    expect(lot).to_contain_text("A chair")
    expect(lot).not_to_contain_text("not open yet")


def test_the_desk_tells_everyone_and_locks_a_paddle(people: People, house: House) -> None:
    event = house.open(house.event({"title": "A quilt", "opening": 10_000}))
    house.command(event, "open_lot", lot=1)
    ann = people.donor(event, "Ann Lee")
    open_lot(ann.page, 1)
    desk = people.staff(f"/e/{event}/auctioneer", Role.CLERK).page
    expect(desk.get_by_label("Entry")).to_be_focused()
    desk.get_by_role("button", name="Show the paddles").click()
    connected = desk.get_by_role("region", name="Connected").get_by_role("listitem")
    expect(connected).to_have_text(re.compile(rf"{ann.paddle}\s*Ann Lee"))
    desk.get_by_role("button", name="Tell everyone").click()
    desk.keyboard.type("Dinner is served")
    desk.keyboard.press("Enter")
    expect(desk.get_by_label("Entry")).to_be_focused()
    expect(ann.page.get_by_text("Dinner is served")).to_be_visible()
    desk.keyboard.type(f"{ann.paddle}")
    desk.keyboard.press("k")
    desk.get_by_role("dialog").get_by_label("Reason, for staff alone").fill("no card")
    desk.keyboard.press("Enter")
    locked = ann.page.get_by_text("Your paddle is locked. Please see the desk.")
    expect(locked).to_be_visible()
    assert "no card" not in ann.page.content()
    desk.keyboard.type(f"{ann.paddle}")
    desk.keyboard.press("k")
    desk.get_by_role("dialog").get_by_role("button", name="Unlock").click()
    expect(locked).to_be_hidden()


def test_the_rostrum_is_read_and_not_touched(people: People, house: House) -> None:
    event = house.event({"title": "A week in a Tuscan farmhouse", "reserve": 30_000}, {})
    (paddle,) = house.paddles(event, 1)
    house.open(event)
    screen = people.stranger(PHONE)
    sent: list[str] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", lambda text: sent.append(json.loads(text)["type"]))

    screen.page.on("websocket", listen)
    page = screen.visit(f"/e/{event}/rostrum")
    state = page.locator(".rostrum-state")
    expect(state).to_have_text("Not open yet")
    house.command(event, "open_lot", lot=1)
    house.command(event, "floor_bid", lot=1, paddle=paddle)
    house.command(event, "lock_remote", lot=1, on=True)
    house.command(event, "final_call", lot=1)
    expect(state).to_have_text(re.compile(r"Final call\s*Online locked"))
    expect(page.get_by_role("main")).to_have_text(
        re.compile(rf"Ask\s*\$110\s*Bid\s*\$100\s*Paddle\s*{paddle}\s*Reserve\s*not met")
    )
    assert page.locator("main :is(a, button, input), header :is(a, button, input)").count() == 0
    for size in (PHONE, PHONE_ASIDE, PROJECTOR):
        page.set_viewport_size({"width": size.width, "height": size.height})
        assert page.evaluate(OVERFLOWS) == [], size
        assert page.evaluate(WIDEST_GAP) < 0.2, size
    assert set(sent) == {"hello", "ping"}


def test_the_display_flashes_for_each_bid_and_shows_the_way_in(
    people: People, house: House
) -> None:
    event = house.event({"title": "A quilt", "opening": 10_000}, {})
    (paddle,) = house.paddles(event, 1)
    with PICTURE.open("rb") as picture:
        sent = house.root.post(
            f"/api/v1/events/{event}/lots/1/images",
            files={"file": ("quilt.png", picture, "image/png")},
            data={"alt": "A quilt on a bed"},
        )
    assert sent.is_success, sent.text
    house.open(event)
    phone = people.stranger(PHONE).visit(f"/e/{event}#/lot/1")
    expect(phone.get_by_alt_text("A quilt on a bed")).to_be_visible()
    page = people.stranger(PROJECTOR).visit(f"/e/{event}/display")
    code = page.get_by_alt_text("QR code of this event's page")
    expect(code).to_be_visible()
    assert code.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 0
    expect(page.get_by_text(f"/e/{event}")).to_be_visible()
    house.command(event, "open_lot", lot=1)
    expect(page.get_by_alt_text("A quilt on a bed")).to_be_visible()
    flash = page.locator(".price.flash:not([data-seen])")
    expect(page.get_by_text("Opening at")).to_be_visible()
    expect(flash).to_have_count(0)
    for amount in ("$100", "$110"):
        house.command(event, "floor_bid", lot=1, paddle=paddle)
        expect(flash).to_contain_text(amount)
        assert flash.locator(".amount").evaluate(MOTION) != "none"
        flash.evaluate(MARK)
    house.command(event, "sell_lot", lot=1)
    board = page.get_by_role("complementary").get_by_role("listitem")
    expect(board).to_have_text(re.compile(rf"{paddle}\s*\$110"))


def test_the_display_shows_the_match_apart(people: People, house: House) -> None:
    event = house.event(FUND)
    first, second = house.paddles(event, 2)
    house.open(event)
    page = people.stranger(PROJECTOR).visit(f"/e/{event}/display")
    expect(page.get_by_role("heading", name="Harbour gala")).to_be_visible()
    house.command(event, "pledge", lot=1, paddle=first, level=30_000)
    fund = page.get_by_role("main")
    expect(fund).to_contain_text(re.compile(r"Pledged by 1 donor\s*\$300\s*Goal\s*\$1,000 · 30 %"))
    house.command(event, "set_match", lot=1, ratio_percent=100, cap=20_000)
    house.command(event, "pledge", lot=1, paddle=second, level=10_000)
    expect(fund).to_contain_text(
        re.compile(r"\$500\s*Pledged by 2 donors\s*\$400\s*Match\s*\$100\s*Goal\s*\$1,000 · 50 %")
    )
    expect(fund).to_contain_text("Pledges are matched at 100 %, up to $200.")
