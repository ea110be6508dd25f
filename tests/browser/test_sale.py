"""A whole sale: two donors and an auctioneer, side by side, to the hammer."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from saleroom.auction.roles import Role
from tests.browser.donor import open_lot, slide, standing, toast, type_amount
from tests.browser.house import House
from tests.browser.people import People

FEEL = """
() => {
  window.beats = [];
  Navigator.prototype.vibrate = (pattern) => window.beats.push(pattern) > 0;
}
"""
HOLD_THE_HAMMER = """
() => {
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (text) {
    if (text.includes("sell_lot")) window.late = () => send.call(this, text);
    else send.call(this, text);
  };
}
"""


def test_two_donors_and_an_auctioneer(people: People, house: House) -> None:
    event = house.event({"title": "A quilt", "opening": 10_000}, {"title": "A chair"})
    (guest,) = house.paddles(event, 1)
    ann, bob = people.donor(event, "Ann Lee"), people.donor(event, "Bob Moss")
    otto = people.staff(f"/e/{event}/auctioneer", Role.AUCTIONEER)
    desk, keys = otto.page, otto.page.keyboard
    expect(desk.get_by_label("Entry")).to_be_focused()

    keys.press("h")
    expect(desk.get_by_role("banner").get_by_text("open", exact=True)).to_be_visible()
    keys.press("n")
    for donor in (ann, bob):
        donor.page.get_by_role("link", name="On the block").click()
        expect(donor.page.get_by_role("heading", name="A quilt", level=1)).to_be_visible()

    slide(ann.page, "bid $100")
    expect(toast(ann.page, "You lead at $100")).to_be_visible()
    expect(standing(ann.page)).to_have_text("You lead")
    lot_at_hand = desk.get_by_role("region", name="Lot at hand")
    expect(lot_at_hand).to_contain_text("Ann Lee")

    slide(bob.page, "bid $110")
    expect(standing(bob.page)).to_have_text("You lead")
    expect(toast(ann.page, "Outbid")).to_be_visible()
    expect(standing(ann.page)).to_have_text("Outbid")
    expect(ann.page).to_have_title(re.compile(r"^\(1\)"))

    keys.type(f"{guest}")
    keys.press("b")
    expect(toast(bob.page, "Outbid")).to_be_visible()
    expect(lot_at_hand).to_contain_text("$120")

    expect(ann.page.get_by_role("button", name="bid $130")).to_be_visible()
    type_amount(ann.page, "150")
    slide(ann.page, "bid $150")
    expect(standing(ann.page)).to_have_text("You lead")
    expect(ann.page).not_to_have_title(re.compile(r"^\(1\)"))
    expect(lot_at_hand).to_contain_text("$150")

    keys.press("w")
    expect(standing(bob.page)).to_have_text("Outbid")
    expect(desk.get_by_role("region", name="Lot at hand")).to_contain_text("fair warning")
    keys.press("f")
    expect(desk.get_by_role("region", name="Lot at hand")).to_contain_text("final call")
    keys.press("s")
    expect(ann.page.get_by_text("It is yours.")).to_be_visible()
    expect(standing(ann.page)).to_have_text("You won")
    expect(bob.page.get_by_role("main")).to_contain_text("Sold for $150")

    ann.page.get_by_role("link", name="My bids").first.click()
    expect(ann.page.get_by_role("heading", name=f"Paddle {ann.paddle}")).to_be_visible()
    expect(ann.page.get_by_role("main")).to_contain_text("$150")
    sold = house.lot(event, 1)
    assert (sold["state"], sold["leader"], sold["price"]) == ("sold", ann.paddle, 15_000)


def test_the_hammer_falls_on_what_was_seen(people: People, house: House) -> None:
    event = house.event({"title": "A quilt", "opening": 10_000})
    first, second = house.paddles(event, 2)
    house.open(event)
    house.command(event, "open_lot", lot=1)
    house.command(event, "place_bid", lot=1, paddle=first, amount=10_000)
    otto = people.staff(f"/e/{event}/auctioneer", Role.AUCTIONEER)
    hand = otto.page.get_by_role("region", name="Lot at hand")
    expect(hand).to_contain_text(f"{first}")
    expect(otto.page.get_by_label("Entry")).to_be_focused()
    otto.page.evaluate(HOLD_THE_HAMMER)
    otto.page.keyboard.press("s")
    otto.page.wait_for_function("() => window.late !== undefined")
    house.command(event, "place_bid", lot=1, paddle=second, amount=11_000)
    expect(hand).to_contain_text(f"{second}")
    otto.page.evaluate("window.late()")
    expect(otto.page.get_by_role("region", name="Commands")).to_contain_text(
        "the standing bid has changed to $110"
    )
    assert house.lot(event, 1)["state"] == "open"


def test_a_donor_who_is_outbid_elsewhere_is_told(people: People, house: House) -> None:
    ends_at = house.ends_in(3_600)
    event = house.event(
        {"title": "A kayak", "mode": "silent", "ends_at": ends_at},
        {"title": "A tent", "mode": "silent", "ends_at": ends_at},
    )
    (rival,) = house.paddles(event, 1)
    house.open(event)
    ann = people.donor(event, "Ann Lee")
    ann.page.evaluate(FEEL)
    open_lot(ann.page, 1)
    slide(ann.page, "bid $100")
    expect(standing(ann.page)).to_have_text("You lead")
    open_lot(ann.page, 2)
    assert ann.page.evaluate("window.beats") == []
    house.command(event, "place_bid", lot=1, paddle=rival, amount=20_000)
    told = toast(ann.page, "You are outbid: A kayak. Now $200.")
    expect(told).to_be_visible()
    expect(ann.page).to_have_title(re.compile(r"^\(1\)"))
    assert ann.page.evaluate("window.beats") == [[120, 60, 120]]
    told.get_by_role("button", name="Bid $210").click()
    expect(ann.page.get_by_role("heading", name="A kayak")).to_be_visible()


def test_a_maximum_stays_secret(people: People, house: House) -> None:
    event = house.event({"title": "A kayak", "mode": "silent", "ends_at": house.ends_in(3_600)})
    house.open(event)
    ann, bob = people.donor(event, "Ann Lee"), people.donor(event, "Bob Moss")
    open_lot(ann.page, 1)
    open_lot(bob.page, 1)
    ann.page.get_by_role("button", name="Secret maximum").click()
    expect(ann.page.get_by_role("button", name="leave a maximum of $100")).to_be_visible()
    type_amount(ann.page, "500")
    slide(ann.page, "leave a maximum of $500")
    expect(ann.page.get_by_text("Your secret maximum is $500.")).to_be_visible()
    expect(bob.page.locator(".sum")).to_have_text("$100")
    slide(bob.page, "bid $110")
    expect(toast(bob.page, "Outbid at once by an earlier maximum")).to_be_visible()
    expect(bob.page.locator(".sum")).to_have_text("$120")
    assert "500" not in bob.page.get_by_role("main").inner_text()
