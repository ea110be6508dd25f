"""Offers: units of a choice lot for its winner, and lots for the bidder after them.

Owns: what a winner chooses, who is offered what, and what an answer brings about. Invariant: a lot
has at most one offer that waits for an answer, always at the bidder's own last visible bid.
Source: rules 20 and 21.
"""

from __future__ import annotations

from saleroom.auction import commands as c
from saleroom.auction import gates
from saleroom.auction.bidding import Decision
from saleroom.auction.buying import not_enough, units_left
from saleroom.auction.contest import visible_bids
from saleroom.auction.facts import (
    Fact,
    ItemSold,
    LotReopened,
    OfferAnswered,
    OfferMade,
    PaymentRecorded,
    UnitsChosen,
)
from saleroom.auction.lot import SOLD, Lot
from saleroom.auction.refusal import Code, Refusal
from saleroom.auction.room import ring_free
from saleroom.auction.state import OPEN, Asked, EventState


def choose_units(state: EventState, asked: Asked, command: c.ChooseUnits) -> Decision:
    """Let the winner of a choice lot take units; what is left is offered, then re-opened."""
    if refusal := _not_the_winner(state, asked, command) or gates.event_begun(state):
        return refusal
    found = _asking(state, asked, command.lot, command.paddle)
    if isinstance(found, Refusal):
        return found
    lot, paddle = found
    if refusal := gates.may_bid(state, lot, paddle):
        return refusal
    if not lot.is_choice:
        return gates.lot_refusal(lot, Code.WRONG_MODE)
    win = lot.choice
    if win is None:
        return gates.lot_refusal(lot, Code.NO_CHOICE)
    units, available = command.units, win.units + (units_left(lot) or 0)
    if units > available:
        return not_enough(lot, available)
    if refusal := gates.amounts_valid(lot, win.amount * units):
        return refusal
    more = win.amount * (units - win.units)
    if more and (refusal := gates.within_limit(state, lot, paddle, more)):
        return refusal
    remaining = available - units
    chosen: list[Fact] = [UnitsChosen(lot.number, paddle, units, remaining)]
    if not remaining:
        return chosen
    following = None if win.how == "offer" else _next_bidder(state, lot)
    if following is None:
        return chosen + _for_a_new_round(state, lot)
    return [*chosen, OfferMade(lot.number, *following)]


def offer_runner_up(state: EventState, asked: Asked, command: c.OfferRunnerUp) -> Decision:
    """Offer a lot whose winner defaults to the next bidder. An offer unanswered lapses."""
    if refusal := gates.event_begun(state):
        return refusal
    lot = gates.lot_known(state, command.lot)
    if isinstance(lot, Refusal):
        return lot
    if lot.mode not in ("silent", "live") or lot.is_choice:
        return gates.lot_refusal(lot, Code.WRONG_MODE)
    if lot.standing.state != SOLD:
        return gates.lot_refusal(lot, Code.NOT_SOLD)
    winner = lot.wins[-1]
    if winner.is_paid:
        return gates.lot_refusal(lot, Code.ALREADY_PAID)
    following = _next_bidder(state, lot)
    if following is None:
        return gates.lot_refusal(lot, Code.NO_BIDS)
    return [OfferMade(lot.number, *following, winner.paddle, command.reason)]


def answer_offer(state: EventState, asked: Asked, command: c.AnswerOffer) -> Decision:
    """Take an offer, or leave it."""
    if refusal := gates.event_begun(state):
        return refusal
    found = _asking(state, asked, command.lot, command.paddle)
    if isinstance(found, Refusal):
        return found
    lot, paddle = found
    if command.accept and (refusal := gates.may_bid(state, lot, paddle)):
        return refusal
    offer = lot.offer
    if offer is None or offer.paddle != paddle:
        return gates.lot_refusal(lot, Code.NO_OFFER)
    answered: list[Fact] = [OfferAnswered(lot.number, paddle, command.accept)]
    if not command.accept:
        return answered + (_for_a_new_round(state, lot) if lot.is_choice else [])
    if refusal := gates.within_limit(state, lot, paddle, offer.amount):
        return refusal
    remaining = (units_left(lot) or 0) - 1 if lot.is_choice else None
    return [*answered, ItemSold(lot.number, paddle, offer.amount, 1, "offer", remaining)]


def record_payment(state: EventState, asked: Asked, command: c.RecordPayment) -> Decision:
    """Note that a paddle's part of a lot is paid, so that nobody else is offered it."""
    if refusal := gates.event_begun(state):
        return refusal
    lot = gates.lot_known(state, command.lot)
    if isinstance(lot, Refusal):
        return lot
    wins = [win for win in lot.wins if win.paddle == command.paddle]
    if not wins:
        return gates.lot_refusal(lot, Code.NOT_SOLD)
    if all(win.is_paid for win in wins):
        return gates.lot_refusal(lot, Code.ALREADY_PAID)
    return [PaymentRecorded(lot.number, command.paddle)]


def _asking(
    state: EventState, asked: Asked, number: int, named: int | None
) -> tuple[Lot, int] | Refusal:
    lot = gates.lot_known(state, number)
    if isinstance(lot, Refusal):
        return lot
    paddle = gates.acting_paddle(state, asked, named)
    return gates.lot_refusal(lot, paddle.code) if isinstance(paddle, Refusal) else (lot, paddle)


def _not_the_winner(state: EventState, asked: Asked, command: c.ChooseUnits) -> Refusal | None:
    """Only the winner chooses; this comes before all else (rule 29)."""
    lot = state.lots.get(command.lot)
    win = None if lot is None else lot.choice
    paddle = gates.acting_paddle(state, asked, command.paddle)
    if lot is None or win is None or isinstance(paddle, Refusal) or paddle == win.paddle:
        return None
    return Refusal(Code.FORBIDDEN, detail="only the winner chooses units")


def _next_bidder(state: EventState, lot: Lot) -> tuple[int, int] | None:
    """Give the paddle to offer to and its own last visible bid, None when nobody is left."""
    passed_over = {win.paddle for win in lot.wins}
    for offer in lot.offers:
        passed_over |= {offer.paddle, offer.instead_of or offer.paddle}
    seen = [
        (paddle, amount)
        for paddle, amount in visible_bids(lot).items()
        if paddle not in passed_over and not state.paddles[paddle].is_locked
    ]
    return max(seen, key=lambda bid: bid[1], default=None)


def _for_a_new_round(state: EventState, lot: Lot) -> list[Fact]:
    """Re-open a choice lot for what is left of it, if the room is free to sell it now."""
    if state.status != OPEN or ring_free(state, lot) is not None:
        return []
    return [LotReopened(lot.number, fresh=True)]
