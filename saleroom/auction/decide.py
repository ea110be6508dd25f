"""The rule book's front door: (state, what is asked) -> facts or a refusal.

Owns: which function decides which command. Invariant: deciding changes nothing; the same state and
the same question give the same facts. Source: ARCHITECTURE section 1, rules 24, 29.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from saleroom.auction import (
    bidding,
    buying,
    correction,
    gates,
    offers,
    paddles,
    pledges,
    room,
    running,
)
from saleroom.auction import commands as c
from saleroom.auction.bidding import Decision
from saleroom.auction.refusal import Refusal
from saleroom.auction.state import Asked, EventState

DECIDES: dict[type[c.Command], Callable[[EventState, Asked, Any], Decision]] = {
    c.PlaceBid: bidding.place_bid,
    c.SetMaxBid: bidding.set_max_bid,
    c.FloorBid: bidding.floor_bid,
    c.AssignFloor: bidding.assign_floor,
    c.Buy: buying.buy,
    c.Pledge: pledges.pledge,
    c.ChooseUnits: offers.choose_units,
    c.OfferRunnerUp: offers.offer_runner_up,
    c.AnswerOffer: offers.answer_offer,
    c.VoidPledge: pledges.void_pledge,
    c.SetMatch: pledges.set_match,
    c.SetChallenge: pledges.set_challenge,
    c.OpenLot: room.open_lot,
    c.SetAsk: room.set_ask,
    c.FairWarning: room.fair_warning,
    c.FinalCall: room.final_call,
    c.SellLot: room.sell_lot,
    c.PassLot: room.pass_lot,
    c.ReopenLot: room.reopen_lot,
    c.WithdrawLot: room.withdraw_lot,
    c.LockRemote: room.lock_remote,
    c.Undo: correction.undo,
    c.RetractBids: correction.retract_bids,
    c.LockPaddle: paddles.lock_paddle,
    c.UnlockPaddle: paddles.unlock_paddle,
    c.AddPaddle: paddles.add_paddle,
    c.ChangePaddle: paddles.change_paddle,
    c.OpenEvent: running.open_event,
    c.PauseEvent: running.pause_event,
    c.ResumeEvent: running.resume_event,
    c.CloseEvent: running.close_event,
    c.ExtendLot: running.extend_lot,
    c.Announce: running.announce,
    c.SetSoftClose: running.set_soft_close,
    c.AddLot: running.add_lot,
    c.ChangeLot: running.change_lot,
}

HOUSE_DECIDES: dict[type[c.Command], Callable[[EventState, Asked, Any], Decision]] = {
    c.RecordPayment: offers.record_payment,
}
"""What the house asks of itself; it has no name on the wire."""


def permit(state: EventState, asked: Asked) -> Refusal | None:
    """Check that the asker may ask this at all; it comes before a reused id is noticed."""
    return gates.permitted(state, asked)


def decide(state: EventState, asked: Asked) -> Decision:
    """Decide a permitted command whose deadlines have been fired."""
    kind = type(asked.command)
    return (DECIDES.get(kind) or HOUSE_DECIDES[kind])(state, asked, asked.command)
