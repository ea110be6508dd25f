"""E-mail by SMTP, whoever runs the server.

Owns: letters on their way to a mail server. Invariant: a password crosses the wire encrypted or
not at all, save on this very machine; a letter keeps its Message-ID over every repetition; smtplib
runs in threads of its own, so that a server that hangs takes none from anybody else. Must not know:
what a letter says. Source: RFC 5321, RFC 8314, decision 0023.
"""

from __future__ import annotations

import logging
import secrets
import smtplib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, parseaddr
from urllib.parse import unquote, urlsplit

import attrs
import trio

from saleroom.mail import Letter
from saleroom.messages.kinds import EMAIL
from saleroom.messages.providers import Outgoing, ProviderError, Refused, Send, Unreachable
from saleroom.supervisor import Child

TIMEOUT_S = 20.0  # of each exchange with the server
SESSIONS_MAX = 8  # at once, each a thread
IMPLICIT_TLS = "smtps"
PORTS = {"smtp": 587, IMPLICIT_TLS: 465}
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
LETTERS_WAITING_MAX = 1_000  # a hall that registers within a minute
LETTER_TRIES = 4
LETTER_WAIT_S = 5.0  # after the first failure; each further one waits four times as long

logger = logging.getLogger("saleroom.messages")


@attrs.frozen
class SmtpServer:
    """A mail server. url: smtp://user:password@host:port, or smtps:// for TLS from the start.

    sender: an address, with or without a name.
    """

    url: str = attrs.field(repr=False)
    sender: str

    def send(self, letter: EmailMessage) -> None:
        """Give a letter to the server, in a thread. Raises SMTPException, OSError."""
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
        context = ssl.create_default_context()
        if parts.scheme == IMPLICIT_TLS:
            session: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=context)
        else:
            session = smtplib.SMTP(host, port, timeout=TIMEOUT_S)
        with session:
            if parts.scheme != IMPLICIT_TLS and host not in LOOPBACK:
                session.starttls(context=context)
            if parts.username is not None:
                session.login(unquote(parts.username), unquote(parts.password or ""))
            session.send_message(letter)


def letter_of(message: Outgoing, sender: str) -> EmailMessage:
    """Write a message as a letter. Raises Refused for an address that no header can hold."""
    letter = EmailMessage(policy=SMTP)
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    try:
        letter["From"], letter["To"] = sender, message.to
        letter["Subject"] = " ".join(message.subject.split())
    except (ValueError, IndexError) as error:
        raise Refused(f"the letter cannot be addressed: {type(error).__name__}") from None
    letter["Message-ID"] = f"<{message.key}@{domain}>"
    letter["Date"] = formatdate()
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(message.text)
    if message.html is not None:
        letter.add_alternative(message.html, subtype="html")
    for paper in message.attachments:
        main, _, sub = paper.media_type.partition("/")
        letter.add_attachment(paper.content, maintype=main, subtype=sub, filename=paper.name)
    return letter


@attrs.define(eq=False)
class Smtp:
    """A `Provider` of e-mail."""

    server: SmtpServer
    _sessions: trio.CapacityLimiter = attrs.field(
        init=False, factory=lambda: trio.CapacityLimiter(SESSIONS_MAX)
    )

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Send]:
        """Nothing is held between two letters."""
        yield self.send

    async def send(self, message: Outgoing) -> None:
        """Give a message to the server. Raises Unreachable, Refused."""
        letter = letter_of(message, self.server.sender)
        try:
            await trio.to_thread.run_sync(
                self.server.send, letter, abandon_on_cancel=True, limiter=self._sessions
            )
        except (smtplib.SMTPException, OSError) as error:
            raise _of_failure(error) from None


def _of_failure(error: Exception) -> Unreachable | Refused:
    """Tell what may be tried again from what never goes; the server's words may hold an address."""
    codes: list[int] = []
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
    elif isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
        codes = [error.smtp_code]
    reason = f"the mail server: {type(error).__name__} {' '.join(map(str, codes))}".strip()
    return Refused(reason) if codes and min(codes) >= 500 else Unreachable(reason)


@attrs.define(eq=False)
class SmtpMail:
    """The `Mail` of accounts, over the same server; `serve` runs as a child of the tree.

    Its letters hold codes that serve once, so they wait in this process alone.
    """

    smtp: Smtp
    _send: trio.MemorySendChannel[Letter] = attrs.field(init=False)
    _receive: trio.MemoryReceiveChannel[Letter] = attrs.field(init=False)
    _count: int = attrs.field(init=False, default=0)
    _dropped: int = attrs.field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self._send, self._receive = trio.open_memory_channel[Letter](LETTERS_WAITING_MAX)

    async def send(self, letter: Letter) -> None:
        """Take a letter; one too many is dropped, and whoever waits for it asks again."""
        await trio.lowlevel.checkpoint()
        try:
            self._send.send_nowait(letter)
        except trio.WouldBlock:
            self._dropped += 1
            logger.error("a letter was dropped: %d wait already", LETTERS_WAITING_MAX)

    async def serve(self, child: Child) -> None:
        """Send letters until asked to stop."""
        child.started()
        async with trio.open_nursery() as nursery:
            for _ in range(SESSIONS_MAX // 2):
                nursery.start_soon(self._send_forever)
            await child.stopping.wait()
            nursery.cancel_scope.cancel()

    def statistics(self) -> dict[str, int]:
        """Count letters."""
        waiting = self._send.statistics().current_buffer_used
        return {"sent": self._count, "waiting": waiting, "dropped": self._dropped}

    async def _send_forever(self) -> None:
        async for letter in self._receive.clone():
            await self._post(letter)

    async def _post(self, letter: Letter) -> None:
        message = Outgoing(
            secrets.token_hex(12),
            EMAIL,
            letter.text,
            subject=letter.subject,
            html=letter.html,
            to=letter.to,
        )
        for attempt in range(LETTER_TRIES):
            try:
                await self.smtp.send(message)
            except ProviderError as error:
                logger.warning("a letter was not taken: %s", error)
                if isinstance(error, Refused) or attempt == LETTER_TRIES - 1:
                    self._dropped += 1
                    return
                await trio.sleep(LETTER_WAIT_S * 4**attempt)
            else:
                self._count += 1
                return
