"""Bring a database's tables up to this release.

Owns: the table migrations and the order of the files in `migrations/`. Invariant: each file is
applied once, whole, in the order of its number, whoever starts at the same time; what was applied
never changes. Must not know: what the tables are for. Source: ARCHITECTURE section 1.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files
from importlib.resources.abc import Traversable

import attrs

from saleroom.storage.pg_pool import Connection, PostgresPool

MIGRATIONS = files("saleroom.storage") / "migrations"
MIGRATE_LIMIT_S = 120.0  # waiting for another server's migration, and then our own

MIGRATE_LOCK = 0x5A1E_2004  # advisory; any number, the same in every release

_TABLE = """
CREATE TABLE IF NOT EXISTS migrations (
    name       text        PRIMARY KEY,
    checksum   text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


class MigrationError(Exception):
    """The database's history is not this release's; nothing was changed. A person must look."""


@attrs.frozen
class Migration:
    """A file of SQL statements. name: `NNNN_what.sql`; checksum: BLAKE2b-128 of its bytes, hex."""

    name: str
    sql: str
    checksum: str


def known_migrations(folder: Traversable = MIGRATIONS) -> list[Migration]:
    """Read the files of this release, in order."""
    entries = sorted(
        (entry for entry in folder.iterdir() if entry.name.endswith(".sql")),
        key=lambda entry: entry.name,
    )
    return [_migration(entry.name, entry.read_bytes()) for entry in entries]


async def migrate(pool: PostgresPool, folder: Traversable = MIGRATIONS) -> list[str]:
    """Apply what is missing, in one transaction, and name it.

    Raises MigrationError when an applied file has changed since or is not of this release, and
    what `PostgresPool.write` raises. Safe to try again after any of them.
    """
    return await pool.write(_migrate, known_migrations(folder), limit_s=MIGRATE_LIMIT_S)


async def _migrate(connection: Connection, known: list[Migration]) -> list[str]:
    async with connection.transaction():
        await connection.execute(f"SET LOCAL statement_timeout = '{MIGRATE_LIMIT_S:.0f}s'")
        await connection.execute("SELECT pg_advisory_xact_lock($1)", MIGRATE_LOCK)
        await connection.execute(_TABLE)
        rows = await connection.fetch("SELECT name, checksum FROM migrations")
        applied: dict[str, str] = {row["name"]: row["checksum"] for row in rows}
        _require_same_history(known, applied)
        missing = [migration for migration in known if migration.name not in applied]
        for migration in missing:
            await connection.execute(migration.sql)
            await connection.execute(
                "INSERT INTO migrations (name, checksum) VALUES ($1, $2)",
                migration.name,
                migration.checksum,
            )
    return [migration.name for migration in missing]


def _require_same_history(known: list[Migration], applied: dict[str, str]) -> None:
    checksums = {migration.name: migration.checksum for migration in known}
    for name in sorted(applied):
        if name not in checksums:
            raise MigrationError(f"the database has {name}, which this release does not know")
        if applied[name] != checksums[name]:
            raise MigrationError(f"{name} has changed since it was applied to the database")


def _migration(name: str, content: bytes) -> Migration:
    checksum = hashlib.blake2b(content, digest_size=16).hexdigest()
    return Migration(name, content.decode(), checksum)
