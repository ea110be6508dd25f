"""Watch lists: which lots people follow.

Owns: the interface of what is watched. Invariant: one user watches a lot once, and no more than
`most` lots of an event. Must not know: lots, the rules. Source: PROTOCOL 7.
"""

from __future__ import annotations

from typing import Protocol

import attrs


@attrs.frozen(order=True)
class Watch:
    """A lot that a user watches. at_ms: since when."""

    event: str
    lot: int
    at_ms: int = attrs.field(order=False)


class Watching(Protocol):
    """What all users watch. Every call may raise StoreUnavailable; a write OutcomeUnknown."""

    async def watch(self, user: str, watch: Watch, most: int) -> bool:
        """Watch a lot; repeated, the first time stays. False when `most` are watched already."""

    async def unwatch(self, user: str, event: str, lot: int) -> None:
        """Watch it no more. No effect when it was not."""

    async def watch_of(self, user: str, event: str, lot: int) -> Watch | None:
        """Give a user's watch on a lot, None without one."""

    async def watches(self, user: str, after: tuple[str, int], limit: int) -> list[Watch]:
        """Give a user's watches past (event, lot), by both."""

    async def counts(self, event: str) -> dict[int, int]:
        """Count the watchers of each lot that has any."""
