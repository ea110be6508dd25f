"""The audit in PostgreSQL.

Owns: the table audit. Invariant: rows are inserted and read, never changed. Must not know: what an
entry says. Source: audit_ports.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from saleroom.storage.audit_ports import AuditEntry, KeptEntry
from saleroom.storage.pg_pool import Connection, PostgresPool, Row

_RECORD = """
INSERT INTO audit (at_ms, who, role, what, event_id, target, before, after)
VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8::jsonb)
"""

_ENTRIES = """
SELECT number, at_ms, who, role, what, event_id, target, before, after FROM audit
WHERE ($1::text IS NULL OR event_id = $1) AND ($2::text IS NULL OR who = $2)
    AND ($3::bigint IS NULL OR number < $3)
ORDER BY number DESC LIMIT $4
"""


class PostgresAudit:
    """An `Audit` in PostgreSQL."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def record(self, entry: AuditEntry) -> None:
        await self._pool.write(_record, entry)

    async def entries(
        self, *, event: str | None, who: str | None, before: int | None, limit: int
    ) -> list[KeptEntry]:
        return await self._pool.read(_entries, event, who, before, limit)


async def _record(connection: Connection, entry: AuditEntry) -> None:
    await connection.execute(
        _RECORD,
        entry.at_ms,
        entry.who,
        entry.role,
        entry.what,
        entry.event,
        entry.target,
        _json(entry.before),
        _json(entry.after),
    )


async def _entries(
    connection: Connection, event: str | None, who: str | None, before: int | None, limit: int
) -> list[KeptEntry]:
    return [_kept(row) for row in await connection.fetch(_ENTRIES, event, who, before, limit)]


def _kept(row: Row) -> KeptEntry:
    entry = AuditEntry(
        row["at_ms"],
        row["who"],
        row["role"],
        row["what"],
        row["event_id"],
        row["target"],
        _loaded(row["before"]),
        _loaded(row["after"]),
    )
    return KeptEntry(row["number"], entry)


def _json(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else orjson.dumps(dict(value)).decode()


def _loaded(text: str | None) -> dict[str, Any] | None:
    return None if text is None else orjson.loads(text)
