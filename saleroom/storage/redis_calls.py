"""Calls to one Redis: a small pool of connections, and every call bounded.

Owns: the connections. Invariant: a call ends within its limit and raises only StoreUnavailable; a
connection that died is replaced by the next call. Connects when first used.
Must not know: what is asked. Source: ARCHITECTURE 3 (I6, I7) and 5.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, TypeVarTuple

import trio
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from saleroom.storage.bridge import Bridge, time_limit
from saleroom.storage.ports import StoreUnavailable

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class RedisCalls:
    """limit_s: of a call: connecting, a retry and the answer together."""

    def __init__(
        self, bridge: Bridge, url: str, *, connections: int, limit_s: float, connect_s: float
    ) -> None:
        self._bridge = bridge
        self._limit_s = limit_s
        self.client: Any = Redis(
            connection_pool=BlockingConnectionPool.from_url(
                url,
                max_connections=connections,
                timeout=limit_s,
                socket_connect_timeout=connect_s,
                socket_timeout=limit_s,
                retry=Retry(NoBackoff(), 1),
            )
        )

    async def run(self, fn: Callable[[*Ts], Awaitable[T]], *args: *Ts) -> T:
        """Call a function of the client on the bridge. Raises StoreUnavailable."""
        return await self._bridge.run(self._bounded, fn, args)

    async def close(self) -> None:
        """Part from the server. Cancellation: shielded, as it is bounded."""
        with trio.CancelScope(shield=True):
            await self.run(self._close)

    async def _bounded(self, fn: Callable[[*Ts], Awaitable[T]], args: tuple[*Ts]) -> T:
        try:
            async with time_limit(self._limit_s):
                return await fn(*args)
        except (RedisError, OSError) as error:
            raise StoreUnavailable(f"Redis does not answer: {error!r}") from error

    async def _close(self) -> None:
        await self.client.aclose(close_connection_pool=True)
