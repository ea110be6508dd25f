"""An event actor that is fed straight into its mailbox, over a real PostgreSQL.

Owns: the actor, its database and what feeds it. Invariant: a command counts when it was answered,
after its commit; PostgreSQL runs on the last core, the actor on the one that the process is kept
to. Source: ARCHITECTURE 5 ("durable into the actor").
"""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import attrs
import psutil  # type: ignore[import-untyped]
import trio

from bench.book import DIGEST, EVENT, open_book, straight_bids
from bench.windows import Windows
from saleroom.actors.clock import Clock
from saleroom.actors.event import EventActor
from saleroom.actors.site import Site, SiteLimits, new_site
from saleroom.auction.roles import Role
from saleroom.protocol.messages import Ask
from saleroom.storage.embedded import EmbeddedPostgres
from saleroom.storage.ports import Record, Stores
from saleroom.storage.stores import open_stores

IN_FLIGHT = 8_000
"""Within what 500 users may have in the mailbox and what may wait for a commit."""
ANSWERS_A_WAKE = 100
EPOCH = "0" * 16


@attrs.define(eq=False)
class Life:
    """What an actor is told of its own life; it is never restarted here."""

    stopping: trio.Event = attrs.field(factory=trio.Event)
    up: trio.Event = attrs.field(factory=trio.Event)

    def started(self) -> None:
        self.up.set()

    def waiting(self, reason: str) -> None:
        raise SystemExit(f"the actor waits: {reason}")


@attrs.define(eq=False)
class Feeder:
    """Keeps the mailbox filled, and counts the answers."""

    site: Site
    answered: int = 0
    _sent: int = 0
    _room: trio.Event = attrs.field(factory=trio.Event)

    async def feed(self, asks: Sequence[tuple[Ask, str]]) -> None:
        """Put every command in the mailbox, and return when all are answered."""
        tell, reply = self.site.tell, self._take
        for ask, user in asks:
            if self._sent - self.answered >= IN_FLIGHT:
                await self._wait()
            self._sent += 1
            tell(ask, user, Role.DONOR, reply)
        while self.answered < self._sent:
            await self._wait()

    async def _wait(self) -> None:
        self._room = trio.Event()
        await self._room.wait()

    def _take(self, answer: bytes) -> None:
        if not answer.startswith(b'{"type":"ack"'):
            raise SystemExit(f"refused: {answer.decode()}")
        self.answered += 1
        if not self.answered % 100 or self.answered == self._sent:
            self._room.set()


def measure_actor(count: int) -> Windows:
    """Take the measure."""
    with tempfile.TemporaryDirectory(prefix="saleroom-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # the database runs as another user where this one is root
        return trio.run(_measure, folder / "data", count)


async def _measure(folder: Path, count: int) -> Windows:
    async with EmbeddedPostgres(folder).held() as dsn:
        _move_children_to_the_last_core()
        async with open_stores(dsn, None) as stores:
            return await _measure_over(stores, count)


async def _measure_over(stores: Stores, count: int) -> Windows:
    clock = Clock()
    _, records = open_book(clock.now_ms())
    kept = [Record(r.entry.position, r.entry.seq, r.body, r.head) for r in records]
    await stores.journal.create(EVENT, EPOCH, kept)
    site = new_site(EVENT, clock, SiteLimits())
    actor = EventActor(site, stores.journal, stores.snapshots, stores.catalogue)
    asks = [
        (Ask(str(number), command, DIGEST), user)
        for number, (command, user) in enumerate(straight_bids(count))
    ]
    gc.collect()
    gc.freeze()
    windows, life, feeder = Windows(), Life(), Feeder(site)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(actor.run, life)
        await life.up.wait()
        for share in windows.shares(asks):
            await feeder.feed(share)
        life.stopping.set()
    return windows


def _move_children_to_the_last_core() -> None:
    """PostgreSQL's processes start on the core of whoever starts them."""
    last = (os.cpu_count() or 1) - 1
    for child in psutil.Process().children(recursive=True):
        child.cpu_affinity([last])
