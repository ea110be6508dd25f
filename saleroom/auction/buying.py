"""Purchases at a fixed price: buy-now on silent lots, and sale lots.

Owns: what is decided when somebody buys. Invariant: exactly `quantity` units are ever sold.
Source: rules 10 and 11.
"""

from __future__ import annotations

from saleroom.auction import commands as c
from saleroom.auction import gates
from saleroom.auction.bidding import Decision, is_for_sale
from saleroom.auction.facts import ItemSold
from saleroom.auction.lot import Lot
from saleroom.auction.refusal import Code, Refusal
from saleroom.auction.state import Asked, EventState


def buy(state: EventState, asked: Asked, command: c.Buy) -> Decision:
    """Decide a purchase."""
    found = gates.bidder(state, asked, command.lot, command.paddle)
    if isinstance(found, Refusal):
        return found
    lot, paddle = found
    if refusal := gates.amounts_valid(lot, command.price):
        return refusal
    if lot.mode == "sale":
        return _buy_units(state, lot, paddle, command)
    price = lot.definition.buy_now
    if price is None or not is_for_sale(lot):
        return gates.lot_refusal(lot, Code.NOT_FOR_SALE)
    if command.price is not None and command.price != price:
        return gates.lot_refusal(lot, Code.STALE_PRICE)
    if command.units > 1:
        return not_enough(lot, 1)
    if refusal := gates.within_limit(state, lot, paddle, price):
        return refusal
    return [ItemSold(lot.number, paddle, price, 1, "buy_now")]


def units_left(lot: Lot) -> int | None:
    """Give how many units a sale or choice lot still has, None for one that never runs out."""
    quantity = lot.definition.quantity
    return quantity - lot.units_sold if quantity else None


def _buy_units(state: EventState, lot: Lot, paddle: int, command: c.Buy) -> Decision:
    price, left = lot.definition.opening, units_left(lot)
    if command.price is not None and command.price != price:
        return gates.lot_refusal(lot, Code.STALE_PRICE)
    if left is not None and command.units > left:
        return not_enough(lot, left)
    total = price * command.units
    if refusal := gates.amounts_valid(lot, total) or gates.within_limit(state, lot, paddle, total):
        return refusal
    remaining = None if left is None else left - command.units
    return [ItemSold(lot.number, paddle, price, command.units, "purchase", remaining)]


def not_enough(lot: Lot, left: int) -> Refusal:
    """Refuse more units than are left."""
    refusal = gates.lot_refusal(lot, Code.NOT_ENOUGH_LEFT)
    return Refusal(refusal.code, {**refusal.extras, "left": left})
