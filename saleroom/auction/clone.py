"""A second copy of an event's state, which then goes its own way.

Owns: which parts of a state are shared. Invariant: values that never change are shared, everything
that `apply` changes in place is copied. Source: I2.
"""

from __future__ import annotations

import copy

from saleroom.auction.lot import Lot
from saleroom.auction.state import EventState


def clone(state: EventState) -> EventState:
    """Copy a state; applying facts to either leaves the other alone."""
    twin = copy.copy(state)
    twin.lots = {number: _clone_lot(lot) for number, lot in state.lots.items()}
    twin.paddles = {number: copy.copy(paddle) for number, paddle in state.paddles.items()}
    twin.paddle_of = dict(state.paddle_of)
    twin.last_opened = dict(state.last_opened)
    twin.tallies = {paddle: copy.copy(tally) for paddle, tally in state.tallies.items()}
    return twin


def _clone_lot(lot: Lot) -> Lot:
    twin = copy.copy(lot)
    twin.actions = list(lot.actions)
    twin.past = list(lot.past)
    twin.absentees = dict(lot.absentees)
    twin.wins = list(lot.wins)
    twin.offers = list(lot.offers)
    twin.dropped = list(lot.dropped)
    twin.fund = None if lot.fund is None else lot.fund.copy()
    return twin
