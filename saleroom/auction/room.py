"""The room: what auctioneer and clerk do to a live lot.

Owns: opening, asking, warning, hammer, pass, re-opening, withdrawal, the online lock. Invariant:
one open live lot per ring, and every step is one of the lot machine's. Source: rules 12-16, 25.
"""

from __future__ import annotations

from saleroom.auction import commands as c
from saleroom.auction import gates
from saleroom.auction.bidding import Decision
from saleroom.auction.buying import not_enough, units_left
from saleroom.auction.contest import eligible_absentees, open_with
from saleroom.auction.facts import (
    AskChanged,
    BidPlaced,
    Fact,
    ItemSold,
    LotOpened,
    LotPassed,
    LotReopened,
    LotWarned,
    LotWithdrawn,
    RemoteLocked,
)
from saleroom.auction.lot import (
    FAIR_WARNING,
    FINAL_CALL,
    PASSED,
    QUEUED,
    SOLD,
    WITHDRAWN,
    Lot,
)
from saleroom.auction.refusal import Code, Refusal
from saleroom.auction.roles import Role, outranks
from saleroom.auction.state import CLOSED, Asked, EventState


def open_lot(state: EventState, asked: Asked, command: c.OpenLot) -> Decision:
    """Bring a queued live lot into its ring, with the maxes left for it (rule 16)."""
    lot = _in_running_event(state, command.lot)
    if isinstance(lot, Refusal):
        return lot
    if lot.has_ended:
        return gates.lot_refusal(lot, Code.LOT_CLOSED)
    if refusal := gates.in_mode(lot, "live") or ring_free(state, lot):
        return refusal
    facts: list[Fact] = [LotOpened(lot.number)]
    after = open_with(lot, eligible_absentees(state, lot).values())
    if after.price is not None:
        assert after.ceiling is not None
        facts.append(
            BidPlaced(
                lot.number,
                after.leader,
                after.leader,
                after.price,
                after.min_next,
                after.bid_count,
                "absentee",
                after.reserve_met,
                ask=after.min_next,
                bid=after.ceiling,
                is_max=True,
                ceiling=after.ceiling,
            )
        )
    return facts


def set_ask(state: EventState, asked: Asked, command: c.SetAsk) -> Decision:
    """Set what the next bid must be, and from then on the step when one is given."""
    lot = _live(state, command.lot)
    if isinstance(lot, Refusal):
        return lot
    if refusal := gates.amounts_valid(lot, command.ask, command.step):
        return refusal
    if lot.standing.price is not None and command.ask <= lot.standing.price:
        return gates.lot_refusal(lot, Code.ASK_TOO_LOW)
    return [AskChanged(lot.number, command.ask, command.step)]


def fair_warning(state: EventState, asked: Asked, command: c.FairWarning) -> Decision:
    """Say that the lot is about to be sold."""
    return _warn(state, command.lot, FAIR_WARNING)


def final_call(state: EventState, asked: Asked, command: c.FinalCall) -> Decision:
    """Say it for the last time."""
    return _warn(state, command.lot, FINAL_CALL)


def sell_lot(state: EventState, asked: Asked, command: c.SellLot) -> Decision:
    """Let the hammer fall, for the standing bid that the caller saw."""
    lot = _live(state, command.lot)
    if isinstance(lot, Refusal):
        return lot
    if refusal := gates.amounts_valid(lot, command.expect_amount):
        return refusal
    standing = lot.standing
    if standing.leader is None or standing.price is None:
        return gates.lot_refusal(lot, Code.NO_BIDS)
    if command.expect_paddle not in (None, standing.leader):
        return gates.lot_refusal(lot, Code.STALE_ASK)
    if command.expect_amount not in (None, standing.price):
        return gates.lot_refusal(lot, Code.STALE_ASK)
    if standing.reserve_met is False and not command.override_reserve:
        return gates.lot_refusal(lot, Code.RESERVE_NOT_MET)
    left = units_left(lot)
    remaining = left - 1 if lot.is_choice and left is not None else None
    return [ItemSold(lot.number, standing.leader, standing.price, 1, "hammer", remaining)]


def pass_lot(state: EventState, asked: Asked, command: c.PassLot) -> Decision:
    """End a live lot unsold."""
    lot = _live(state, command.lot)
    return lot if isinstance(lot, Refusal) else [LotPassed(lot.number, "auctioneer")]


def reopen_lot(state: EventState, asked: Asked, command: c.ReopenLot) -> Decision:
    """Bring a sold lot back with its bids, or a passed one for a new round (rule 12).

    A choice lot of which units were chosen or offered comes back for those that are left (20).
    """
    if refusal := _late(state, asked, command) or gates.event_correctable(state):
        return refusal
    lot = gates.lot_known(state, command.lot)
    if isinstance(lot, Refusal):
        return lot
    if _is_reopenable(lot):
        is_fresh = _starts_anew(lot)
        if not is_fresh and lot.wins[-1].is_paid:
            return gates.lot_refusal(lot, Code.ALREADY_PAID)
        if is_fresh and units_left(lot) == 0:
            return not_enough(lot, 0)
        if refusal := ring_free(state, lot):
            return refusal
        return [LotReopened(lot.number, is_fresh, command.reason)]
    if lot.standing.state == QUEUED:
        return gates.lot_refusal(lot, Code.LOT_NOT_OPEN)
    if lot.standing.state == WITHDRAWN:
        return gates.lot_refusal(lot, Code.LOT_CLOSED)
    return gates.in_mode(lot, "live") or gates.lot_refusal(lot, Code.RING_BUSY)


def withdraw_lot(state: EventState, asked: Asked, command: c.WithdrawLot) -> Decision:
    """Take a lot out of the sale for good: its pledges with it, what was bought of it not.

    Before the event opens too: a lot that is not to be sold need not wait for it.
    """
    if state.status == CLOSED:
        return Refusal(Code.EVENT_NOT_OPEN)
    lot = gates.lot_known(state, command.lot)
    if isinstance(lot, Refusal):
        return lot
    if lot.has_ended:
        return gates.lot_refusal(lot, Code.LOT_CLOSED)
    voided = None if lot.fund is None else lot.fund.total + lot.fund.match
    return [LotWithdrawn(lot.number, command.reason, voided)]


def lock_remote(state: EventState, asked: Asked, command: c.LockRemote) -> Decision:
    """Refuse online bids on a live lot, or take them again (rule 15)."""
    if refusal := gates.event_correctable(state):
        return refusal
    lot = gates.lot_known(state, command.lot)
    if isinstance(lot, Refusal):
        return lot
    if lot.has_ended:
        return gates.lot_refusal(lot, Code.LOT_CLOSED)
    return gates.in_mode(lot, "live") or [RemoteLocked(lot.number, command.on)]


def _late(state: EventState, asked: Asked, command: c.ReopenLot) -> Refusal | None:
    """Once the next lot has opened, only an admin with a reason takes a sale back."""
    lot = state.lots.get(command.lot)
    if lot is None or not _is_reopenable(lot) or _starts_anew(lot) or not was_followed(state, lot):
        return None
    if not outranks(asked.role, Role.ADMIN):
        return Refusal(Code.FORBIDDEN, detail="the next lot has opened: ask an admin")
    if command.reason is None:
        return Refusal(Code.MALFORMED, detail="the next lot has opened: give a reason")
    return None


def _is_reopenable(lot: Lot) -> bool:
    return lot.mode == "live" and lot.standing.state in (SOLD, PASSED)


def _starts_anew(lot: Lot) -> bool:
    """Say whether a lot comes back without its bids: passed, or sold but for units left (20)."""
    return lot.standing.state == PASSED or (lot.is_choice and lot.is_settled)


def was_followed(state: EventState, lot: Lot) -> bool:
    """Say whether another lot of the ring opened after this one."""
    return state.last_opened.get(lot.definition.ring) != lot.number


def ring_free(state: EventState, lot: Lot) -> Refusal | None:
    """Pass when no live lot is open in the lot's ring."""
    busy = state.open_lot_of(lot.definition.ring) is not None
    return gates.lot_refusal(lot, Code.RING_BUSY) if busy else None


def _in_running_event(state: EventState, number: int) -> Lot | Refusal:
    return gates.event_running(state) or gates.lot_known(state, number)


def _live(state: EventState, number: int) -> Lot | Refusal:
    """Give a running live lot of an open event."""
    lot = _in_running_event(state, number)
    if isinstance(lot, Refusal):
        return lot
    return gates.lot_running(lot) or gates.in_mode(lot, "live") or lot


def _warn(state: EventState, number: int, stage: str) -> Decision:
    lot = _live(state, number)
    return lot if isinstance(lot, Refusal) else [LotWarned(lot.number, stage)]
