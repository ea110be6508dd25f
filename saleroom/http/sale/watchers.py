"""Watchers: how many follow each lot.

Owns: the counts that are shown. Invariant: an event's lots are counted by one query for all who ask
within `AGE_S`, and never by the actor. Must not know: who watches. Source: issue 6 point 4.
"""

from __future__ import annotations

import attrs

from saleroom.http.requests.keep import Keep, Mark
from saleroom.storage.watch_ports import Watching

BLUEPRINT = "watching"
"""Of the routes by which people watch; they change nothing that readers of an event are told."""
AGE_S = 2.0
"""A count may be this old: it is a hint of interest, and a room that opens asks all at once."""
EVENTS_MAX = 200
_ALWAYS: Mark = ()


def _unmarked(event: str) -> Mark:
    return _ALWAYS


@attrs.define(eq=False)
class Watchers:
    """Count the watchers of lots."""

    watching: Watching
    _counts: Keep[dict[int, int]] = attrs.field(
        init=False, factory=lambda: Keep(_unmarked, EVENTS_MAX, AGE_S)
    )

    async def counts(self, event: str) -> dict[int, int]:
        """Give the watchers of each lot that has any. Raises StoreUnavailable."""
        return await self._counts.get(event, event, lambda: self.watching.counts(event))
