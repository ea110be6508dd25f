"""The ways in: a printed card, a form, and an icon on the phone."""

from __future__ import annotations

import json

from playwright.sync_api import expect

from tests.browser.donor import open_lot, slide, standing
from tests.browser.house import House
from tests.browser.people import PHONE, People

KEPT = """
async () => {
  const found = [];
  for (const name of await caches.keys()) {
    for (const request of await (await caches.open(name)).keys()) {
      found.push(new URL(request.url).pathname);
    }
  }
  return found;
}
"""


def test_a_guest_joins_by_a_printed_code(people: People, house: House) -> None:
    event = house.event({"title": "A kayak", "mode": "silent", "ends_at": house.ends_in(3_600)})
    house.open(event)
    (card,) = house.call("POST", f"/events/{event}/join-codes", {"count": 1})["codes"]
    guest = people.stranger(PHONE)
    page = guest.visit(f"/j/{card['code']}")
    page.get_by_label("Your name").fill("Greta Holm")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Join the sale").click()
    page.wait_for_url(f"**/e/{event}*")
    open_lot(page, 1)
    slide(page, "bid $100")
    expect(standing(page)).to_have_text("You lead")
    (row,) = house.call("GET", f"/events/{event}/registrations")["registrations"]
    assert (row["name"], row["paddle"]) == ("Greta Holm", house.lot(event, 1)["leader"])


def test_the_page_installs_and_says_when_it_is_offline(people: People, house: House) -> None:
    event = house.open(house.event({"title": "A kayak", "mode": "sale", "quantity": 3}))
    ann = people.donor(event, "Ann Lee")
    page = ann.page
    expect(page.get_by_role("heading", name="A kayak")).to_be_visible()
    manifest = json.loads(
        page.request.get(
            _address(ann.url, page.locator("link[rel=manifest]").get_attribute("href"))
        ).text()
    )
    assert manifest["start_url"] == f"/e/{event}"
    assert manifest["display"] == "standalone"
    for icon in manifest["icons"]:
        answer = page.request.get(_address(ann.url, icon["src"]))
        assert answer.headers["content-type"] == "image/png"
    page.evaluate("async () => { await navigator.serviceWorker.ready }")
    page.reload()
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    kept = page.evaluate(KEPT)
    assert kept
    assert [path for path in kept if not path.startswith("/web/")] == []
    ann.watch.expect("ERR_INTERNET_DISCONNECTED|ERR_FAILED")
    ann.context.set_offline(True)
    page.reload()
    expect(page.get_by_role("heading")).to_have_text("There is no connection")


def _address(url: str, path: str | None) -> str:
    assert path is not None
    return f"{url}{path}"
