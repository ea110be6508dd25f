"""The keeper of what was handed in: pictures that no lot shows, imports that have expired.

Owns: when they are removed. Invariant: an object is deleted between its doom and its being
forgotten, so that a removal cut short is completed and nothing that is sent again is lost.
Must not know: what is in them. Source: media_ports.py, import_ports.py, decision 0010.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import attrs

from saleroom.storage.media_ports import Objects
from saleroom.storage.ports import StoreError, Stores
from saleroom.supervisor import Child, Rounds

logger = logging.getLogger("saleroom.media")

ROUND_S = 900.0
GRACE_MS = 24 * 3_600_000  # between an upload and the lot that shows it; also for a change of mind
DOOMED_AT_ONCE = 200


@attrs.frozen
class KeeperStatistics:
    """Counted since the start."""

    rounds: int
    objects_removed: int
    imports_expired: int
    failures: int


@attrs.define(eq=False)
class MediaKeeper:
    """`run` as a child of the tree; a store that is away costs one round."""

    stores: Stores
    objects: Objects
    now_ms: Callable[[], int]
    _rounds: int = attrs.field(init=False, default=0)
    _objects_removed: int = attrs.field(init=False, default=0)
    _imports_expired: int = attrs.field(init=False, default=0)
    _work: Rounds = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        errors = (StoreError,)
        self._work = Rounds("removals", self.go_round, logger, errors, ROUND_S, ROUND_S)

    async def run(self, child: Child) -> None:
        """Go round until asked to stop."""
        await self._work.run(child)

    async def go_round(self) -> None:
        """Remove what has had its time. Raises StoreError."""
        now_ms = self.now_ms()
        self._imports_expired += await self.stores.imports.expire(now_ms)
        while keys := await self.stores.media.doom(now_ms - GRACE_MS, DOOMED_AT_ONCE):
            for key in keys:
                await self.objects.delete(key)
            await self.stores.media.forget(keys)
            self._objects_removed += len(keys)
        self._rounds += 1

    def statistics(self) -> KeeperStatistics:
        """Count rounds and what they removed."""
        return KeeperStatistics(
            self._rounds, self._objects_removed, self._imports_expired, self._work.failures
        )
