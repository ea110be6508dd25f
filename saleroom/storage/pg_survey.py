"""What a database holds, seen at one instant.

Owns: the look at a whole database before it is copied or replaced. Invariant: all of a survey is of
one snapshot, and another program sees that same snapshot for as long as it is held. Must not know:
where the copy goes. Source: ARCHITECTURE sections 3 (I3, I5) and 5.

A survey migrates nothing: a database of an earlier release can be backed up by this one.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

import asyncpg
import attrs
import trio

from saleroom.storage.bridge import Bridge, time_limit
from saleroom.storage.migrate import known_migrations
from saleroom.storage.pg_pool import CONNECT_LIMIT_S, FAILURES, READ_LIMIT_S, Connection
from saleroom.storage.ports import StoreUnavailable

APPLICATION = "saleroom keeping"
"""How our sessions are told from those of a server, which calls itself `saleroom`."""

_TABLE = re.compile(r"^CREATE TABLE (?:IF NOT EXISTS )?([a-z_]+)", re.MULTILINE)

_FOUND = """
SELECT relname FROM pg_class
WHERE relnamespace = to_regnamespace('public') AND relkind IN ('r', 'p') AND relname = ANY($1)
"""

_IS_HISTORY = """
SELECT count(*) = 2 FROM pg_attribute
WHERE attrelid = to_regclass('public.migrations') AND attname IN ('name', 'checksum')
"""

_JOURNALS = """
SELECT j.event_id, j.epoch, coalesce(l.position, 0), coalesce(encode(l.head, 'hex'), '')
FROM public.journals AS j LEFT JOIN LATERAL (
    SELECT position, head FROM public.journal
    WHERE event_id = j.event_id ORDER BY position DESC LIMIT 1
) AS l ON true
ORDER BY j.number
"""

_SERVERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'saleroom'
"""

T = TypeVar("T")


@attrs.frozen
class Standing:
    """Where an event's journal ends. facts: its last position. head: the chain's, in hex."""

    event: str
    epoch: str
    facts: int
    head: str


@attrs.frozen
class Survey:
    """A database. server: PostgreSQL's major version. servers: sessions of Saleroom servers.

    tables: those of ours that exist. migrations: checksums by name, None where the tables are
    another program's. catalogued: events in the catalogue, drafts among them.
    """

    server: int
    servers: int
    tables: frozenset[str]
    migrations: Mapping[str, str] | None
    standings: tuple[Standing, ...]
    catalogued: int

    def newer_migrations(self) -> list[str]:
        """Name the migrations that this release does not know."""
        known = {migration.name for migration in known_migrations()}
        return sorted(set(self.migrations or ()) - known)


def our_tables() -> tuple[str, ...]:
    """Name every table that this release's migrations make."""
    made = [name for known in known_migrations() for name in _TABLE.findall(known.sql)]
    return (*made, "migrations")


@asynccontextmanager
async def held_survey(bridge: Bridge, dsn: str) -> AsyncIterator[tuple[str, Survey]]:
    """Survey a database and hold its snapshot for the length of the block; give its name too.

    Raises StoreUnavailable.
    """
    connection = await _call(bridge, CONNECT_LIMIT_S, lambda: _connect(dsn))
    try:
        yield await _call(bridge, READ_LIMIT_S, lambda: _survey(connection))
    finally:
        with trio.CancelScope(shield=True):
            await bridge.run(_close, connection)


async def survey(bridge: Bridge, dsn: str) -> Survey:
    """Look at a database. Raises StoreUnavailable."""
    async with held_survey(bridge, dsn) as (_, found):
        return found


async def _call(bridge: Bridge, limit_s: float, work: Callable[[], Awaitable[T]]) -> T:
    """Run work over there; it writes nothing, so that whatever fails left no trace."""

    async def limited() -> T:
        try:
            async with time_limit(limit_s):
                return await work()
        except FAILURES as error:
            raise StoreUnavailable(f"PostgreSQL did not answer: {error}") from error

    return await bridge.run(limited)


async def _connect(dsn: str) -> Connection:
    return await asyncpg.connect(
        dsn, timeout=CONNECT_LIMIT_S, server_settings={"application_name": APPLICATION}
    )


async def _close(connection: Connection) -> None:
    """Part from the server; what was read stands, however this ends."""
    try:
        await connection.close(timeout=CONNECT_LIMIT_S)
    except FAILURES:
        connection.terminate()


async def _survey(connection: Connection) -> tuple[str, Survey]:
    await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    snapshot: str = await connection.fetchval("SELECT pg_export_snapshot()")
    rows = await connection.fetch(_FOUND, list(our_tables()))
    tables = frozenset(row["relname"] for row in rows)
    migrations: dict[str, str] | None = {}
    if tables:
        migrations = None
    if await connection.fetchval(_IS_HISTORY):
        rows = await connection.fetch("SELECT name, checksum FROM public.migrations")
        migrations = {row["name"]: row["checksum"] for row in rows}
    standings: tuple[Standing, ...] = ()
    catalogued = 0
    if migrations:
        standings = tuple(Standing(*row) for row in await connection.fetch(_JOURNALS))
        if "events" in tables:
            catalogued = await connection.fetchval("SELECT count(*) FROM public.events")
    found = Survey(
        server=connection.get_server_version().major,
        servers=await connection.fetchval(_SERVERS),
        tables=tables,
        migrations=migrations,
        standings=standings,
        catalogued=catalogued,
    )
    return snapshot, found
