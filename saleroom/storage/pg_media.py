"""The ledger of pictures in PostgreSQL.

Owns: the table media. Invariant: whether a lot shows an object is looked up in the statement that
dooms it. Must not know: the object store. Source: media_ports.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from saleroom.storage.pg_pool import Connection, PostgresPool
from saleroom.storage.ports import Conflict

# A doomed row is left as it is, and so does not come back: the count tells.
_CLAIM = """
INSERT INTO media (key, bytes, touched_at_ms)
SELECT key, bytes, $3 FROM unnest($1::text[], $2::bigint[]) AS wanted (key, bytes) ORDER BY key
ON CONFLICT (key) DO UPDATE SET touched_at_ms = greatest(media.touched_at_ms, $3)
    WHERE NOT media.doomed
RETURNING key
"""

_TOUCH = """
UPDATE media SET touched_at_ms = greatest(touched_at_ms, $2) WHERE key = ANY($1::text[])
"""

_DOOM = """
WITH shown AS (
    SELECT jsonb_path_query(details, '$.images[*].key') #>> '{}' AS key FROM lots
    UNION
    SELECT jsonb_path_query(details, '$.images[*].thumbnails[*].key') #>> '{}' FROM lots
), old AS (
    SELECT key FROM media
    WHERE touched_at_ms < $1 AND NOT doomed AND key NOT IN (SELECT key FROM shown)
    ORDER BY touched_at_ms LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE media SET doomed = true FROM old WHERE media.key = old.key
"""

_DOOMED = "SELECT key FROM media WHERE doomed ORDER BY key LIMIT $1"

_FORGET = "DELETE FROM media WHERE key = ANY($1::text[]) AND doomed"


class PostgresMediaLedger:
    """A `MediaLedger` in PostgreSQL."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def claim(self, sizes: Mapping[str, int], at_ms: int) -> None:
        await self._pool.write(_claim, sizes, at_ms)

    async def touch(self, keys: Sequence[str], at_ms: int) -> None:
        await self._pool.write(_touch, keys, at_ms)

    async def doom(self, before_ms: int, limit: int) -> list[str]:
        return await self._pool.write(_doom, before_ms, limit)

    async def forget(self, keys: Sequence[str]) -> None:
        await self._pool.write(_forget, keys)


async def _claim(connection: Connection, sizes: Mapping[str, int], at_ms: int) -> None:
    async with connection.transaction():
        rows = await connection.fetch(_CLAIM, list(sizes), list(sizes.values()), at_ms)
        if len(rows) < len(sizes):
            raise Conflict("an object is being removed")


async def _touch(connection: Connection, keys: Sequence[str], at_ms: int) -> None:
    await connection.execute(_TOUCH, list(keys), at_ms)


async def _doom(connection: Connection, before_ms: int, limit: int) -> list[str]:
    async with connection.transaction():
        await connection.execute(_DOOM, before_ms, limit)
        return [row["key"] for row in await connection.fetch(_DOOMED, limit)]


async def _forget(connection: Connection, keys: Sequence[str]) -> None:
    await connection.execute(_FORGET, list(keys))
