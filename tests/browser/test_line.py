"""The line to the server: pulled, and told truthfully; and clocks that are wrong."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.cable import laid
from tests.browser.donor import open_lot, slide
from tests.browser.house import House
from tests.browser.people import People

BIDS = 20
PULLED_AT, PUT_IN_AT = 6, 15
OUT_MS = 5_000
AHEAD_MS = 300_000
SPREAD_S = 10
WRONG_CLOCK = """
globalThis.Date = class extends Date {
  constructor(...parts) { parts.length ? super(...parts) : super(Date.now()); }
};
const right = Object.getPrototypeOf(Date).now;
Date.now = () => right() + AHEAD;
"""
OUT_FOR = f"since => performance.now() - since >= {OUT_MS}"


def test_a_cable_that_is_out_for_five_seconds_loses_no_bid(people: People, house: House) -> None:
    lots = [{"title": f"Lot {n}", "mode": "silent", "opening": 10_000} for n in range(BIDS)]
    event = house.event(*({**lot, "ends_at": house.ends_in(3_600)} for lot in lots))
    house.open(event)
    with laid(house.url) as cable:
        ann = people.donor(event, "Ann Lee", url=cable.url)
        ann.watch.expect("ERR_|WebSocket connection|fetching the script")
        page, lost = (
            ann.page,
            ann.page.get_by_role("alert").filter(
                has_text=re.compile("Connection lost|No answer from the server")
            ),
        )
        aim = page.locator(".slide")
        since, place = 0.0, None
        for number in range(1, BIDS + 1):
            if number == PULLED_AT:
                open_lot(page, number)
                place = aim.bounding_box()
                cable.pull()
                since = page.evaluate("performance.now()")
            if number == PUT_IN_AT:
                expect(lost.first).to_be_visible()
                assert aim.bounding_box() == place  # the news moves nothing under a finger
                page.wait_for_function(OUT_FOR, arg=since)
                cable.put_in()
            open_lot(page, number)
            slide(page, "bid $100")
        expect(lost).to_have_count(0)
        for number in range(1, BIDS + 1):
            open_lot(page, number)
            expect(page.get_by_role("main")).to_contain_text("You lead. You need not bid again.")
        bids = house.facts(event, "bid_placed")
        assert sorted(fact["lot"] for fact in bids) == list(range(1, BIDS + 1))
        assert len({fact["command"] for fact in bids}) == BIDS


@pytest.mark.parametrize("ahead_ms", [AHEAD_MS, -AHEAD_MS])
def test_a_countdown_runs_on_the_servers_clock(people: People, house: House, ahead_ms: int) -> None:
    event = house.event({"title": "A kayak", "mode": "silent", "ends_at": house.ends_in(180)})
    house.open(event)
    right, wrong = people.donor(event, "Ann Lee"), people.donor(event, "Bob Moss")
    wrong.page.add_init_script(WRONG_CLOCK.replace("AHEAD", f"{ahead_ms}"))
    wrong.page.reload()
    offset = wrong.page.evaluate("Date.now()") - right.page.evaluate("Date.now()")
    assert abs(offset - ahead_ms) < AHEAD_MS / 10
    assert abs(_left_s(right.page) - _left_s(wrong.page)) <= SPREAD_S


def _left_s(page: Page) -> int:
    """Read the countdown."""
    shown = page.locator(".countdown").first
    expect(shown).to_contain_text(re.compile(r"\d:\d\d"))
    minutes, seconds = re.findall(r"\d+", shown.inner_text())
    return int(minutes) * 60 + int(seconds)
