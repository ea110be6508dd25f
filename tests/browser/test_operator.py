"""The operator restarts an event's actor, and its donors notice nothing."""

from __future__ import annotations

from playwright.sync_api import expect

from saleroom.auction.roles import Role
from tests.browser.donor import open_lot, slide, standing
from tests.browser.house import House
from tests.browser.people import People

NOTICED = """
() => {
  window.noticed = [];
  new MutationObserver(() => {
    const banner = document.querySelector(".banner.lost, .banner.warn");
    if (banner) window.noticed.push(banner.textContent);
  }).observe(document.body, { childList: true, subtree: true });
}
"""


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
