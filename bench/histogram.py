"""A histogram of latencies with a bounded relative error.

Owns: counts in buckets that grow with the value, as in HdrHistogram. Invariant: a reported quantile
is never below the true one, and above it by less than 1/128; the greatest value is exact. Knows
nothing of what is measured. Source: the bucket scheme of HdrHistogram, with 128 steps an octave.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

import attrs

STEP_BITS = 7
STEPS = 1 << STEP_BITS


@attrs.define
class Histogram:
    """Latencies in whole microseconds."""

    _counts: Counter[int] = attrs.field(init=False, factory=Counter)
    _greatest: int = attrs.field(init=False, default=0)

    def record(self, seconds: float) -> None:
        """Count one latency, rounded to a microsecond. Refuses a negative one: ValueError."""
        micros = round(seconds * 1e6)
        if micros < 0:
            raise ValueError(f"a latency of {seconds} s")
        self._counts[_bucket(micros)] += 1
        self._greatest = max(self._greatest, micros)

    def add(self, other: Histogram) -> None:
        """Count what another has counted."""
        self._counts.update(other._counts)
        self._greatest = max(self._greatest, other._greatest)

    @property
    def count(self) -> int:
        """How many were recorded."""
        return self._counts.total()

    def quantile_ms(self, share: float) -> float:
        """Give the latency that `share` (0 to 1) of the recorded ones do not exceed, in ms.

        Raises ValueError when nothing was recorded.
        """
        if not self._counts:
            raise ValueError("nothing was recorded")
        rank = max(1, math.ceil(share * self.count))
        passed = 0
        for bucket in sorted(self._counts):
            passed += self._counts[bucket]
            if passed >= rank:
                return min(_bucket_end(bucket), self._greatest) / 1000
        return self._greatest / 1000

    def summary_ms(self) -> Mapping[str, float]:
        """Give the usual quantiles and the greatest, in ms."""
        quantiles = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
        return {name: self.quantile_ms(share) for name, share in quantiles.items()}

    def curve_ms(self) -> list[tuple[float, float]]:
        """Give (share, ms) ever closer to the end, each step halving what is left out."""
        shares = [0.0, 0.25, 0.5]
        while (1 - shares[-1]) * self.count > 1:
            shares.append((1 + shares[-1]) / 2)
        return [(share, self.quantile_ms(share)) for share in shares]


def _bucket(value: int) -> int:
    """Number the bucket of a value: one each below 128, then 128 an octave."""
    shift = max(0, value.bit_length() - STEP_BITS - 1)
    return (shift << STEP_BITS) + (value >> shift)


def _bucket_end(bucket: int) -> int:
    """Give the greatest value of a bucket."""
    shift = max(0, (bucket >> STEP_BITS) - 1)
    return ((bucket - (shift << STEP_BITS) + 1) << shift) - 1
