"""Providers: who takes a message out of the house, and the local sandbox that keeps it instead.

Owns: the shape of a message that is ready to go, the port behind which each adapter stands, and the
sandbox. Invariant: a provider takes a message, or raises one of the two errors named here. Must not
know: why a message is sent. Source: STYLE "Shape" (one adapter a file), issue 8 point 5.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import attrs
import trio

from saleroom.storage.message_ports import PushDevice

KEPT_MAX = 500
"""Messages that the sandbox shows."""


class ProviderError(Exception):
    """A message was not taken. Its text holds no address."""


class Unreachable(ProviderError):
    """The provider did not answer, or asks to be left alone; later it may take it."""


class Refused(ProviderError):
    """The provider will never take this one."""


@attrs.frozen
class Attachment:
    """A file that goes along with a letter."""

    name: str
    media_type: str
    content: bytes = attrs.field(repr=False)


@attrs.frozen(repr=False)
class Outgoing:
    """A message ready to go. key: the same for the same message, over every repetition.

    to: an address or an E.164 number. devices: for notices, in place of it. topic: what a newer
    one replaces on the screen.
    """

    key: str
    channel: str
    text: str
    subject: str = ""
    html: str | None = None
    url: str | None = None
    to: str = ""
    devices: Sequence[PushDevice] = ()
    topic: str = ""
    attachments: Sequence[Attachment] = ()


Send = Callable[[Outgoing], Awaitable[None]]
"""Hand a message over. Raises Unreachable, Refused."""


class Provider(Protocol):
    """Whoever carries the messages of a channel."""

    def opened(self) -> AbstractAsyncContextManager[Send]:
        """Hold what is needed to send for the length of the block."""


@attrs.frozen
class Kept:
    """What would have been sent, and when."""

    at_ms: int
    message: Outgoing


@attrs.define(eq=False)
class Sandbox:
    """Keep the newest messages in this process, and send none."""

    now_ms: Callable[[], int]
    _kept: deque[Kept] = attrs.field(init=False, factory=lambda: deque(maxlen=KEPT_MAX))

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Send]:
        """Nothing is held."""
        yield self.keep

    async def keep(self, message: Outgoing) -> None:
        """Take a message."""
        await trio.lowlevel.checkpoint()
        self._kept.append(Kept(self.now_ms(), message))

    def newest(self, channel: str | None = None) -> list[Kept]:
        """Give what was kept, the newest first."""
        return [each for each in reversed(self._kept) if channel in (None, each.message.channel)]
