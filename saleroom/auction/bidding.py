"""Bids: straight, by max, absentee, and from the floor.

Owns: what is decided when somebody bids. Invariant: one command is one decision, and the price it
leaves follows from `contest` alone. Source: rules 1-7, 9, 10, 13-16, 19, 25.
"""

from __future__ import annotations

from saleroom.auction import commands as c
from saleroom.auction import gates
from saleroom.auction.contest import contend, floor_minimum
from saleroom.auction.facts import (
    AbsenteeLeft,
    BidPlaced,
    Fact,
    FloorAssigned,
    ItemSold,
    MaxRaised,
)
from saleroom.auction.lot import Lot, Standing
from saleroom.auction.refusal import Code, Refusal
from saleroom.auction.soft_close import extended_end, extensions, policy_of
from saleroom.auction.state import Asked, EventState

Decision = list[Fact] | Refusal

TAKES_NO_BIDS = frozenset({"sale", "pledge"})


def place_bid(state: EventState, asked: Asked, command: c.PlaceBid) -> Decision:
    """Decide an online straight bid (rules 5, 10, 14)."""
    found = gates.bidder(state, asked, command.lot, command.paddle)
    if isinstance(found, Refusal):
        return found
    lot, paddle = found
    if lot.mode in TAKES_NO_BIDS:
        return gates.lot_refusal(lot, Code.BUY_ONLY)
    if refusal := gates.amounts_valid(lot, command.amount):
        return refusal
    standing, buy_now = lot.standing, lot.definition.buy_now
    if is_for_sale(lot) and buy_now is not None and command.amount >= buy_now:
        if refusal := gates.within_limit(state, lot, paddle, buy_now):
            return refusal
        return [ItemSold(lot.number, paddle, buy_now, 1, "buy_now")]
    if command.amount < standing.min_next:
        is_live = lot.mode == "live"
        return gates.lot_refusal(lot, Code.STALE_ASK if is_live else Code.BID_TOO_LOW)
    if refusal := gates.within_limit(state, lot, paddle, command.amount):
        return refusal
    after = contend(lot, standing, paddle, command.amount, is_max=False)
    return _placed(
        state, asked, lot, after, paddle, command.amount, is_max=False, source=asked.source
    )


def set_max_bid(state: EventState, asked: Asked, command: c.SetMaxBid) -> Decision:
    """Decide a max: a challenge, a leader's raise, or one left for a queued live lot."""
    waiting = state.lots.get(command.lot)
    if waiting is not None and gates.takes_absentee(state, waiting):
        return _leave_absentee(state, asked, command, waiting)
    found = gates.bidder(state, asked, command.lot, command.paddle)
    if isinstance(found, Refusal):
        return found
    lot, paddle = found
    if lot.mode in TAKES_NO_BIDS:
        return gates.lot_refusal(lot, Code.BUY_ONLY)
    if lot.mode == "live":
        return gates.lot_refusal(lot, Code.MAX_NOT_ALLOWED)
    if refusal := gates.amounts_valid(lot, command.max):
        return refusal
    standing = lot.standing
    if standing.leader == paddle:
        return _raise_max(state, asked, lot, paddle, command.max)
    if command.max < standing.min_next:
        return gates.lot_refusal(lot, Code.BID_TOO_LOW)
    if refusal := gates.within_limit(state, lot, paddle, command.max):
        return refusal
    after = contend(lot, standing, paddle, command.max, is_max=True)
    return _placed(state, asked, lot, after, paddle, command.max, is_max=True, source=asked.source)


def floor_bid(state: EventState, asked: Asked, command: c.FloorBid) -> Decision:
    """Decide a bid from the room, at the ask or at a typed amount (rule 13)."""
    if refusal := gates.event_running(state):
        return refusal
    lot = gates.lot_known(state, command.lot)
    if isinstance(lot, Refusal):
        return lot
    if refusal := gates.lot_running(lot):
        return refusal
    if command.paddle is not None:
        if command.paddle not in state.paddles:
            return gates.lot_refusal(lot, Code.UNKNOWN_PADDLE)
        if refusal := gates.may_bid(state, lot, command.paddle):
            return refusal
    if refusal := gates.in_mode(lot, "live"):
        return refusal
    amount = lot.standing.min_next if command.amount is None else command.amount
    if refusal := gates.amounts_valid(lot, amount):
        return refusal
    if amount < floor_minimum(lot, lot.standing):
        return gates.lot_refusal(lot, Code.BID_TOO_LOW)
    if command.paddle is not None and (
        refusal := gates.within_limit(state, lot, command.paddle, amount)
    ):
        return refusal
    after = contend(lot, lot.standing, command.paddle, amount, is_max=False)
    return _placed(state, asked, lot, after, command.paddle, amount, is_max=False, source="floor")


def assign_floor(state: EventState, asked: Asked, command: c.AssignFloor) -> Decision:
    """Give the standing floor bid its paddle."""
    if refusal := gates.event_running(state):
        return refusal
    lot = gates.lot_known(state, command.lot)
    if isinstance(lot, Refusal):
        return lot
    if refusal := gates.lot_running(lot):
        return refusal
    if command.paddle not in state.paddles:
        return gates.lot_refusal(lot, Code.UNKNOWN_PADDLE)
    if refusal := gates.may_bid(state, lot, command.paddle):
        return refusal
    if refusal := gates.in_mode(lot, "live"):
        return refusal
    standing = lot.standing
    if standing.price is None or standing.leader is not None:
        return gates.lot_refusal(lot, Code.NO_BIDS)
    if refusal := gates.within_limit(state, lot, command.paddle, standing.price):
        return refusal
    return [FloorAssigned(lot.number, command.paddle)]


def is_for_sale(lot: Lot) -> bool:
    """Say whether a silent lot can be bought now (rule 10)."""
    buy_now, price = lot.definition.buy_now, lot.standing.price
    return lot.mode == "silent" and buy_now is not None and (price is None or price < buy_now)


def _leave_absentee(state: EventState, asked: Asked, command: c.SetMaxBid, lot: Lot) -> Decision:
    if refusal := gates.remote_open(lot):
        return refusal
    paddle = gates.paddle_of(state, asked, lot, command.paddle)
    if isinstance(paddle, Refusal):
        return paddle
    if refusal := gates.amounts_valid(lot, command.max):
        return refusal
    if command.max < lot.definition.opening:
        return gates.lot_refusal(lot, Code.BID_TOO_LOW)
    left = lot.absentees.get(paddle)
    if left is not None and command.max <= left.max:
        return gates.lot_refusal(lot, Code.MAX_NOT_HIGHER)
    if refusal := gates.within_limit(state, lot, paddle, command.max):
        return refusal
    return [AbsenteeLeft(lot.number, paddle, command.max)]


def _raise_max(state: EventState, asked: Asked, lot: Lot, paddle: int, maximum: int) -> Decision:
    """Raise the leader's own max: silent, unless it meets the reserve (rules 4, 6)."""
    standing = lot.standing
    if maximum <= (standing.ceiling or 0):
        return gates.lot_refusal(lot, Code.MAX_NOT_HIGHER)
    if refusal := gates.within_limit(state, lot, paddle, maximum):
        return refusal
    after = contend(lot, standing, paddle, maximum, is_max=True, adds=False)
    if after.price == standing.price:
        return [MaxRaised(lot.number, paddle, maximum)]
    return _placed(
        state, asked, lot, after, paddle, maximum, is_max=True, source=asked.source, counts=False
    )


def _placed(
    state: EventState,
    asked: Asked,
    lot: Lot,
    after: Standing,
    paddle: int | None,
    amount: int,
    *,
    is_max: bool,
    source: str,
    counts: bool = True,
) -> list[Fact]:
    """Put a bid and the extension it brings into facts."""
    assert after.price is not None
    assert after.ceiling is not None
    is_live = lot.mode == "live"
    end = extended_end(lot, policy_of(state, lot), asked.at) if counts else None
    placed = BidPlaced(
        lot.number,
        after.leader,
        paddle,
        after.price,
        after.min_next,
        after.bid_count,
        source,
        after.reserve_met,
        amount,
        is_max,
        after.ceiling,
        counts,
        None if is_live else end or lot.ends_at,
        after.min_next if is_live else None,
    )
    if end is None:
        return [placed]
    return [placed, *extensions(state, lot, end)]
