"""When a lot ends: extension by late bids.

Owns: the arithmetic of rule 7. Invariant: an end never moves to an earlier time, and never past
its cap. Source: rule 7.
"""

from __future__ import annotations

from saleroom.auction.definition import SoftClose
from saleroom.auction.lot import Lot


def extended_end(lot: Lot, policy: SoftClose, at: int) -> int | None:
    """Give the end after a price-changing bid at `at` (ms), None when it does not move."""
    end, original = lot.ends_at, lot.original_end
    if lot.mode != "silent" or end is None or original is None:
        return None
    if not end - policy.window <= at < end:
        return None
    moved = (end if policy.start_from == "end" else at) + policy.extension
    if policy.cap is not None:
        moved = min(moved, original + policy.cap)
    return moved if moved > end else None
