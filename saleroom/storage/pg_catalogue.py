"""The catalogue in PostgreSQL: events, lots and registrations, as pages and search read them.

Owns: the tables events, lots and registrations. Invariant: a row with a version changes only under
the version that its writer read. Must not know: what a status or a definition means to the rules.
Source: ARCHITECTURE sections 1 and 3 (I5), PROTOCOL section 7.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import asyncpg
import attrs
import orjson

from saleroom.storage.pg_pool import Connection, PostgresPool, Row
from saleroom.storage.ports import Conflict, EventRow, LotRow, NotFound, Registration

_ADD_EVENT = """
INSERT INTO events (id, title, currency, status, public, settings, created_at_ms, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""

# The current version comes with the answer, NULL for no such row: one round trip tells all three.
_PUT_EVENT = """
WITH put AS (
    UPDATE events SET title = $2, currency = $3, status = $4, public = $5, settings = $6,
        created_at_ms = $7, version = version + 1
    WHERE id = $1 AND version = $8 RETURNING 1
)
SELECT EXISTS (SELECT FROM put) AS is_put, (SELECT version FROM events WHERE id = $1) AS version
"""

_SET_STATUS = "UPDATE events SET status = $2 WHERE id = $1"

_EVENT = """
SELECT id, title, currency, status, public, settings, created_at_ms, version
FROM events WHERE id = $1
"""

_LIST_EVENTS = """
SELECT id, title, currency, status, public, settings, created_at_ms, version FROM events
WHERE $1::text IS NULL
    OR (created_at_ms, id COLLATE "C") < ((SELECT created_at_ms FROM events WHERE id = $1), $1)
ORDER BY created_at_ms DESC, id COLLATE "C" DESC LIMIT $2
"""

_ADD_LOT = """
INSERT INTO lots (event_id, lot, definition, details, version) VALUES ($1, $2, $3, $4, $5)
"""

_PUT_LOT = """
WITH put AS (
    UPDATE lots SET definition = $3, details = $4, version = version + 1
    WHERE event_id = $1 AND lot = $2 AND version = $5 RETURNING 1
)
SELECT EXISTS (SELECT FROM put) AS is_put,
    (SELECT version FROM lots WHERE event_id = $1 AND lot = $2) AS version
"""

_REMOVE_LOT = "DELETE FROM lots WHERE event_id = $1 AND lot = $2 RETURNING lot"

_LOTS = """
SELECT lot, definition, details, version FROM lots WHERE event_id = $1 ORDER BY lot
"""

_PUT_REGISTRATION = """
INSERT INTO registrations (event_id, paddle, user_id, name, email, phone, table_name)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (event_id, paddle) DO UPDATE SET (user_id, name, email, phone, table_name)
    = (excluded.user_id, excluded.name, excluded.email, excluded.phone, excluded.table_name)
"""

_REGISTRATIONS = """
SELECT paddle, user_id, name, email, phone, table_name FROM registrations
WHERE event_id = $1 AND paddle > $2 ORDER BY paddle LIMIT $3
"""


class PostgresCatalogue:
    """A `Catalogue` in PostgreSQL."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def add_event(self, row: EventRow) -> None:
        await self._pool.write(_add_event, row)

    async def put_event(self, row: EventRow) -> EventRow:
        return await self._pool.write(_put_event, row)

    async def set_status(self, event: str, status: str) -> None:
        await self._pool.write(_set_status, event, status)

    async def event(self, event: str) -> EventRow:
        return await self._pool.read(_event, event)

    async def list_events(self, after: str | None, limit: int) -> list[EventRow]:
        return await self._pool.read(_list_events, after, limit)

    async def add_lot(self, event: str, row: LotRow) -> None:
        await self._pool.write(_add_lot, event, row)

    async def put_lot(self, event: str, row: LotRow) -> LotRow:
        return await self._pool.write(_put_lot, event, row)

    async def remove_lot(self, event: str, lot: int) -> None:
        await self._pool.write(_remove_lot, event, lot)

    async def lots(self, event: str) -> list[LotRow]:
        return await self._pool.read(_lots, event)

    async def put_registration(self, event: str, row: Registration) -> None:
        await self._pool.write(_put_registration, event, row)

    async def registrations(self, event: str, after: int, limit: int) -> list[Registration]:
        return await self._pool.read(_registrations, event, after, limit)


async def _add_event(connection: Connection, row: EventRow) -> None:
    try:
        await connection.execute(_ADD_EVENT, *_event_values(row))
    except asyncpg.UniqueViolationError as error:
        raise Conflict(f"event {row.id} exists") from error


async def _put_event(connection: Connection, row: EventRow) -> EventRow:
    answer = await connection.fetchrow(_PUT_EVENT, *_event_values(row))
    _require_put(answer, f"event {row.id}", row.version)
    return attrs.evolve(row, version=row.version + 1)


async def _set_status(connection: Connection, event: str, status: str) -> None:
    await connection.execute(_SET_STATUS, event, status)


async def _event(connection: Connection, event: str) -> EventRow:
    row: Row | None = await connection.fetchrow(_EVENT, event)
    if row is None:
        raise NotFound(f"no event {event}")
    return _event_row(row)


async def _list_events(connection: Connection, after: str | None, limit: int) -> list[EventRow]:
    return [_event_row(row) for row in await connection.fetch(_LIST_EVENTS, after, limit)]


async def _add_lot(connection: Connection, event: str, row: LotRow) -> None:
    try:
        await connection.execute(_ADD_LOT, event, *_lot_values(row))
    except asyncpg.UniqueViolationError as error:
        raise Conflict(f"lot {row.lot} of event {event} exists") from error
    except asyncpg.ForeignKeyViolationError as error:
        raise NotFound(f"no event {event}") from error


async def _put_lot(connection: Connection, event: str, row: LotRow) -> LotRow:
    answer = await connection.fetchrow(_PUT_LOT, event, *_lot_values(row))
    _require_put(answer, f"lot {row.lot} of event {event}", row.version)
    return attrs.evolve(row, version=row.version + 1)


async def _remove_lot(connection: Connection, event: str, lot: int) -> None:
    if await connection.fetchval(_REMOVE_LOT, event, lot) is None:
        raise NotFound(f"no lot {lot} in event {event}")


async def _lots(connection: Connection, event: str) -> list[LotRow]:
    return [_lot_row(row) for row in await connection.fetch(_LOTS, event)]


async def _put_registration(connection: Connection, event: str, row: Registration) -> None:
    await connection.execute(
        _PUT_REGISTRATION,
        event,
        row.paddle,
        row.user,
        row.name,
        row.email,
        row.phone,
        row.table,
    )


async def _registrations(
    connection: Connection, event: str, after: int, limit: int
) -> list[Registration]:
    rows = await connection.fetch(_REGISTRATIONS, event, after, limit)
    return [Registration(*row) for row in rows]


def _require_put(answer: Row, what: str, version: int) -> None:
    if answer["is_put"]:
        return
    if answer["version"] is None:
        raise NotFound(f"no {what}")
    raise Conflict(f"{what} is no longer at version {version}")


def _event_values(row: EventRow) -> tuple[Any, ...]:
    """Give $1 to $8 of the statements that write an event."""
    return (
        row.id,
        row.title,
        row.currency,
        row.status,
        row.public,
        _json(row.settings),
        row.created_at_ms,
        row.version,
    )


def _event_row(row: Row) -> EventRow:
    return EventRow(**{**row, "settings": orjson.loads(row["settings"])})


def _lot_values(row: LotRow) -> tuple[Any, ...]:
    """Give the values that follow the event in statements that write a lot."""
    return row.lot, _json(row.definition), _json(row.details), row.version


def _lot_row(row: Row) -> LotRow:
    definition, details = orjson.loads(row["definition"]), orjson.loads(row["details"])
    return LotRow(row["lot"], definition, details, row["version"])


def _json(value: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(value)).decode()
