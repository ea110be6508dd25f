"""Accounts and sign-ins in memory, for tests and rehearsals: twins of pg_accounts and pg_sign_ins.

Owns: dictionaries. Invariant: behaves as the PostgreSQL stores do, call for call; rows are frozen,
so that none is shared that could change. Source: accounts_ports.py.
"""

from __future__ import annotations

import attrs
import trio

from saleroom.storage.accounts_ports import (
    Account,
    Purpose,
    Reused,
    Rights,
    Rotated,
    SignIn,
    email_key,
)
from saleroom.storage.ports import Conflict, NotFound


@attrs.frozen
class _MailToken:
    account: str
    purpose: Purpose
    expires_at_ms: int


class MemorySignIns:
    """`SignIns` without a disk."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self._rows: dict[str, SignIn] = {}
        self._tokens: dict[bytes, tuple[str, bool]] = {}

    async def begin(self, sign_in: SignIn, token: bytes, most: int) -> list[str]:
        await trio.lowlevel.checkpoint()
        if sign_in.account not in self.accounts:
            raise NotFound(f"no account {sign_in.account}")
        if sign_in.id in self._rows or token in self._tokens:
            raise Conflict(f"sign-in {sign_in.id} exists")
        mine = sorted(
            (row for row in self._rows.values() if row.account == sign_in.account),
            key=lambda row: (row.created_at_ms, row.id),
            reverse=True,
        )
        over = [
            row.id
            for place, row in enumerate(mine, start=2)
            if place > most or row.expires_at_ms <= sign_in.created_at_ms
        ]
        for ended in over:
            self.drop(ended)
        self._rows[sign_in.id] = sign_in
        self._tokens[token] = (sign_in.id, False)
        return over

    async def rotate(self, token: bytes, new: bytes, now_ms: int) -> Rotated | Reused | None:
        await trio.lowlevel.checkpoint()
        if token not in self._tokens:
            return None
        name, is_used = self._tokens[token]
        sign_in = self._rows[name]
        if is_used:
            self.drop(name)
            return Reused(sign_in)
        account = self.accounts[sign_in.account]
        if sign_in.expires_at_ms <= now_ms or account.is_disabled:
            return None
        self._tokens[token] = (name, True)
        self._tokens[new] = (name, False)
        return Rotated(account, sign_in)

    async def of_token(self, token: bytes) -> SignIn | None:
        await trio.lowlevel.checkpoint()
        return self._rows[self._tokens[token][0]] if token in self._tokens else None

    async def end(self, sign_in: str) -> bool:
        await trio.lowlevel.checkpoint()
        return self.drop(sign_in)

    async def end_all(self, account: str) -> list[str]:
        await trio.lowlevel.checkpoint()
        return self.drop_all(account, keep=None)

    def drop(self, sign_in: str) -> bool:
        """Forget a sign-in and its tokens."""
        self._tokens = {t: of for t, of in self._tokens.items() if of[0] != sign_in}
        return self._rows.pop(sign_in, None) is not None

    def drop_expired(self, before_ms: int, most: int) -> int:
        """Forget sign-ins that expired earlier, `most` of them, and count them."""
        old = [row.id for row in self._rows.values() if row.expires_at_ms < before_ms][:most]
        for name in old:
            self.drop(name)
        return len(old)

    def drop_all(self, account: str, keep: str | None) -> list[str]:
        """Forget an account's sign-ins but one."""
        names = [r.id for r in self._rows.values() if r.account == account and r.id != keep]
        for name in names:
            self.drop(name)
        return sorted(names)


class MemoryAccounts:
    """`Accounts` without a disk."""

    def __init__(self, sign_ins: MemorySignIns) -> None:
        self._sign_ins = sign_ins
        self._rows = sign_ins.accounts
        self._mail_tokens: dict[bytes, _MailToken] = {}

    async def add(self, account: Account) -> None:
        await trio.lowlevel.checkpoint()
        if account.id in self._rows or self._with_email(account.email) is not None:
            raise Conflict("the account's id or address is taken")
        self._rows[account.id] = account

    async def account(self, account: str) -> Account:
        await trio.lowlevel.checkpoint()
        return self._row(account)

    async def by_email(self, email: str) -> Account | None:
        await trio.lowlevel.checkpoint()
        return self._with_email(email)

    async def list_accounts(
        self, search: str | None, role: str | None, after: str | None, limit: int
    ) -> list[Account]:
        await trio.lowlevel.checkpoint()
        rows = sorted(self._rows.values(), key=_newest, reverse=True)
        if after is not None:
            if after not in self._rows:
                return []
            rows = [row for row in rows if _newest(row) < _newest(self._rows[after])]
        sought = "" if search is None else search.lower()
        return [
            row
            for row in rows
            if (sought in row.name.lower() or sought in (row.email or "").lower())
            and role in (None, *row.roles)
        ][:limit]

    async def set_profile(self, account: str, name: str, phone: str | None) -> Account:
        await trio.lowlevel.checkpoint()
        self._rows[account] = attrs.evolve(self._row(account), name=name, phone=phone)
        return self._rows[account]

    async def set_rights(self, account: str, rights: Rights) -> list[str]:
        await trio.lowlevel.checkpoint()
        self._rows[account] = attrs.evolve(
            self._row(account), **attrs.asdict(rights, recurse=False)
        )
        return self._sign_ins.drop_all(account, keep=None)

    async def set_password(self, account: str, password: str, keep: str | None) -> list[str]:
        await trio.lowlevel.checkpoint()
        self._rows[account] = attrs.evolve(self._row(account), password=password)
        return self._sign_ins.drop_all(account, keep)

    async def replace_hash(self, account: str, old: str, new: str) -> None:
        await trio.lowlevel.checkpoint()
        row = self._rows.get(account)
        if row is not None and row.password == old:
            self._rows[account] = attrs.evolve(row, password=new)

    async def erase(self, account: str) -> list[str]:
        await trio.lowlevel.checkpoint()
        row = self._row(account)
        self._rows[account] = Account(
            row.id, "", row.created_at_ms, roles=frozenset(), is_disabled=True
        )
        self._void(account, None)
        return self._sign_ins.drop_all(account, keep=None)

    async def give_mail_token(
        self, account: str, purpose: Purpose, token: bytes, expires_at_ms: int
    ) -> None:
        await trio.lowlevel.checkpoint()
        self._row(account)
        self._void(account, purpose)
        self._mail_tokens[token] = _MailToken(account, purpose, expires_at_ms)

    async def holder(self, purpose: Purpose, token: bytes, now_ms: int) -> Account | None:
        await trio.lowlevel.checkpoint()
        kept = self._mail_tokens.get(token)
        if kept is None or kept.purpose != purpose or kept.expires_at_ms <= now_ms:
            return None
        account = self._rows[kept.account]
        return None if account.is_disabled else account

    async def verify(self, token: bytes, now_ms: int) -> Account | None:
        account = await self.holder("verify", token, now_ms)
        if account is None:
            return None
        del self._mail_tokens[token]
        self._rows[account.id] = attrs.evolve(account, verified_at_ms=now_ms)
        return self._rows[account.id]

    async def reset(
        self, token: bytes, password: str, now_ms: int
    ) -> tuple[Account, list[str]] | None:
        account = await self.holder("reset", token, now_ms)
        if account is None:
            return None
        del self._mail_tokens[token]
        verified = account.verified_at_ms or now_ms
        changed = attrs.evolve(account, password=password, verified_at_ms=verified)
        self._rows[account.id] = changed
        return changed, self._sign_ins.drop_all(account.id, keep=None)

    def _row(self, account: str) -> Account:
        if account not in self._rows:
            raise NotFound(f"no account {account}")
        return self._rows[account]

    def _with_email(self, email: str | None) -> Account | None:
        if email is None:
            return None
        key = email_key(email)
        named = (row for row in self._rows.values() if row.email is not None)
        return next((row for row in named if email_key(row.email or "") == key), None)

    def _void(self, account: str, purpose: Purpose | None) -> None:
        """Forget an account's mail tokens of one purpose, or all."""
        self._mail_tokens = {
            token: kept
            for token, kept in self._mail_tokens.items()
            if kept.account != account or purpose not in (None, kept.purpose)
        }


def _newest(row: Account) -> tuple[int, str]:
    return row.created_at_ms, row.id
