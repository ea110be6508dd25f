"""The catalogue in PostgreSQL: events, lots and registrations, as pages and search read them.

Owns: the tables events, lots and registrations. Invariant: a row with a version changes only under
the version that its writer read. Must not know: what a status or a definition means to the rules.
Source: ARCHITECTURE sections 1 and 3 (I5), PROTOCOL section 7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import attrs
import orjson

from saleroom.storage.index_ports import CATEGORIES_MAX, DonorRow
from saleroom.storage.lot_search import CATEGORY, DONOR, lot_vector, vector
from saleroom.storage.people_search import folded
from saleroom.storage.pg_pool import Connection, PostgresPool, Row
from saleroom.storage.ports import (
    Conflict,
    EventRow,
    Full,
    LotRow,
    NotFound,
    Registration,
    StoreError,
)

_ADD_EVENT = """
INSERT INTO events (id, title, currency, status, public, settings, created_at_ms, version, details)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""

# The current version comes with the answer, NULL for no such row: one round trip tells all three.
_PUT_EVENT = """
WITH put AS (
    UPDATE events SET title = $2, currency = $3, public = $4, settings = $5, details = $6,
        version = version + 1
    WHERE id = $1 AND version = $7 RETURNING status, created_at_ms
)
SELECT (SELECT status FROM put) AS status, (SELECT created_at_ms FROM put) AS created_at_ms,
    EXISTS (SELECT FROM put) AS is_put, (SELECT version FROM events WHERE id = $1) AS version
"""

_SET_STATUS = "UPDATE events SET status = $2 WHERE id = $1"

_EVENT = """
SELECT id, title, currency, status, public, settings, created_at_ms, version, details
FROM events WHERE id = $1
"""

_LIST_EVENTS = """
SELECT id, title, currency, status, public, settings, created_at_ms, version, details FROM events
WHERE $1::text IS NULL
    OR (created_at_ms, id COLLATE "C") < ((SELECT created_at_ms FROM events WHERE id = $1), $1)
ORDER BY created_at_ms DESC, id COLLATE "C" DESC LIMIT $2
"""

_ADD_LOT = """
WITH heading AS (
    INSERT INTO categories (event_id, name, words)
    SELECT $1, $6::text, $9::tsvector
    WHERE $6 IS NOT NULL
        AND (SELECT count(*) FROM categories WHERE event_id = $1) < $10
    ON CONFLICT (event_id, name) DO NOTHING
)
INSERT INTO lots (event_id, lot, definition, details, version, category, donor, words)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::tsvector)
"""

_PUT_LOT = """
WITH put AS (
    UPDATE lots SET definition = $3, details = $4, version = version + 1, category = $6,
        donor = $7, words = $8::tsvector
    WHERE event_id = $1 AND lot = $2 AND version = $5 RETURNING place
), heading AS (
    INSERT INTO categories (event_id, name, words)
    SELECT $1, $6::text, $9::tsvector FROM put
    WHERE $6 IS NOT NULL
        AND (SELECT count(*) FROM categories WHERE event_id = $1) < $10
    ON CONFLICT (event_id, name) DO NOTHING
)
SELECT (SELECT place FROM put) AS place, EXISTS (SELECT FROM put) AS is_put,
    (SELECT version FROM lots WHERE event_id = $1 AND lot = $2) AS version
"""

_REMOVE_LOT = "DELETE FROM lots WHERE event_id = $1 AND lot = $2 RETURNING lot"

_LOTS = """
SELECT lot, definition, details, version, category, donor, place
FROM lots WHERE event_id = $1 ORDER BY lot
"""

_LOT = """
SELECT lot, definition, details, version, category, donor, place
FROM lots WHERE event_id = $1 AND lot = $2
"""

_ORDER_LOTS = """
WITH wanted AS (
    SELECT w.lot, w.place FROM unnest($2::integer[]) WITH ORDINALITY AS w (lot, place)
), same AS MATERIALIZED (
    SELECT array_agg(lot ORDER BY lot) IS NOT DISTINCT FROM
        (SELECT array_agg(w.lot ORDER BY w.lot) FROM wanted AS w) AS are_all
    FROM lots WHERE event_id = $1
), put AS (
    UPDATE lots SET place = wanted.place FROM wanted, same
    WHERE same.are_all AND lots.event_id = $1 AND lots.lot = wanted.lot
)
SELECT are_all FROM same
"""

_PLACE_CATEGORIES = """
INSERT INTO categories (event_id, name, place, words)
SELECT $1, c.name, c.place, c.words::tsvector
FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS c (name, words, place)
"""

_ADD_DONOR = """
INSERT INTO donors (event_id, name, is_hidden, contact, email, phone, words)
VALUES ($1, $2, $3, $4, $5, $6, $7::tsvector) RETURNING id
"""

_ADD_PLACED_LOT = """
INSERT INTO lots (event_id, lot, definition, details, version, category, donor, words, place)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::tsvector, $9)
"""

_ADD_REGISTRATION = """
INSERT INTO registrations (event_id, paddle, user_id, name, email, phone, table_name, name_folded)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""

_PUT_REGISTRATION = """
INSERT INTO registrations (event_id, paddle, user_id, name, email, phone, table_name, name_folded)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (event_id, paddle) DO UPDATE
SET (user_id, name, email, phone, table_name, name_folded) = (excluded.user_id, excluded.name,
    excluded.email, excluded.phone, excluded.table_name, excluded.name_folded)
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
        await self._pool.write(insert_lot, event, row)

    async def put_lot(self, event: str, row: LotRow) -> LotRow:
        return await self._pool.write(_put_lot, event, row)

    async def remove_lot(self, event: str, lot: int) -> None:
        await self._pool.write(_remove_lot, event, lot)

    async def lots(self, event: str) -> list[LotRow]:
        return await self._pool.read(_lots, event)

    async def lot(self, event: str, lot: int) -> LotRow:
        return await self._pool.read(_lot, event, lot)

    async def order_lots(self, event: str, lots: Sequence[int]) -> None:
        await self._pool.write(_order_lots, event, lots)

    async def add_copy(
        self,
        row: EventRow,
        lots: Sequence[LotRow],
        categories: Sequence[str],
        donors: Sequence[DonorRow],
    ) -> None:
        await self._pool.write(_add_copy, row, lots, categories, donors)

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
    settings, details = _json(row.settings), _json(row.details)
    answer = await connection.fetchrow(
        _PUT_EVENT, row.id, row.title, row.currency, row.public, settings, details, row.version
    )
    _require_put(answer, f"event {row.id}", row.version)
    return attrs.evolve(
        row,
        status=answer["status"],
        created_at_ms=answer["created_at_ms"],
        version=row.version + 1,
    )


async def _set_status(connection: Connection, event: str, status: str) -> None:
    await connection.execute(_SET_STATUS, event, status)


async def _event(connection: Connection, event: str) -> EventRow:
    row: Row | None = await connection.fetchrow(_EVENT, event)
    if row is None:
        raise NotFound(f"no event {event}")
    return _event_row(row)


async def _list_events(connection: Connection, after: str | None, limit: int) -> list[EventRow]:
    return [_event_row(row) for row in await connection.fetch(_LIST_EVENTS, after, limit)]


async def insert_lot(connection: Connection, event: str, row: LotRow) -> None:
    """Add a lot, within a caller's transaction too. Raises Conflict, NotFound, Full."""
    try:
        await connection.execute(
            _ADD_LOT, event, *_lot_values(row), _heading(row.category), CATEGORIES_MAX
        )
    except asyncpg.UniqueViolationError as error:
        raise Conflict(f"lot {row.lot} of event {event} exists") from error
    except asyncpg.ForeignKeyViolationError as error:
        raise _lacking(error, event, row) from error


async def _put_lot(connection: Connection, event: str, row: LotRow) -> LotRow:
    try:
        answer = await connection.fetchrow(
            _PUT_LOT, event, *_lot_values(row), _heading(row.category), CATEGORIES_MAX
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise _lacking(error, event, row) from error
    _require_put(answer, f"lot {row.lot} of event {event}", row.version)
    return attrs.evolve(row, version=row.version + 1, place=answer["place"])


def _lacking(error: Any, event: str, row: LotRow) -> StoreError:
    """Tell what a lot refers to in vain; a category is missing only where it may not be made."""
    if error.constraint_name == "lots_category_fkey":
        return Full(f"event {event} has {CATEGORIES_MAX} categories")
    if error.constraint_name == "lots_donor_fkey":
        return NotFound(f"no donor {row.donor} in event {event}")
    return NotFound(f"no event {event}")


async def _remove_lot(connection: Connection, event: str, lot: int) -> None:
    if await connection.fetchval(_REMOVE_LOT, event, lot) is None:
        raise NotFound(f"no lot {lot} in event {event}")


async def _lots(connection: Connection, event: str) -> list[LotRow]:
    return [_lot_row(row) for row in await connection.fetch(_LOTS, event)]


async def _lot(connection: Connection, event: str, lot: int) -> LotRow:
    row: Row | None = await connection.fetchrow(_LOT, event, lot)
    if row is None:
        raise NotFound(f"no lot {lot} in event {event}")
    return _lot_row(row)


async def _order_lots(connection: Connection, event: str, lots: Sequence[int]) -> None:
    if not await connection.fetchval(_ORDER_LOTS, event, list(lots)):
        raise Conflict(f"event {event} has other lots than those")


async def _add_copy(
    connection: Connection,
    row: EventRow,
    lots: Sequence[LotRow],
    categories: Sequence[str],
    donors: Sequence[DonorRow],
) -> None:
    async with connection.transaction():
        await _add_event(connection, row)
        headings = [_heading(name) for name in categories]
        await connection.execute(_PLACE_CATEGORIES, row.id, list(categories), headings)
        ids = {
            donor.id: await connection.fetchval(_ADD_DONOR, row.id, *donor_values(donor))
            for donor in donors
        }
        await connection.executemany(
            _ADD_PLACED_LOT,
            [(row.id, *_lot_values(_given_by(lot, ids)), lot.place) for lot in lots],
        )


def _given_by(lot: LotRow, ids: Mapping[int, int]) -> LotRow:
    return attrs.evolve(lot, donor=None if lot.donor is None else ids[lot.donor])


async def insert_registration(connection: Connection, event: str, row: Registration) -> None:
    """Add a holder of a paddle within a caller's transaction. Raises Conflict."""
    try:
        await connection.execute(_ADD_REGISTRATION, event, *_registration_values(row))
    except asyncpg.UniqueViolationError as error:
        raise Conflict(f"paddle {row.paddle} of event {event} is taken") from error


async def _put_registration(connection: Connection, event: str, row: Registration) -> None:
    await connection.execute(_PUT_REGISTRATION, event, *_registration_values(row))


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
    """Give $1 to $9 of the statement that adds an event."""
    return (
        row.id,
        row.title,
        row.currency,
        row.status,
        row.public,
        _json(row.settings),
        row.created_at_ms,
        row.version,
        _json(row.details),
    )


def _event_row(row: Row) -> EventRow:
    settings, details = orjson.loads(row["settings"]), orjson.loads(row["details"])
    return EventRow(**{**row, "settings": settings, "details": details})


def _registration_values(row: Registration) -> tuple[Any, ...]:
    """Give the values that follow the event in statements that write a registration."""
    return row.paddle, row.user, row.name, row.email, row.phone, row.table, folded(row.name)


def _lot_values(row: LotRow) -> tuple[Any, ...]:
    """Give the values that follow the event in statements that write a lot."""
    words = lot_vector(row.definition.get("title"), row.details.get("description"))
    definition, details = _json(row.definition), _json(row.details)
    return row.lot, definition, details, row.version, row.category, row.donor, words


def _lot_row(row: Row) -> LotRow:
    definition, details = orjson.loads(row["definition"]), orjson.loads(row["details"])
    return LotRow(**{**row, "definition": definition, "details": details})


def _heading(category: str | None) -> str | None:
    return None if category is None else vector({CATEGORY: category})


def donor_values(row: DonorRow) -> tuple[Any, ...]:
    """Give what follows the event in statements that write a donor."""
    words = vector({DONOR: row.name})
    return row.name, row.is_hidden, row.contact, row.email, row.phone, words


def _json(value: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(value)).decode()
