"""A donor's hands: what somebody does on the event's page.

Owns: how a lot is opened and a bid confirmed. Invariant: everything goes by names that a person
reads, or a screen reader speaks, and by the gestures of a finger. Source: issue 7, "Donor".
"""

from __future__ import annotations

import re
from typing import Final

from playwright.sync_api import Locator, Page, expect

GO: Final = """
async (number) => {
  location.hash = `#/lot/${number}`;
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
}
"""
STEPS: Final = 8
EDGE: Final = 10.0


def open_lot(page: Page, number: int) -> None:
    """Go to a lot's page."""
    page.evaluate(GO, number)
    expect(page.get_by_text(re.compile(rf"^Lot {number} ·"))).to_be_visible()


def slide(page: Page, label: str) -> None:
    """Draw a slide across, as a finger does."""
    button = page.get_by_role("button", name=f"Slide to {label}", exact=True)
    button.hover(position={"x": EDGE, "y": EDGE})  # waits until it rests
    box = button.bounding_box()
    assert box is not None, label
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - EDGE / 2, box["y"] + EDGE, steps=STEPS)
    page.mouse.up()


def type_amount(page: Page, amount: str) -> None:
    """Type an amount of one's own instead of taking the next."""
    page.get_by_role("button", name="Other amount").click()
    page.get_by_label("Or your own amount").fill(amount)


def toast(page: Page, words: str) -> Locator:
    """Find what a toast says."""
    return page.locator(".toast").filter(has_text=words)


def standing(page: Page) -> Locator:
    """Find how the lot that is looked at stands for this donor."""
    return page.get_by_role("main").locator(".lot-head .badge")
