"""The journal told again: what the rules make of the commands that were sent.

Owns: a second decision of every command in a journal, and the public state at every fact.
Invariant: it believes nothing but the first record, the commands as they were sent, and the stamps;
a journal that differs in one byte is found at that place. Source: I10, rules 8, 27, 28.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from saleroom.auction import facts as f
from saleroom.auction.book import Answer, Book, Outcome
from saleroom.auction.clone import clone
from saleroom.auction.lot import Lot
from saleroom.auction.record import decode_entry
from saleroom.auction.state import Asked, Entry, EventState, leaderboard
from saleroom.protocol.views import lot_view, own_max
from saleroom.storage.ports import Record
from tests.sim.screen import SHOWN, Lots
from tests.sim.world import Sent


@attrs.define(eq=False)
class Retelling:
    """What a journal says. faults: where it is not what the rules decide.

    answers: of each command that was accepted. views, statuses: by the seqs that were asked for.
    standings: {(lot, price, min_next): the first seq}. maxes: {(lot, paddle, max): the first seq}.
    wins: {(lot, paddle, amount): the seq}. bidders: {(lot, paddle): the first seq}.
    public: {an amount that everyone may read: the first seq}.
    """

    sent: Mapping[tuple[str, str], Sent]
    wanted: set[int]
    faults: list[str] = attrs.field(factory=list)
    answers: dict[tuple[str, str], Answer] = attrs.field(factory=dict)
    views: dict[int, Lots] = attrs.field(factory=dict)
    statuses: dict[int, str] = attrs.field(factory=dict)
    standings: dict[tuple[int, int | None, int], int] = attrs.field(factory=dict)
    maxes: dict[tuple[int, int, int], int] = attrs.field(factory=dict)
    wins: dict[tuple[int, int, int], int] = attrs.field(factory=dict)
    bidders: dict[tuple[int, int], int] = attrs.field(factory=dict)
    public: dict[int, int] = attrs.field(factory=dict)

    def tell(self, records: Sequence[Record]) -> EventState:
        """Go through a journal; give the state at its end."""
        self._decide_again(records)
        book = Book.load(records[0].body)
        self._note(book.state, None)
        for record in records[1:]:
            entry = book.replay(record.body)
            self._note(book.state, entry)
        return book.state

    # The decisions

    def _decide_again(self, records: Sequence[Record]) -> None:
        book = Book.load(records[0].body)
        place = 1
        while place < len(records):
            entry = decode_entry(records[place].body)
            expected = self._expected(book, entry, records[place:])
            if expected is None:
                book.replay(records[place].body)
                place += 1
            elif expected.records and _is_told(expected, records[place:]):
                place += len(expected.records)
            else:
                why = expected.refusal.code.name if expected.refusal else "other facts"
                self.faults.append(f"position {place + 1}: the rules say {why}: {entry}")
                return

    def _expected(self, book: Book, entry: Entry, records: Sequence[Record]) -> Outcome | None:
        """Decide what led to a record; None for what only the lost time explains."""
        if entry.command is None:
            if isinstance(entry.fact, f.LotExtended) and entry.fact.cause == "outage":
                return None
            return book.fire_due(entry.at) or Outcome(None)
        assert entry.by is not None
        key = entry.by, entry.command
        sent = self.sent.get(key)
        taken = () if sent is None else sent.stamps
        stamps = [stamp for stamp in taken if max(stamp, book.state.at) == entry.at]
        if sent is None or not stamps:
            self.faults.append(f"nobody sent {key} at {entry.at}")
            return Outcome(None)
        asked = [
            Asked(sent.ask.command, entry.by, sent.role, stamp, entry.command, sent.ask.digest)
            for stamp in dict.fromkeys(stamps)
        ]
        outcome = _fitting(book, asked, records)
        if outcome is None:
            self.faults.append(f"a deadline at {book.next_due()} was not fired before {entry}")
            return Outcome(None)
        if outcome.answer is not None:
            self.answers[key] = outcome.answer
        return outcome

    # The states

    def _note(self, state: EventState, entry: Entry | None) -> None:
        seq = state.seq
        if seq in self.wanted and seq not in self.views:
            self.views[seq] = {n: shown(lot) for n, lot in state.lots.items()}
            self.statuses[seq] = state.status
        lots = list(state.lots.values())
        if entry is not None and isinstance(entry.fact, f.LotFact):
            lots = [state.lots[entry.fact.lot]]
        for lot in lots:
            self._note_lot(lot, seq)
        for row in leaderboard(state):
            self.public.setdefault(row["standing"], seq)
            self.public.setdefault(row["total"], seq)
        self.public.setdefault(state.raised, seq)
        if entry is not None and isinstance(entry.fact, f.BidPlaced):
            if entry.fact.bidder is not None:
                self.bidders.setdefault((entry.fact.lot, entry.fact.bidder), seq)
            self.public.setdefault(entry.fact.min_next, seq)

    def _note_lot(self, lot: Lot, seq: int) -> None:
        standing, number = lot.standing, lot.number
        self.standings.setdefault((number, standing.price, standing.min_next), seq)
        for amount in _amounts(lot):
            self.public.setdefault(amount, seq)
        if standing.leader is not None:
            self.bidders.setdefault((number, standing.leader), seq)
        for win in lot.wins:
            self.wins.setdefault((number, win.paddle, win.amount), win.seq)
        for paddle in {*lot.absentees, *([standing.leader] if standing.leader else [])}:
            maximum = own_max(lot, paddle)
            if maximum is not None:
                self.maxes.setdefault((number, paddle, maximum), seq)


def _fitting(book: Book, asked: Sequence[Asked], records: Sequence[Record]) -> Outcome | None:
    """Decide a command by the stamp that led to the records; None when all are past a deadline.

    asked: the command once for each time that it came in.
    """
    due = book.next_due()
    timely = [one for one in asked if due is None or one.at < due]
    for one in timely[:-1]:
        outcome = Book(clone(book.state), book.head, book.key, dict(book.answers)).ask(one)
        if outcome.records and _is_told(outcome, records):
            return book.ask(one)
    return book.ask(timely[-1]) if timely else None


def _is_told(outcome: Outcome, records: Sequence[Record]) -> bool:
    """Say whether the records begin with those of an outcome."""
    expected = [(chained.body, chained.head) for chained in outcome.records]
    return expected == [(record.body, record.head) for record in records[: len(expected)]]


def shown(lot: Lot) -> dict[str, object]:
    """Give what a screen should show of a lot."""
    view = lot_view(lot)
    return {name: view[name] for name in SHOWN} | {"title": view["title"]}


def _amounts(lot: Lot) -> Iterator[int]:
    """Give what everyone may read of a lot."""
    standing = lot.standing
    told = (*(win.amount for win in lot.wins), *(offer.amount for offer in lot.offers))
    for amount in (standing.price, standing.min_next, *told):
        if amount is not None:
            yield amount
