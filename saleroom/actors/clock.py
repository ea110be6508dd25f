"""The event clock: wall time that never goes back.

Owns: what "now" is for every event. Invariant: readings of one clock never fall, and an event's
time never falls below what its journal has seen. In tests trio's clock is virtual, and so is this.
Source: rule 8, I8.
"""

from __future__ import annotations

import time

import attrs
import trio

ROUNDING_MS = 0.01
"""Less than this is lost where a moment is given as trio's time, in seconds, and read back."""


@attrs.define
class Clock:
    """The wall, read once and carried on by trio's monotonic clock."""

    wall_ms: float = attrs.field(factory=lambda: time.time() * 1000)
    _anchor: float = attrs.field(init=False, factory=trio.current_time)

    def now_ms(self) -> int:
        """Give the present in whole ms since 1970."""
        return int(self.wall_ms + (trio.current_time() - self._anchor) * 1000 + ROUNDING_MS)

    def trio_time(self, at_ms: int) -> float:
        """Give the trio time of a moment."""
        return self._anchor + (at_ms - self.wall_ms) / 1000


@attrs.define
class EventClock:
    """One event's time: the clock's, moved on where the journal is ahead of it."""

    clock: Clock
    _ahead_ms: int = 0

    def now_ms(self) -> int:
        """Give the event's present in ms."""
        return self.clock.now_ms() + self._ahead_ms

    def not_before(self, at_ms: int) -> None:
        """Never again give less than `at_ms`: the wall may have been set back over a restart."""
        self._ahead_ms += max(0, at_ms - self.now_ms())

    def trio_time(self, at_ms: int) -> float:
        """Give the trio time of a moment of this event."""
        return self.clock.trio_time(at_ms - self._ahead_ms)
