"""How often a supervisor may restart, and how long it rests before it does.

Owns: the restart window and the back-off. Invariant: the window remembers no more than
`intensity + 1` restarts. Reads no clock and rolls no dice of its own: time and randomness are
arguments. Source: OTP `supervisor`, maximum restart intensity; ARCHITECTURE 4.
"""

from __future__ import annotations

import random
from collections import deque

import attrs
from attrs import validators


@attrs.frozen
class Backoff:
    """The rest before a restart: `first_s · factor^(n-1)`, at most `max_s`, for the n-th in a row.

    jitter: the share of the rest that chance may take off, 0 (none) to 1 (all of it).
    """

    first_s: float = attrs.field(default=0.1, validator=validators.ge(0))
    factor: float = attrs.field(default=2.0, validator=validators.ge(1))
    max_s: float = attrs.field(default=5.0, validator=validators.ge(0))
    jitter: float = attrs.field(default=0.5, validator=[validators.ge(0), validators.le(1)])

    def delay_s(self, nth: int, rng: random.Random) -> float:
        """Give the rest before the n-th restart (1, 2, ...), in seconds."""
        longest_s = self.first_s
        for _ in range(nth - 1):
            longest_s = min(longest_s * self.factor, self.max_s)
        return min(longest_s, self.max_s) * (1 - self.jitter * rng.random())


class RestartWindow:
    """The restarts of one supervisor within the last `period_s` seconds."""

    def __init__(self, intensity: int, period_s: float) -> None:
        self._intensity = intensity
        self._period_s = period_s
        self._restarts: deque[float] = deque(maxlen=intensity + 1)

    def admit(self, now: float) -> bool:
        """Record a restart at `now`; False when it is one too many. A restart as old as the
        period still counts.
        """
        while self._restarts and self._restarts[0] < now - self._period_s:
            self._restarts.popleft()
        self._restarts.append(now)
        return len(self._restarts) <= self._intensity

    def __len__(self) -> int:
        """Give how many restarts were in the window when the last one was recorded."""
        return len(self._restarts)
