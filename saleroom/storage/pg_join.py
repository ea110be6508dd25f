"""Join codes in PostgreSQL.

Owns: the table join_codes. Invariant: a code is used by the one statement that finds it unused.
Must not know: the code behind a digest. Source: join_ports.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from saleroom.storage.join_ports import JoinCode
from saleroom.storage.pg_pool import Connection, PostgresPool, Row
from saleroom.storage.ports import NotFound

_COLUMNS = """
id, event_id, digest, paddle, table_name, created_by, created_at_ms, expires_at_ms, used_at_ms
"""

_ADD = f"""
INSERT INTO join_codes ({_COLUMNS})
SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::integer[], $5::text[], $6::text[],
    $7::bigint[], $8::bigint[], $9::bigint[])
"""  # noqa: S608 - only the names of columns are put in, here and below

_BY_DIGEST = f"SELECT {_COLUMNS} FROM join_codes WHERE digest = $1"  # noqa: S608

_CODE = f"SELECT {_COLUMNS} FROM join_codes WHERE event_id = $1 AND id = $2"  # noqa: S608

_CODES = f"""
SELECT {_COLUMNS} FROM join_codes WHERE event_id = $1 AND id COLLATE "C" > $2
ORDER BY id COLLATE "C" LIMIT $3
"""  # noqa: S608

_USE = "UPDATE join_codes SET used_at_ms = $2 WHERE id = $1 AND used_at_ms IS NULL RETURNING id"

_FREE = "UPDATE join_codes SET used_at_ms = NULL WHERE id = $1"

_REVOKE = """
DELETE FROM join_codes WHERE event_id = $1 AND id = $2 AND used_at_ms IS NULL RETURNING id
"""


class PostgresJoinCodes:
    """`JoinCodes` in PostgreSQL."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def add(self, codes: Sequence[JoinCode]) -> None:
        await self._pool.write(_add, codes)

    async def by_digest(self, digest: bytes) -> JoinCode:
        return await self._pool.read(_by_digest, digest)

    async def code(self, event: str, id: str) -> JoinCode:
        return await self._pool.read(_code, event, id)

    async def codes(self, event: str, after: str, limit: int) -> list[JoinCode]:
        return await self._pool.read(_codes, event, after, limit)

    async def use(self, id: str, at_ms: int) -> bool:
        return await self._pool.write(_use, id, at_ms)

    async def free(self, id: str) -> None:
        await self._pool.write(_free, id)

    async def revoke(self, event: str, id: str) -> None:
        await self._pool.write(_revoke, event, id)


async def _add(connection: Connection, codes: Sequence[JoinCode]) -> None:
    rows = [
        (
            code.id,
            code.event,
            code.digest,
            code.paddle,
            code.table,
            code.created_by,
            code.created_at_ms,
            code.expires_at_ms,
            code.used_at_ms,
        )
        for code in codes
    ]
    try:
        await connection.execute(_ADD, *(list(column) for column in zip(*rows, strict=True)))
    except asyncpg.ForeignKeyViolationError as error:
        raise NotFound(f"no event {codes[0].event}") from error


async def _by_digest(connection: Connection, digest: bytes) -> JoinCode:
    return _found(await connection.fetchrow(_BY_DIGEST, digest))


async def _code(connection: Connection, event: str, id: str) -> JoinCode:
    return _found(await connection.fetchrow(_CODE, event, id))


async def _codes(connection: Connection, event: str, after: str, limit: int) -> list[JoinCode]:
    return [JoinCode(*row) for row in await connection.fetch(_CODES, event, after, limit)]


async def _use(connection: Connection, id: str, at_ms: int) -> bool:
    return await connection.fetchval(_USE, id, at_ms) is not None


async def _free(connection: Connection, id: str) -> None:
    await connection.execute(_FREE, id)


async def _revoke(connection: Connection, event: str, id: str) -> None:
    if await connection.fetchval(_REVOKE, event, id) is None:
        raise NotFound(f"no unused code {id} of event {event}")


def _found(row: Row | None) -> JoinCode:
    if row is None:
        raise NotFound("no such join code")
    return JoinCode(*row)
