"""What holds the other tests here: faults are found, and a pulled cable is out."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser.cable import laid
from tests.browser.house import House
from tests.browser.people import PageFailed, People, gathered

ASK = "path => fetch(path).then(r => r.status, () => 0)"

ASK_LATER = """
() => {
  window.answer = 0;
  fetch("/alive").then(() => { window.answer = 1 }, () => {});
}
"""


@pytest.mark.parametrize(
    ("deed", "fault"),
    [
        ("console.error('oh')", "console error: oh"),
        ("setTimeout(() => { throw new Error('oh') })", "uncaught: oh"),
        ("fetch('/nowhere')", "404: GET"),
        ("fetch('http://127.0.0.1:1/').catch(() => 0)", "violates"),
        ("document.body.append(Object.assign(new Image(), {src: '//a.example/'}))", "violates"),
    ],
)
def test_a_page_at_fault_fails_its_test(
    browser: Browser, house: House, deed: str, fault: str
) -> None:
    with pytest.raises(PageFailed, match=fault):
        _look_and_leave(browser, house, deed)


def _look_and_leave(browser: Browser, house: House, deed: str) -> None:
    with gathered(browser, house) as people:
        page = people.stranger().visit("/docs")
        page.evaluate(f"() => {{ {deed} }}")
        page.evaluate(ASK, "/alive")


def test_a_pulled_cable_carries_nothing_until_it_is_in_again(people: People, house: House) -> None:
    with laid(house.url) as cable:
        visitor = people.stranger(url=cable.url)
        page = visitor.visit("/docs")
        assert page.evaluate(ASK, "/alive") == 200
        visitor.watch.expect("failed: GET .*/alive")
        cable.pull()
        page.evaluate(ASK_LATER)
        assert house.root.get("/alive").status_code == 200
        assert page.evaluate("window.answer") == 0
        cable.put_in()
        assert page.evaluate(ASK, "/alive") == 200
