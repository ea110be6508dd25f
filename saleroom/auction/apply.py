"""The other half of the rule book: (state, fact) -> state.

Owns: every change of an event and its paddles; what facts about lots change stands in
`apply_lots`. Invariant: applying never refuses and never looks outside; a journal applied twice
gives equal states. It changes the state in place, which one task owns.
Source: ARCHITECTURE I1, I2, I10.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from saleroom.auction import facts as f
from saleroom.auction.apply_lots import LOT_APPLIES, move
from saleroom.auction.definition import define_event, define_lot, define_soft_close
from saleroom.auction.lot import (
    QUEUED,
    Action,
    Lot,
    Standing,
    new_lot,
)
from saleroom.auction.running import is_frozen
from saleroom.auction.state import (
    CLOSED,
    OPEN,
    PADDLE_FIRST,
    PAUSED,
    Entry,
    EventState,
    Paddle,
)


def begin(entry: Entry) -> EventState:
    """Make an event's state from the first fact of its journal."""
    fact = entry.fact
    if not isinstance(fact, f.EventDefined):
        raise ValueError(f"a journal starts with event_defined, not {fact.type}")
    definition = define_event(fact.event)
    state = EventState(definition=definition, soft_close=definition.soft_close)
    for raw in fact.lots:
        lot = define_lot(raw)
        state.lots[lot.lot] = new_lot(lot, definition.ladder)
    state.lots = dict(sorted(state.lots.items()))
    for raw in fact.paddles:
        _add_paddle(state, Paddle(**raw))
    _mark(state, entry)
    return state


def apply(state: EventState, entry: Entry) -> None:
    """Bring a state forward by one fact, the next one of its journal."""
    _APPLIES[type(entry.fact)](state, entry, entry.fact)
    _mark(state, entry)


def _mark(state: EventState, entry: Entry) -> None:
    state.position = entry.position
    state.at = entry.at
    if entry.seq is not None:
        state.seq = entry.seq


# Paddles


def _add_paddle(state: EventState, paddle: Paddle) -> None:
    state.paddles[paddle.number] = paddle
    if paddle.user is not None:
        state.paddle_of[paddle.user] = paddle.number
    while state.free_from in state.paddles:
        state.free_from += 1


def _paddle_added(state: EventState, entry: Entry, fact: f.PaddleAdded) -> None:
    _add_paddle(
        state,
        Paddle(
            fact.paddle,
            fact.user,
            fact.limit,
            fact.table,
            fact.terms_version,
            is_captain=bool(fact.captain),
            opted_in=bool(fact.opted_in),
        ),
    )


def _paddle_changed(state: EventState, entry: Entry, fact: f.PaddleChanged) -> None:
    paddle = state.paddles[fact.paddle]
    paddle.limit = paddle.limit if fact.limit is None else fact.limit
    paddle.table = paddle.table if fact.table is None else fact.table
    paddle.is_captain = paddle.is_captain if fact.captain is None else fact.captain
    paddle.opted_in = paddle.opted_in if fact.opted_in is None else fact.opted_in
    if fact.terms_version is not None:
        paddle.terms_version = fact.terms_version
    if fact.user is not None:
        paddle.user = fact.user
        state.paddle_of[fact.user] = fact.paddle


def _paddle_locked(state: EventState, entry: Entry, fact: f.PaddleLocked) -> None:
    paddle = state.paddles[fact.paddle]
    paddle.is_locked = True
    paddle.is_banned = paddle.is_banned or fact.ban
    paddle.lock_reason = fact.reason


def _paddle_unlocked(state: EventState, entry: Entry, fact: f.PaddleUnlocked) -> None:
    paddle = state.paddles[fact.paddle]
    paddle.is_locked = paddle.is_banned = False
    paddle.lock_reason = None


def _paddle_renumbered(state: EventState, entry: Entry, fact: f.PaddleRenumbered) -> None:
    old, new = fact.paddle, fact.new_paddle
    paddle = state.paddles.pop(old)
    paddle.number = new
    state.free_from = min(state.free_from, max(old, PADDLE_FIRST))
    _add_paddle(state, paddle)
    if old in state.tallies:
        state.tallies[new] = state.tallies.pop(old)
    for lot in state.lots.values():
        _renumber_lot(lot, old, new)


def _renumber_lot(lot: Lot, old: int, new: int) -> None:
    def standing(value: Standing) -> Standing:
        return attrs.evolve(value, leader=new) if value.leader == old else value

    def action(value: Action) -> Action:
        paddle = new if value.paddle == old else value.paddle
        return attrs.evolve(value, paddle=paddle, before=standing(value.before))

    lot.standing = standing(lot.standing)
    lot.actions = [action(value) for value in lot.actions]
    lot.past = [action(value) for value in lot.past]
    lot.is_rewritten = True
    lot.wins = [attrs.evolve(w, paddle=new) if w.paddle == old else w for w in lot.wins]
    lot.offers = [
        attrs.evolve(
            offer,
            paddle=new if offer.paddle == old else offer.paddle,
            instead_of=new if offer.instead_of == old else offer.instead_of,
        )
        for offer in lot.offers
    ]
    if lot.fund is not None:
        lot.fund.renumber(old, new)
    if old in lot.absentees:
        lot.absentees[new] = attrs.evolve(lot.absentees.pop(old), paddle=new)
    if lot.definition.donor_paddle == old:
        lot.definition = attrs.evolve(lot.definition, donor_paddle=new)


# The event


def _event_opened(state: EventState, entry: Entry, fact: f.EventOpened) -> None:
    state.status = OPEN
    state.is_deadline_stale = True


def _event_paused(state: EventState, entry: Entry, fact: f.EventPaused) -> None:
    state.status = PAUSED
    state.paused_at = entry.at
    state.is_deadline_stale = True


def _event_resumed(state: EventState, entry: Entry, fact: f.EventResumed) -> None:
    for lot in state.lots.values():
        if not is_frozen(lot):
            continue
        if lot.starts_at is not None and lot.standing.state == QUEUED:
            lot.starts_at += fact.shift
        if lot.ends_at is not None and lot.original_end is not None:
            lot.ends_at += fact.shift
            lot.original_end += fact.shift
    state.status = OPEN
    state.paused_at = None
    state.is_deadline_stale = True


def _event_closed(state: EventState, entry: Entry, fact: f.EventClosed) -> None:
    for lot in state.running_lots():
        move(lot, "sell")
    state.status = CLOSED
    state.is_deadline_stale = True


def _announcement(state: EventState, entry: Entry, fact: f.Announcement) -> None:
    """An announcement is heard, and changes nothing."""


def _soft_close_set(state: EventState, entry: Entry, fact: f.SoftCloseSet) -> None:
    state.soft_close = define_soft_close(fact.policy)


def _lot_added(state: EventState, entry: Entry, fact: f.LotAdded) -> None:
    state.lots[fact.lot] = new_lot(define_lot(fact.definition), state.definition.ladder)
    state.lots = dict(sorted(state.lots.items()))
    state.is_deadline_stale = True


def _lot_changed(state: EventState, entry: Entry, fact: f.LotChanged) -> None:
    old = state.lots[fact.lot]
    changed = new_lot(define_lot(fact.definition), state.definition.ladder)
    changed.absentees = old.absentees
    changed.remote_locked = old.remote_locked
    if changed.fund is not None and old.fund is not None:
        changed.fund = old.fund
    state.lots[fact.lot] = changed
    state.is_deadline_stale = True


_APPLIES: dict[type[f.Fact], Callable[[EventState, Entry, Any], None]] = {
    **LOT_APPLIES,
    f.PaddleAdded: _paddle_added,
    f.PaddleChanged: _paddle_changed,
    f.PaddleLocked: _paddle_locked,
    f.PaddleUnlocked: _paddle_unlocked,
    f.PaddleRenumbered: _paddle_renumbered,
    f.EventOpened: _event_opened,
    f.EventPaused: _event_paused,
    f.EventResumed: _event_resumed,
    f.EventClosed: _event_closed,
    f.Announcement: _announcement,
    f.SoftCloseSet: _soft_close_set,
    f.LotAdded: _lot_added,
    f.LotChanged: _lot_changed,
}
