"""Databases for tests on a real PostgreSQL: empty ones, and migrated ones without a row.

Owns: how they come to be, are cleared and go. Invariant: a database that is used again has the
template's tables, no row, no session, and sequences that start anew; one whose tables were changed
is dropped. Clearing takes a hundredth of making one. Must not know: what is tested.
Source: STYLE, "Tests".
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import trio

from saleroom.storage.bridge import Bridge
from tests.servers import TEMPLATE, RealPostgres, execute

_numbers = itertools.count(1)

_END_SESSIONS = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_CLEAR = """
DO $$
DECLARE
    name text;
    is_filled boolean;
    filled text[] := '{}';
BEGIN
    FOR name IN
        SELECT oid::regclass FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'migrations'
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', name) INTO is_filled;
        IF is_filled THEN
            filled := filled || name;
        END IF;
    END LOOP;
    IF filled <> '{}' THEN
        EXECUTE format('TRUNCATE %s CASCADE', array_to_string(filled, ', '));
    END IF;
    FOR name IN SELECT quote_ident(sequencename) FROM pg_sequences WHERE last_value IS NOT NULL
    LOOP
        EXECUTE format('ALTER SEQUENCE %s RESTART', name);
    END LOOP;
END $$
"""
_SHAPE = """
SELECT md5(string_agg(line, E'\\n' ORDER BY line)) FROM (
    SELECT format('%s %s %s %s %s', attrelid, attname, atttypid, atttypmod, attnotnull) AS line
    FROM pg_attribute WHERE attrelid >= 16384
    UNION ALL SELECT 'constraint ' || oid FROM pg_constraint WHERE oid >= 16384
    UNION ALL SELECT 'default ' || oid FROM pg_attrdef WHERE oid >= 16384
    UNION ALL SELECT 'function ' || oid FROM pg_proc WHERE oid >= 16384
    UNION ALL SELECT 'trigger ' || oid FROM pg_trigger WHERE oid >= 16384
    UNION ALL SELECT 'migration ' || migrations FROM migrations
) AS lines
"""
"""A checksum of all that migrations made, of which a copy of a database has the same."""


@asynccontextmanager
async def empty_database(bridge: Bridge, server: RealPostgres) -> AsyncIterator[str]:
    """Give the DSN of a database of the block's own, without a table."""
    name = f"test_{next(_numbers)}"
    await bridge.run(execute, server.dsn, f"CREATE DATABASE {name}")
    try:
        yield server.dsn_of(name)
    finally:
        with trio.CancelScope(shield=True):
            await bridge.run(_drop, server, name)


@asynccontextmanager
async def fresh_database(bridge: Bridge, server: RealPostgres) -> AsyncIterator[str]:
    """Give the DSN of a migrated database of the block's own, without a row."""
    name = server.spare.pop() if server.spare else await bridge.run(_copy, server)
    try:
        yield server.dsn_of(name)
    finally:
        with trio.CancelScope(shield=True):
            if await bridge.run(_is_cleared, server, name):
                server.spare.append(name)
            else:
                await bridge.run(_drop, server, name)


async def _copy(server: RealPostgres) -> str:
    """Make a migrated database, and give its name."""
    name = f"test_{next(_numbers)}"
    await execute(server.dsn, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    connection = await asyncpg.connect(server.dsn_of(name))
    try:
        server.shape = await connection.fetchval(_SHAPE)
    finally:
        await connection.close()
    return name


async def _is_cleared(server: RealPostgres, name: str) -> bool:
    """Take every row out of a database; say whether it is as good as new."""
    connection = await asyncpg.connect(server.dsn_of(name))
    try:
        await connection.execute(_END_SESSIONS)
        if await connection.fetchval(_SHAPE) != server.shape:
            return False
        await connection.execute(_CLEAR)
        return True
    finally:
        await connection.close()


async def _drop(server: RealPostgres, name: str) -> None:
    await execute(server.dsn, f"DROP DATABASE {name} WITH (FORCE)")
