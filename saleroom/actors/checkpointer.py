"""The checkpointer: what is published, kept where reads and restarts find it.

Owns: the writing of the public view to the hot store, and of snapshots to PostgreSQL. Invariant:
one write of each in flight, the newest wins; no max and no reserve goes to the hot store; a store
that is away is waited for and refilled whole. Source: ARCHITECTURE 2 (step 5), I7.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import attrs
import trio

from saleroom.actors.event import Incarnation
from saleroom.actors.published import Published
from saleroom.actors.site import Saved, Site
from saleroom.auction.snapshot import encode_body, encode_chunks
from saleroom.protocol.kept import kept_json
from saleroom.protocol.views import event_view
from saleroom.storage.ports import (
    Catalogue,
    HotStore,
    OutcomeUnknown,
    Snapshots,
    StoreUnavailable,
)

logger = logging.getLogger("saleroom.actors")


@attrs.frozen
class CheckpointLimits:
    """rest_s: between two writes to the hot store, unless a reader waits. retry_s: while away.

    snapshot_facts: journaled since the last snapshot before a new one. chunk_facts: of one chunk.
    """

    rest_s: float = 0.05
    retry_s: float = 1.0
    snapshot_facts: int = 5_000
    chunk_facts: int = 500


@attrs.define(eq=False)
class Checkpointer:
    """Keep one event's view and snapshots up to date; `run` is a supervised child's body."""

    site: Site
    hot: HotStore
    snapshots: Snapshots
    catalogue: Catalogue
    limits: CheckpointLimits = attrs.field(factory=CheckpointLimits)
    _status: str | None = None
    _written_at: float | None = None
    _saves: int = 0

    async def run(self, child: Incarnation) -> None:
        """Write what changes until asked to stop, then once more."""
        child.started()
        published, _ = await self.site.up()
        published.touch_all()
        self.site.checkpoint_due.set()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._checkpoint_forever, published)
            await child.stopping.wait()
            nursery.cancel_scope.cancel()
        published.touch_all()
        await self._write_hot(published)

    async def _checkpoint_forever(self, published: Published) -> None:
        while True:
            await self.site.checkpoint_due.wait()
            self.site.checkpoint_due = trio.Event()
            is_kept = await self._write_hot(published)
            is_kept &= await self._mirror_status(published.state.status)
            if published.state.position - self.site.saved.position >= self.limits.snapshot_facts:
                await self._save_snapshot(published)
            if not is_kept:
                self.site.checkpoint_due.set()
            if is_kept:
                await self.site.checkpoint.rest(self.limits.rest_s)
            else:
                await trio.sleep(self.limits.retry_s)

    async def _write_hot(self, published: Published) -> bool:
        checkpoint, position = self.site.checkpoint, published.state.position
        checkpoint.begin()
        dirty, published.dirty = published.dirty, set()
        if not dirty:
            return True
        try:
            await self._write_view(published, dirty)
        except (StoreUnavailable, OutcomeUnknown) as error:
            if not checkpoint.is_away:
                logger.warning("event %s: no checkpoint: %s", self.site.event, error)
            checkpoint.failed()
            published.touch_all()
            return False
        checkpoint.wrote(position)
        self._written_at = trio.current_time()
        return True

    async def _write_view(self, published: Published, dirty: set[int | None]) -> None:
        """Write the fields of the view that changed."""
        view, values = published.view, {}
        for number in dirty:
            if number is not None and number in published.state.lots:
                values[f"lot:{number}"] = view.lot(number)
                values[f"wins:{number}"] = view.wins(number)
        now = self.site.clock.now_ms()
        values["event"] = kept_json(
            {
                **event_view(published.state, now),
                "seq": published.seq,
                "epoch": published.epoch,
                "head": published.head.hex(),
                "raised": published.state.raised,
                "lots": list(published.state.lots),
            }
        )
        values["leaderboard"] = view.leaderboard()
        await self.hot.write(self.site.event, values)

    async def _mirror_status(self, status: str) -> bool:
        """Keep the catalogue's copy of the event's status, for lists of events."""
        if status == self._status:
            return True
        try:
            await self.catalogue.set_status(self.site.event, status)
        except (StoreUnavailable, OutcomeUnknown) as error:
            logger.warning("event %s: status not mirrored: %s", self.site.event, error)
            return False
        self._status = status
        return True

    async def _save_snapshot(self, published: Published) -> None:
        """Encode in small steps, so that the loop goes on; the body last, at one instant."""
        book, saved = self.site.book, self.site.saved
        assert book is not None
        chunks, chunked = [], saved.chunked
        size = self.limits.chunk_facts
        for upto, chunk in encode_chunks(published.state, book, chunked, size):
            chunks.append(chunk)
            chunked = upto
            await trio.lowlevel.checkpoint()
        if self.site.book is not book:
            return
        position, head = published.state.position, published.head
        body = encode_body(published.state, head, book, chunked)
        try:
            is_saved = await self.snapshots.save(
                self.site.event, position, head, body, chunks, saved.chunks
            )
        except (StoreUnavailable, OutcomeUnknown) as error:
            logger.warning("event %s: no snapshot: %s", self.site.event, error)
            return
        if is_saved:
            self._saves += 1
            self.site.saved = Saved(position, chunked, saved.chunks + len(chunks))
        else:
            self.site.saved = attrs.evolve(saved, position=position)

    def statistics(self) -> Mapping[str, Any]:
        """Give what the tree shows."""
        age = None if self._written_at is None else trio.current_time() - self._written_at
        return {
            "is_degraded": self.site.checkpoint.is_away,
            "checkpoint_age_ms": None if age is None else int(age * 1000),
            "snapshots": self._saves,
        }
