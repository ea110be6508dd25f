"""The people of a sale, each with a browser window of their own.

Owns: windows, who is signed in to them, and the faults that they gather. Invariant: no two people
share a cookie; every window ends with its test, and one with a fault fails it.
Must not know: what stands on a page. Source: issue 7.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs
from playwright.sync_api import Browser, BrowserContext, Page

from saleroom.auction.roles import Role
from tests.browser.house import PASSWORD, Account, House
from tests.browser.watch import Watch

SEEN_S = 15.0
"""How long anything may take to be seen, on a busy machine."""


class PageFailed(AssertionError):
    """A page did what no page may do; says what."""


@attrs.frozen
class Size:
    """A screen, in CSS pixels."""

    width: int
    height: int
    is_phone: bool = False


PHONE, DESKTOP = Size(390, 844, is_phone=True), Size(1366, 768)


@attrs.frozen(eq=False)
class Visitor:
    """Somebody at a window. url: where they reach the house; paddle: None for staff."""

    url: str
    context: BrowserContext
    page: Page
    watch: Watch
    paddle: int | None = None

    def visit(self, path: str) -> Page:
        """Go to a page of the house."""
        self.page.goto(f"{self.url}{path}")
        return self.page

    def sign_in(self, account: Account) -> None:
        """Sign the window in, as the sign-in form does."""
        given = {"email": account.email, "password": PASSWORD, "cookie": True}
        answer = self.context.request.post(f"{self.url}/api/v1/auth/login", data=given)
        assert answer.ok, answer.text()


@attrs.define(eq=False)
class People:
    """Opens windows. house: asked for accounts and paddles."""

    browser: Browser
    house: House
    _visitors: list[Visitor] = attrs.field(factory=list)

    def stranger(self, size: Size = DESKTOP, *, url: str | None = None, **options: Any) -> Visitor:
        """Open a window that nobody is signed in to. url: another way to the house."""
        context = self.browser.new_context(
            viewport={"width": size.width, "height": size.height},
            device_scale_factor=2 if size.is_phone else 1,
            has_touch=size.is_phone,
            is_mobile=size.is_phone,
            locale="en-US",
            timezone_id="UTC",
            **options,
        )
        context.set_default_timeout(SEEN_S * 1000)
        page, watch = context.new_page(), Watch()
        watch.follow(page)
        visitor = Visitor(url or self.house.url, context, page, watch)
        self._visitors.append(visitor)
        return visitor

    def donor(self, event: str, name: str, size: Size = PHONE, **options: Any) -> Visitor:
        """Open the event's page for a donor who is registered and has agreed to the terms."""
        account = self.house.donor(name)
        paddle = self.house.seat(event, account)
        visitor = attrs.evolve(self.stranger(size, **options), paddle=paddle)
        visitor.sign_in(account)
        visitor.visit(f"/e/{event}")
        return visitor

    def staff(self, path: str, *roles: Role, size: Size = DESKTOP, **options: Any) -> Visitor:
        """Open a page for somebody of the house."""
        visitor = self.stranger(size, **options)
        visitor.sign_in(self.house.staff(*roles))
        visitor.visit(path)
        return visitor

    def leave(self) -> list[str]:
        """Close all windows; give the faults that nobody expected."""
        visitors, self._visitors = self._visitors, []
        for visitor in visitors:
            visitor.context.close()
        return [fault for visitor in visitors for fault in visitor.watch.unexpected()]


@contextmanager
def gathered(browser: Browser, house: House) -> Iterator[People]:
    """Let people in for the length of the block. Raises PageFailed, at its end."""
    people = People(browser, house)
    try:
        yield people
    except BaseException:
        people.leave()
        raise
    if faults := people.leave():
        raise PageFailed("\n".join(faults))
