"""The desk in PostgreSQL: guests as the house keeps them.

Owns: the columns of registrations that the journal does not write. Invariant: each change is one
statement, so that a renumbering at the same moment takes all of it along or none. Must not know:
the rules. Source: desk_ports.py, decision 0011.
"""

from __future__ import annotations

from collections.abc import Collection

from saleroom.storage.desk_ports import CHANGEABLE, Guest, Wanted
from saleroom.storage.people_search import ALIKE, PeopleQuery, folded, trigrams
from saleroom.storage.pg_pool import Connection, PostgresPool, Row
from saleroom.storage.ports import NotFound

_COLUMNS = """
paddle, user_id, name, email, phone, table_name, draft_limit, draft_captain, notes,
checked_in_at_ms, checked_in_by
"""

_GUEST = f"SELECT {_COLUMNS} FROM registrations WHERE event_id = $1 AND paddle = $2"  # noqa: S608

# A word's likeness is that of `people_search.are_alike`; the words of a name are few, and so are
# those who neither begin with what was typed nor are left out by the filters before it.
_GUESTS = f"""
WITH asked AS MATERIALIZED (
    SELECT a.word, string_to_array(a.grams, E'\\x1f') AS grams
    FROM unnest($11::text[], $12::text[]) AS a (word, grams)
)
SELECT {_COLUMNS} FROM registrations AS r
WHERE r.event_id = $1 AND r.paddle > $2
    AND ($4::integer[] IS NULL OR r.paddle = ANY($4))
    AND ($5::text IS NULL OR r.table_name = $5)
    AND ($6::boolean IS NULL OR (r.checked_in_at_ms IS NOT NULL) = $6)
    AND ($7::boolean IS FALSE
        OR starts_with(r.paddle::text, $8)
        OR strpos(regexp_replace(r.phone, '[^0-9]', '', 'g'), $9) > 0
        OR starts_with(lower(r.email), $10)
        OR (cardinality($11::text[]) > 0 AND NOT EXISTS (
            SELECT FROM asked AS a
            WHERE strpos(r.name_folded, ' ' || a.word) = 0 AND NOT EXISTS (
                SELECT FROM string_to_table(ltrim(r.name_folded), ' ') AS held (word)
                CROSS JOIN LATERAL (
                    SELECT count(*) FILTER (WHERE g.gram = ANY(a.grams)) AS common, count(*) AS own
                    FROM (
                        SELECT DISTINCT substr('  ' || held.word || ' ', at, 3) AS gram
                        FROM generate_series(1, length(held.word) + 1) AS at
                    ) AS g
                ) AS counted
                WHERE held.word <> ''
                    AND common >= {ALIKE} * (own + cardinality(a.grams) - common)
            )
        ))
    )
ORDER BY r.paddle LIMIT $3
"""  # noqa: S608 - only the names of columns and a number are put in

_PUT_GUEST = f"""
UPDATE registrations SET
    user_id = CASE WHEN 'user' = ANY($3::text[]) THEN $4 ELSE user_id END,
    name = CASE WHEN 'name' = ANY($3) THEN $5 ELSE name END,
    name_folded = CASE WHEN 'name' = ANY($3) THEN $6 ELSE name_folded END,
    email = CASE WHEN 'email' = ANY($3) THEN $7 ELSE email END,
    phone = CASE WHEN 'phone' = ANY($3) THEN $8 ELSE phone END,
    table_name = CASE WHEN 'table' = ANY($3) THEN $9 ELSE table_name END,
    draft_limit = CASE WHEN 'limit' = ANY($3) THEN $10 ELSE draft_limit END,
    draft_captain = CASE WHEN 'is_captain' = ANY($3) THEN $11 ELSE draft_captain END,
    notes = CASE WHEN 'notes' = ANY($3) THEN $12 ELSE notes END
WHERE event_id = $1 AND paddle = $2 RETURNING {_COLUMNS}
"""  # noqa: S608

_CHECK_IN = f"""
UPDATE registrations SET checked_in_at_ms = coalesce(checked_in_at_ms, $4),
    checked_in_by = CASE WHEN checked_in_at_ms IS NULL THEN $3 ELSE checked_in_by END
WHERE event_id = $1 AND paddle = $2 RETURNING {_COLUMNS}
"""  # noqa: S608

_UNDO_CHECK_IN = f"""
UPDATE registrations SET checked_in_at_ms = NULL, checked_in_by = NULL
WHERE event_id = $1 AND paddle = $2 RETURNING {_COLUMNS}
"""  # noqa: S608

_PADDLES_OF = """
SELECT event_id, paddle FROM registrations WHERE user_id = $1 AND event_id COLLATE "C" > $2
ORDER BY event_id COLLATE "C", paddle LIMIT $3
"""


class PostgresDesk:
    """A `Desk` in PostgreSQL."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def guest(self, event: str, paddle: int) -> Guest:
        return await self._pool.read(_guest, event, paddle)

    async def guests(self, event: str, wanted: Wanted, after: int, limit: int) -> list[Guest]:
        return await self._pool.read(_guests, event, wanted, after, limit)

    async def put_guest(self, event: str, guest: Guest, fields: Collection[str]) -> Guest:
        assert CHANGEABLE.issuperset(fields)
        return await self._pool.write(_put_guest, event, guest, list(fields))

    async def check_in(self, event: str, paddle: int, by: str, at_ms: int) -> Guest:
        return await self._pool.write(_check_in, event, paddle, by, at_ms)

    async def undo_check_in(self, event: str, paddle: int) -> Guest:
        return await self._pool.write(_undo_check_in, event, paddle)

    async def paddles_of(self, user: str, after: str, limit: int) -> list[tuple[str, int]]:
        return await self._pool.read(_paddles_of, user, after, limit)


async def _guest(connection: Connection, event: str, paddle: int) -> Guest:
    return _found(await connection.fetchrow(_GUEST, event, paddle), event, paddle)


async def _guests(
    connection: Connection, event: str, wanted: Wanted, after: int, limit: int
) -> list[Guest]:
    rows = await connection.fetch(
        _GUESTS,
        event,
        after,
        limit,
        None if wanted.paddles is None else list(wanted.paddles),
        wanted.table,
        wanted.is_checked_in,
        wanted.query is not None,
        *_asked(wanted.query),
    )
    return [Guest(*row) for row in rows]


def _asked(query: PeopleQuery | None) -> tuple[object, ...]:
    """Give $8 to $12 of _GUESTS."""
    if query is None:
        return None, None, None, [], []
    grams = ["\x1f".join(trigrams(word)) for word in query.words]
    return query.paddle, query.phone, query.email or None, list(query.words), grams


async def _put_guest(connection: Connection, event: str, guest: Guest, fields: list[str]) -> Guest:
    row = await connection.fetchrow(
        _PUT_GUEST,
        event,
        guest.paddle,
        fields,
        guest.user,
        guest.name,
        folded(guest.name),
        guest.email,
        guest.phone,
        guest.table,
        guest.limit,
        guest.is_captain,
        guest.notes,
    )
    return _found(row, event, guest.paddle)


async def _check_in(connection: Connection, event: str, paddle: int, by: str, at_ms: int) -> Guest:
    return _found(await connection.fetchrow(_CHECK_IN, event, paddle, by, at_ms), event, paddle)


async def _undo_check_in(connection: Connection, event: str, paddle: int) -> Guest:
    return _found(await connection.fetchrow(_UNDO_CHECK_IN, event, paddle), event, paddle)


async def _paddles_of(
    connection: Connection, user: str, after: str, limit: int
) -> list[tuple[str, int]]:
    rows = await connection.fetch(_PADDLES_OF, user, after, limit)
    return [(row["event_id"], row["paddle"]) for row in rows]


def _found(row: Row | None, event: str, paddle: int) -> Guest:
    if row is None:
        raise NotFound(f"no paddle {paddle} in event {event}")
    return Guest(*row)
