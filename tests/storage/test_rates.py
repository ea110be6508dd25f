"""Rates: one behaviour suite over this process's buckets and those in Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio
from trio.testing import MockClock

from saleroom.storage.bridge import Bridge
from saleroom.storage.memory_rates import MemoryRates
from saleroom.storage.ports import StoreUnavailable
from saleroom.storage.rate_ports import RateStore, Taken
from saleroom.storage.redis_rates import RedisRates, open_rates
from tests.servers import real_redis, redis_emptied, short_folder

SLOW = 0.001
"""A rate at which nothing comes back within a test."""


@pytest.fixture(params=["memory", "redis"])
async def rates(
    request: pytest.FixtureRequest, bridge: Bridge, redis_server: str
) -> AsyncIterator[RateStore]:
    if request.param == "memory":
        yield MemoryRates()
        return
    await bridge.run(redis_emptied, redis_server)
    async with open_rates(bridge, redis_server) as store:
        assert store is not None
        yield store


async def test_a_bucket_is_full_at_first_and_then_says_how_long_to_wait(rates: RateStore) -> None:
    taken = [await rates.take("ann", SLOW, 3) for _ in range(3)]
    assert taken == [Taken(0.0, 2), Taken(0.0, 1), Taken(0.0, 0)]
    refused = await rates.take("ann", SLOW, 3)
    assert refused.left == 0
    assert 990 < refused.wait_s <= 1_000


async def test_a_refusal_takes_nothing(rates: RateStore) -> None:
    await rates.take("ann", SLOW, 1)
    waits = [(await rates.take("ann", SLOW, 1)).wait_s for _ in range(20)]
    assert max(waits) <= 1_000


async def test_keys_do_not_mix(rates: RateStore) -> None:
    assert (await rates.take("ann", SLOW, 1)).wait_s == 0
    assert (await rates.take("bob", SLOW, 1)).wait_s == 0
    assert (await rates.take("ann", SLOW, 1)).wait_s > 0


async def test_a_fast_rate_never_runs_dry_of_a_slow_taker(rates: RateStore) -> None:
    for _ in range(20):
        assert (await rates.take("ann", 1e6, 2)).wait_s == 0


async def test_takers_at_once_share_exactly_what_there_is(rates: RateStore) -> None:
    taken: list[Taken] = []

    async def take() -> None:
        taken.append(await rates.take("ann", SLOW, 10))

    async with trio.open_nursery() as nursery:
        for _ in range(40):
            nursery.start_soon(take)
    assert sum(one.wait_s == 0 for one in taken) == 10


async def test_without_a_url_each_server_counts_alone(bridge: Bridge) -> None:
    async with open_rates(bridge, None) as store:
        assert store is None


async def test_servers_share_a_bucket_in_redis(bridge: Bridge, redis_server: str) -> None:
    await bridge.run(redis_emptied, redis_server)
    one, other = RedisRates(bridge, redis_server), RedisRates(bridge, redis_server)
    assert (await one.take("ann", SLOW, 1)).wait_s == 0
    assert (await other.take("ann", SLOW, 1)).wait_s > 0
    await one.close()
    await other.close()


async def test_redis_that_is_away_is_an_operating_error(bridge: Bridge) -> None:
    with short_folder() as folder:
        with real_redis(folder) as url:
            rates = RedisRates(bridge, url)
            assert (await rates.take("ann", SLOW, 2)).wait_s == 0
        with pytest.raises(StoreUnavailable):
            await rates.take("ann", SLOW, 2)
        with real_redis(folder):
            assert (await rates.take("ann", SLOW, 2)).wait_s == 0
            await rates.close()


async def test_what_was_taken_comes_back_with_time(autojump_clock: MockClock) -> None:
    rates = MemoryRates()
    assert [(await rates.take("ann", 2.0, 2)).wait_s for _ in range(3)] == [0, 0, 0.5]
    await trio.sleep(0.5)
    assert [(await rates.take("ann", 2.0, 2)).wait_s for _ in range(2)] == [0, 0.5]


async def test_the_buckets_kept_here_are_bounded() -> None:
    rates = MemoryRates(keys_max=2)
    for key in ("ann", "bob", "ann", "cid"):
        await rates.take(key, SLOW, 1)
    assert (await rates.take("ann", SLOW, 1)).wait_s > 0
    assert (await rates.take("bob", SLOW, 1)).wait_s == 0
