"""One's own sales: what a paddle has bid, won and pledged, from an event's state.

Owns: how a paddle's bidding is told to its holder. Invariant: only what is the paddle's own is
read; nothing waits between the look at a lot and the row that tells of it. Must not know: who asks,
stores. Source: PROTOCOL 4 (`you`) and 7, rules 4, 16, 19, 22 and 30.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any

import trio

from saleroom.auction.lot import QUEUED, Action, Lot
from saleroom.auction.state import EventState
from saleroom.protocol.views import own_max

BIDS = frozenset({"bid", "raise", "buy"})
SLICE_ACTIONS = 5_000
"""Looked at between two looks at the loop: about 0.5 ms."""


async def own_bids(state: EventState, paddle: int) -> list[dict[str, Any]]:
    """Tell of every lot that a paddle has bid on, in running order."""
    return [row async for lot in _in_slices(state) if (row := _own_bid(lot, paddle)) is not None]


async def own_wins(state: EventState, paddle: int) -> list[dict[str, Any]]:
    """Tell of every win and purchase of a paddle, in order of sale."""
    wins = [
        (
            win.seq,
            {
                "lot": lot.number,
                "title": lot.definition.title,
                "units": win.units,
                "amount": win.amount,
                "total": win.amount * win.units,
                "how": win.how,
                "paid": win.is_paid,
            },
        )
        async for lot in _in_slices(state)
        for win in lot.wins
        if win.paddle == paddle
    ]
    return [row for _, row in sorted(wins, key=lambda win: win[0])]


async def own_pledges(state: EventState, paddle: int) -> list[dict[str, Any]]:
    """Tell of every standing pledge of a paddle, in order."""
    return [
        {
            "lot": lot.number,
            "title": lot.definition.title,
            "level": pledge.level,
            "count": pledge.count,
            "amount": pledge.amount,
            "matched": pledge.matched,
        }
        async for lot in _in_slices(state)
        if lot.fund is not None
        for pledge in [lot.fund.pledges[seq] for seq in lot.fund.by_paddle.get(paddle, ())]
    ]


def standing_sum(bids: Iterable[dict[str, Any]]) -> int:
    """Add up what a paddle's leads may come to; a max counts in full (rule 19)."""
    return sum(bid["max"] or bid["price"] for bid in bids if bid["standing"] == "leading")


async def _in_slices(state: EventState) -> AsyncIterator[Lot]:
    """Go over the lots; between two of them the loop may turn, and the state move on."""
    looked_at = 0
    for lot in list(state.lots.values()):
        yield lot
        looked_at += len(lot.actions)
        if looked_at >= SLICE_ACTIONS:
            looked_at = 0
            await trio.lowlevel.checkpoint()


def _own_bid(lot: Lot, paddle: int) -> dict[str, Any] | None:
    standing = lot.standing
    left = lot.absentees.get(paddle)
    highest = _highest(lot.actions, paddle)
    if highest is None and left is not None:
        highest = left.max
    has_won = any(win.paddle == paddle for win in lot.wins)
    if highest is None and not has_won and not (lot.past and _highest(lot.past, paddle)):
        return None
    return {
        "lot": lot.number,
        "title": lot.definition.title,
        "mode": lot.mode,
        "state": standing.state,
        "price": standing.price,
        "min_next": standing.min_next,
        "ends_at": lot.ends_at,
        "highest": highest,
        "max": own_max(lot, paddle),
        "standing": _standing(lot, paddle, has_won=has_won),
    }


def _highest(actions: Iterable[Action], paddle: int) -> int | None:
    return max(
        (
            action.amount
            for action in actions
            if action.paddle == paddle and action.kind in BIDS and action.amount is not None
        ),
        default=None,
    )


def _standing(lot: Lot, paddle: int, *, has_won: bool) -> str:
    if has_won:
        return "won"
    if lot.standing.state == QUEUED:
        return "waiting"
    if lot.is_running:
        return "leading" if lot.standing.leader == paddle else "outbid"
    return "lost"
