"""The other half of the rule book: (state, fact) -> state.

Owns: every change of an event's state. Invariant: applying never refuses and never looks outside;
a journal applied twice gives equal states. It changes the state in place, which one task owns.
Source: ARCHITECTURE I1, I2, I10.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from saleroom.auction import facts as f
from saleroom.auction.contest import (
    asking,
    eligible_absentees,
    named,
    replay_without,
    without_newest,
)
from saleroom.auction.definition import define_event, define_lot, define_soft_close
from saleroom.auction.fund import Challenge, Fund, Matching, Pledge
from saleroom.auction.lot import (
    QUEUED,
    SOLD,
    Absentee,
    Action,
    Lot,
    Standing,
    Win,
    first_standing,
    new_lot,
    next_state,
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
    Tally,
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


def _step(lot: Lot, trigger: str) -> str:
    state = next_state(lot.mode, lot.standing.state, trigger)
    if state is None:
        raise ValueError(f"lot {lot.number}: no {trigger!r} from {lot.standing.state!r}")
    return state


def _move(lot: Lot, trigger: str) -> None:
    lot.standing = attrs.evolve(lot.standing, state=_step(lot, trigger))


def _act(lot: Lot, entry: Entry, kind: str, **details: Any) -> None:
    lot.actions.append(Action(entry.position, entry.seq, entry.at, kind, lot.standing, **details))


def _credit(state: EventState, entry: Entry, paddle: int, amount: int) -> None:
    tally = state.tallies.setdefault(paddle, Tally())
    tally.total += amount
    tally.reached = entry.position
    state.raised += amount


# Bids


def _bid_placed(state: EventState, entry: Entry, fact: f.BidPlaced) -> None:
    lot = state.lots[fact.lot]
    before = lot.standing
    lot.standing = Standing(
        _step(lot, "bid"),
        fact.min_next,
        fact.amount,
        fact.paddle,
        fact.ceiling,
        fact.bid_count,
        fact.reserve_met,
        before.step,
    )
    if fact.source != "absentee":
        lot.actions.append(
            Action(
                entry.position,
                entry.seq,
                entry.at,
                "bid",
                before,
                fact.bidder,
                fact.bid,
                fact.is_max,
                fact.source,
                None,
                fact.counts,
            )
        )


def _max_raised(state: EventState, entry: Entry, fact: f.MaxRaised) -> None:
    lot = state.lots[fact.lot]
    _act(lot, entry, "raise", paddle=fact.paddle, amount=fact.max, is_max=True, counts=False)
    lot.standing = attrs.evolve(lot.standing, ceiling=fact.max)


def _absentee_left(state: EventState, entry: Entry, fact: f.AbsenteeLeft) -> None:
    lot = state.lots[fact.lot]
    earlier = lot.absentees.get(fact.paddle)
    order = earlier.order if earlier else entry.position
    lot.absentees[fact.paddle] = Absentee(fact.paddle, fact.max, order)


def _floor_assigned(state: EventState, entry: Entry, fact: f.FloorAssigned) -> None:
    lot = state.lots[fact.lot]
    _act(lot, entry, "assign", paddle=fact.paddle)
    lot.standing = named(lot.standing, fact.paddle)


def _item_sold(state: EventState, entry: Entry, fact: f.ItemSold) -> None:
    lot = state.lots[fact.lot]
    assert entry.seq is not None
    lot.wins.append(Win(fact.paddle, fact.amount, fact.units, fact.how, entry.seq))
    _credit(state, entry, fact.paddle, fact.amount * fact.units)
    state.is_deadline_stale = True
    if fact.how == "purchase":
        if fact.remaining == 0:
            _move(lot, "sell")
        return
    if fact.how == "hammer":
        _act(lot, entry, "sell")
    elif fact.how == "buy_now":
        _act(lot, entry, "buy", paddle=fact.paddle, amount=fact.amount)
        lot.standing = attrs.evolve(
            lot.standing,
            price=fact.amount,
            leader=fact.paddle,
            ceiling=fact.amount,
            min_next=fact.amount + lot.step(fact.amount, lot.standing),
            reserve_met=None if lot.definition.reserve is None else True,
        )
    _move(lot, "sell")


# The room


def _lot_opened(state: EventState, entry: Entry, fact: f.LotOpened) -> None:
    lot = state.lots[fact.lot]
    lot.standing = first_standing(lot.definition, _step(lot, "open"))
    lot.absentees = eligible_absentees(state, lot)
    state.last_opened[lot.definition.ring] = lot.number
    state.is_deadline_stale = True


def _lot_reopened(state: EventState, entry: Entry, fact: f.LotReopened) -> None:
    lot = state.lots[fact.lot]
    reopened = _step(lot, "reopen")
    if fact.fresh:
        lot.past += lot.actions
        lot.actions = []
        lot.absentees.clear()
        lot.standing = first_standing(lot.definition, reopened)
    else:
        _drop_sale(state, entry, lot)
        lot.dropped.append(lot.actions.pop().position)
        lot.standing = attrs.evolve(lot.standing, state=reopened)
    state.last_opened[lot.definition.ring] = lot.number


def _drop_sale(state: EventState, entry: Entry, lot: Lot) -> None:
    win = lot.wins.pop()
    _credit(state, entry, win.paddle, -win.amount * win.units)


def _lot_warned(state: EventState, entry: Entry, fact: f.LotWarned) -> None:
    lot = state.lots[fact.lot]
    _act(lot, entry, "warn")
    _move(lot, "warn" if fact.stage == "fair_warning" else "call")


def _ask_changed(state: EventState, entry: Entry, fact: f.AskChanged) -> None:
    lot = state.lots[fact.lot]
    _act(lot, entry, "ask", amount=fact.ask, step=fact.step)
    lot.standing = asking(lot.standing, fact.ask, fact.step)


def _remote_locked(state: EventState, entry: Entry, fact: f.RemoteLocked) -> None:
    state.lots[fact.lot].remote_locked = fact.on


def _lot_passed(state: EventState, entry: Entry, fact: f.LotPassed) -> None:
    lot = state.lots[fact.lot]
    if fact.reason == "auctioneer":
        _act(lot, entry, "pass")
    _move(lot, "pass")
    state.is_deadline_stale = True


def _pledge_closed(state: EventState, entry: Entry, fact: f.PledgeClosed) -> None:
    _move(state.lots[fact.lot], "close")
    state.is_deadline_stale = True


def _lot_withdrawn(state: EventState, entry: Entry, fact: f.LotWithdrawn) -> None:
    lot = state.lots[fact.lot]
    _move(lot, "withdraw")
    if lot.fund is not None:
        for pledge in lot.fund.pledges.values():
            _credit(state, entry, pledge.paddle, -pledge.amount)
        state.raised -= lot.fund.match
        lot.fund = Fund()
    state.is_deadline_stale = True


def _lot_extended(state: EventState, entry: Entry, fact: f.LotExtended) -> None:
    lot = state.lots[fact.lot]
    lot.ends_at = fact.ends_at
    lot.original_end = fact.original_end
    state.is_deadline_stale = True


# Pledges


def _pledge_made(state: EventState, entry: Entry, fact: f.PledgeMade) -> None:
    fund = _fund(state, fact)
    assert entry.seq is not None
    source = None if fund.matching is None else fund.matching.seq
    fund.add(Pledge(entry.seq, fact.paddle, fact.level, fact.count, fact.matched, source))
    _credit(state, entry, fact.paddle, fact.level * fact.count)
    state.raised += fact.matched


def _pledge_voided(state: EventState, entry: Entry, fact: f.PledgeVoided) -> None:
    voided = _fund(state, fact).void(fact.voided)
    _credit(state, entry, voided.paddle, -voided.amount)
    state.raised -= voided.matched


def _match_set(state: EventState, entry: Entry, fact: f.MatchSet) -> None:
    assert entry.seq is not None
    _fund(state, fact).matching = Matching(entry.seq, fact.ratio_percent, fact.cap)


def _challenge_set(state: EventState, entry: Entry, fact: f.ChallengeSet) -> None:
    _fund(state, fact).challenge = Challenge(fact.threshold, fact.amount)


def _challenge_met(state: EventState, entry: Entry, fact: f.ChallengeMet) -> None:
    fund = _fund(state, fact)
    fund.match += fact.amount
    fund.challenge = None
    state.raised += fact.amount


def _fund(state: EventState, fact: f.FundFact) -> Fund:
    fund = state.lots[fact.lot].fund
    assert fund is not None
    return fund


# Corrections


def _bid_undone(state: EventState, entry: Entry, fact: f.BidUndone) -> None:
    lot = state.lots[fact.lot]
    if lot.standing.state == SOLD:
        _drop_sale(state, entry, lot)
    lot.standing, kept = without_newest(lot)
    lot.dropped += sorted({a.position for a in lot.actions} - {a.position for a in kept})
    lot.actions = kept
    state.is_deadline_stale = True


def _bids_retracted(state: EventState, entry: Entry, fact: f.BidsRetracted) -> None:
    lot = state.lots[fact.lot]
    if lot.is_running:
        lot.standing, lot.actions = replay_without(lot, fact.paddle)
        lot.is_rewritten = True
    lot.absentees.pop(fact.paddle, None)


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


def _paddle_locked(state: EventState, entry: Entry, fact: f.PaddleLocked) -> None:
    paddle = state.paddles[fact.paddle]
    paddle.is_locked = True
    paddle.is_banned = fact.ban


def _paddle_unlocked(state: EventState, entry: Entry, fact: f.PaddleUnlocked) -> None:
    paddle = state.paddles[fact.paddle]
    paddle.is_locked = paddle.is_banned = False


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
        _move(lot, "sell")
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
    f.BidPlaced: _bid_placed,
    f.MaxRaised: _max_raised,
    f.AbsenteeLeft: _absentee_left,
    f.FloorAssigned: _floor_assigned,
    f.ItemSold: _item_sold,
    f.LotOpened: _lot_opened,
    f.LotReopened: _lot_reopened,
    f.LotWarned: _lot_warned,
    f.AskChanged: _ask_changed,
    f.RemoteLocked: _remote_locked,
    f.LotPassed: _lot_passed,
    f.PledgeMade: _pledge_made,
    f.PledgeVoided: _pledge_voided,
    f.PledgeClosed: _pledge_closed,
    f.MatchSet: _match_set,
    f.ChallengeSet: _challenge_set,
    f.ChallengeMet: _challenge_met,
    f.LotWithdrawn: _lot_withdrawn,
    f.LotExtended: _lot_extended,
    f.BidUndone: _bid_undone,
    f.BidsRetracted: _bids_retracted,
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
