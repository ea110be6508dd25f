"""Rounds: work that a child does again and again, with a rest between.

Owns: the rest, and what a failed round leads to. Invariant: the child ends as soon as it is asked
to while it rests; an operating error ends its round and never the child. Must not know: what is
done. Source: ARCHITECTURE 4, I7.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import attrs
import trio

from saleroom.supervisor.child import Child


@attrs.define(eq=False)
class Rounds:
    """A child's body: rest, then go round. name: of the work, for the log.

    errors: what ends a round. retry_s: the rest after such a one, and before the first.
    """

    name: str
    go_round: Callable[[], Awaitable[None]]
    logger: logging.Logger
    errors: tuple[type[Exception], ...]
    rest_s: float
    retry_s: float
    failures: int = attrs.field(init=False, default=0)

    async def run(self, child: Child) -> None:
        """Go round until asked to stop."""
        child.started()
        wait_s = self.retry_s
        while not child.stopping.is_set():
            with trio.move_on_after(wait_s):
                await child.stopping.wait()
                return
            wait_s = self.rest_s
            try:
                await self.go_round()
            except self.errors as error:
                self.failures += 1
                wait_s = self.retry_s
                self.logger.warning("a round of %s was cut short: %s", self.name, error)
