"""The browser and the house, once for the folder, and people anew for each test.

Owns: when they start and end. Invariant: both end with the folder's last test, so that no other
test shares the thread with the browser's driver.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.house import House, open_house
from tests.browser.people import SEEN_S, People, gathered
from tests.browser.scene import Scene, gala
from tools.chromium import open_chromium


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=SEEN_S * 1000)
    with open_chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def house() -> Iterator[House]:
    with open_house() as house:
        yield house


@pytest.fixture(scope="package")
def scene(house: House) -> Scene:
    """A sale that is looked at and left as it is."""
    return gala(house)


@pytest.fixture
def people(browser: Browser, house: House) -> Iterator[People]:
    with gathered(browser, house) as people:
        yield people
