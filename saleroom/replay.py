"""The replay of a journal: how things stood then, or what happened to each lot.

Owns: the reading of a journal up to a moment, and its telling. Invariant: it shows what any reader
of the feed could know then; maxes and reserves are not told. Source: I10, PROTOCOL section 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import aclosing
from datetime import UTC, datetime

import attrs
import orjson

from saleroom.auction.book import Book
from saleroom.auction.facts import LotFact
from saleroom.auction.record import RecordDamaged, decode_entry
from saleroom.auction.state import Entry, EventState, leaderboard
from saleroom.audit import NOT_REPLAYABLE, records_of
from saleroom.protocol.views import lot_view
from saleroom.protocol.wire_facts import wire_fact
from saleroom.storage.ports import Journal, NotFound
from saleroom.story import Story


@attrs.frozen
class Moment:
    """Up to where to replay: a seq, or a time in ms; neither is the journal's end."""

    seq: int | None = None
    at_ms: int | None = None

    def includes(self, entry: Entry) -> bool:
        """Say whether a fact had come about by then."""
        if self.seq is not None and entry.seq is not None:
            return entry.seq <= self.seq
        return self.at_ms is None or entry.at <= self.at_ms


def read_moment(text: str) -> Moment:
    """Read a seq (`1040`) or an ISO 8601 time (`2026-05-01T20:15:00+02:00`, local without a zone).

    Raises ValueError.
    """
    if text.isascii() and text.isdigit():
        return Moment(seq=int(text))
    try:
        when = datetime.fromisoformat(text).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(str(error)) from None
    return Moment(at_ms=int(when.timestamp() * 1000))


async def replay(journal: Journal, event: str, moment: Moment) -> tuple[EventState, list[Entry]]:
    """Give the state at a moment, and the public facts that led to it.

    Raises NotFound, RecordDamaged, and what the journal raises.
    """
    book: Book | None = None
    facts: list[Entry] = []
    async with aclosing(records_of(journal, event)) as records:
        async for record in records:
            try:
                if book is None:
                    book = Book.load(record.body)
                    continue
                if not moment.includes(decode_entry(record.body)):
                    break
                entry = book.replay(record.body)
            except NOT_REPLAYABLE as error:
                raise RecordDamaged(f"position {record.position}: no replay: {error}") from error
            if entry.seq is not None:
                facts.append(entry)
    if book is None:
        raise NotFound(f"event {event} has no journal")
    return book.state, facts


def state_lines(state: EventState) -> Iterator[str]:
    """Tell how an event stands."""
    story = _story(state)
    when = datetime.fromtimestamp(state.at / 1000, UTC).astimezone()
    yield f"{state.definition.title} ({state.id}), {state.status}, seq {state.seq}, {when:%c}"
    for lot in state.lots.values():
        view = lot_view(lot)
        holder = "-" if view["leader"] is None else f"paddle {view['leader']}"
        yield (
            f"  lot {view['lot']:>3}  {view['mode']:<6} {view['state']:<12} "
            f"{story.money(view['price']):>16}  {holder:<11} {view['title']}"
        )
    yield f"  raised {story.money(state.raised)}"
    for place, row in enumerate(leaderboard(state), 1):
        yield f"  {place:>3}. paddle {row['paddle']:<6} {story.money(row['total']):>16}"


def story_lines(state: EventState, facts: list[Entry]) -> Iterator[str]:
    """Tell what happened, lot by lot, and to the event itself first."""
    story = _story(state)
    by_lot: dict[int | None, list[Entry]] = {None: [], **{number: [] for number in state.lots}}
    for entry in facts:
        number = entry.fact.lot if isinstance(entry.fact, LotFact) else None
        by_lot[number].append(entry)
    for number, entries in by_lot.items():
        yield state.definition.title if number is None else f"lot {number} {story.titles[number]}"
        for entry in entries:
            when = datetime.fromtimestamp(entry.at / 1000, UTC).astimezone()
            yield f"  {when:%H:%M:%S}  {story.fact_line(orjson.loads(wire_fact(entry).encoded()))}"


def _story(state: EventState) -> Story:
    story = Story()
    story.currency = state.definition.currency
    story.titles = {number: lot.definition.title for number, lot in state.lots.items()}
    return story
