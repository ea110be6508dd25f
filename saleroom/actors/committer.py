"""The committer: decisions become durable, and only then known.

Owns: the batch of what is decided and not yet committed. Invariant: answers leave in the order of
decision, after the commit of every fact decided before them; what waits is bounded. Any failure of
a commit ends the incarnation. Source: ARCHITECTURE 2 (steps 3 and 4), I2, I4.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from time import perf_counter

import attrs
import trio

from saleroom.actors import decision_log
from saleroom.actors.holders import Holders
from saleroom.actors.mailbox import Envelope
from saleroom.actors.site import Site
from saleroom.auction.book import Outcome
from saleroom.messages.owed import Duties
from saleroom.protocol.answers import ack, nack, with_lot
from saleroom.storage.ports import Batch, Journal, Record

PUBLISH_SLICE = 100
"""Outcomes published between two looks at the loop: under 2 ms."""


@attrs.frozen
class CommitLimits:
    """facts, age_s: of what is decided and not yet committed."""

    facts: int = 10_000
    age_s: float = 1.0


@attrs.define
class Decided:
    """An outcome with the command that led to it, None for what the clock brought about."""

    outcome: Outcome
    envelope: Envelope | None


@attrs.frozen
class CommitterStatistics:
    commits: int
    committed: int
    pending_facts: int
    largest_batch: int


@attrs.define(eq=False)
class Committer:
    """Commit in groups: a batch is whatever gathered during the last commit."""

    site: Site
    journal: Journal
    term: int
    limits: CommitLimits
    _duties: Duties = attrs.field(init=False, factory=Duties)
    _pending: list[Decided] = attrs.field(init=False, factory=list)
    _pending_facts: int = attrs.field(init=False, default=0)
    _in_flight_facts: int = attrs.field(init=False, default=0)
    _pending_since: float | None = attrs.field(init=False, default=None)
    _in_flight_since: float | None = attrs.field(init=False, default=None)
    _work: trio.Event = attrs.field(init=False, factory=trio.Event)
    _progress: trio.Event = attrs.field(init=False, factory=trio.Event)
    _commits: int = attrs.field(init=False, default=0)
    _committed: int = attrs.field(init=False, default=0)
    _largest: int = attrs.field(init=False, default=0)

    def add(self, outcome: Outcome, envelope: Envelope | None) -> None:
        """Take a decision over; nothing is told of it yet."""
        self._pending.append(Decided(outcome, envelope))
        if outcome.records and self._pending_since is None:
            self._pending_since = trio.current_time()
        self._pending_facts += len(outcome.records)
        self._work.set()

    @property
    def is_idle(self) -> bool:
        """Whether everything decided is committed and told."""
        return not self._pending and self._in_flight_since is None

    def is_full(self) -> bool:
        """Whether more must not be decided before a commit ends."""
        if self._pending_facts + self._in_flight_facts >= self.limits.facts:
            return True
        oldest = self._pending_since if self._in_flight_since is None else self._in_flight_since
        return oldest is not None and trio.current_time() - oldest >= self.limits.age_s

    async def progress(self) -> None:
        """Return when a commit has ended."""
        await self._progress.wait()

    async def commit_forever(self) -> None:
        """Commit batch after batch. Raises what the journal raises."""
        while True:
            if not self._pending:
                self._work = trio.Event()
                await self._work.wait()
            batch, self._pending = self._pending, []
            self._in_flight_facts, self._pending_facts = self._pending_facts, 0
            since, self._pending_since = self._pending_since, None
            self._in_flight_since = trio.current_time() if since is None else since
            await self._commit(batch)
            await self._publish(batch)
            self._in_flight_facts, self._in_flight_since = 0, None
            progress, self._progress = self._progress, trio.Event()
            progress.set()

    def statistics(self) -> CommitterStatistics:
        """Count commits and facts."""
        waiting = self._pending_facts + self._in_flight_facts
        return CommitterStatistics(self._commits, self._committed, waiting, self._largest)

    async def _commit(self, batch: Sequence[Decided]) -> None:
        records = [
            Record(chained.entry.position, chained.entry.seq, chained.body, chained.head)
            for decided in batch
            for chained in decided.outcome.records
        ]
        if not records:
            return
        holders = Holders()
        for decided in batch:
            holders.note(decided.outcome)
        assert self.site.published is not None
        owed = self._duties.of(
            self.site.published.state,
            (chained.entry for decided in batch for chained in decided.outcome.records),
        )
        began = perf_counter()
        await self.journal.append(
            self.site.event,
            self.term,
            Batch(
                records,
                outbox=owed,
                registrations=list(holders.registered.values()),
                renumbered=list(holders.moved.items()),
            ),
        )
        self.site.figures.commits.note(perf_counter() - began)
        holders.rename(self.site.names)
        self._commits += 1
        self._committed += len(records)
        self._largest = max(self._largest, len(records))

    async def _publish(self, batch: Sequence[Decided]) -> None:
        """Advance the published state, answer in order, then let the audience know."""
        published, _ = await self.site.up()
        outcomes = [decided.outcome for decided in batch]
        self.site.figures.note_outcomes(outcomes)
        if decision_log.logger.isEnabledFor(logging.DEBUG):
            decision_log.log_outcomes(self.site.event, outcomes)
        for start in range(0, len(batch), PUBLISH_SLICE):
            if start:
                self.site.wake()
                await trio.lowlevel.checkpoint()
            with self.site.outgoing.gathering():
                for decided in batch[start : start + PUBLISH_SLICE]:
                    for chained in decided.outcome.records:
                        published.take(chained.entry, chained.head)
                    if decided.envelope is not None:
                        self._answer(decided.outcome, decided.envelope)
        oldest = next((each.envelope for each in batch if each.envelope is not None), None)
        if oldest is not None:
            self.site.figures.deliveries.left(oldest.entered, len(batch))
        self.site.wake()

    def _answer(self, outcome: Outcome, envelope: Envelope) -> None:
        command_id = envelope.asked.id
        if outcome.answer is not None:
            encoded = ack(command_id, outcome.answer)
        else:
            assert outcome.refusal is not None
            assert self.site.published is not None
            # What is published now is what the refusal was decided on: its turn has come.
            state = self.site.published.state
            refusal = with_lot(outcome.refusal, envelope.asked.command, state)
            encoded = nack(command_id, refusal, outcome.as_of, self.site.clock.now_ms())
        self.site.mailbox.answer(envelope, encoded)
