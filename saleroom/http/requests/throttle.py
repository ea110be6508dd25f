"""Throttles: how often something may be tried for a key, such as an address.

Owns: buckets by key. Invariant: the number of keys is bounded, and who is forgotten starts afresh;
a refusal says how long to wait. Must not know: what is tried. Source: PROTOCOL 3 (RATE_LIMITED),
OWASP "Authentication" (throttling).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

import attrs
import trio

from saleroom.http.requests.problems import Problem
from saleroom.protocol.session import Bucket


@attrs.frozen
class Rate:
    """burst: tries at once. every_s: seconds after which another is given."""

    burst: int
    every_s: float


@attrs.define(eq=False)
class Throttle:
    """Count tries by key."""

    rate: Rate
    keys_max: int = 20_000
    _buckets: OrderedDict[Hashable, Bucket] = attrs.field(init=False, factory=OrderedDict)

    def take(self, key: Hashable) -> None:
        """Count a try. Raises Problem: RATE_LIMITED, with the wait."""
        burst = float(self.rate.burst)
        now = trio.current_time()
        bucket = self._buckets.setdefault(key, Bucket(1 / self.rate.every_s, burst, burst, now))
        self._buckets.move_to_end(key)
        if len(self._buckets) > self.keys_max:
            self._buckets.popitem(last=False)
        if wait_s := bucket.take(now):
            raise Problem(
                "RATE_LIMITED",
                "too many attempts; wait a moment",
                retry_after_ms=int(wait_s * 1000) + 1,
            )

    def give_back(self, key: Hashable) -> None:
        """Take back the count of a try that turned out well."""
        bucket = self._buckets.get(key)
        if bucket is not None:
            bucket.level = min(bucket.burst, bucket.level + 1)
