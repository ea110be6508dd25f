"""The book of one event: its state, its memory of commands, and the head of its chain.

Owns: deciding a command once, and turning what is decided into journal records. Invariant: records
come out in order and without a gap; a command id acts once, and its answer is given again as it was
first given. It has no clock, no store and no task of its own. Source: rules 8, 28, 29, I4, I5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from saleroom.auction.answers import answer_fields
from saleroom.auction.apply import apply, begin
from saleroom.auction.decide import decide, permit
from saleroom.auction.facts import Fact
from saleroom.auction.record import (
    GENESIS,
    RecordDamaged,
    chain_key,
    decode_entry,
    encode_entry,
    next_head,
)
from saleroom.auction.refusal import Code, Refusal
from saleroom.auction.state import Asked, Entry, EventState
from saleroom.auction.timekeeping import fire, next_deadline, recover
from saleroom.auction.values import value


@value
class Chained:
    """An entry with its canonical bytes and the head after it."""

    entry: Entry
    body: bytes
    head: bytes


@attrs.define
class Answer:
    """What an accepted command is told.

    digest: of the command's body. position: of its first fact. seq: of its last public fact. as_of:
    the state's. head: the journal's after it. fields: what its first fact says.
    """

    digest: str | None
    position: int
    seq: int | None
    as_of: int
    head: bytes
    fields: Mapping[str, Any]


@value
class Outcome:
    """One decision: new records with their answer, a repeated answer, or a refusal.

    as_of: the seq of the state it was decided on. asked: None for what the clock brought about.
    """

    asked: Asked | None
    records: Sequence[Chained] = ()
    answer: Answer | None = None
    refusal: Refusal | None = None
    as_of: int = 0


@attrs.define
class Book:
    """One event's decisions. The journal's first record makes it, see `new` and `load`.

    key: of the chain, see record.py.
    """

    state: EventState
    head: bytes
    key: bytes
    answers: dict[tuple[str, str], Answer] = attrs.field(factory=dict)

    @classmethod
    def new(cls, fact: Fact, by: str, at: int) -> tuple[Book, Chained]:
        """Start a journal with the event's definition."""
        entry = Entry(1, None, at, by, None, None, fact)
        body = encode_entry(entry)
        key = chain_key(body)
        head = next_head(GENESIS, body, key)
        return cls(begin(entry), head, key), Chained(entry, body, head)

    @classmethod
    def load(cls, body: bytes) -> Book:
        """Open a book on its journal's first record. Raises RecordDamaged."""
        entry = decode_entry(body)
        try:
            key = chain_key(body)
            return cls(begin(entry), next_head(GENESIS, body, key), key)
        except ValueError as error:
            raise RecordDamaged(f"no journal starts with this: {error}") from error

    def replay(self, body: bytes) -> Entry:
        """Take over one record that is durable already. Raises RecordDamaged.

        The caller compares `head` with the stored one where it must be sure.
        """
        entry = decode_entry(body)
        if entry.position != self.state.position + 1:
            raise RecordDamaged(f"position {entry.position} follows {self.state.position}")
        self._take(entry, body)
        return entry

    def ask(self, asked: Asked) -> Outcome:
        """Decide a command; the deadlines before it have been fired."""
        state = self.state
        if refusal := permit(state, asked):
            return Outcome(asked, refusal=refusal, as_of=state.seq)
        if asked.id is not None:
            answer = self.answers.get((asked.by, asked.id))
            if answer is not None and answer.digest == asked.digest:
                return Outcome(asked, answer=answer, as_of=answer.as_of)
            if answer is not None:
                return Outcome(asked, refusal=Refusal(Code.ID_REUSED), as_of=state.seq)
        decided = decide(state, asked)
        if isinstance(decided, Refusal):
            return Outcome(asked, refusal=decided, as_of=state.seq)
        records = self._write(decided, asked.at, asked.by, asked.id, asked.digest)
        answer = self._answer_of(asked)
        return Outcome(asked, records, answer, as_of=state.seq)

    def fire_due(self, now: int) -> Outcome | None:
        """Bring about the earliest deadline at or before `now`, None when nothing is due."""
        deadline = next_deadline(self.state)
        if deadline is None or deadline.at > now:
            return None
        facts = fire(self.state, deadline)
        records = self._write(facts, max(deadline.at, self.state.at), None, None, None)
        return Outcome(None, records, as_of=self.state.seq)

    def next_due(self) -> int | None:
        """Give the time of the next deadline in ms, None when there is none."""
        deadline = next_deadline(self.state)
        return None if deadline is None else deadline.at

    def recover(self, alive_at: int, now: int) -> Outcome | None:
        """Give back the time lost since the last sign of life (rule 27)."""
        facts = recover(self.state, alive_at, now)
        if not facts:
            return None
        return Outcome(None, self._write(facts, now, None, None, None), as_of=self.state.seq)

    def _write(
        self,
        facts: Sequence[Fact],
        at: int,
        by: str | None,
        command: str | None,
        digest: str | None,
    ) -> list[Chained]:
        """Give facts their places, apply them, and chain them."""
        state = self.state
        at = max(at, state.at)
        written = []
        for fact in facts:
            seq = state.seq + 1 if fact.public else None
            entry = Entry(state.position + 1, seq, at, by, command, digest, fact)
            body = encode_entry(entry)
            self._take(entry, body)
            written.append(Chained(entry, body, self.head))
        return written

    def _take(self, entry: Entry, body: bytes) -> None:
        apply(self.state, entry)
        self.head = next_head(self.head, body, self.key)
        if entry.command is not None and entry.by is not None:
            self._remember(entry)

    def _remember(self, entry: Entry) -> None:
        assert entry.by is not None
        assert entry.command is not None
        key = (entry.by, entry.command)
        answer = self.answers.get(key)
        if answer is None:
            fields = answer_fields(self.state, entry.fact)
            self.answers[key] = Answer(
                entry.digest, entry.position, entry.seq, self.state.seq, self.head, fields
            )
            return
        answer.seq = entry.seq if entry.seq is not None else answer.seq
        answer.as_of, answer.head = self.state.seq, self.head

    def _answer_of(self, asked: Asked) -> Answer:
        """Give what was remembered of a command just written; nothing written is nothing told."""
        kept = self.answers.get((asked.by, asked.id)) if asked.id is not None else None
        state = self.state
        return kept or Answer(asked.digest, state.position, None, state.seq, self.head, {})
