"""The interface behind which rates are counted.

Owns: what is asked of whoever counts, and the answer. Invariant: taking is one atomic step, however
many servers take from one bucket. Knows nothing of Redis, users or addresses.
Source: rule 29 (RATE_LIMITED), ARCHITECTURE 3 (I6, I7).
"""

from __future__ import annotations

from typing import Protocol

import attrs


@attrs.frozen
class Taken:
    """wait_s: until there is one to take, 0 when one was taken. left: how many more there are."""

    wait_s: float
    left: int


class RateStore(Protocol):
    """Token buckets by key: `rate` a second, `burst` at once."""

    async def take(self, key: str, rate: float, burst: int) -> Taken:
        """Take one from a bucket, which is full when it is new. Raises StoreUnavailable."""
