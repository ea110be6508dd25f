"""A donor's hands: what somebody does on the event's page.

Owns: how a lot is opened and a bid confirmed. Invariant: everything goes by names that a person
reads, or a screen reader speaks, and by the gestures of a finger. Source: issue 7, "Donor".
"""

from __future__ import annotations

import re
from typing import Final

from playwright.sync_api import Locator, Page, expect

GO: Final = """
async (hash) => {
  if (location.hash !== hash) {
    const isThere = new Promise((there) => addEventListener("hashchange", there, { once: true }));
    location.hash = hash;
    await isThere;
  }
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
}
"""
"""Once the page has moved, and has drawn what it moved to."""
SEE_SENT: Final = """
(slide) => {
  window.isSent = false;
  const look = () => { window.isSent ||= slide.classList.contains("busy"); };
  new MutationObserver(look).observe(slide, { attributeFilter: ["class"] });
}
"""
STEPS: Final = 8
EDGE: Final = 10.0


def open_lot(page: Page, number: int) -> None:
    """Go to a lot's page."""
    page.evaluate(GO, f"#/lot/{number}")
    expect(page.get_by_text(re.compile(rf"^Lot {number} ·"))).to_be_visible()


def slide(page: Page, label: str) -> None:
    """Draw a slide across, as a finger does, and see that it was sent."""
    button = page.get_by_role("button", name=f"Slide to {label}", exact=True)
    button.hover(position={"x": EDGE, "y": EDGE})  # waits until it rests
    box = button.bounding_box()
    assert box is not None, label
    button.evaluate(SEE_SENT)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - EDGE / 2, box["y"] + EDGE, steps=STEPS)
    page.mouse.up()
    page.wait_for_function("() => window.isSent")


def type_amount(page: Page, amount: str) -> None:
    """Type an amount of one's own instead of taking the next."""
    page.get_by_role("button", name="Other amount").click()
    page.get_by_label("Or your own amount").fill(amount)


def toast(page: Page, words: str | re.Pattern[str]) -> Locator:
    """Find what a toast says."""
    return page.locator(".toast").filter(has_text=words)


def standing(page: Page) -> Locator:
    """Find how the lot that is looked at stands for this donor."""
    return page.get_by_role("main").locator(".lot-head .badge")
