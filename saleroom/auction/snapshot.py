"""A book as bytes, so that an event is rebuilt without reading its whole journal.

Owns: the form of snapshots: `body`, the current values, and chunks, each written once, of actions
and answers that no longer change. Invariant: restoring a body with its chunks gives an equal book;
whatever changed in a chunk's content since (an undo, a retraction) is said in the body.
Source: ARCHITECTURE 2 (step 5).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from operator import attrgetter
from typing import Any

import attrs
import orjson

from saleroom.auction.book import Answer, Book
from saleroom.auction.definition import (
    define_event,
    define_lot,
    define_soft_close,
    event_plain,
    lot_plain,
    soft_close_plain,
)
from saleroom.auction.fund import Challenge, Fund, Matching, Pledge
from saleroom.auction.lot import Absentee, Action, Lot, Offer, Standing, Win, new_lot
from saleroom.auction.state import EventState, Paddle, Tally

FORMAT = 2
LOTS_A_STEP = 50

_standing_values = attrgetter(*(f.name for f in attrs.fields(Standing)))
_ACTION_FIELDS = [f.name for f in attrs.fields(Action)]
BEFORE = _ACTION_FIELDS.index("before")
_action_values = attrgetter(*_ACTION_FIELDS)
_position = attrgetter("position")
_absentee_values = attrgetter(*(f.name for f in attrs.fields(Absentee)))
_pledge_values = attrgetter(*(f.name for f in attrs.fields(Pledge)))
_win_values = attrgetter(*(f.name for f in attrs.fields(Win)))
_offer_values = attrgetter(*(f.name for f in attrs.fields(Offer)))
_paddle_values = attrgetter(*(f.name for f in attrs.fields(Paddle)))


class SnapshotDamaged(ValueError):
    """Bytes that are not a snapshot of this release; the journal is read instead."""


def encode_chunks(
    state: EventState, book: Book, after: int, size: int
) -> Iterator[tuple[int, bytes]]:
    """Encode what came about at positions past `after`, `size` facts a chunk, as far as published.

    Gives each chunk with the position up to which it goes. Between two chunks the state may move
    on; what is encoded goes as far as it had come at the first.
    """
    end = state.position
    newest = list(islice(reversed(book.answers), book.state.position - after))
    while newest and book.answers[newest[-1]].position <= after:
        newest.pop()
    while end - after >= size:
        upto = after + size
        actions = [
            [lot.number, *_plain_action(action)]
            for lot in state.lots.values()
            for action in _between(lot, after, upto)
        ]
        answers = []
        while newest and (answer := book.answers[newest[-1]]).position <= upto:
            answers.append(_plain_answer(newest.pop(), answer))
        yield upto, orjson.dumps({"actions": actions, "answers": answers})
        after = upto


def encode_body(state: EventState, head: bytes, book: Book, chunked: int) -> bytes:
    """Encode the current values, and what came about after the last chunk's `chunked`.

    state, head: what is published of `book`, which may be ahead of it.
    """
    return orjson.dumps(
        {
            "format": FORMAT,
            "chunked": chunked,
            "head": head.hex(),
            "key": book.key.hex(),
            "event": event_plain(state.definition),
            "soft_close": soft_close_plain(state.soft_close),
            "status": state.status,
            "seq": state.seq,
            "position": state.position,
            "at": state.at,
            "paused_at": state.paused_at,
            "last_opened": state.last_opened,
            "raised": state.raised,
            "free_from": state.free_from,
            "paddles": [_paddle_values(paddle) for paddle in state.paddles.values()],
            "tallies": [[p, tally.total, tally.reached] for p, tally in state.tallies.items()],
            "lots": [_plain_lot(lot, chunked) for lot in state.lots.values()],
            "answers": _answers(book, chunked, state.position),
        }
    )


def restore(body: bytes, chunks: Sequence[bytes]) -> tuple[Book, int]:
    """Rebuild a book, and say up to which position the chunks go. Raises SnapshotDamaged."""
    steps = restore_in_steps(body, chunks)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            restored: tuple[Book, int] = done.value
            return restored


def restore_in_steps(
    body: bytes, chunks: Sequence[bytes]
) -> Generator[None, None, tuple[Book, int]]:
    """Rebuild a book as `restore` does, a few milliseconds between two yields."""
    try:
        raw = orjson.loads(body)
        if raw["format"] != FORMAT:
            raise SnapshotDamaged(f"a snapshot of format {raw['format']}")
        state = _state(raw)
        for plain in raw["lots"]:
            lot = _lot(plain, state)
            state.lots[lot.number] = lot
            if len(state.lots) % LOTS_A_STEP == 0:
                yield
        book = Book(state, bytes.fromhex(raw["head"]), bytes.fromhex(raw["key"]))
        by_lot: dict[int, list[Action]] = {number: [] for number in state.lots}
        for chunk in chunks:
            part = orjson.loads(chunk)
            yield
            for number, *values in part["actions"]:
                by_lot[number].append(_action(values))
            yield
            _remember(book, part["answers"])
            yield
        for count, plain in enumerate(raw["lots"], 1):
            _give_actions(state.lots[plain["definition"]["lot"]], plain, by_lot)
            if count % LOTS_A_STEP == 0:
                yield
        _remember(book, raw["answers"])
        return book, raw["chunked"]
    except (KeyError, TypeError, ValueError) as error:
        raise SnapshotDamaged(f"not a snapshot: {error}") from error


def _remember(book: Book, answers: Iterable[Sequence[Any]]) -> None:
    for by, command_id, digest, position, seq, as_of, head, fields in answers:
        book.answers[by, command_id] = Answer(
            digest, position, seq, as_of, bytes.fromhex(head), fields
        )


def _plain_action(action: Action) -> list[Any]:
    values = list(_action_values(action))
    values[BEFORE] = _standing_values(action.before)
    return values


def _action(values: list[Any]) -> Action:
    values[BEFORE] = Standing(*values[BEFORE])
    return Action(*values)


def _between(lot: Lot, after: int, upto: int) -> list[Action]:
    """Give a lot's actions in a span of positions; earlier rounds come before this one."""
    found: list[Action] = []
    for actions in (lot.past, lot.actions):
        first = bisect_right(actions, after, key=_position)
        last = bisect_right(actions, upto, lo=first, key=_position)
        found += actions[first:last]
    return found


def _answers(book: Book, after: int, upto: int) -> list[tuple[Any, ...]]:
    """Give the newest answers in a span of positions; they were remembered in order."""
    newest = []
    for key in reversed(book.answers):
        answer = book.answers[key]
        if answer.position <= after:
            break
        if answer.position <= upto:
            newest.append(_plain_answer(key, answer))
    newest.reverse()
    return newest


def _plain_answer(key: tuple[str, str], a: Answer) -> tuple[Any, ...]:
    by, command_id = key
    return (by, command_id, a.digest, a.position, a.seq, a.as_of, a.head.hex(), a.fields)


def _plain_lot(lot: Lot, chunked: int) -> dict[str, Any]:
    after = 0 if lot.is_rewritten else chunked
    return {
        "definition": lot_plain(lot.definition),
        "standing": _standing_values(lot.standing),
        "starts_at": lot.starts_at,
        "ends_at": lot.ends_at,
        "original_end": lot.original_end,
        "remote_locked": lot.remote_locked,
        "absentees": [_absentee_values(left) for left in lot.absentees.values()],
        "wins": [_win_values(win) for win in lot.wins],
        "offers": [_offer_values(offer) for offer in lot.offers],
        "fund": None if lot.fund is None else _plain_fund(lot.fund),
        "is_rewritten": lot.is_rewritten,
        "dropped": [position for position in lot.dropped if position <= chunked],
        "past_until": lot.past[-1].position if lot.past else 0,
        "recent": [_plain_action(action) for action in _between(lot, after, 2**63)],
    }


def _plain_fund(fund: Fund) -> dict[str, Any]:
    return {
        "total": fund.total,
        "match": fund.match,
        "pledges": [_pledge_values(pledge) for pledge in fund.pledges.values()],
        "matching": fund.matching and attrs.astuple(fund.matching),
        "challenge": fund.challenge and attrs.astuple(fund.challenge),
    }


def _fund(plain: Mapping[str, Any]) -> Fund:
    matching, challenge = plain["matching"], plain["challenge"]
    fund = Fund(
        plain["total"],
        plain["match"],
        matching=matching and Matching(*matching),
        challenge=challenge and Challenge(*challenge),
    )
    for pledge in (Pledge(*values) for values in plain["pledges"]):
        fund.pledges[pledge.seq] = pledge
        fund.by_paddle.setdefault(pledge.paddle, []).append(pledge.seq)
    return fund


def _state(raw: Mapping[str, Any]) -> EventState:
    definition = define_event(raw["event"])
    state = EventState(
        definition=definition,
        soft_close=define_soft_close(raw["soft_close"]),
        status=raw["status"],
        seq=raw["seq"],
        position=raw["position"],
        at=raw["at"],
        paused_at=raw["paused_at"],
        last_opened=raw["last_opened"],
        raised=raw["raised"],
        free_from=raw["free_from"],
    )
    for values in raw["paddles"]:
        paddle = Paddle(*values)
        state.paddles[paddle.number] = paddle
        if paddle.user is not None:
            state.paddle_of[paddle.user] = paddle.number
    state.tallies = {paddle: Tally(total, reached) for paddle, total, reached in raw["tallies"]}
    return state


def _lot(plain: Mapping[str, Any], state: EventState) -> Lot:
    lot = new_lot(define_lot(plain["definition"]), state.definition.ladder)
    lot.standing = Standing(*plain["standing"])
    for name in ("starts_at", "ends_at", "original_end", "remote_locked", "is_rewritten"):
        setattr(lot, name, plain[name])
    lot.dropped = plain["dropped"]
    lot.absentees = {values[0]: Absentee(*values) for values in plain["absentees"]}
    lot.fund = plain["fund"] and _fund(plain["fund"])
    lot.offers = [Offer(*values) for values in plain["offers"]]
    lot.wins = [Win(*values) for values in plain["wins"]]
    return lot


def _give_actions(lot: Lot, plain: Mapping[str, Any], by_lot: dict[int, list[Action]]) -> None:
    dropped = set(lot.dropped)
    kept = [] if lot.is_rewritten else by_lot[lot.number]
    for action in chain(kept, map(_action, plain["recent"])):
        if action.position not in dropped:
            side = lot.past if action.position <= plain["past_until"] else lot.actions
            side.append(action)
