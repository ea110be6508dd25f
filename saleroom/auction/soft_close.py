"""When a lot ends: extension by late bids.

Owns: the arithmetic of rules 7 and 9. Invariant: an end never moves to an earlier time, and never
past its cap. Source: rules 7 and 9.
"""

from __future__ import annotations

from saleroom.auction.definition import SoftClose
from saleroom.auction.facts import LotExtended
from saleroom.auction.lot import Lot
from saleroom.auction.state import EventState


def policy_of(state: EventState, lot: Lot) -> SoftClose:
    """Give the lot's own policy, else the event's."""
    return lot.definition.soft_close or state.soft_close


def extended_end(lot: Lot, policy: SoftClose, at: int) -> int | None:
    """Give the end after a price-changing bid at `at` (ms), None when it does not move."""
    end, original = lot.ends_at, lot.original_end
    if lot.mode != "silent" or end is None or original is None:
        return None
    if not end - policy.window <= at < end:
        return None
    moved = (end if policy.start_from == "end" else at) + policy.extension
    return _capped(policy, end, original, moved)


def extensions(state: EventState, lot: Lot, end: int) -> list[LotExtended]:
    """Move a lot to its new end, and every other open lot of its group by as much."""
    assert lot.ends_at is not None
    assert lot.original_end is not None
    moved = [LotExtended(lot.number, end, lot.original_end, "soft_close")]
    group = lot.definition.group
    if group is None:
        return moved
    for other in state.running_lots():
        if other.definition.group != group or other.mode != "silent" or other is lot:
            continue
        if other.ends_at is None or other.original_end is None:
            continue
        wanted = other.ends_at + end - lot.ends_at
        reached = _capped(policy_of(state, other), other.ends_at, other.original_end, wanted)
        if reached is not None:
            moved.append(LotExtended(other.number, reached, other.original_end, "soft_close"))
    return moved


def _capped(policy: SoftClose, end: int, original: int, moved: int) -> int | None:
    """Give `moved`, or the cap before it; None when that is not later than `end`."""
    if policy.cap is not None:
        moved = min(moved, original + policy.cap)
    return moved if moved > end else None
