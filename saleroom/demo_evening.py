"""The demo's evening: what stands around its server, and what happens after the last hammer.

Owns: which stand-ins are started. Invariant: keys of one's own are never replaced; every stand-in
listens on loopback and ends with the demo. Must not know: how a stand-in works. Source: issue 8,
"Done when".
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import attrs

from saleroom.config import Settings
from saleroom.demo import Room
from saleroom.demo_money import DemoFailed, Treasurer
from saleroom.demo_post import DemoPost, open_post
from saleroom.demo_stripe import (
    PUBLISHABLE_KEY,
    SECRET_KEY,
    localstripe_python,
    open_localstripe,
)

SENDER: Final = "Harbour Lights Gala <desk@gala.example>"
ACCOUNT, TOKEN, NUMBER = "AC" + "d" * 32, "demo-token-of-twilio", "+12025550100"


@attrs.define(eq=False)
class Surroundings:
    """tell: prints a line. post, stripe: the stand-ins that run, None where there are others."""

    tell: Callable[[str], None]
    post: DemoPost | None = attrs.field(init=False, default=None)
    stripe: str | None = attrs.field(init=False, default=None)

    @asynccontextmanager
    async def around(self, settings: Settings) -> AsyncIterator[Settings]:
        """Start what is not configured, and give the settings of a server that uses it."""
        async with AsyncExitStack() as stack:
            changes: dict[str, Any] = {}
            if settings.smtp_url is None or settings.twilio_account is None:
                self.post = await stack.enter_async_context(open_post(self.tell))
                changes |= _post_settings(settings, self.post)
            python = localstripe_python()
            if settings.stripe_secret_key is None and python is not None:
                try:
                    self.stripe = await stack.enter_async_context(open_localstripe(python))
                except OSError as error:
                    self.tell(f"        {error}: cards are kept in the sandbox")
            if self.stripe is not None:
                changes |= {
                    "stripe_secret_key": SECRET_KEY,
                    "stripe_publishable_key": PUBLISHABLE_KEY,
                    "stripe_api_base": self.stripe,
                }
            yield attrs.evolve(settings, **changes)

    async def settle(self, room: Room) -> None:
        """Keep cards before the sale, and settle it once it has closed."""
        base_url = f"http://127.0.0.1:{room.server.port}"
        treasurer = Treasurer(base_url, room.event, room.token, self.tell, self.stripe)
        try:
            await treasurer.prepare()
            await room.closed.wait()
            await treasurer.settle()
        except (DemoFailed, OSError) as failed:
            self.tell(f"        the treasurer gives up: {failed}")


def _post_settings(settings: Settings, post: DemoPost) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if settings.smtp_url is None:
        changes |= {"smtp_url": post.smtp_url, "mail_from": settings.mail_from or SENDER}
    if settings.twilio_account is None:
        changes |= {
            "twilio_account": ACCOUNT,
            "twilio_token": TOKEN,
            "twilio_number": NUMBER,
            "twilio_api_base": post.twilio_base,
        }
    return changes
