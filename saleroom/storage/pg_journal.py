"""The journal in PostgreSQL: one statement, one round trip and one commit per append.

Owns: the tables journals and journal, and what is written to outbox and registrations with a fact.
Invariant: an append that commits was made by the owner of the current term, at the journal's end;
whoever reads after having raised the term sees every append that will ever commit under an older
one. Must not know: what a fact says. Source: ARCHITECTURE sections 2 (3) and 3 (I3).

How the fence holds. `owner` locks the term's row FOR SHARE before anything is written, and the
lock lasts until the commit. Raising the term needs that row exclusively, so it waits for appends
in flight, and its owner reads only after its own commit. An append that comes second waits for the
raise; PostgreSQL then checks `term = $2` again on the row's new version (read committed), `owner`
is empty, and nothing is written. The position check reads the statement's snapshot and can be
late only against a writer of the same term, which the primary key refuses.
"""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg
import orjson

from saleroom.storage.people_search import folded
from saleroom.storage.pg_pool import Connection, PostgresPool, Row
from saleroom.storage.ports import (
    Batch,
    Conflict,
    Fenced,
    NotFound,
    Ownership,
    Record,
    require_consecutive,
)

_CREATE = """
WITH created AS (
    INSERT INTO journals (event_id, epoch) VALUES ($1, $2)
)
INSERT INTO journal (event_id, position, seq, body, head)
SELECT $1, r.position, r.seq, r.body, r.head
FROM unnest($3::bigint[], $4::bytea[], $5::bytea[])
    WITH ORDINALITY AS r (seq, body, head, position)
"""

_TAKE_TERM = """
UPDATE journals SET term = term + 1 WHERE event_id = $1 RETURNING term, epoch, alive_at_ms
"""

_APPEND = """
WITH owner AS MATERIALIZED (
    SELECT FROM journals WHERE event_id = $1 AND term = $2 FOR SHARE
), admitted AS MATERIALIZED (
    SELECT FROM owner
    WHERE (SELECT coalesce(max(position), 0) FROM journal WHERE event_id = $1) = $3::bigint - 1
), written AS (
    INSERT INTO journal (event_id, position, seq, body, head)
    SELECT $1, $3 + r.number - 1, r.seq, r.body, r.head
    FROM admitted, unnest($4::bigint[], $5::bytea[], $6::bytea[])
        WITH ORDINALITY AS r (seq, body, head, number)
), owed AS (
    INSERT INTO outbox (event_id, position, topic, payload)
    SELECT $1, o.position, o.topic, o.payload::jsonb
    FROM admitted, unnest($7::bigint[], $8::text[], $9::text[])
        WITH ORDINALITY AS o (position, topic, payload, number)
    ORDER BY o.number
), moved AS (
    DELETE FROM registrations AS r USING admitted, unnest($16::integer[], $17::integer[]) AS m
        (old, new)
    WHERE r.event_id = $1 AND r.paddle = m.old
    RETURNING m.new, r.user_id, r.name, r.email, r.phone, r.table_name, r.name_folded,
        r.draft_limit, r.draft_captain, r.notes, r.checked_in_at_ms, r.checked_in_by
), registered AS (
    INSERT INTO registrations (event_id, paddle, user_id, name, email, phone, table_name,
        name_folded, draft_limit, draft_captain, notes, checked_in_at_ms, checked_in_by)
    SELECT $1, p.* FROM (
        SELECT * FROM moved
        UNION ALL
        SELECT p.*, NULL, false, NULL, NULL, NULL
        FROM admitted, unnest($10::integer[], $11::text[], $12::text[], $13::text[],
            $14::text[], $15::text[], $18::text[]) AS p
    ) AS p
    ORDER BY 2  -- sorting takes all of `moved` in first: numbers are free before they are given
    ON CONFLICT (event_id, paddle) DO UPDATE
    SET (user_id, name, email, phone, table_name, name_folded) = (excluded.user_id, excluded.name,
        excluded.email, excluded.phone, excluded.table_name, excluded.name_folded)
)
SELECT EXISTS (SELECT FROM owner) AS is_owner, EXISTS (SELECT FROM admitted) AS is_admitted
"""

_READ = """
SELECT position, seq, body, head FROM journal
WHERE event_id = $1 AND position > $2 ORDER BY position LIMIT $3
"""

_SIGN = "UPDATE journals SET alive_at_ms = $3 WHERE event_id = $1 AND term = $2"

_EVENTS = "SELECT event_id FROM journals ORDER BY number"


class PostgresJournal:
    """A `Journal` in PostgreSQL."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def create(self, event: str, epoch: str, records: Sequence[Record]) -> None:
        require_consecutive(records, first=1)
        await self._pool.write(_create, event, epoch, records)

    async def take_term(self, event: str) -> Ownership:
        return await self._pool.write(_take_term, event)

    async def append(self, event: str, term: int, batch: Batch) -> None:
        require_consecutive(batch.records, batch.records[0].position)
        await self._pool.write(_append, event, term, batch)

    async def read(self, event: str, after: int, limit: int) -> list[Record]:
        return await self._pool.read(_read, event, after, limit)

    async def sign(self, event: str, term: int, at_ms: int) -> None:
        await self._pool.write(_sign, event, term, at_ms)

    async def events(self) -> list[str]:
        return await self._pool.read(_events)


async def _create(
    connection: Connection, event: str, epoch: str, records: Sequence[Record]
) -> None:
    try:
        await connection.execute(_CREATE, event, epoch, *_columns(records))
    except asyncpg.UniqueViolationError as error:
        raise Conflict(f"event {event} has a journal") from error


async def _take_term(connection: Connection, event: str) -> Ownership:
    row: Row | None = await connection.fetchrow(_TAKE_TERM, event)
    if row is None:
        raise NotFound(f"event {event} has no journal")
    return Ownership(row["term"], row["epoch"], row["alive_at_ms"])


async def _append(connection: Connection, event: str, term: int, batch: Batch) -> None:
    first = batch.records[0].position
    people = {row.paddle: row for row in batch.registrations}.values()  # the last one of a paddle
    try:
        row: Row = await connection.fetchrow(
            _APPEND,
            event,
            term,
            first,
            *_columns(batch.records),
            [owed.position for owed in batch.outbox],
            [owed.topic for owed in batch.outbox],
            [orjson.dumps(dict(owed.payload)).decode() for owed in batch.outbox],
            [person.paddle for person in people],
            [person.user for person in people],
            [person.name for person in people],
            [person.email for person in people],
            [person.phone for person in people],
            [person.table for person in people],
            [old for old, _ in batch.renumbered],
            [new for _, new in batch.renumbered],
            [folded(person.name) for person in people],
        )
    except asyncpg.UniqueViolationError as error:
        raise Fenced(f"position {first} of event {event} is taken") from error
    if not row["is_owner"]:
        raise Fenced(f"term {term} of event {event} is over")
    if not row["is_admitted"]:
        raise Fenced(f"position {first} of event {event} is not the next")


async def _read(connection: Connection, event: str, after: int, limit: int) -> list[Record]:
    return [Record(*row) for row in await connection.fetch(_READ, event, after, limit)]


async def _sign(connection: Connection, event: str, term: int, at_ms: int) -> None:
    await connection.execute(_SIGN, event, term, at_ms)


async def _events(connection: Connection) -> list[str]:
    return [row["event_id"] for row in await connection.fetch(_EVENTS)]


def _columns(records: Sequence[Record]) -> tuple[list[int | None], list[bytes], list[bytes]]:
    return (
        [record.seq for record in records],
        [record.body for record in records],
        [record.head for record in records],
    )
