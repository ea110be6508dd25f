"""A loop's speed, window by window.

Owns: the clocks around each window. Invariant: windows hold equally many steps, so that their
median is not the one that was lucky. Knows nothing of what is measured.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

import attrs

WINDOWS = 5

T = TypeVar("T")


@attrs.define
class Windows:
    """rates: steps a second by the wall, in each window. cpu_us: CPU time of a step, over all."""

    rates: list[float] = attrs.field(factory=list)
    cpu_us: float = 0.0

    def shares(self, steps: Sequence[T]) -> Iterator[Sequence[T]]:
        """Hand out equal shares of the steps; what the caller does with each is timed."""
        size = len(steps) // WINDOWS
        cpu = 0.0
        for number in range(WINDOWS):
            share = steps[number * size : (number + 1) * size]
            wall_began, cpu_began = time.perf_counter(), time.process_time()
            yield share
            cpu += time.process_time() - cpu_began
            self.rates.append(size / (time.perf_counter() - wall_began))
        self.cpu_us = cpu / (size * WINDOWS) * 1e6
