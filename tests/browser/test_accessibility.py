"""axe-core finds nothing on any page: in the dark and in the light, on a phone and on a desktop."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.axe import violations
from tests.browser.people import DESKTOP, PHONE, People
from tests.browser.scene import Scene


def check(page: Page) -> None:
    """Look at a page in all its forms."""
    page.emulate_media(reduced_motion="reduce")
    found = {}
    for size in (PHONE, DESKTOP):
        page.set_viewport_size({"width": size.width, "height": size.height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found[f"{size.width} {scheme}"] = violations(page)
    assert found == {form: [] for form in found}


def test_events(people: People, scene: Scene) -> None:
    page = people.stranger().visit("/")
    page.get_by_role("link", name="Harbour lights gala").first.wait_for()
    check(page)
