"""What facts about lots change: bids, sales, the room, pledges, corrections.

Owns: every change of a lot's state, and of the sums that follow from it. Invariant: a lot's state
moves along its machine's table only, and what is credited is what the lot's wins and pledges say.
Source: ARCHITECTURE I10, rules 2 to 23 and 30.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from saleroom.auction import facts as f
from saleroom.auction.contest import (
    asking,
    at_fixed_price,
    eligible_absentees,
    named,
    replay_without,
    without_newest,
)
from saleroom.auction.fund import Challenge, Fund, Matching, Pledge
from saleroom.auction.lot import (
    SOLD,
    Absentee,
    Action,
    Lot,
    Offer,
    Standing,
    Win,
    first_standing,
    next_state,
)
from saleroom.auction.state import Entry, EventState, Tally


def move(lot: Lot, trigger: str) -> None:
    """Follow a step of the lot's machine."""
    lot.standing = attrs.evolve(lot.standing, state=_step(lot, trigger))


def _step(lot: Lot, trigger: str) -> str:
    state = next_state(lot.mode, lot.standing.state, trigger)
    if state is None:
        raise ValueError(f"lot {lot.number}: no {trigger!r} from {lot.standing.state!r}")
    return state


def _act(lot: Lot, entry: Entry, kind: str, **details: Any) -> None:
    lot.actions.append(Action(entry.position, entry.seq, entry.at, kind, lot.standing, **details))


def _credit(state: EventState, entry: Entry, paddle: int, amount: int) -> None:
    if not amount:
        return
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
    is_in_place = fact.how == "offer" and not lot.is_choice
    if is_in_place:
        _drop_sale(state, entry, lot)
    lot.wins.append(
        Win(fact.paddle, fact.amount, fact.units, fact.how, entry.seq, may_choose=lot.is_choice)
    )
    _credit(state, entry, fact.paddle, fact.amount * fact.units)
    state.is_deadline_stale = True
    if fact.how == "hammer":
        _act(lot, entry, "sell")
    elif fact.how == "buy_now":
        _act(lot, entry, "buy", paddle=fact.paddle, amount=fact.amount)
    if fact.how == "buy_now" or is_in_place:
        lot.standing = at_fixed_price(lot, fact.paddle, fact.amount)
    if fact.how != "offer" and (fact.how != "purchase" or fact.remaining == 0):
        move(lot, "sell")


def _units_chosen(state: EventState, entry: Entry, fact: f.UnitsChosen) -> None:
    lot = state.lots[fact.lot]
    win = lot.wins[-1]
    lot.wins[-1] = attrs.evolve(win, units=fact.units, may_choose=False)
    _credit(state, entry, win.paddle, win.amount * (fact.units - win.units))


def _offer_made(state: EventState, entry: Entry, fact: f.OfferMade) -> None:
    lot = state.lots[fact.lot]
    lot.offers.append(Offer(fact.paddle, fact.amount, fact.instead_of))


def _offer_answered(state: EventState, entry: Entry, fact: f.OfferAnswered) -> None:
    offers = state.lots[fact.lot].offers
    offers[-1] = attrs.evolve(offers[-1], is_accepted=fact.accepted)


def _payment_recorded(state: EventState, entry: Entry, fact: f.PaymentRecorded) -> None:
    lot = state.lots[fact.lot]
    lot.wins = [
        attrs.evolve(win, is_paid=True) if win.paddle == fact.paddle else win for win in lot.wins
    ]


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
        sale = lot.actions.pop()
        lot.dropped.append(sale.position)
        lot.standing = attrs.evolve(sale.before, state=reopened)
    lot.offers = []
    state.last_opened[lot.definition.ring] = lot.number


def _drop_sale(state: EventState, entry: Entry, lot: Lot) -> None:
    win = lot.wins.pop()
    _credit(state, entry, win.paddle, -win.amount * win.units)


def _lot_warned(state: EventState, entry: Entry, fact: f.LotWarned) -> None:
    lot = state.lots[fact.lot]
    _act(lot, entry, "warn")
    move(lot, "warn" if fact.stage == "fair_warning" else "call")


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
    move(lot, "pass")
    state.is_deadline_stale = True


def _pledge_closed(state: EventState, entry: Entry, fact: f.PledgeClosed) -> None:
    move(state.lots[fact.lot], "close")
    state.is_deadline_stale = True


def _lot_withdrawn(state: EventState, entry: Entry, fact: f.LotWithdrawn) -> None:
    lot = state.lots[fact.lot]
    move(lot, "withdraw")
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


LOT_APPLIES: dict[type[f.Fact], Callable[[EventState, Entry, Any], None]] = {
    f.BidPlaced: _bid_placed,
    f.MaxRaised: _max_raised,
    f.AbsenteeLeft: _absentee_left,
    f.FloorAssigned: _floor_assigned,
    f.ItemSold: _item_sold,
    f.UnitsChosen: _units_chosen,
    f.OfferMade: _offer_made,
    f.OfferAnswered: _offer_answered,
    f.PaymentRecorded: _payment_recorded,
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
}
"""{kind of fact: what it changes}"""
