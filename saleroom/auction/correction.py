"""Corrections: undo, and the retraction of a paddle's bids.

Owns: what is taken back and what then stands. Invariant: a correction is an appended fact; nothing
is ever removed from the journal, and an end is never shortened. Source: rules 17, 18 and 19's ban.
"""

from __future__ import annotations

from saleroom.auction import commands as c
from saleroom.auction import gates
from saleroom.auction.bidding import Decision
from saleroom.auction.contest import replay_without, without_newest
from saleroom.auction.facts import BidsRetracted, BidUndone
from saleroom.auction.lot import UNDOABLE, Action, Lot
from saleroom.auction.refusal import Code, Refusal
from saleroom.auction.room import was_followed
from saleroom.auction.state import Asked, EventState

ENDS_LOT = frozenset({"sell", "pass"})
"""The kinds of action that end a lot by hand."""


def undo(state: EventState, asked: Asked, command: c.Undo) -> Decision:
    """Take back the newest human action on a lot with its automatic effects."""
    if refusal := _late(state, command) or gates.event_correctable(state):
        return refusal
    lot = gates.lot_known(state, command.lot)
    if isinstance(lot, Refusal):
        return lot
    action = newest_undoable(lot)
    if action is None or action.seq is None:
        return gates.lot_refusal(lot, Code.NOTHING_TO_UNDO)
    if command.expect_seq is not None and command.expect_seq != action.seq:
        return gates.lot_refusal(lot, Code.STALE_ASK)
    if action.kind == "sell" and lot.wins[-1].is_paid:
        return gates.lot_refusal(lot, Code.ALREADY_PAID)
    after, _ = without_newest(lot)
    return [
        BidUndone(lot.number, action.seq, after.price, after.leader, after.min_next, after.state)
    ]


def _late(state: EventState, command: c.Undo) -> Refusal | None:
    """An ending is undone until the next lot of its ring opens; so long the ring is free."""
    lot = state.lots.get(command.lot)
    action = None if lot is None else newest_undoable(lot)
    if lot is None or action is None or action.kind not in ENDS_LOT or not was_followed(state, lot):
        return None
    return Refusal(Code.FORBIDDEN, detail="the next lot has opened: re-open with a reason")


def newest_undoable(lot: Lot) -> Action | None:
    """Find what undo would take back; silent raises are stepped over.

    An ending by the clock or by a purchase is no action of this kind, and hides those before it;
    so do units chosen or offered (rules 20, 21).
    """
    if lot.is_settled:
        return None
    for action in reversed(lot.actions):
        if action.kind in UNDOABLE:
            return action if lot.is_running or action.kind in ENDS_LOT else None
    return None


def retract_bids(state: EventState, asked: Asked, command: c.RetractBids) -> Decision:
    """Drop all of one paddle's bids and maxes on a lot and replay the rest (rule 18)."""
    if refusal := gates.event_correctable(state):
        return refusal
    lot = gates.lot_known(state, command.lot)
    if isinstance(lot, Refusal):
        return lot
    if lot.has_ended:
        is_paid = any(win.is_paid for win in lot.wins if win.paddle == command.paddle)
        return gates.lot_refusal(lot, Code.ALREADY_PAID if is_paid else Code.LOT_CLOSED)
    if command.paddle not in state.paddles:
        return gates.lot_refusal(lot, Code.UNKNOWN_PADDLE)
    if not has_bids(lot, command.paddle):
        return gates.lot_refusal(lot, Code.NO_BIDS)
    return [retraction(lot, command.paddle, command.reason)]


def has_bids(lot: Lot, paddle: int) -> bool:
    """Say whether a paddle has a bid or a max on the lot."""
    return paddle in lot.absentees or any(a.paddle == paddle for a in lot.actions)


def retraction(lot: Lot, paddle: int, reason: str) -> BidsRetracted:
    """State what stands on a lot without a paddle's bids."""
    if lot.is_running:
        after, _ = replay_without(lot, paddle)
    else:
        after = lot.standing
    return BidsRetracted(lot.number, paddle, after.price, after.leader, after.min_next, reason)
