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

from saleroom.storage.bridge import Bridge
from saleroom.storage.rate_ports import RateStore, Taken
from saleroom.storage.redis_calls import RedisCalls

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
        self._calls = RedisCalls(
            bridge,
            url,
            connections=CONNECTIONS_MAX,
            limit_s=CALL_LIMIT_S,
            connect_s=CALL_LIMIT_S,
        )
        self._script: Any = self._calls.client.register_script(TAKE)

    async def close(self) -> None:
        """Part from the server. Cancellation: shielded, as it is bounded."""
        await self._calls.close()

    async def take(self, key: str, rate: float, burst: int) -> Taken:
        wait_us, left = await self._calls.run(self._take, f"saleroom:rate:{key}", rate, burst)
        return Taken(wait_us / 1e6, left)

    async def _take(self, key: str, rate: float, burst: int) -> tuple[int, int]:
        wait_us, left = await self._script(keys=[key], args=[1e6 / rate, burst])
        return wait_us, left
