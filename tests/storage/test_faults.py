"""What callers hear when PostgreSQL fails: unavailable, unknown or cancelled, each exactly."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import asyncpg
import attrs
import pytest
import trio

from saleroom.storage import pg_pool
from saleroom.storage.bridge import Bridge, open_bridge
from saleroom.storage.memory import MemoryHotStore
from saleroom.storage.pg_pool import Connection, PostgresPool
from saleroom.storage.ports import Fenced, OutcomeUnknown, Stores, StoreUnavailable
from saleroom.storage.stores import open_pool, open_stores, postgres_stores
from tests.servers import RealPostgres, real_postgres, short_folder
from tests.storage.records import batch, records
from tests.storage.sessions import Session, until_waiting
from tests.storage.test_catalogue import event_row

LOCK_ROW = "SELECT FROM journals WHERE event_id = 'gala' FOR UPDATE"


@attrs.frozen
class HeldAppend:
    """A journal whose next append waits for a lock that `session` holds."""

    stores: Stores
    session: Session
    term: int

    async def append(self) -> None:
        await self.stores.journal.append("gala", self.term, batch(2, 3))


@pytest.fixture
async def held(bridge: Bridge, postgres_dsn: str, pg_stores: Stores) -> AsyncIterator[HeldAppend]:
    await pg_stores.journal.create("gala", "00", records(1, 1))
    term = (await pg_stores.journal.take_term("gala")).term
    async with Session.opened(bridge, postgres_dsn) as session:
        await session.run("BEGIN")
        await session.run(LOCK_ROW)
        yield HeldAppend(pg_stores, session, term)


@pytest.fixture
def own_server() -> Iterator[RealPostgres]:
    """A server that the test may stop."""
    with real_postgres() as server:
        yield server


async def test_a_connection_killed_during_an_append_leaves_it_unknown(held: HeldAppend) -> None:
    async def append() -> None:
        with pytest.raises(OutcomeUnknown):
            await held.append()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(append)
        [number] = await until_waiting(held.session, 1)
        await held.session.run("SELECT pg_terminate_backend($1)", number)
    await held.session.run("ROLLBACK")
    assert await held.stores.journal.read("gala", 0, 10) == records(1, 1)
    await held.append()


async def test_a_statement_that_the_server_cancels_left_no_trace(held: HeldAppend) -> None:
    async def append() -> None:
        with pytest.raises(StoreUnavailable):
            await held.append()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(append)
        [number] = await until_waiting(held.session, 1)
        await held.session.run("SELECT pg_cancel_backend($1)", number)
    await held.session.run("ROLLBACK")
    assert await held.stores.journal.read("gala", 0, 10) == records(1, 1)
    await held.append()


async def test_a_write_that_outlasts_its_limit_is_unknown(
    held: HeldAppend, pool: PostgresPool
) -> None:
    async def wait_for_the_row(connection: Connection) -> None:
        await connection.execute(LOCK_ROW)

    with pytest.raises(OutcomeUnknown):
        await pool.write(wait_for_the_row, limit_s=0.01)
    await pool.write(_nothing)


async def test_a_cancelled_append_is_cancelled_and_the_next_reader_can_tell(
    held: HeldAppend,
) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(held.append)
        await until_waiting(held.session, 1)
        nursery.cancel_scope.cancel()
    assert nursery.cancel_scope.cancelled_caught
    await held.session.run("ROLLBACK")
    next_owner = await held.stores.journal.take_term("gala")
    assert await held.stores.journal.read("gala", 0, 10) == records(1, 1)
    with pytest.raises(Fenced):
        await held.append()
    await held.stores.journal.append("gala", next_owner.term, batch(2))


async def test_appends_cancelled_at_any_moment_are_there_whole_or_not_at_all(
    pg_stores: Stores,
) -> None:
    journal = pg_stores.journal
    await journal.create("gala", "00", [])
    kept = 0
    for round_number in range(60):
        term = (await journal.take_term("gala")).term
        confirmed = False
        async with trio.open_nursery() as nursery:

            async def append(term: int = term, first: int = kept + 1) -> None:
                nonlocal confirmed
                await journal.append("gala", term, batch(first, first + 9))
                confirmed = True

            nursery.start_soon(append)
            for _ in range(round_number * 10):
                await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()
        await journal.take_term("gala")
        found = len(await journal.read("gala", kept, 100))
        assert found in ((10,) if confirmed else (0, 10))
        kept += found
    assert await journal.read("gala", 0, 1_000) == records(1, kept)


async def test_our_own_bugs_are_not_dressed_up_as_weather(pg_stores: Stores) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await pg_stores.catalogue.add_event(event_row(status="adjourned"))
    with pytest.raises(asyncpg.DataError):
        await pg_stores.journal.read("gala", 2**70, 10)


async def test_a_pool_that_is_not_open_is_unavailable(bridge: Bridge, postgres_dsn: str) -> None:
    pool = PostgresPool(bridge, postgres_dsn)
    with pytest.raises(StoreUnavailable):
        await pool.read(_nothing)
    await pool.open()
    await pool.read(_nothing)
    assert pool.statistics().connections == 1
    await pool.close()
    with pytest.raises(StoreUnavailable):
        await pool.read(_nothing)


async def test_a_pool_whose_connections_are_all_in_use_is_unavailable(
    bridge: Bridge, postgres_dsn: str, held: HeldAppend, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = PostgresPool(bridge, postgres_dsn, size=1)

    async def wait_for_the_row(connection: Connection) -> None:
        await connection.execute(LOCK_ROW)

    await pool.open()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pool.write, wait_for_the_row)
        await until_waiting(held.session, 1)
        with monkeypatch.context() as patched:
            patched.setattr(pg_pool, "CONNECT_LIMIT_S", 0.01)
            with pytest.raises(StoreUnavailable):
                await pool.read(_nothing)
        await held.session.run("ROLLBACK")
    await pool.read(_nothing)
    await pool.close()


async def test_idle_connections_that_died_are_replaced(
    bridge: Bridge, postgres_dsn: str, pg_stores: Stores
) -> None:
    await pg_stores.journal.create("gala", "00", [])
    async with Session.opened(bridge, postgres_dsn) as session:
        await session.run(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    term = (await pg_stores.journal.take_term("gala")).term
    await pg_stores.journal.append("gala", term, batch(1))


async def test_cached_statements_survive_a_migration(
    bridge: Bridge, postgres_dsn: str, pg_stores: Stores
) -> None:
    await pg_stores.catalogue.add_event(event_row())
    assert await pg_stores.catalogue.event("gala") == event_row()
    async with Session.opened(bridge, postgres_dsn) as session:
        await session.run("ALTER TABLE events ALTER title TYPE varchar(200), ADD note text")
    assert await pg_stores.catalogue.event("gala") == event_row()


async def test_a_stopped_server_is_unavailable_and_heals_when_back(
    bridge: Bridge, own_server: RealPostgres
) -> None:
    async with open_pool(bridge, own_server.dsn_of("saleroom_template")) as pool:
        journal = postgres_stores(pool, MemoryHotStore()).journal
        await journal.create("gala", "00", [])
        term = (await journal.take_term("gala")).term
        await journal.append("gala", term, batch(1))
        own_server.stop()
        late = PostgresPool(bridge, own_server.dsn_of("saleroom_template"))
        with pytest.raises(StoreUnavailable):
            await late.open()
        with pytest.raises(StoreUnavailable):
            await journal.append("gala", term, batch(2))
        with pytest.raises(StoreUnavailable):
            await journal.read("gala", 0, 10)
        own_server.start()
        assert await journal.read("gala", 0, 10) == records(1, 1)
        await journal.append("gala", term, batch(2))
        assert await postgres_stores(late, MemoryHotStore()).journal.events() == ["gala"]
        await late.close()


async def test_stores_open_as_a_whole(postgres_dsn: str, redis_url: str) -> None:
    async with open_stores(postgres_dsn, redis_url) as stores:
        await stores.hot.ping()
        assert await stores.journal.events() == []


async def test_stores_do_not_open_without_a_server() -> None:
    with short_folder() as folder, pytest.raises(StoreUnavailable):
        async with open_stores(f"postgresql://saleroom@/postgres?host={folder}", None):
            pass


async def test_a_pool_is_unavailable_once_its_bridge_is_closed(postgres_dsn: str) -> None:
    async with open_bridge() as bridge:
        pool = PostgresPool(bridge, postgres_dsn)
        await pool.open()
        await pool.close()
    with pytest.raises(StoreUnavailable):
        await pool.open()


async def _nothing(connection: Connection) -> None:
    await connection.execute("SELECT 1")
