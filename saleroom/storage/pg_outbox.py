"""The outbox in PostgreSQL: what is owed, and the messages made of it.

Owns: the table deliveries, and of outbox what happens after the fact. Invariant: each call is one
statement; whoever comes second to a row finds nothing to do. Must not know: what a message says.
Source: message_ports.py, decision 0023.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import orjson

from saleroom.storage.message_ports import NEWER_WAITS, Delivery, NewDelivery, Owed
from saleroom.storage.pg_pool import Connection, PostgresPool, Row

_OWE = """
INSERT INTO outbox (event_id, position, topic, payload, due_at)
VALUES ($1, 0, $2, $3::jsonb, to_timestamp($4::bigint / 1000.0))
"""

_OWED = """
SELECT id, event_id, position, topic, payload FROM outbox
WHERE delivered_at IS NULL AND due_at <= to_timestamp($1::bigint / 1000.0)
ORDER BY due_at, id LIMIT $2
"""

_POSTPONE = """
UPDATE outbox SET due_at = to_timestamp($2::bigint / 1000.0), attempts = attempts + 1
WHERE id = $1 AND delivered_at IS NULL
"""

# What is merged is sent no sooner than an interval after the last one, or the one being sent. What
# waits already is put off, for it now speaks of the newer fact too, which has yet to settle.
_SETTLE = """
WITH taken AS (
    UPDATE outbox SET delivered_at = to_timestamp($2::bigint / 1000.0)
    WHERE id = $1 AND delivered_at IS NULL RETURNING id, event_id
)
INSERT INTO deliveries
    (event_id, kind, channel, paddle, lot, once, payload, due_at_ms, created_at_ms)
SELECT t.event_id, d.kind, d.channel, d.paddle, d.lot, CASE WHEN d.is_once THEN t.id ELSE 0 END,
    d.payload::jsonb,
    greatest(d.due_at_ms, CASE WHEN d.is_once THEN 0 ELSE (
        SELECT max(coalesce(p.ended_at_ms, $2)) + d.interval_ms FROM deliveries AS p
        WHERE p.event_id = t.event_id AND p.paddle = d.paddle AND p.kind = d.kind
            AND p.channel = d.channel AND p.lot IS NOT DISTINCT FROM d.lot
            AND p.state IN ('sent', 'sending')
    ) END), $2
FROM taken AS t, unnest($3::text[], $4::text[], $5::integer[], $6::integer[], $7::boolean[],
    $8::text[], $9::bigint[], $10::bigint[])
    AS d (kind, channel, paddle, lot, is_once, payload, due_at_ms, interval_ms)
ON CONFLICT (event_id, paddle, kind, channel, coalesce(lot, 0), once) WHERE state = 'waiting'
DO UPDATE SET due_at_ms = greatest(deliveries.due_at_ms, excluded.due_at_ms),
    payload = excluded.payload, created_at_ms = excluded.created_at_ms
"""

_MOVE = """
WITH taken AS (
    UPDATE outbox SET delivered_at = to_timestamp($4::bigint / 1000.0)
    WHERE id = $1 AND delivered_at IS NULL RETURNING event_id
)
UPDATE deliveries AS d SET paddle = $3 FROM taken AS t
WHERE d.event_id = t.event_id AND d.paddle = $2 AND d.state IN ('waiting', 'sending')
"""

_DELIVERY = """
id, event_id, kind, channel, paddle, lot, payload, state, attempts, due_at_ms, created_at_ms,
ended_at_ms, note
"""

_CLAIM = f"""
UPDATE deliveries SET state = 'sending', attempts = attempts + 1, due_at_ms = $3
WHERE id IN (
    SELECT id FROM deliveries
    WHERE channel = $1 AND state IN ('waiting', 'sending') AND due_at_ms <= $2
    ORDER BY due_at_ms, id LIMIT $4 FOR UPDATE SKIP LOCKED
)
RETURNING {_DELIVERY}
"""  # noqa: S608 - only columns are put in, here and below

_END = """
UPDATE deliveries SET state = $2, ended_at_ms = $3, note = $4
WHERE id = $1 AND state = 'sending'
"""

_PUT_BACK = """
UPDATE deliveries SET state = 'waiting', due_at_ms = $2, note = $3,
    attempts = attempts - CASE WHEN $4 THEN 0 ELSE 1 END
WHERE id = $1 AND state = 'sending'
"""

_DEAD = f"""
SELECT {_DELIVERY} FROM deliveries
WHERE state = 'dead' AND ($1::bigint IS NULL OR id < $1) ORDER BY id DESC LIMIT $2
"""  # noqa: S608

_REVIVE = """
UPDATE deliveries SET state = 'waiting', attempts = 0, due_at_ms = $2, ended_at_ms = NULL
WHERE id = $1 AND state = 'dead' RETURNING id
"""

_GIVE_WAY = """
UPDATE deliveries SET state = 'dropped', ended_at_ms = $2, note = $3
WHERE id = $1 AND state = 'dead'
"""

_COUNTS = """
SELECT state, count(*) AS count FROM deliveries GROUP BY state
UNION ALL
SELECT 'owed', count(*) FROM outbox WHERE delivered_at IS NULL
"""

_DROP_ENDED = """
WITH sent AS (
    DELETE FROM deliveries WHERE id IN (
        SELECT id FROM deliveries
        WHERE state IN ('sent', 'dropped') AND ended_at_ms < $1 LIMIT $2
    ) RETURNING 1
), settled AS (
    DELETE FROM outbox WHERE id IN (
        SELECT id FROM outbox WHERE delivered_at < to_timestamp($1::bigint / 1000.0) LIMIT $2
    ) RETURNING 1
)
SELECT (SELECT count(*) FROM sent) + (SELECT count(*) FROM settled)
"""


class PostgresOutbox:
    """An `Outbox` in PostgreSQL."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def owe(self, event: str, topic: str, payload: Mapping[str, Any], at_ms: int) -> None:
        await self._pool.write(_execute, _OWE, event, topic, _json(payload), at_ms)

    async def owed(self, now_ms: int, limit: int) -> list[Owed]:
        return await self._pool.read(_owed, now_ms, limit)

    async def postpone(self, owed: int, due_at_ms: int) -> None:
        await self._pool.write(_execute, _POSTPONE, owed, due_at_ms)

    async def settle(self, owed: int, deliveries: Sequence[NewDelivery], now_ms: int) -> None:
        columns = (
            [each.kind for each in deliveries],
            [each.channel for each in deliveries],
            [each.paddle for each in deliveries],
            [each.lot for each in deliveries],
            [each.is_once for each in deliveries],
            [_json(each.payload) for each in deliveries],
            [each.due_at_ms for each in deliveries],
            [each.interval_ms for each in deliveries],
        )
        await self._pool.write(_execute, _SETTLE, owed, now_ms, *columns)

    async def move(self, owed: int, old: int, new: int, now_ms: int) -> None:
        await self._pool.write(_execute, _MOVE, owed, old, new, now_ms)

    async def claim(self, channel: str, now_ms: int, until_ms: int, limit: int) -> list[Delivery]:
        return await self._pool.write(_claim, channel, now_ms, until_ms, limit)

    async def end(self, delivery: int, state: str, now_ms: int, note: str | None = None) -> None:
        await self._pool.write(_execute, _END, delivery, state, now_ms, note)

    async def put_back(
        self, delivery: int, due_at_ms: int, now_ms: int, note: str | None, *, is_attempt: bool
    ) -> None:
        await self._pool.write(_put_back, delivery, due_at_ms, now_ms, note, is_attempt)

    async def dead(self, before: int | None, limit: int) -> list[Delivery]:
        return await self._pool.read(_dead, before, limit)

    async def revive(self, delivery: int, now_ms: int) -> bool:
        return await self._pool.write(_revive, delivery, now_ms)

    async def counts(self) -> dict[str, int]:
        return await self._pool.read(_counts)

    async def drop_ended(self, before_ms: int, most: int) -> int:
        return await self._pool.write(_drop_ended, before_ms, most)


async def _execute(connection: Connection, statement: str, *args: Any) -> None:
    await connection.execute(statement, *args)


async def _owed(connection: Connection, now_ms: int, limit: int) -> list[Owed]:
    return [
        Owed(row["id"], row["event_id"], row["position"], row["topic"], _loaded(row["payload"]))
        for row in await connection.fetch(_OWED, now_ms, limit)
    ]


async def _claim(
    connection: Connection, channel: str, now_ms: int, until_ms: int, limit: int
) -> list[Delivery]:
    rows = await connection.fetch(_CLAIM, channel, now_ms, until_ms, limit)
    return sorted(map(_delivery, rows), key=lambda each: each.id)


async def _put_back(
    connection: Connection,
    delivery: int,
    due_at_ms: int,
    now_ms: int,
    note: str | None,
    is_attempt: bool,
) -> None:
    try:
        await connection.execute(_PUT_BACK, delivery, due_at_ms, note, is_attempt)
    except asyncpg.UniqueViolationError:
        await connection.execute(_END, delivery, "dropped", now_ms, NEWER_WAITS)


async def _dead(connection: Connection, before: int | None, limit: int) -> list[Delivery]:
    return [_delivery(row) for row in await connection.fetch(_DEAD, before, limit)]


async def _revive(connection: Connection, delivery: int, now_ms: int) -> bool:
    try:
        return await connection.fetchval(_REVIVE, delivery, now_ms) is not None
    except asyncpg.UniqueViolationError:
        await connection.execute(_GIVE_WAY, delivery, now_ms, NEWER_WAITS)
        return True


async def _counts(connection: Connection) -> dict[str, int]:
    return {row["state"]: row["count"] for row in await connection.fetch(_COUNTS)}


async def _drop_ended(connection: Connection, before_ms: int, most: int) -> int:
    dropped: int = await connection.fetchval(_DROP_ENDED, before_ms, most)
    return dropped


def _delivery(row: Row) -> Delivery:
    fields = dict(row)
    event, payload = fields.pop("event_id"), _loaded(fields.pop("payload"))
    return Delivery(event=event, payload=payload, **fields)


def _json(value: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(value)).decode()


def _loaded(text: str) -> dict[str, Any]:
    loaded: dict[str, Any] = orjson.loads(text)
    return loaded
