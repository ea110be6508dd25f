"""Replicas: copies of events' states, brought up from the journal when somebody reads.

Owns: the copies. Invariant: a copy holds a prefix of its journal, and what a reader is given holds
every fact that was durable when it asked; of one event one catch-up runs at a time, and serves all
who asked before it began. Must not know: the actor. Source: I2, I10, PROTOCOL 7.
"""

from __future__ import annotations

import logging
from collections import OrderedDict

import attrs
import trio

from saleroom.actors.recovery import restored
from saleroom.auction.apply import apply, begin
from saleroom.auction.record import decode_entry
from saleroom.auction.snapshot import SnapshotDamaged
from saleroom.auction.state import EventState
from saleroom.storage.ports import Journal, NotFound, Snapshots

logger = logging.getLogger("saleroom.http")

PAGE_RECORDS = 1_000
REPLAY_SLICE = 200
"""Records replayed between two looks at the loop: about 2 ms."""


@attrs.define(eq=False)
class _Replica:
    state: EventState | None = None
    rounds: int = 0
    lock: trio.Lock = attrs.field(factory=trio.Lock)


@attrs.define(eq=False)
class Replicas:
    """The copies, at most `most` of them; the one not read for longest gives way."""

    journal: Journal
    snapshots: Snapshots
    most: int
    _kept: OrderedDict[str, _Replica] = attrs.field(init=False, factory=OrderedDict)

    async def state(self, event: str) -> EventState:
        """Give an event's state as of now; the caller reads it before its next await.

        Raises NotFound (the event has no journal), StoreUnavailable, RecordDamaged.
        """
        replica = self._kept.setdefault(event, _Replica())
        self._kept.move_to_end(event)
        if len(self._kept) > self.most:
            self._kept.popitem(last=False)
        rounds = replica.rounds
        async with replica.lock:
            if replica.rounds == rounds or replica.state is None:
                replica.rounds += 1
                replica.state = await self._caught_up(event, replica.state)
            return replica.state

    async def _caught_up(self, event: str, state: EventState | None) -> EventState:
        if state is None:
            state = await self._from_snapshot(event)
        while True:
            page = await self.journal.read(
                event, 0 if state is None else state.position, PAGE_RECORDS
            )
            for count, record in enumerate(page, 1):
                entry = decode_entry(record.body)
                if state is None:
                    state = begin(entry)
                else:
                    apply(state, entry)
                if count % REPLAY_SLICE == 0:
                    await trio.lowlevel.checkpoint()
            if state is None:
                raise NotFound(f"event {event} has no journal")
            if len(page) < PAGE_RECORDS:
                return state

    async def _from_snapshot(self, event: str) -> EventState | None:
        snapshot = await self.snapshots.newest(event)
        if snapshot is None:
            return None
        try:
            return (await restored(snapshot))[0].state
        except SnapshotDamaged as error:
            logger.warning("event %s: %s; reading the whole journal", event, error)
            return None
