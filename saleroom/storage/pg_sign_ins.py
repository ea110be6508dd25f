"""Sign-ins in PostgreSQL, with the refresh tokens that follow from each.

Owns: the tables sign_ins and refresh_tokens. Invariant: of two that bring the same token at the
same moment one gets the next, and the other ends the sign-in; an ended sign-in leaves no row.
Must not know: how a token is made. Source: accounts_ports.py, RFC 9700 section 4.14.
"""

from __future__ import annotations

import asyncpg
import attrs

from saleroom.storage.accounts_ports import Account, Reused, Rotated, SignIn
from saleroom.storage.pg_pool import Connection, PostgresPool, Row
from saleroom.storage.ports import Conflict, NotFound

_BEGIN = """
INSERT INTO sign_ins (id, account_id, created_at_ms, expires_at_ms) VALUES ($1, $2, $3, $4)
"""

_ADD_REFRESH = "INSERT INTO refresh_tokens (hash, sign_in_id) VALUES ($1, $2)"

_TRIM = """
DELETE FROM sign_ins WHERE account_id = $1 AND (expires_at_ms <= $2 OR id IN (
    SELECT id FROM sign_ins WHERE account_id = $1
    ORDER BY created_at_ms DESC, id COLLATE "C" DESC OFFSET $3
)) RETURNING id
"""

# Both rows are locked: who waited for the lock then sees that the token has been used.
_TAKE = """
SELECT s.id, s.account_id, s.created_at_ms, s.expires_at_ms, t.is_used
FROM refresh_tokens AS t JOIN sign_ins AS s ON s.id = t.sign_in_id
WHERE t.hash = $1 FOR UPDATE OF t, s
"""

_ACCOUNT = "SELECT * FROM accounts WHERE id = $1 AND NOT is_disabled FOR SHARE"

_USE = "UPDATE refresh_tokens SET is_used = true WHERE hash = $1"

_OF_REFRESH = """
SELECT s.id, s.account_id, s.created_at_ms, s.expires_at_ms
FROM refresh_tokens AS t JOIN sign_ins AS s ON s.id = t.sign_in_id WHERE t.hash = $1
"""

_END = "DELETE FROM sign_ins WHERE id = $1 RETURNING id"

_END_ALL = """
DELETE FROM sign_ins WHERE account_id = $1 AND ($2::text IS NULL OR id <> $2) RETURNING id
"""


class PostgresSignIns:
    """`SignIns` in PostgreSQL."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def begin(self, sign_in: SignIn, token: bytes, most: int) -> list[str]:
        return await self._pool.write(_begin, sign_in, token, most)

    async def rotate(self, token: bytes, new: bytes, now_ms: int) -> Rotated | Reused | None:
        return await self._pool.write(_rotate, token, new, now_ms)

    async def of_token(self, token: bytes) -> SignIn | None:
        return await self._pool.read(_of_token, token)

    async def end(self, sign_in: str) -> bool:
        return await self._pool.write(_end, sign_in)

    async def end_all(self, account: str) -> list[str]:
        return await self._pool.write(end_all, account, None)


async def _begin(connection: Connection, sign_in: SignIn, token: bytes, most: int) -> list[str]:
    async with connection.transaction():
        rows = await connection.fetch(_TRIM, sign_in.account, sign_in.created_at_ms, most - 1)
        try:
            await connection.execute(
                _BEGIN, sign_in.id, sign_in.account, sign_in.created_at_ms, sign_in.expires_at_ms
            )
            await connection.execute(_ADD_REFRESH, token, sign_in.id)
        except asyncpg.ForeignKeyViolationError as error:
            raise NotFound(f"no account {sign_in.account}") from error
        except asyncpg.UniqueViolationError as error:
            raise Conflict(f"sign-in {sign_in.id} exists") from error
        return [row["id"] for row in rows]


async def _rotate(
    connection: Connection, token: bytes, new: bytes, now_ms: int
) -> Rotated | Reused | None:
    async with connection.transaction():
        row = await connection.fetchrow(_TAKE, token)
        if row is None:
            return None
        sign_in = _sign_in_of(row)
        if row["is_used"]:
            await connection.execute(_END, sign_in.id)
            return Reused(sign_in)
        account = await connection.fetchrow(_ACCOUNT, sign_in.account)
        if account is None or sign_in.expires_at_ms <= now_ms:
            return None
        await connection.execute(_USE, token)
        await connection.execute(_ADD_REFRESH, new, sign_in.id)
        return Rotated(account_of(account), sign_in)


async def _of_token(connection: Connection, token: bytes) -> SignIn | None:
    row = await connection.fetchrow(_OF_REFRESH, token)
    return None if row is None else _sign_in_of(row)


async def _end(connection: Connection, sign_in: str) -> bool:
    return await connection.fetchval(_END, sign_in) is not None


async def end_all(connection: Connection, account: str, keep: str | None) -> list[str]:
    """End an account's sign-ins but one, in whose transaction this runs; give their ids."""
    return sorted(row["id"] for row in await connection.fetch(_END_ALL, account, keep))


def account_of(row: Row) -> Account:
    """Read a row of the table accounts."""
    values = {field.name: row[field.name] for field in attrs.fields(Account)}
    events = values["events"]
    values["roles"] = frozenset(values["roles"])
    values["events"] = None if events is None else frozenset(events)
    return Account(**values)


def _sign_in_of(row: Row) -> SignIn:
    return SignIn(row["id"], row["account_id"], row["created_at_ms"], row["expires_at_ms"])
