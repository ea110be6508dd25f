"""Finds Chromium, and runs it without a screen.

Owns: where the browser is looked for, and how it is started. Invariant: no browser is downloaded,
and what was started ends with its block. Must not know: any page. Source: issue 7.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, sync_playwright

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BUNDLES: Final = (
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
)
REMEDY: Final = "tools/need chromium"
QUIET: Final = (
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--font-render-hinting=none",
)
"""Pictures alike on every machine, also where /dev/shm is small."""


class ChromiumMissing(Exception):
    """There is no Chromium on this machine."""


def find_chromium() -> str:
    """Give the path of Chromium. Raises ChromiumMissing."""
    for name in NAMES:
        if (found := shutil.which(name)) is not None:
            return found
    for bundle in BUNDLES:
        if bundle.exists():
            return str(bundle)
    raise ChromiumMissing(f"there is no chromium; run: {REMEDY}")


@contextmanager
def open_chromium(arguments: Sequence[str] = ()) -> Iterator[Browser]:
    """Run a browser for the length of the block. Raises ChromiumMissing."""
    program = find_chromium()
    rootless = [] if os.geteuid() else ["--no-sandbox"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=[*QUIET, *rootless, *arguments]
        )
        try:
            yield browser
        finally:
            browser.close()
