"""Mail: the one port through which letters to people leave.

Owns: the shape of a letter, and the adapter that has no server to give it to. Invariant: handing
over never waits for a mail server, so that no answer tells by its time whether there was a letter.
Must not know: what a letter says, or whom it is for. Source: STYLE "Shape" (one adapter a file).
"""

from __future__ import annotations

import logging
from typing import Protocol

import attrs

logger = logging.getLogger("saleroom.mail")


@attrs.frozen(repr=False)
class Letter:
    """A mail to one person. html: the same for readers that show it."""

    to: str
    subject: str
    text: str
    html: str | None = None


class Mail(Protocol):
    """Whoever takes letters."""

    async def send(self, letter: Letter) -> None:
        """Take a letter and return at once; its delivery is the adapter's to see to."""


class LogMail:
    """Print letters to the log, until a mail server is configured. They hold what they hold."""

    async def send(self, letter: Letter) -> None:
        """Print the whole letter."""
        logger.info("a mail to %s: %s\n%s", letter.to, letter.subject, letter.text)
