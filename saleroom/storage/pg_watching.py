"""Watch lists in PostgreSQL.

Owns: the table watches. Invariant: as watch_ports.py says; the bound on what one user watches is
looked at and kept by one statement. Must not know: lots. Source: watch_ports.py.
"""

from __future__ import annotations

from saleroom.storage.pg_pool import Connection, PostgresPool, Row
from saleroom.storage.watch_ports import Watch

_WATCH = """
WITH kept AS (
    SELECT count(*) AS lots, coalesce(bool_or(lot = $3), false) AS is_kept
    FROM watches WHERE user_id = $1 AND event_id = $2
), added AS (
    INSERT INTO watches (event_id, lot, user_id, at_ms)
    SELECT $2, $3, $1, $4 FROM kept WHERE lots < $5 OR is_kept
    ON CONFLICT DO NOTHING
)
SELECT lots < $5 OR is_kept FROM kept
"""

_UNWATCH = "DELETE FROM watches WHERE user_id = $1 AND event_id = $2 AND lot = $3"

_WATCH_OF = """
SELECT event_id, lot, at_ms FROM watches WHERE user_id = $1 AND event_id = $2 AND lot = $3
"""

_WATCHES = """
SELECT event_id, lot, at_ms FROM watches
WHERE user_id = $1 AND (event_id COLLATE "C", lot) > ($2, $3)
ORDER BY event_id COLLATE "C", lot LIMIT $4
"""

_COUNTS = "SELECT lot, count(*) AS watchers FROM watches WHERE event_id = $1 GROUP BY lot"


class PostgresWatching:
    """`Watching` in PostgreSQL."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def watch(self, user: str, watch: Watch, most: int) -> bool:
        return await self._pool.write(_watch, user, watch, most)

    async def unwatch(self, user: str, event: str, lot: int) -> None:
        await self._pool.write(_unwatch, user, event, lot)

    async def watch_of(self, user: str, event: str, lot: int) -> Watch | None:
        return await self._pool.read(_watch_of, user, event, lot)

    async def watches(self, user: str, after: tuple[str, int], limit: int) -> list[Watch]:
        return await self._pool.read(_watches, user, after, limit)

    async def counts(self, event: str) -> dict[int, int]:
        return await self._pool.read(_counts, event)


async def _watch(connection: Connection, user: str, watch: Watch, most: int) -> bool:
    kept: bool = await connection.fetchval(_WATCH, user, watch.event, watch.lot, watch.at_ms, most)
    return kept


async def _unwatch(connection: Connection, user: str, event: str, lot: int) -> None:
    await connection.execute(_UNWATCH, user, event, lot)


async def _watch_of(connection: Connection, user: str, event: str, lot: int) -> Watch | None:
    row: Row | None = await connection.fetchrow(_WATCH_OF, user, event, lot)
    return None if row is None else Watch(*row)


async def _watches(
    connection: Connection, user: str, after: tuple[str, int], limit: int
) -> list[Watch]:
    return [Watch(*row) for row in await connection.fetch(_WATCHES, user, *after, limit)]


async def _counts(connection: Connection, event: str) -> dict[int, int]:
    return {row["lot"]: row["watchers"] for row in await connection.fetch(_COUNTS, event)}
