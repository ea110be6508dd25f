"""The office in a browser: events prepared, guests checked in, the server's tree moved."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import FilePayload, Page, expect

from saleroom.auction.roles import Role
from tests.browser.axe import violations
from tests.browser.house import PASSWORD, House
from tests.browser.people import PHONE, People, Visitor
from tests.browser.scene import Scene
from tests.e2e.server import ROOT

WHOLE = ("/admin", "/admin#/accounts", "/admin#/messages", "/admin#/audit", "/operator")
PLACES = (
    "",
    "lots",
    "lots/1",
    "headings",
    "import",
    "guests",
    "codes",
    "results",
    "money",
    "journal",
)
PICTURE = ROOT / "saleroom" / "web" / "icons" / "icon-192.png"


def draft(house: House, lots: int) -> str:
    """Make a draft with live lots, numbered from 1."""
    about = {"title": "Autumn sale", "currency": "CHF", "draft": True, "time_zone": "Europe/Zurich"}
    event: str = house.call("POST", "/events", about)["id"]
    for number in range(1, lots + 1):
        lot = {"title": f"Note {number}", "mode": "live", "opening": 10_000}
        house.call("POST", f"/events/{event}/lots", lot)
    return event


def admin(people: People, place: str, **options: Any) -> Visitor:
    """Open a place of the administration."""
    return people.staff(f"/admin#/events/{place}", Role.ADMIN, **options)


def told(page: Page, text: str) -> None:
    """Wait for a toast."""
    expect(page.locator(".toast", has_text=text)).to_be_visible()


def order(house: House, event: str) -> list[int]:
    """Read the running order."""
    return [lot["lot"] for lot in house.call("GET", f"/events/{event}/lots")["lots"]]


def test_an_event_is_made_filled_and_published(people: People, house: House) -> None:
    page = people.staff("/admin", Role.ADMIN).page
    page.get_by_role("button", name="New event").click()
    page.get_by_label("Title").fill("Spring sale")
    page.get_by_label("Currency").fill("EUR")
    page.get_by_role("button", name="Make the draft").click()
    expect(page.get_by_role("heading", name="Spring sale")).to_be_visible()
    expect(page.get_by_role("button", name="Publish")).to_be_disabled()

    page.get_by_role("link", name="Lots", exact=True).click()
    page.get_by_role("link", name="Add a lot").click()
    page.get_by_label("Title").fill("A quilt")
    page.get_by_label("Mode").select_option("live")
    page.get_by_label("Opening or price").fill("125.50")
    page.get_by_role("button", name="Add the lot").click()
    expect(page.get_by_role("heading", name="Lot 1: A quilt")).to_be_visible()

    page.locator("input[type=file]").set_input_files(PICTURE)
    page.get_by_label("What it shows").fill("A quilt on a bed")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_alt_text("A quilt on a bed")).to_be_visible()
    page.get_by_role("button", name="A quilt on a bed").click()
    page.get_by_role("dialog").get_by_label("What it shows").fill("A red quilt on a bed")
    page.keyboard.press("Enter")
    expect(page.get_by_alt_text("A red quilt on a bed")).to_be_visible()

    page.get_by_role("link", name="Overview").click()
    page.get_by_role("button", name="Publish").click()
    page.get_by_role("dialog").get_by_role("button", name="Publish").click()
    expect(page.get_by_role("button", name="Open the event")).to_be_visible()
    event = page.url.rsplit("/", 1)[1]
    assert house.lot(event, 1)["opening"] == 12_550


def test_lots_are_put_in_order_by_keys_taps_and_dragging(people: People, house: House) -> None:
    event = draft(house, 4)
    page = admin(people, f"{event}/lots").page
    page.get_by_role("button", name="Move lot 1").focus()
    for key in ("Space", "ArrowDown", "ArrowDown", "Space"):
        page.keyboard.press(key)
    told(page, "The order is kept.")
    assert order(house, event) == [2, 3, 1, 4]

    page.get_by_role("button", name="Dismiss").click()
    page.get_by_role("button", name="Move lot 1").click()
    page.get_by_role("button", name="Move lot 1 up").click()
    page.get_by_role("button", name="Move lot 1", exact=True).click()
    told(page, "The order is kept.")
    assert order(house, event) == [2, 1, 3, 4]

    page.get_by_role("button", name="Dismiss").click()
    page.get_by_role("button", name="Move lot 4").drag_to(page.get_by_role("link", name="Note 2"))
    told(page, "The order is kept.")
    assert order(house, event) == [4, 2, 1, 3]


def test_what_a_rule_refuses_stands_beside_its_field(people: People, house: House) -> None:
    event = draft(house, 1)
    visitor = admin(people, f"{event}/lots/1")
    visitor.watch.expect("422: PATCH")
    page = visitor.page
    page.get_by_label("Reserve").fill("50")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Reserve")).to_have_accessible_description(
        "Hidden. Below it the lot is not sold. Reserve is at least the opening."
    )
    expect(page.get_by_label("Reserve")).to_be_focused()


def test_what_two_admins_changed_is_merged(people: People, house: House) -> None:
    event = draft(house, 0)
    visitor = admin(people, event)
    visitor.watch.expect("409: PATCH")
    page = visitor.page
    page.get_by_label("Venue").fill("Town hall")
    page.get_by_label("Title").fill("Mine")
    theirs = {"version": 1, "title": "Theirs", "contact": "desk@gala.example"}
    house.call("PATCH", f"/events/{event}", theirs)
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_label("Theirs: Theirs").check()
    page.get_by_role("button", name="Save both together").click()
    told(page, "Saved.")
    kept = house.call("GET", f"/events/{event}")
    merged = ("Theirs", "Town hall", "desk@gala.example")
    assert (kept["title"], kept["venue"], kept["contact"]) == merged


def test_a_table_is_shown_before_it_is_taken_over(people: People, house: House) -> None:
    event = draft(house, 0)
    page = admin(people, f"{event}/import").page

    def send(rows: str) -> None:
        table = FilePayload(name="lots.csv", mimeType="text/csv", buffer=rows.encode())
        page.locator("input[type=file]").set_input_files(table)
        page.get_by_role("button", name="Check it").click()

    send("title,mode,opening\nA vase,live,100\nA chair,live,-3\n")
    expect(page.get_by_role("row", name="3 opening")).to_be_visible()
    page.get_by_role("button", name="Check another file").click()
    send("title,mode,opening\nA vase,live,100\nA chair,live,30\n")
    page.get_by_role("button", name="Add 2 lots").click()
    expect(page.get_by_role("heading", name="2 lots added")).to_be_visible()
    assert order(house, event) == [1, 2]


def test_a_guest_is_found_checked_in_and_locked_by_keys(people: People, house: House) -> None:
    event = house.open(house.event({}))
    house.paddles(event, 3)
    page = admin(people, f"{event}/guests").page
    expect(page.get_by_role("button", name="Guest 2", exact=True)).to_be_visible()
    page.keyboard.type("guest 2")
    expect(page.get_by_text("Guest 2, paddle 101, not here yet.")).to_be_attached()
    expect(page.get_by_role("button", name="Guest 1", exact=True)).to_be_hidden()
    page.keyboard.press("Enter")
    told(page, "Guest 2 is checked in: paddle 101.")

    page.get_by_role("button", name="Guest 2", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Lock").click()
    page.get_by_label("Reason").fill("no card")
    page.keyboard.press("Enter")
    told(page, "The paddle is locked.")
    guest = house.call("GET", f"/events/{event}/registrations/101")
    assert guest["locked"]
    assert guest["lock_reason"] == "no card"
    assert guest["checked_in_at"] is not None


def test_an_operator_stops_and_starts_an_event(people: People, house: House) -> None:
    event = house.open(house.event({}, title="Stopped and started"))
    page = people.staff("/operator", Role.OPERATOR).page
    page.get_by_role("button", name=f"Stop… {event}").click()
    page.get_by_role("button", name="Stop the event").click()
    told(page, f"Event {event} is stopped.")
    expect(page.locator(".tree-name", has_text=event)).to_be_hidden()
    page.get_by_role("button", name=f"Start… {event}", exact=True).click()
    page.get_by_role("button", name="Start the event").click()
    told(page, f"Event {event} is started.")
    expect(page.locator(".tree-name", has_text=event)).to_be_visible()


def test_results_are_taken_away_as_tables(people: People, house: House) -> None:
    event = house.event({"title": "A quilt", "opening": 10_000})
    (paddle,) = house.paddles(event, 1)
    house.open(event)
    house.command(event, "open_lot", lot=1)
    house.command(event, "floor_bid", lot=1, paddle=paddle)
    house.command(event, "sell_lot", lot=1)
    page = admin(people, f"{event}/results").page
    expect(page.get_by_role("row").filter(has_text="A quilt")).to_contain_text("$100")
    for name in ("Lots", "Bids", "Results"):
        with page.expect_download() as download:
            page.get_by_role("region", name="Exports").get_by_role("link", name=name).click()
        assert download.value.suggested_filename == f"{name.lower()}-{event}.csv"
        head, *rows = download.value.path().read_text(encoding="utf-8-sig").splitlines()
        assert "lot" in head
        assert len(rows) == 1


def test_rights_are_given_and_an_account_is_stopped(people: People, house: House) -> None:
    account = house.account("Clara Klerk")
    page = people.staff("/admin#/accounts", Role.ADMIN).page
    page.get_by_label("Name or e-mail").fill(account.email)
    page.get_by_role("button", name="Clara Klerk").click()
    page.get_by_role("dialog").get_by_label("Clerk").check()
    page.get_by_role("button", name="Save the rights").click()
    told(page, "The rights are changed; they hold at once.")
    (row,) = house.call("GET", f"/accounts?q={account.email}")["accounts"]
    assert "clerk" in row["roles"]
    page.get_by_role("button", name="Disable", exact=True).click()
    page.get_by_role("dialog", name="Disable this account?").get_by_role(
        "button", name="Disable"
    ).click()
    told(page, "The account is disabled.")
    expect(page.get_by_role("row").filter(has_text=account.email)).to_contain_text("Disabled")


def test_the_gate_lets_in_who_may_enter(people: People, house: House) -> None:
    account = house.account("Ada Admin", Role.ADMIN)
    visitor = people.stranger()
    visitor.watch.expect("401: POST")
    page = visitor.visit("/admin")
    page.get_by_label("E-mail").fill(account.email)
    page.get_by_label("Password").fill("none of hers")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("The address or the password is not right.")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Events")).to_be_visible()

    page.goto(f"{house.url}/operator")
    expect(page.get_by_role("heading", name="Not for this account")).to_be_visible()


def test_every_place_fits_a_phone_and_axe(people: People, scene: Scene) -> None:
    visitor = people.staff("/", Role.ADMIN, Role.OPERATOR, size=PHONE)
    visitor.page.emulate_media(reduced_motion="reduce")
    of_event = [f"/admin#/events/{scene.event}/{place}" for place in PLACES]
    found = {}
    for place in (*WHOLE, *of_event):
        visitor.visit("/alive")  # another document, so that the next one begins anew
        page = visitor.visit(place)
        page.locator("main :is(h1, h2)").first.wait_for()
        page.get_by_text("Loading").first.wait_for(state="hidden")
        width = page.evaluate("document.documentElement.scrollWidth")
        found[place] = (violations(page), width)
    assert found == dict.fromkeys((*WHOLE, *of_event), ([], PHONE.width))
