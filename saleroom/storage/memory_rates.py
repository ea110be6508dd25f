"""Rates counted in this process: all there is on one node, and what remains when Redis is away.

Owns: the buckets. Invariant: their number is bounded; whose bucket is forgotten starts with a full
one. Must not know: what the keys stand for. Source: rate_ports.py, ARCHITECTURE 3 (I6).
"""

from __future__ import annotations

from collections import OrderedDict

import attrs
import trio

from saleroom.protocol.session import Bucket
from saleroom.storage.rate_ports import Taken

KEYS_MAX = 50_000
"""Some 20 MB; twice the connections that one server takes, and those who left lately."""


@attrs.define(eq=False)
class MemoryRates:
    """A `RateStore` of this process, whose buckets may also be taken from without waiting."""

    keys_max: int = KEYS_MAX
    _buckets: OrderedDict[str, Bucket] = attrs.field(init=False, factory=OrderedDict)

    def bucket(self, key: str, rate: float, burst: float) -> Bucket:
        """Give the bucket of a key, which everybody who asks for it shares."""
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(rate, burst, burst, trio.current_time())
            if len(self._buckets) > self.keys_max:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(key)
        return bucket

    def take_nowait(self, key: str, rate: float, burst: int) -> Taken:
        """Take one at once."""
        bucket = self.bucket(key, rate, burst)
        wait_s = bucket.take(trio.current_time())
        return Taken(wait_s, int(bucket.level))

    async def take(self, key: str, rate: float, burst: int) -> Taken:
        await trio.lowlevel.checkpoint()
        return self.take_nowait(key, rate, burst)
