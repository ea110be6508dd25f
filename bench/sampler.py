"""Where a process spends its CPU time, by samples.

Owns: the counts, and the timer that takes them. Invariant: a sample is taken per so much CPU time,
not wall time, in the main thread, between two steps of the interpreter: time inside a system call
is its caller's. It costs nothing while it is off. Source: setitimer(2), ITIMER_PROF.
"""

from __future__ import annotations

import signal
from collections import Counter
from types import FrameType

import attrs

PERIOD_S = 0.002
NAMES_KEPT = 12


@attrs.define
class Sampler:
    """Count which function the interpreter was in, by `file:function`."""

    _counts: Counter[str] = attrs.field(init=False, factory=Counter)

    def start(self) -> None:
        """Begin to count."""
        self._counts.clear()
        signal.signal(signal.SIGPROF, self._take)
        signal.setitimer(signal.ITIMER_PROF, PERIOD_S, PERIOD_S)

    def stop(self) -> dict[str, float]:
        """Count no more; give the shares of the busiest functions, greatest first."""
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        total = self._counts.total()
        return {name: count / total for name, count in self._counts.most_common(NAMES_KEPT)}

    def _take(self, number: int, frame: FrameType | None) -> None:
        if frame is not None:
            code = frame.f_code
            file = "/".join(code.co_filename.removesuffix(".py").split("/")[-2:])
            self._counts[f"{file}:{code.co_name}"] += 1
