"""Waiting for something to become true without polling.

Owns: a condition that whoever makes progress announces. Invariant: a wait that outlasts its bound
fails the test.
"""

from __future__ import annotations

from collections.abc import Callable

import trio

BOUND_S = 60.0


class Progress:
    """Whoever changes something calls `made`; whoever waits gives the condition."""

    def __init__(self) -> None:
        self._made = trio.Event()

    def made(self) -> None:
        """Have every waiter look again."""
        made, self._made = self._made, trio.Event()
        made.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return once the condition holds."""
        with trio.fail_after(BOUND_S):
            while not condition():
                await self._made.wait()
