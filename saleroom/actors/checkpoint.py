"""The checkpoint: how far the hot store has come, and readers who would have it further.

Owns: the position that the hot store holds, and the word to write before the time. Invariant: the
position never goes back, and only what has been written is said to be; a reader's wait is bounded,
and is over at once when the store is away. Must not know: what is written.
Source: ARCHITECTURE 2 (step 5), PROTOCOL 7, decision 0012.
"""

from __future__ import annotations

import attrs
import trio


@attrs.define(eq=False)
class Checkpoint:
    """position: of the newest fact in the hot store. is_away: whether the store was, when tried."""

    position: int = 0
    is_away: bool = False
    _wanted: trio.Event = attrs.field(init=False, factory=trio.Event)
    _tried: trio.Event = attrs.field(init=False, factory=trio.Event)

    @property
    def is_wanted(self) -> bool:
        """Whether a reader waits."""
        return self._wanted.is_set()

    async def reach(self, position: int, wait_s: float) -> None:
        """Wait until the hot store holds a fact, has been found away, or `wait_s` has passed."""
        self._wanted.set()
        with trio.move_on_after(wait_s):
            while self.position < position and not self.is_away:
                await self._tried.wait()

    async def rest(self, rest_s: float) -> None:
        """Rest between two writes, unless a reader waits; then the next one begins for them."""
        with trio.move_on_after(rest_s):
            await self._wanted.wait()

    def begin(self) -> None:
        """Say that a write begins: who wants what came after it has to ask anew."""
        self._wanted = trio.Event()

    def wrote(self, position: int) -> None:
        """Say that the hot store holds everything up to a fact."""
        self.is_away = False
        self.position = max(self.position, position)
        self._wake()

    def failed(self) -> None:
        """Say that the hot store is away, or may be."""
        self.is_away = True
        self._wake()

    def _wake(self) -> None:
        self._tried.set()
        self._tried = trio.Event()
