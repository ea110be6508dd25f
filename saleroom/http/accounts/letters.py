"""Letters about accounts: to whom, with which token, in which words.

Owns: the letters asked for and not yet written, and the tokens in them. Invariant: asking for a
letter takes the same time whether or not the address has an account; a letter's token serves once
and for a while. Must not know: how mail travels. Source: PROTOCOL 7, OWASP "Forgot Password".
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable

import attrs
import trio

from saleroom.http.accounts.sign_ins import TOKEN_BYTES, digest
from saleroom.http.requests.problems import busy
from saleroom.mail import Letter, Mail
from saleroom.storage.accounts_ports import Account, Accounts, Purpose
from saleroom.storage.ports import StoreError
from saleroom.supervisor import Child

logger = logging.getLogger("saleroom.letters")

WAITING_MAX = 1_000  # a hall that registers within a minute; whoever comes later asks again
SEND_LIMIT_S = 30.0


@attrs.frozen
class _Kind:
    """What a letter with a code says. lasts: how long the code does, told and in ms."""

    subject: str
    why: str
    lasts: str
    lasts_ms: int


KINDS: dict[Purpose, _Kind] = {
    "verify": _Kind(
        "Confirm your e-mail address",
        "Please confirm that this address is yours.",
        "three days",
        3 * 24 * 3600 * 1000,
    ),
    "reset": _Kind(
        "Choose a new password",
        "Somebody, hopefully you, has asked for a new password.",
        "one hour",
        3600 * 1000,
    ),
}
TAKEN = """Hello {name},

somebody, perhaps you, tried to register with this address, which has an account already. Sign in
with it, or ask for a new password. If it was not you, there is nothing to do: nothing has changed.
"""
WITH_CODE = """Hello {name},

{why} The code is good for {lasts} and for one use:

    {code}
{link}
If you did not ask for this, there is nothing to do.
"""


@attrs.frozen
class _Wanted:
    """email: whoever has that account. purpose: None for somebody who registers once more."""

    email: str = attrs.field(repr=False)
    purpose: Purpose | None


@attrs.define(eq=False)
class Letters:
    """`ask` from any task, while `serve` runs. public_url: where pages are, None if unknown."""

    accounts: Accounts
    mail: Mail
    now: Callable[[], float]
    public_url: str | None = None
    _send: trio.MemorySendChannel[_Wanted] = attrs.field(init=False)
    _receive: trio.MemoryReceiveChannel[_Wanted] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._send, self._receive = trio.open_memory_channel[_Wanted](WAITING_MAX)

    def ask(self, email: str, purpose: Purpose | None) -> None:
        """Have a letter written to an address, if it has an account. Raises Problem: OVERLOADED."""
        try:
            self._send.send_nowait(_Wanted(email, purpose))
        except trio.WouldBlock:
            raise busy("too many letters wait to be written") from None

    async def serve(self, child: Child) -> None:
        """Write one letter after the other until asked to stop."""
        child.started()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._write_forever)
            await child.stopping.wait()
            nursery.cancel_scope.cancel()

    async def _write_forever(self) -> None:
        async for wanted in self._receive:
            try:
                with trio.fail_after(SEND_LIMIT_S):
                    await self._write(wanted)
            except (StoreError, trio.TooSlowError) as error:
                logger.warning("a letter was not written: %s", error)

    async def _write(self, wanted: _Wanted) -> None:
        account = await self.accounts.by_email(wanted.email)
        if account is None or account.email is None or account.is_disabled:
            return
        if wanted.purpose is None:
            text = TAKEN.format(name=account.name)
            await self.mail.send(Letter(account.email, "You have an account already", text))
            return
        await self.mail.send(await self._token_letter(account, account.email, wanted.purpose))

    async def _token_letter(self, account: Account, email: str, purpose: Purpose) -> Letter:
        kind, code = KINDS[purpose], secrets.token_urlsafe(TOKEN_BYTES)
        expires_at_ms = int(self.now() * 1000) + kind.lasts_ms
        await self.accounts.give_mail_token(account.id, purpose, digest(code), expires_at_ms)
        # Behind the "#", so that no server on the way gets to log the code.
        link = "" if self.public_url is None else f"\n    {self.public_url}/{purpose}#{code}\n"
        text = WITH_CODE.format(
            name=account.name, why=kind.why, lasts=kind.lasts, code=code, link=link
        )
        return Letter(email, kind.subject, text)
