"""The operator's page: figures over time, questions first, and donors who notice nothing."""

from __future__ import annotations

import re
from typing import Final

from playwright.sync_api import expect

from saleroom.auction.roles import Role
from tests.browser.donor import open_lot, slide, standing
from tests.browser.house import House
from tests.browser.people import People

RAISED: Final = re.compile(r"[ML][\d.]+ (?!43\b)\d")
"""A point of the line that is not on the ground."""
NOTICED: Final = """
() => {
  window.noticed = [];
  new MutationObserver(() => {
    const said = document.querySelector(".banner.lost, .banner.warn")?.textContent.trim();
    if (said && !said.startsWith("No answer")) window.noticed.push(said);
  }).observe(document.body, { childList: true, subtree: true });
}
"""
"""All but that an answer is late, which a page rightly says on a machine that is busy."""


def test_donors_notice_nothing(people: People, house: House) -> None:
    event = house.event({"title": "A kayak", "mode": "silent", "ends_at": house.ends_in(3_600)})
    house.open(event)
    ann, bob = people.donor(event, "Ann Lee"), people.donor(event, "Bob Moss")
    opal = people.staff("/operator", Role.OPERATOR)
    sockets: list[str] = []
    for donor in (ann, bob):
        open_lot(donor.page, 1)
        donor.page.evaluate(NOTICED)
        donor.page.on("websocket", lambda socket: sockets.append(socket.url))
    slide(ann.page, "bid $100")
    expect(standing(ann.page)).to_have_text("You lead")
    opal.page.get_by_role("button", name=f"event:{event}/engine").click()
    opal.page.get_by_role("dialog").get_by_role("button", name="Restart", exact=True).click()
    expect(opal.page.locator(".toast").filter(has_text="was restarted")).to_be_visible()
    slide(bob.page, "bid $110")
    expect(standing(bob.page)).to_have_text("You lead")
    expect(standing(ann.page)).to_have_text("Outbid")
    for donor in (ann, bob):
        assert donor.page.evaluate("window.noticed") == []
    assert sockets == []


def test_figures_are_drawn_over_time_and_nothing_done_without_a_yes(
    people: People, house: House
) -> None:
    event = house.event({"title": "A quilt", "opening": 10_000})
    (paddle,) = house.paddles(event, 1)
    house.open(event)
    house.command(event, "open_lot", lot=1)
    page = people.staff("/operator", Role.OPERATOR).page
    panel = page.get_by_role("listitem").filter(has_text=event)
    bids = panel.get_by_role("img", name="Bids a second")
    for said in ("Mailbox", "Seq", "Sockets", "Restarts"):
        expect(panel).to_contain_text(said)
    expect(bids).to_have_accessible_name(re.compile(r"^Bids a second: 0 now"))
    house.command(event, "floor_bid", lot=1, paddle=paddle)
    expect(bids).to_have_accessible_name(re.compile(r"at most (0\.\d|[1-9])"))
    expect(bids.locator(".spark-line")).to_have_attribute("d", RAISED)
    delay = panel.get_by_role("img", name="Bid to screens, p99")
    expect(delay).to_have_accessible_name(re.compile(r": [\d.]+ ms now"))
    for name in ("Drain…", f"Stop… {event}", f"Restart… saleroom/events/event:{event}/engine"):
        page.get_by_role("button", name=name, exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".toast")).to_have_count(0)
    expect(panel).to_contain_text("● running")
