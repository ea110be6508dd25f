"""Rates counted in Redis, for all servers together.

Owns: the keys `saleroom:rate:...`. Invariant: a bucket is read and written in one script, by the
clock of Redis, and ends by itself once it is full again; every call ends within CALL_LIMIT_S and
raises only StoreUnavailable. Must not know: what the keys stand for.
Source: rate_ports.py, the generic cell rate algorithm (ITU-T I.371).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import trio
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from saleroom.storage.bridge import Bridge, time_limit
from saleroom.storage.ports import StoreUnavailable
from saleroom.storage.rate_ports import RateStore, Taken

CALL_LIMIT_S = 0.25  # a request waits no longer to be counted elsewhere too
CONNECTIONS_MAX = 4

# KEYS[1]: a bucket. ARGV: microseconds to the next one, and how many it holds. The value is the
# time at which the bucket will be full again, if nobody takes more.
TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local each, room = tonumber(ARGV[1]), tonumber(ARGV[1]) * tonumber(ARGV[2])
local full_at = math.max(now, tonumber(redis.call('GET', KEYS[1]) or now)) + each
local over = full_at - now - room
if over > 0 then return {math.ceil(over), 0} end
redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000))
return {0, math.floor((room - (full_at - now)) / each)}
"""


@asynccontextmanager
async def open_rates(bridge: Bridge, redis_url: str | None) -> AsyncIterator[RateStore | None]:
    """Hold what all servers count in for the length of the block; without a URL there is none."""
    if redis_url is None:
        yield None
        return
    rates = RedisRates(bridge, redis_url)
    try:
        yield rates
    finally:
        await rates.close()


class RedisRates:
    """A `RateStore` in Redis. Connects when first used; `close` parts from the server."""

    def __init__(self, bridge: Bridge, url: str) -> None:
        self._bridge = bridge
        self._redis: Any = Redis(
            connection_pool=BlockingConnectionPool.from_url(
                url,
                max_connections=CONNECTIONS_MAX,
                timeout=CALL_LIMIT_S,
                socket_connect_timeout=CALL_LIMIT_S,
                socket_timeout=CALL_LIMIT_S,
                retry=Retry(NoBackoff(), 1),
            )
        )
        self._script: Any = self._redis.register_script(TAKE)

    async def close(self) -> None:
        """Part from the server. Cancellation: shielded, as it is bounded."""
        with trio.CancelScope(shield=True):
            await self._bridge.run(self._close)

    async def take(self, key: str, rate: float, burst: int) -> Taken:
        wait_us, left = await self._bridge.run(self._take, f"saleroom:rate:{key}", rate, burst)
        return Taken(wait_us / 1e6, left)

    async def _take(self, key: str, rate: float, burst: int) -> tuple[int, int]:
        try:
            async with time_limit(CALL_LIMIT_S):
                wait_us, left = await self._script(keys=[key], args=[1e6 / rate, burst])
        except (RedisError, OSError) as error:
            raise StoreUnavailable(f"Redis does not answer: {error!r}") from error
        return wait_us, left

    async def _close(self) -> None:
        await self._redis.aclose(close_connection_pool=True)
