"""Accounts in PostgreSQL.

Owns: the tables accounts and mail_tokens. Invariant: what changes a right or a password ends the
sign-ins in the same transaction; a mail's token is used up with what it allows, or not at all.
Must not know: how a hash or a token is made. Source: accounts_ports.py, PROTOCOL 7.
"""

from __future__ import annotations

from typing import Any

import asyncpg

from saleroom.storage.accounts_ports import Account, Purpose, Rights, email_key
from saleroom.storage.pg_pool import Connection, PostgresPool, Row
from saleroom.storage.pg_sign_ins import account_of, end_all
from saleroom.storage.ports import Conflict, NotFound

_ADD = """
INSERT INTO accounts (id, name, created_at_ms, email, phone, password, roles, events, is_disabled,
    verified_at_ms, email_key)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""

_ACCOUNT = "SELECT * FROM accounts WHERE id = $1"

_BY_EMAIL = "SELECT * FROM accounts WHERE email_key = $1"

_LIST = """
SELECT * FROM accounts
WHERE ($1::text IS NULL OR (created_at_ms, id COLLATE "C")
        < ((SELECT created_at_ms FROM accounts WHERE id = $1), $1))
    AND ($2::text IS NULL OR strpos(lower(name), lower($2)) > 0 OR strpos(email_key, lower($2)) > 0)
    AND ($3::text IS NULL OR $3 = ANY (roles))
ORDER BY created_at_ms DESC, id COLLATE "C" DESC LIMIT $4
"""

_SET_PROFILE = "UPDATE accounts SET name = $2, phone = $3 WHERE id = $1 RETURNING *"

_SET_RIGHTS = """
UPDATE accounts SET roles = $2, events = $3, is_disabled = $4 WHERE id = $1 RETURNING id
"""

_SET_HASH = "UPDATE accounts SET password = $2 WHERE id = $1 RETURNING id"

_REPLACE_HASH = "UPDATE accounts SET password = $3 WHERE id = $1 AND password = $2"

_ERASE = """
UPDATE accounts SET name = '', email = NULL, email_key = NULL, phone = NULL, password = NULL,
    roles = '{}', events = NULL, is_disabled = true, verified_at_ms = NULL
WHERE id = $1 RETURNING id
"""

_VOID_ALL = "DELETE FROM mail_tokens WHERE account_id = $1"

_GIVE_MAILED = """
INSERT INTO mail_tokens (account_id, purpose, hash, expires_at_ms) VALUES ($1, $2, $3, $4)
ON CONFLICT (account_id, purpose) DO UPDATE
    SET (hash, expires_at_ms) = (excluded.hash, excluded.expires_at_ms)
"""

_HOLDER = """
SELECT * FROM accounts WHERE NOT is_disabled AND id = (
    SELECT account_id FROM mail_tokens WHERE purpose = $1 AND hash = $2 AND expires_at_ms > $3
)
"""

_USE_MAILED = """
DELETE FROM mail_tokens AS m USING accounts AS a
WHERE m.purpose = $1 AND m.hash = $2 AND m.expires_at_ms > $3
    AND a.id = m.account_id AND NOT a.is_disabled
RETURNING m.account_id
"""

_VERIFY = "UPDATE accounts SET verified_at_ms = $2 WHERE id = $1 RETURNING *"

_RESET = """
UPDATE accounts SET password = $3, verified_at_ms = coalesce(verified_at_ms, $2)
WHERE id = $1 RETURNING *
"""


class PostgresAccounts:
    """`Accounts` in PostgreSQL."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def add(self, account: Account) -> None:
        await self._pool.write(_add, account)

    async def account(self, account: str) -> Account:
        return await self._pool.read(_account, account)

    async def by_email(self, email: str) -> Account | None:
        return await self._pool.read(_one, _BY_EMAIL, email_key(email))

    async def list_accounts(
        self, search: str | None, role: str | None, after: str | None, limit: int
    ) -> list[Account]:
        return await self._pool.read(_list, after, search, role, limit)

    async def set_profile(self, account: str, name: str, phone: str | None) -> Account:
        return await self._pool.write(_set_profile, account, name, phone)

    async def set_rights(self, account: str, rights: Rights) -> list[str]:
        events = None if rights.events is None else sorted(rights.events)
        values = (sorted(rights.roles), events, rights.is_disabled)
        return await self._pool.write(_change, _SET_RIGHTS, account, None, values)

    async def set_password(self, account: str, password: str, keep: str | None) -> list[str]:
        return await self._pool.write(_change, _SET_HASH, account, keep, (password,))

    async def replace_hash(self, account: str, old: str, new: str) -> None:
        await self._pool.write(_execute, _REPLACE_HASH, account, old, new)

    async def erase(self, account: str) -> list[str]:
        return await self._pool.write(_erase, account)

    async def give_mail_token(
        self, account: str, purpose: Purpose, token: bytes, expires_at_ms: int
    ) -> None:
        await self._pool.write(_give_mail_token, account, purpose, token, expires_at_ms)

    async def holder(self, purpose: Purpose, token: bytes, now_ms: int) -> Account | None:
        return await self._pool.read(_one, _HOLDER, purpose, token, now_ms)

    async def verify(self, token: bytes, now_ms: int) -> Account | None:
        return await self._pool.write(_verify, token, now_ms)

    async def reset(
        self, token: bytes, password: str, now_ms: int
    ) -> tuple[Account, list[str]] | None:
        return await self._pool.write(_reset, token, password, now_ms)


async def _add(connection: Connection, account: Account) -> None:
    try:
        await connection.execute(_ADD, *_values(account))
    except asyncpg.UniqueViolationError as error:
        raise Conflict("the account's id or address is taken") from error


async def _account(connection: Connection, account: str) -> Account:
    found = await _one(connection, _ACCOUNT, account)
    if found is None:
        raise NotFound(f"no account {account}")
    return found


async def _one(connection: Connection, statement: str, *values: Any) -> Account | None:
    row: Row | None = await connection.fetchrow(statement, *values)
    return None if row is None else account_of(row)


async def _execute(connection: Connection, statement: str, *values: Any) -> None:
    await connection.execute(statement, *values)


async def _list(connection: Connection, *values: Any) -> list[Account]:
    return [account_of(row) for row in await connection.fetch(_LIST, *values)]


async def _set_profile(
    connection: Connection, account: str, name: str, phone: str | None
) -> Account:
    changed = await _one(connection, _SET_PROFILE, account, name, phone)
    if changed is None:
        raise NotFound(f"no account {account}")
    return changed


async def _change(
    connection: Connection, statement: str, account: str, keep: str | None, values: tuple[Any, ...]
) -> list[str]:
    async with connection.transaction():
        if await connection.fetchval(statement, account, *values) is None:
            raise NotFound(f"no account {account}")
        return await end_all(connection, account, keep)


async def _erase(connection: Connection, account: str) -> list[str]:
    async with connection.transaction():
        await connection.execute(_VOID_ALL, account)
        if await connection.fetchval(_ERASE, account) is None:
            raise NotFound(f"no account {account}")
        return await end_all(connection, account, None)


async def _give_mail_token(
    connection: Connection, account: str, purpose: Purpose, token: bytes, expires_at_ms: int
) -> None:
    try:
        await connection.execute(_GIVE_MAILED, account, purpose, token, expires_at_ms)
    except asyncpg.ForeignKeyViolationError as error:
        raise NotFound(f"no account {account}") from error


async def _verify(connection: Connection, token: bytes, now_ms: int) -> Account | None:
    async with connection.transaction():
        account = await connection.fetchval(_USE_MAILED, "verify", token, now_ms)
        return None if account is None else await _one(connection, _VERIFY, account, now_ms)


async def _reset(
    connection: Connection, token: bytes, password: str, now_ms: int
) -> tuple[Account, list[str]] | None:
    async with connection.transaction():
        account = await connection.fetchval(_USE_MAILED, "reset", token, now_ms)
        if account is None:
            return None
        row = await connection.fetchrow(_RESET, account, now_ms, password)
        return account_of(row), await end_all(connection, account, None)


def _values(account: Account) -> tuple[Any, ...]:
    """Give $1 to $11 of the statement that adds one."""
    return (
        account.id,
        account.name,
        account.created_at_ms,
        account.email,
        account.phone,
        account.password,
        sorted(account.roles),
        None if account.events is None else sorted(account.events),
        account.is_disabled,
        account.verified_at_ms,
        None if account.email is None else email_key(account.email),
    )
