"""What a donor's hands do on the event's page, and what it never does without them."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.donor import EDGE, open_lot, slide, standing, toast
from tests.browser.house import PASSWORD, House
from tests.browser.people import PHONE, People

RESTED = "since => performance.now() - since >= 400"
LADDER_STEPS = ["$100", "$110", "$120", "$130", "$140", "$150", "$160", "$170", "$180", "$190"]


def silent(house: House, **fields: object) -> dict[str, object]:
    """Give a silent lot that ends in an hour."""
    return {"title": "A kayak", "mode": "silent", "ends_at": house.ends_in(3_600), **fields}


def steps(page: Page) -> Locator:
    """Find the amounts of the wheel."""
    return page.get_by_role("group", name="Amount").locator("label .figures")


def shown(page: Page) -> Locator:
    """Find the titles of the gallery's lots, as they are shown."""
    return page.get_by_role("main").get_by_role("listitem").get_by_role("heading")


def test_the_wheel_offers_the_next_ten_steps_and_moves_with_the_price(
    people: People, house: House
) -> None:
    event = house.event(silent(house))
    (rival,) = house.paddles(event, 1)
    house.open(event)
    page = people.donor(event, "Ann Lee").page
    open_lot(page, 1)
    expect(page.locator(".sums")).to_have_text(
        re.compile(r"^[^E]*Ends in\s*(\d\d:\d\d|1 h 00 min)")
    )
    expect(steps(page)).to_have_text(LADDER_STEPS)
    steps(page).get_by_text("$150").click()
    slide(page, "bid $150")
    expect(standing(page)).to_have_text("You lead")
    expect(steps(page).first).to_have_text("$160")

    steps(page).get_by_text("$170").click()
    place = page.get_by_role("button", name="Slide to bid $170").bounding_box()
    house.command(event, "place_bid", lot=1, paddle=rival, amount=20_000)
    expect(page.get_by_text("The price has moved. The least is now $210.")).to_be_visible()
    expect(standing(page)).to_have_text("Outbid")
    again = page.get_by_role("button", name="Slide to bid $210")
    assert again.bounding_box() == place  # nothing moves under a finger
    expect(steps(page).first).to_have_text("$210")
    history = page.get_by_role("region", name="Bids").get_by_role("listitem")
    expect(history).to_contain_text([f"Paddle {rival}", "You"])


def test_nothing_is_promised_by_one_touch(people: People, house: House) -> None:
    event = house.open(house.event(silent(house)))
    page = people.donor(event, "Ann Lee").page
    open_lot(page, 1)
    button = page.locator(".slide")
    button.hover(position={"x": EDGE, "y": EDGE})
    box = button.bounding_box()
    assert box is not None
    along, end = box["x"] + box["width"] / 2, box["x"] + box["width"] - EDGE / 2
    for stop, how in ((along, "pointerup"), (end, "pointercancel")):
        page.mouse.move(box["x"] + EDGE, box["y"] + EDGE)
        page.mouse.down()
        page.mouse.move(stop, box["y"] + EDGE, steps=4)
        button.dispatch_event(how)
        page.mouse.up()
        expect(button).to_have_accessible_name("Slide to bid $100")
    button.press("Enter")
    expect(button).to_have_accessible_name("Press again to bid $100")
    since = page.evaluate("performance.now()")
    assert house.facts(event, "bid_placed") == []
    page.wait_for_function(RESTED, arg=since)
    button.press("Enter")
    expect(standing(page)).to_have_text("You lead")
    assert len(house.facts(event, "bid_placed")) == 1


def test_what_is_refused_is_told(people: People, house: House) -> None:
    event = house.open(house.event(silent(house)))
    ann = people.donor(event, "Ann Lee")
    house.command(event, "change_paddle", paddle=ann.paddle, limit=5_000)
    open_lot(ann.page, 1)
    slide(ann.page, "bid $100")
    expect(toast(ann.page, "This would go over your limit.")).to_be_visible()
    expect(ann.page.get_by_role("button", name="Slide to bid $100")).to_be_enabled()


def test_buy_now_asks_and_ends_the_lot(people: People, house: House) -> None:
    event = house.open(house.event(silent(house, buy_now=30_000)))
    ann = people.donor(event, "Ann Lee")
    open_lot(ann.page, 1)
    ann.page.get_by_role("button", name="Buy now for $300").click()
    expect(ann.page.get_by_role("dialog")).to_contain_text("yours at once for $300")
    slide(ann.page, "buy for $300")
    expect(toast(ann.page, "for $300.")).to_be_visible()
    expect(standing(ann.page)).to_have_text("You won")
    (sold,) = house.facts(event, "item_sold")
    assert (sold["how"], sold["paddle"], sold["amount"]) == ("buy_now", ann.paddle, 30_000)


def test_a_pledge_is_made_by_its_button_and_a_double_asked_about(
    people: People, house: House
) -> None:
    fund = {"title": "A new roof", "mode": "pledge", "opening": 1, "levels": [5_000, 10_000]}
    event = house.open(house.event(fund))
    page = people.donor(event, "Ann Lee").page
    open_lot(page, 1)
    page.get_by_role("button", name="$100", exact=True).click()
    slide(page, "pledge $100")
    expect(toast(page, "Thank you! You have pledged $100.")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("$100 raised by 1 donor")
    page.get_by_role("button", name="$100", exact=True).click()
    slide(page, "pledge $100")
    dialog = page.get_by_role("dialog", name="Pledge again?")
    assert len(house.facts(event, "pledge_made")) == 1
    dialog.get_by_role("button", name="Pledge $100 more").click()
    expect(page.get_by_role("main")).to_contain_text("$200 raised by 1 donor")
    page.get_by_role("link", name="My bids").click()
    pledges = page.get_by_role("main").get_by_role("listitem")
    expect(pledges).to_have_text([re.compile(r"A new roof\s*\$100")] * 2)
    expect(page.locator(".totals .total")).to_contain_text("$200")


def test_lots_are_found_by_filter_word_and_order(people: People, house: House) -> None:
    event = house.event(
        silent(house, title="A crème brûlée torch", opening=30_000),
        silent(house, title="A kayak", opening=20_000),
        {"title": "A quilt", "mode": "live", "opening": 10_000},
        silent(house, title="A tent", opening=5_000),
    )
    (rival,) = house.paddles(event, 1)
    house.open(event)
    page = people.donor(event, "Ann Lee").page
    choose = page.get_by_role("group", name="Show")

    def find(name: str, *titles: str) -> None:
        choose.get_by_role("button", name=name).click()
        expect(shown(page)).to_have_text(list(titles))

    find("Live", "A quilt")
    find("Silent", "A crème brûlée torch", "A kayak", "A tent")
    page.get_by_label("Order").select_option("low")
    expect(shown(page)).to_have_text(["A tent", "A kayak", "A crème brûlée torch"])
    find("Watching")
    find("All", "A tent", "A quilt", "A kayak", "A crème brûlée torch")
    page.get_by_label("Search lots").fill("brulee cre")
    expect(shown(page)).to_have_text(["A crème brûlée torch"])
    page.get_by_role("button", name="Watch A crème").click()
    page.get_by_label("Search lots").fill("")
    find("Watching", "A crème brûlée torch")
    find("Winning")
    open_lot(page, 1)
    expect(page.get_by_role("button", name="Watch")).to_contain_text("1 watcher")
    for lot, label in ((2, "bid $200"), (4, "bid $50")):
        open_lot(page, lot)
        slide(page, label)
        page.get_by_role("button", name="Dismiss").click()
        expect(standing(page)).to_have_text("You lead")
    page.get_by_role("link", name="Lots").click()
    find("Winning", "A tent", "A kayak")
    house.command(event, "place_bid", lot=2, paddle=rival, amount=30_000)
    expect(shown(page)).to_have_text(["A tent"])
    page.get_by_role("button", name="Dismiss").click()
    find("Outbid", "A kayak")
    find("My bids", "A tent", "A kayak")


def test_a_stranger_makes_an_account_and_gets_a_paddle(people: People, house: House) -> None:
    event = house.open(house.event(silent(house)))
    taken = house.account("Ann Lee")
    guest = people.stranger(PHONE)
    guest.watch.expect("401: POST")
    page = guest.visit(f"/e/{event}#/lot/1")
    page.get_by_role("button", name="Get your paddle to bid").click()
    page.get_by_label("Your name").fill("Greta Holm")
    page.get_by_label("E-mail").fill(taken.email)
    page.get_by_label("Password").fill("nothing of Ann's")
    page.get_by_role("button", name="Make an account").click()
    expect(page.get_by_role("alert").filter(has_text="has an account already")).to_be_visible()
    page.get_by_label("E-mail").fill(f"greta.{taken.email}")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make an account").click()
    expect(page.get_by_label("Your name, for the house")).to_have_value("Greta Holm")
    expect(page.get_by_role("button", name="Get my paddle")).to_be_disabled()
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Get my paddle").click()
    expect(toast(page, re.compile(r"Your paddle is \d+\. Good luck!"))).to_be_visible()
    slide(page, "bid $100")
    expect(standing(page)).to_have_text("You lead")
