"""What a page does wrong while a test looks at something else.

Owns: the record of a page's console, failed requests and broken policy. Invariant: whatever was
not expected by name fails its test. Must not know: what is tested. Source: issue 7.
"""

from __future__ import annotations

import re

import attrs
from playwright.sync_api import ConsoleMessage, Page, Request, Response

LOUD = frozenset({"error", "warning", "assert"})
ABANDONED = "net::ERR_ABORTED"
"""What a page gave up itself, by leaving or by asking anew."""


@attrs.define(eq=False, slots=False)  # the driver keeps its own of whom it calls
class Watch:
    """Watch one page. expected: what a test brings about on purpose."""

    faults: list[str] = attrs.field(factory=list)
    expected: list[re.Pattern[str]] = attrs.field(factory=list)

    def follow(self, page: Page) -> None:
        """Note what goes wrong on a page from here on."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._note(f"uncaught: {error.message}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)
        page.on("crash", lambda _: self._note("the page crashed"))

    def expect(self, pattern: str) -> None:
        """Let pass what has this in it."""
        self.expected.append(re.compile(pattern))

    def unexpected(self) -> list[str]:
        """Give the faults that nobody expected."""
        return [f for f in self.faults if not any(p.search(f) for p in self.expected)]

    def _console(self, message: ConsoleMessage) -> None:
        is_answer = message.text.startswith("Failed to load resource")  # noted with its status
        if message.type in LOUD and not is_answer:
            self._note(f"console {message.type}: {message.text}")

    def _failed(self, request: Request) -> None:
        if request.failure != ABANDONED:
            self._note(f"failed: {request.method} {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self._note(f"{response.status}: {response.request.method} {response.url}")

    def _note(self, fault: str) -> None:
        self.faults.append(fault)
