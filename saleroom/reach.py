"""Reaching stores: until they answer, and again when they have gone.

Owns: which stores are away, and why. Invariant: waiting for a store is a state of its child and
never a failure; the doors open meanwhile, so that `/ready` can say what is away.
Must not know: what a store holds. Source: ARCHITECTURE I7.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping

import attrs
import trio

from saleroom.storage.ports import StoreUnavailable
from saleroom.supervisor import Child, Reliance

logger = logging.getLogger("saleroom.app")

RETRY_S, CHECK_S = 0.25, 2.0
"""Between two tries while a store is away, and between two looks while it answers."""


@attrs.define(eq=False)
class Reach:
    """is_up: whether the server has been up. refill: called when a store answers again."""

    is_up: Callable[[], bool]
    refill: Callable[[], None]
    _away: dict[str, str] = attrs.field(init=False, factory=dict)

    @property
    def away(self) -> Mapping[str, str]:
        """Say of each store that does not answer how much that matters, and why."""
        return self._away

    async def until_reached(
        self, child: Child, name: str, word: str, reach: Callable[[], Awaitable[None]]
    ) -> None:
        """Try a store until it answers, or the child is to stop. Raises what else `reach` does."""
        store = Reliance((StoreUnavailable,), CHECK_S, RETRY_S)
        while not child.stopping.is_set():
            store.is_known = name in self._away or self.is_up()
            with store.trying(child):
                await reach()
            why = store.away
            if why is None:
                if self._away.pop(name, None) is not None:
                    logger.warning("%s answers again", name)
                    self.refill()
                return
            if name not in self._away:
                logger.warning("%s is %s: %s; trying again until it answers", name, word, why)
            self._away[name] = f"{word}: {why}"
            await trio.sleep(store.wait_s)

    async def watch(
        self, child: Child, name: str, word: str, reach: Callable[[], Awaitable[None]]
    ) -> None:
        """Look after a store until the child is to stop."""
        while not child.stopping.is_set():
            await self.until_reached(child, name, word, reach)
            with trio.move_on_after(CHECK_S):
                await child.stopping.wait()
