"""The event actor: one incarnation of an auction event.

Owns: the event's book, and through the committer its journal. Invariant: one task decides, in the
order of the mailbox, with every deadline fired before the command it precedes; nothing here waits
for disk or network between taking a command and recording what it led to.
Source: ARCHITECTURE 2 and 3 (I1-I4, I7), rules 8 and 27.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from time import perf_counter
from typing import Any, Protocol

import attrs
import trio

from saleroom.actors.committer import CommitLimits, Committer
from saleroom.actors.recovery import Rebuilt, learn_names, rebuild
from saleroom.actors.site import Site
from saleroom.auction.book import Book
from saleroom.auction.timekeeping import is_time_running
from saleroom.storage.ports import (
    Catalogue,
    Fenced,
    Journal,
    OutcomeUnknown,
    Snapshots,
    StoreUnavailable,
)

logger = logging.getLogger("saleroom.actors")

DECIDE_SLICE = 100
"""Commands decided between two looks at the loop: under 2 ms."""


class Incarnation(Protocol):
    """What its supervisor hands an incarnation; see supervisor/child.py."""

    stopping: trio.Event

    def started(self) -> None: ...

    def waiting(self, reason: str) -> None: ...


@attrs.frozen
class EventLimits:
    """sign_s: between two signs of life. retry_s: between two tries to reach PostgreSQL."""

    commit: CommitLimits = attrs.field(factory=CommitLimits)
    sign_s: float = 1.0
    retry_s: float = 0.25


@attrs.define(eq=False)
class EventActor:
    """Decide one event's commands; `run` is the body of the supervised child.

    incarnations: how often the event was rebuilt here, for whatever reason.
    """

    site: Site
    journal: Journal
    snapshots: Snapshots
    catalogue: Catalogue
    limits: EventLimits = attrs.field(factory=EventLimits)
    book: Book | None = None
    committer: Committer | None = None
    incarnations: int = 0

    async def run(self, child: Incarnation) -> None:
        """Rebuild, then decide until asked to stop; then commit what was decided and return.

        A failure of PostgreSQL ends the incarnation, not the child: the next one is rebuilt as soon
        as the store allows (I4, I7). Raises whatever else ends an incarnation; the mailbox keeps
        what is unanswered. When another server has taken the event over, it answers no more and
        waits to be stopped.
        """
        while not child.stopping.is_set():
            failure = await self._live_once(child)
            if isinstance(failure, Fenced):
                self.site.give_up()
                child.waiting("another server runs this event")
                await child.stopping.wait()
            elif failure is not None:
                child.waiting(f"PostgreSQL: {failure}")
                with trio.move_on_after(self.limits.retry_s):
                    await child.stopping.wait()

    async def _live_once(self, child: Incarnation) -> BaseException | None:
        """Live one incarnation; give the failure of the store that ended it, None at a stop."""
        failure: BaseException | None = None
        lived = self.incarnations
        try:
            await self._live(child)
        except* (StoreUnavailable, OutcomeUnknown) as away:
            failure = _first_of(away)
            if self.incarnations > lived:
                logger.warning("event %s: rebuilding after %r", self.site.event, failure)
        except* Fenced as lost:
            failure = _first_of(lost)
            logger.warning("event %s: %s", self.site.event, failure)
        except* Exception:
            if self.incarnations > lived:
                self.site.alive_at = self.site.clock.now_ms()
            raise
        return failure

    async def _live(self, child: Incarnation) -> None:
        rebuilt = await self._rebuild()
        self.incarnations += 1
        book, site = rebuilt.book, self.site
        self.book = site.book = book
        self.committer = committer = Committer(site, self.journal, rebuilt.term, self.limits.commit)
        site.clock.not_before(max(book.state.at, rebuilt.alive_at or 0))
        self._give_back_lost_time(book, committer, rebuilt.alive_at)
        site.publish(rebuilt.published, rebuilt.epoch, rebuilt.head, rebuilt.tail)
        site.mailbox.redeliver()
        site.saved = rebuilt.saved
        site.is_lost = False
        async with trio.open_nursery() as nursery:
            nursery.start_soon(committer.commit_forever)
            nursery.start_soon(self._sign_forever, book, rebuilt.term)
            nursery.start_soon(self._nudge_at_stop, child.stopping)
            child.started()
            await self._decide_until(child.stopping, book, committer)
            while not committer.is_idle:
                await committer.progress()
            await self._sign(book, rebuilt.term)
            nursery.cancel_scope.cancel()

    async def _rebuild(self) -> Rebuilt:
        rebuilt = await rebuild(self.site, self.journal, self.snapshots)
        await learn_names(self.site, self.catalogue)
        return rebuilt

    def _give_back_lost_time(self, book: Book, committer: Committer, alive_at: int | None) -> None:
        alive_at = max(alive_at or 0, self.site.alive_at or 0, book.state.at)
        self.site.alive_at = None
        outcome = book.recover(alive_at, self.site.clock.now_ms())
        if outcome is not None:
            committer.add(outcome, None)

    async def _decide_until(self, stopping: trio.Event, book: Book, committer: Committer) -> None:
        mailbox = self.site.mailbox
        while True:
            await self._something_to_do(stopping, book)
            while committer.is_full():
                await committer.progress()
            began, taken = perf_counter(), 0
            for _ in range(DECIDE_SLICE):
                envelope = mailbox.take()
                if envelope is None:
                    break
                self._fire(book, committer, envelope.asked.at)
                committer.add(book.ask(envelope.asked), envelope)
                taken += 1
            if taken:
                self.site.figures.decisions.note((perf_counter() - began) / taken, taken)
            mailbox.put_down()
            if mailbox.is_empty:
                self._fire(book, committer, self.site.clock.now_ms())
                if stopping.is_set():
                    return
            await trio.lowlevel.checkpoint()

    async def _something_to_do(self, stopping: trio.Event, book: Book) -> None:
        """Wait for a command, a deadline, or the request to stop."""
        due = book.next_due()
        at = math.inf if due is None else self.site.clock.trio_time(due)
        with trio.move_on_at(at):
            if not stopping.is_set():
                await self.site.mailbox.arrival()

    async def _nudge_at_stop(self, stopping: trio.Event) -> None:
        await stopping.wait()
        self.site.mailbox.nudge()

    @staticmethod
    def _fire(book: Book, committer: Committer, at: int) -> None:
        while (outcome := book.fire_due(at)) is not None:
            committer.add(outcome, None)

    async def _sign_forever(self, book: Book, term: int) -> None:
        while True:
            await trio.sleep(self.limits.sign_s)
            if is_time_running(book.state):
                await self._sign(book, term)

    async def _sign(self, book: Book, term: int) -> None:
        """Leave a sign of life. Without one an outage is counted longer, which is fair."""
        try:
            await self.journal.sign(self.site.event, term, self.site.clock.now_ms())
        except (StoreUnavailable, OutcomeUnknown) as error:
            logger.warning("event %s: no sign of life: %s", self.site.event, error)

    def statistics(self) -> Mapping[str, Any]:
        """Give what the tree shows of this incarnation."""
        if self.committer is None or self.book is None:
            return {}
        committed = self.committer.statistics()
        return {
            "incarnations": self.incarnations,
            "seq": self.book.state.seq,
            "bids_decided": self.site.figures.bids_decided(),
            "committed": committed.committed,
            "commits": committed.commits,
            "pending_facts": committed.pending_facts,
            "largest_batch": committed.largest_batch,
        }


def _first_of(group: BaseException) -> BaseException:
    """Give the first error of a group, however deep."""
    return _first_of(group.exceptions[0]) if isinstance(group, BaseExceptionGroup) else group
