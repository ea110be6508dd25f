"""Fixtures that every room's tests may ask for: real servers, and stores over them.

Owns: when a server starts (with the first test that needs it) and ends (with the session), and
that each test finds it empty. Source: STYLE, "Tests".
"""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from saleroom.billing.folio import Changes, Folio
from saleroom.billing.invoice import Invoice
from saleroom.storage.bridge import Bridge, open_bridge
from saleroom.storage.memory import MemoryHotStore
from saleroom.storage.memory_billing import MemoryBilling
from saleroom.storage.pg_billing import PostgresFolios
from saleroom.storage.ports import Stores
from saleroom.storage.stores import open_pool, postgres_stores
from tests.billing.books import check_books
from tests.databases import fresh_database
from tests.routes import keep_compiled_routes
from tests.servers import (
    RealPostgres,
    real_postgres,
    real_redis,
    redis_emptied,
    short_folder,
)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[RealPostgres]:
    """One PostgreSQL for the session. Tests that stop a server start their own."""
    with real_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """One redis-server for the session; its URL."""
    with short_folder() as folder, real_redis(folder) as url:
        yield url


@pytest.fixture
async def bridge() -> AsyncIterator[Bridge]:
    async with open_bridge() as bridge:
        yield bridge


@pytest.fixture
async def postgres_dsn(bridge: Bridge, postgres_server: RealPostgres) -> AsyncIterator[str]:
    """The DSN of an empty, migrated database of the test's own."""
    async with fresh_database(bridge, postgres_server) as dsn:
        yield dsn


@pytest.fixture
async def redis_url(bridge: Bridge, redis_server: str) -> str:
    """The URL of an empty Redis."""
    await bridge.run(redis_emptied, redis_server)
    return redis_server


@pytest.fixture
async def pg_stores(bridge: Bridge, postgres_dsn: str) -> AsyncIterator[Stores]:
    """Stores over a PostgreSQL database of the test's own, the hot store in memory."""
    async with open_pool(bridge, postgres_dsn) as pool:
        yield postgres_stores(pool, MemoryHotStore())


@pytest.fixture(autouse=True)
def books(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check the books of a folio after every write of every test, in whichever store."""

    def checked(store: type[MemoryBilling] | type[PostgresFolios]) -> None:
        write = store.write

        async def write_and_check(self: Any, folio: Folio, changes: Changes) -> list[Invoice]:
            documents = await write(self, folio, changes)
            check_books(await self.folio(folio.event, folio.paddle))
            return documents

        monkeypatch.setattr(store, "write", write_and_check)

    checked(MemoryBilling)
    checked(PostgresFolios)


def pytest_configure() -> None:
    """Have servers and commands that tests start obey SIGINT, also where the tests themselves were
    started in the background with it ignored."""
    keep_compiled_routes()
    signal.signal(signal.SIGINT, signal.default_int_handler)
