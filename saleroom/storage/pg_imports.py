"""Imports in PostgreSQL.

Owns: the table imports, and the one transaction in which an import's rows reach lots and
registrations. Invariant: the import's row is locked before anything is added. Must not know: what a
row means. Source: import_ports.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import orjson

from saleroom.storage.import_ports import CHECKED, CONFIRMED, CONFIRMING, ImportRow
from saleroom.storage.pg_catalogue import insert_lot, insert_registration
from saleroom.storage.pg_pool import Connection, PostgresPool, Row
from saleroom.storage.ports import Conflict, LotRow, NotFound, Registration

FINISH_LIMIT_S = 15.0  # 2 000 rows, one statement each, take about one

_ADD = """
INSERT INTO imports (id, event_id, kind, created_by, created_at_ms, expires_at_ms, report, rows,
    status, confirmed_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""

_GET = """
SELECT id, event_id, kind, created_by, created_at_ms, expires_at_ms, report, rows, status,
    confirmed_by
FROM imports WHERE event_id = $1 AND id = $2
"""

_BEGIN = f"""
UPDATE imports SET status = '{CONFIRMING}', rows = $3, confirmed_by = $4
WHERE event_id = $1 AND id = $2 AND status = '{CHECKED}'
"""  # noqa: S608 - constants of ours

_STEP_BACK = f"""
UPDATE imports SET status = '{CHECKED}', rows = $3, confirmed_by = NULL
WHERE event_id = $1 AND id = $2 AND status = '{CONFIRMING}'
"""  # noqa: S608 - constants of ours

_STATUS = "SELECT status FROM imports WHERE event_id = $1 AND id = $2 FOR UPDATE"

_FINISH = f"""
UPDATE imports SET status = '{CONFIRMED}', rows = '', report = $2 WHERE id = $1
"""  # noqa: S608 - a constant of ours

_LOTS = "SELECT lot AS number FROM lots WHERE event_id = $1"

_PADDLES = "SELECT paddle AS number FROM registrations WHERE event_id = $1"

_REMOVE = "DELETE FROM imports WHERE id = $1"

_EXPIRE = "DELETE FROM imports WHERE expires_at_ms <= $1 RETURNING 1"


class PostgresImports:
    """`Imports` in PostgreSQL."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def add(self, row: ImportRow) -> None:
        await self._pool.write(_add, row)

    async def get(self, event: str, identifier: str) -> ImportRow:
        return await self._pool.read(_get, event, identifier)

    async def begin(self, event: str, identifier: str, rows: bytes, by: str) -> ImportRow:
        return await self._pool.write(_begin, event, identifier, rows, by)

    async def step_back(self, event: str, identifier: str, rows: bytes) -> None:
        await self._pool.write(_step_back, event, identifier, rows)

    async def finish(
        self,
        event: str,
        identifier: str,
        report: Mapping[str, Any],
        lots: Sequence[LotRow] = (),
        registrations: Sequence[Registration] = (),
        *,
        is_first: bool,
    ) -> None:
        await self._pool.write(
            _finish,
            event,
            identifier,
            report,
            lots,
            registrations,
            is_first,
            limit_s=FINISH_LIMIT_S,
        )

    async def remove(self, event: str, identifier: str) -> None:
        await self._pool.write(_remove, event, identifier)

    async def expire(self, now_ms: int) -> int:
        return await self._pool.write(_expire, now_ms)


async def _add(connection: Connection, row: ImportRow) -> None:
    try:
        await connection.execute(
            _ADD,
            row.id,
            row.event,
            row.kind,
            row.created_by,
            row.created_at_ms,
            row.expires_at_ms,
            _json(row.report),
            row.rows,
            row.status,
            row.confirmed_by,
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise NotFound(f"no event {row.event}") from error


async def _get(connection: Connection, event: str, identifier: str) -> ImportRow:
    row: Row | None = await connection.fetchrow(_GET, event, identifier)
    if row is None:
        raise _missing(event, identifier)
    named = {**row, "event": row["event_id"], "report": orjson.loads(row["report"])}
    del named["event_id"]
    return ImportRow(**named)


async def _begin(
    connection: Connection, event: str, identifier: str, rows: bytes, by: str
) -> ImportRow:
    async with connection.transaction():
        await connection.execute(_BEGIN, event, identifier, rows, by)
        return await _get(connection, event, identifier)


async def _step_back(connection: Connection, event: str, identifier: str, rows: bytes) -> None:
    await connection.execute(_STEP_BACK, event, identifier, rows)


async def _finish(
    connection: Connection,
    event: str,
    identifier: str,
    report: Mapping[str, Any],
    lots: Sequence[LotRow],
    registrations: Sequence[Registration],
    is_first: bool,
) -> None:
    async with connection.transaction():
        if await _status(connection, event, identifier) == CONFIRMED:
            raise Conflict(f"import {identifier} is confirmed")
        there = set() if is_first else await _numbers(connection, _LOTS, event)
        for lot in lots:
            if lot.lot not in there:
                await insert_lot(connection, event, lot)
        there = set() if is_first else await _numbers(connection, _PADDLES, event)
        for registration in registrations:
            if registration.paddle not in there:
                await insert_registration(connection, event, registration)
        await connection.execute(_FINISH, identifier, _json(report))


async def _remove(connection: Connection, event: str, identifier: str) -> None:
    async with connection.transaction():
        if await _status(connection, event, identifier) == CONFIRMING:
            raise Conflict(f"import {identifier} is being confirmed")
        await connection.execute(_REMOVE, identifier)


async def _expire(connection: Connection, now_ms: int) -> int:
    return len(await connection.fetch(_EXPIRE, now_ms))


async def _status(connection: Connection, event: str, identifier: str) -> str:
    """Lock an import's row, and give its status."""
    status: str | None = await connection.fetchval(_STATUS, event, identifier)
    if status is None:
        raise _missing(event, identifier)
    return status


async def _numbers(connection: Connection, statement: str, event: str) -> set[int]:
    return {row["number"] for row in await connection.fetch(statement, event)}


def _missing(event: str, identifier: str) -> NotFound:
    return NotFound(f"no import {identifier} of event {event}")


def _json(value: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(value)).decode()
