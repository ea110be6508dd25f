"""Migrations: once, whole, in order, whoever starts, and never another history."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import trio

from saleroom.storage.bridge import Bridge
from saleroom.storage.memory import MemoryHotStore
from saleroom.storage.migrate import MIGRATIONS, MigrationError, known_migrations, migrate
from saleroom.storage.pg_pool import Connection, PostgresPool
from saleroom.storage.stores import open_pool, postgres_stores
from tests.databases import empty_database
from tests.servers import RealPostgres
from tests.storage.sessions import Session

NAMES = [migration.name for migration in known_migrations()]


@pytest.fixture
async def empty_dsn(bridge: Bridge, postgres_server: RealPostgres) -> AsyncIterator[str]:
    async with empty_database(bridge, postgres_server) as dsn:
        yield dsn


@pytest.fixture
async def empty_pool(bridge: Bridge, empty_dsn: str) -> AsyncIterator[PostgresPool]:
    async with open_pool(bridge, empty_dsn) as pool:
        yield pool


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the release's files, free to be changed."""
    for migration in known_migrations():
        (tmp_path / migration.name).write_text(migration.sql)
    return tmp_path


def test_each_file_has_a_number_of_its_own() -> None:
    numbers = [migration.name.split("_")[0] for migration in known_migrations(MIGRATIONS)]
    assert all(len(number) == 4 and number.isdecimal() for number in numbers)
    assert sorted(set(numbers)) == numbers


async def test_each_file_is_applied_once(empty_pool: PostgresPool) -> None:
    assert await migrate(empty_pool) == NAMES
    assert await migrate(empty_pool) == []


async def test_servers_that_start_at_once_migrate_once(bridge: Bridge, empty_dsn: str) -> None:
    applied: list[list[str]] = []

    async def start() -> None:
        async with open_pool(bridge, empty_dsn) as pool:
            applied.append(await migrate(pool))

    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(start)
    assert sorted(applied) == [[], [], [], NAMES]


async def test_a_new_file_is_applied_over_the_old_ones(
    empty_pool: PostgresPool, folder: Path
) -> None:
    await migrate(empty_pool)
    (folder / "9999_more.sql").write_text("CREATE TABLE more (id int); CREATE TABLE most (id int)")
    assert await migrate(empty_pool, folder) == ["9999_more.sql"]


async def test_a_changed_file_is_named(empty_pool: PostgresPool, folder: Path) -> None:
    await migrate(empty_pool)
    with (folder / NAMES[1]).open("a") as file:
        file.write("\n-- a small correction")
    (folder / "9999_more.sql").write_text("CREATE TABLE more (id int)")
    with pytest.raises(MigrationError, match=f"{NAMES[1]} has changed"):
        await migrate(empty_pool, folder)
    assert await migrate(empty_pool) == []


async def test_a_database_of_a_later_release_is_refused(
    empty_pool: PostgresPool, folder: Path
) -> None:
    (folder / "9999_more.sql").write_text("CREATE TABLE more (id int)")
    await migrate(empty_pool, folder)
    with pytest.raises(MigrationError, match=r"9999_more\.sql"):
        await migrate(empty_pool)


async def test_a_file_that_fails_leaves_nothing(
    bridge: Bridge, empty_dsn: str, empty_pool: PostgresPool, folder: Path
) -> None:
    (folder / "9999_more.sql").write_text("CREATE TABLE more (id int); SELECT 1 / 0")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty_pool, folder)
    async with Session.opened(bridge, empty_dsn) as session:
        assert await session.run("SELECT FROM pg_tables WHERE schemaname = 'public'") == []


async def test_lots_of_before_keep_their_category_and_are_found(
    bridge: Bridge, empty_dsn: str, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    earlier = tmp_path_factory.mktemp("earlier")
    for name in NAMES[:3]:
        (earlier / name).write_bytes((folder / name).read_bytes())
    async with open_pool(bridge, empty_dsn) as pool:
        await migrate(pool, earlier)
        await pool.write(_keep_lots_of_before)
        await migrate(pool)
        stores = postgres_stores(pool, MemoryHotStore())
        first, second = await stores.catalogue.lots("gala")
        assert (first.category, first.details) == ("Textiles", {"description": "Warm."})
        assert (second.category, second.details) == (None, {})
        assert [row.name for row in await stores.index.categories("gala")] == ["Textiles"]
        for word in ("quilt", "textiles", "warm"):
            assert await stores.index.find_lots("gala", [word], is_house=False) == [1], word


async def _keep_lots_of_before(connection: Connection) -> None:
    await connection.execute(
        """
        INSERT INTO events (id, title, currency, status, public, settings, created_at_ms, version)
        VALUES ('gala', 'Gala', 'USD', 'draft', true, '{}', 0, 1);
        INSERT INTO lots (event_id, lot, definition, details, version) VALUES
            ('gala', 1, '{"title": "A Quilt"}',
                '{"category": "Textiles", "description": "Warm."}', 1),
            ('gala', 2, '{"title": "A rug"}', '{}', 1);
        """
    )
