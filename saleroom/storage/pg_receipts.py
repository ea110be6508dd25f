"""The log of receipts in PostgreSQL.

Owns: the tables receipts_looked and receipts_owed. Invariant: a receipt's mark and its outbox row
are written by one statement. Must not know: what a receipt says. Source: receipt_ports.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from saleroom.storage.pg_pool import Connection, PostgresPool
from saleroom.storage.receipt_ports import TOPIC, OwedReceipt

_CHANGED = """
SELECT f.event_id, f.paddle FROM folios AS f
LEFT JOIN receipts_looked AS l USING (event_id, paddle)
WHERE l.version IS NULL OR l.version < f.version
ORDER BY f.event_id, f.paddle LIMIT $1
"""

_LOOKED = """
WITH looked AS (
    INSERT INTO receipts_looked AS l (event_id, paddle, version) VALUES ($1, $2, $3)
    ON CONFLICT (event_id, paddle) DO UPDATE SET version = greatest(l.version, $3)
),
given AS (SELECT * FROM unnest($4::bigint[], $5::text[]) AS g (invoice, payload)),
marked AS (
    INSERT INTO receipts_owed (event_id, invoice, at_ms) SELECT $1, invoice, $6 FROM given
    ON CONFLICT DO NOTHING RETURNING invoice
)
INSERT INTO outbox (event_id, position, topic, payload, due_at)
SELECT $1, 0, $7, given.payload::jsonb, to_timestamp($6::bigint / 1000.0)
FROM marked JOIN given USING (invoice) ORDER BY invoice
"""


class PostgresReceiptLog:
    """`ReceiptLog` in PostgreSQL."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def changed(self, limit: int) -> list[tuple[str, int]]:
        return await self._pool.read(_changed, limit)

    async def looked(
        self, event: str, paddle: int, version: int, receipts: Sequence[OwedReceipt], at_ms: int
    ) -> None:
        await self._pool.write(_looked, event, paddle, version, receipts, at_ms)


async def _changed(connection: Connection, limit: int) -> list[tuple[str, int]]:
    rows = await connection.fetch(_CHANGED, limit)
    return [(row["event_id"], row["paddle"]) for row in rows]


async def _looked(
    connection: Connection,
    event: str,
    paddle: int,
    version: int,
    receipts: Sequence[OwedReceipt],
    at_ms: int,
) -> None:
    numbers = [receipt.invoice for receipt in receipts]
    payloads = [orjson.dumps(receipt.payload).decode() for receipt in receipts]
    await connection.execute(_LOOKED, event, paddle, version, numbers, payloads, at_ms, TOPIC)
