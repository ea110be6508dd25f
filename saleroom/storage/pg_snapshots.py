"""Snapshots in PostgreSQL: bodies that are replaced, and chunks that are written once.

Owns: the tables snapshots and snapshot_chunks. Invariant: a snapshot reads with exactly the chunks
that it was saved with, and a save is there whole or not at all. Must not know: what a state is.
Source: ARCHITECTURE section 2 (5).
"""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from saleroom.storage.pg_pool import Connection, PostgresPool, Row
from saleroom.storage.ports import Snapshot, StoreUnavailable, require_chunks

_CHUNK_COUNT = """
SELECT coalesce(max(number), 0) FROM snapshot_chunks WHERE event_id = $1
"""

# Two savers at once number their new rows alike, and the primary keys refuse the second. The newest
# body so far stays beside the new one, unless its chunks are replaced; what is older goes.
_SAVE = """
WITH before AS MATERIALIZED (
    SELECT
        (SELECT max(position) FROM snapshots WHERE event_id = $1) AS newest,
        (SELECT coalesce(max(number), 0) FROM snapshot_chunks WHERE event_id = $1) AS chunk_count
), saved AS (
    INSERT INTO snapshots (event_id, position, head, body, chunk_count)
    SELECT $1, $2::bigint, $3, $4, $6::integer + cardinality($5::bytea[])
    FROM before
    WHERE before.chunk_count >= $6 AND (before.newest IS NULL OR before.newest < $2)
    RETURNING 1
), new AS MATERIALIZED (
    SELECT $6 + c.number AS number, c.body
    FROM saved, unnest($5::bytea[]) WITH ORDINALITY AS c (body, number)
), replaced AS (
    UPDATE snapshot_chunks AS old SET body = new.body
    FROM new WHERE old.event_id = $1 AND old.number = new.number
), appended AS (
    INSERT INTO snapshot_chunks (event_id, number, body)
    SELECT $1, new.number, new.body FROM new, before WHERE new.number > before.chunk_count
), left_over AS (
    DELETE FROM snapshot_chunks USING saved
    WHERE event_id = $1 AND number > $6 + cardinality($5::bytea[])
), outdated AS (
    DELETE FROM snapshots USING saved, before
    WHERE event_id = $1 AND (position < before.newest OR snapshots.chunk_count > $6)
)
SELECT EXISTS (SELECT FROM saved) AS is_saved, chunk_count FROM before
"""

# One statement reads one state of the database: no save can come between body and chunks.
_NEWEST = """
SELECT s.position, s.head, s.body, ARRAY(
    SELECT c.body FROM snapshot_chunks AS c
    WHERE c.event_id = s.event_id AND c.number <= s.chunk_count ORDER BY c.number
) AS chunks
FROM snapshots AS s WHERE s.event_id = $1 ORDER BY s.position DESC LIMIT 1
"""


class PostgresSnapshots:
    """`Snapshots` in PostgreSQL."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def chunk_count(self, event: str) -> int:
        return await self._pool.read(_chunk_count, event)

    async def save(
        self,
        event: str,
        position: int,
        head: bytes,
        body: bytes,
        new_chunks: Sequence[bytes],
        first_chunk: int,
    ) -> bool:
        return await self._pool.write(_save, event, position, head, body, new_chunks, first_chunk)

    async def newest(self, event: str) -> Snapshot | None:
        return await self._pool.read(_newest, event)


async def _chunk_count(connection: Connection, event: str) -> int:
    count: int = await connection.fetchval(_CHUNK_COUNT, event)
    return count


async def _save(
    connection: Connection,
    event: str,
    position: int,
    head: bytes,
    body: bytes,
    new_chunks: Sequence[bytes],
    first_chunk: int,
) -> bool:
    chunks = list(new_chunks)
    try:
        row: Row = await connection.fetchrow(
            _SAVE, event, position, head, body, chunks, first_chunk
        )
    except asyncpg.UniqueViolationError as error:
        raise StoreUnavailable(f"another snapshot of event {event} came first") from error
    require_chunks(row["chunk_count"], first_chunk)
    is_saved: bool = row["is_saved"]
    return is_saved


async def _newest(connection: Connection, event: str) -> Snapshot | None:
    row: Row | None = await connection.fetchrow(_NEWEST, event)
    return None if row is None else Snapshot(*row)
