"""The hot store in Redis: one hash per event with what anyone may see.

Owns: the keys `saleroom:{event}:view`; the braces are Redis Cluster's hash tag, so that an event
stays in one slot. Invariant: every call ends within CALL_LIMIT_S and raises only StoreUnavailable;
a connection that died is replaced by the next call. Must not know: what a field holds. Source:
ARCHITECTURE sections 2 (5) and 3 (I7).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from saleroom.storage.bridge import Bridge
from saleroom.storage.redis_calls import RedisCalls

CALL_LIMIT_S = 2.0  # connecting, a retry and the answer together
CONNECT_LIMIT_S = 1.0
CONNECTIONS_MAX = 8
FIELDS_PER_COMMAND = 256  # Redis serves nobody else during a command


class RedisHotStore:
    """A `HotStore` in Redis. Connects when first used; `close` parts from the server."""

    def __init__(self, bridge: Bridge, url: str) -> None:
        self._changes: Counter[str] = Counter()
        self._calls = RedisCalls(
            bridge,
            url,
            connections=CONNECTIONS_MAX,
            limit_s=CALL_LIMIT_S,
            connect_s=CONNECT_LIMIT_S,
        )
        self._run, self._redis = self._calls.run, self._calls.client

    async def close(self) -> None:
        """Part from the server. Cancellation: shielded, as it is bounded."""
        await self._calls.close()

    async def write(self, event: str, values: Mapping[str, bytes]) -> None:
        await self._run(self._write, _key(event), values)
        self._changes[event] += 1

    async def read(self, event: str, fields: Sequence[str] | None = None) -> dict[str, bytes]:
        return await self._run(self._read, _key(event), fields)

    async def clear(self, event: str) -> None:
        await self._run(self._clear, _key(event))
        self._changes[event] += 1

    def changes(self, event: str) -> int:
        return self._changes[event]

    async def ping(self) -> None:
        await self._run(self._ping)

    async def _write(self, key: str, values: Mapping[str, bytes]) -> None:
        """Set the fields as one transaction, in commands of a bounded size."""
        items = list(values.items())
        async with self._redis.pipeline(transaction=True) as pipeline:
            for start in range(0, len(items), FIELDS_PER_COMMAND):
                pipeline.hset(key, mapping=dict(items[start : start + FIELDS_PER_COMMAND]))
            await pipeline.execute()

    async def _read(self, key: str, fields: Sequence[str] | None) -> dict[str, bytes]:
        if fields is None:
            view: dict[bytes, bytes] = await self._redis.hgetall(key)
            return {field.decode(): value for field, value in view.items()}
        if not fields:
            return {}
        values: list[bytes | None] = await self._redis.hmget(key, fields)
        return {
            field: value for field, value in zip(fields, values, strict=True) if value is not None
        }

    async def _clear(self, key: str) -> None:
        await self._redis.unlink(key)

    async def _ping(self) -> None:
        await self._redis.ping()


def _key(event: str) -> str:
    return f"saleroom:{{{event}}}:view"
