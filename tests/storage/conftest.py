"""One behaviour suite, every store: the fixtures that put each adapter under the same tests.

Source: STYLE, example 6 (river's driver test).
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from saleroom.storage.bridge import Bridge
from saleroom.storage.memory import memory_stores
from saleroom.storage.pg_pool import PostgresPool
from saleroom.storage.ports import HotStore, Stores
from saleroom.storage.stores import open_hot, open_pool, postgres_stores
from tests.databases import fresh_database
from tests.servers import RealPostgres, redis_emptied


@pytest.fixture(params=["memory", "postgres"])
async def stores(
    request: pytest.FixtureRequest, bridge: Bridge, postgres_server: RealPostgres
) -> AsyncIterator[Stores]:
    if request.param == "memory":
        yield memory_stores()
        return
    async with (
        fresh_database(bridge, postgres_server) as dsn,
        open_pool(bridge, dsn) as pool,
    ):
        yield postgres_stores(pool, memory_stores().hot)


@pytest.fixture(params=["memory", "redis"])
async def hot(
    request: pytest.FixtureRequest, bridge: Bridge, redis_server: str
) -> AsyncIterator[HotStore]:
    if request.param == "memory":
        yield memory_stores().hot
        return
    await bridge.run(redis_emptied, redis_server)
    async with open_hot(bridge, redis_server) as store:
        yield store


@pytest.fixture
async def pool(bridge: Bridge, postgres_dsn: str) -> AsyncIterator[PostgresPool]:
    async with open_pool(bridge, postgres_dsn) as pool:
        yield pool
