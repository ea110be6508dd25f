"""What the clock brings about: lots open and end, and time lost is given back.

Owns: deadlines, what happens at each, and the shift after an outage. Invariant: deadlines fire in
the order of (time, lot), and none fires while the event is not open. Source: rules 6, 8, 27.
"""

from __future__ import annotations

from saleroom.auction.facts import Fact, ItemSold, LotExtended, LotOpened, LotPassed
from saleroom.auction.lot import QUEUED, Lot
from saleroom.auction.state import OPEN, Deadline, EventState

OUTAGE_UNNOTICED_MS = 200
"""An outage below this moves nothing."""
OUTAGE_LONG_MS = 2_000
"""From here on every open end moves by the outage."""
OUTAGE_NEAR_MS = 5_000
"""An end within this after recovery counts as hit by the outage."""
OUTAGE_GRACE_MS = 60_000
"""What a lot hit by an outage has left at least."""


def next_deadline(state: EventState) -> Deadline | None:
    """Give the next deadline, None while nothing is due ever."""
    if state.is_deadline_stale:
        state.deadline = min(_deadlines(state), default=None)
        state.is_deadline_stale = False
    return state.deadline


def fire(state: EventState, deadline: Deadline) -> list[Fact]:
    """Decide what the clock brings about at a deadline."""
    lot = state.lots[deadline.lot]
    return end_by_clock(lot) if deadline.ends else open_by_clock(lot, max(deadline.at, state.at))


def open_by_clock(lot: Lot, at: int) -> list[Fact]:
    """Open a timed lot; one whose end has gone by passes at once."""
    if lot.ends_at is not None and lot.ends_at <= at:
        return [LotPassed(lot.number, "too_late")]
    return [LotOpened(lot.number, lot.ends_at)]


def end_by_clock(lot: Lot) -> list[Fact]:
    """End a silent lot by its rules: sold to the leader when the reserve is met."""
    standing = lot.standing
    if standing.leader is None or standing.price is None:
        return [LotPassed(lot.number, "no_bids")]
    if standing.reserve_met is False:
        return [LotPassed(lot.number, "reserve_not_met")]
    return [ItemSold(lot.number, standing.leader, standing.price, 1, "clock")]


def recover(state: EventState, alive_at: int, now: int) -> list[Fact]:
    """Give back the time lost between the last sign of life and now (both in ms)."""
    if state.status != OPEN or now - alive_at < OUTAGE_UNNOTICED_MS:
        return []
    facts: list[Fact] = []
    for lot in state.lots.values():
        lost = _lost_by(lot, alive_at, now)
        if lot.ends_at is None or lot.original_end is None or lost < OUTAGE_UNNOTICED_MS:
            continue
        end = lot.ends_at
        if lost >= OUTAGE_LONG_MS:
            end = max(end + lost, now + OUTAGE_GRACE_MS)
        elif end <= now + OUTAGE_NEAR_MS:
            end = now + OUTAGE_GRACE_MS
        if end > lot.ends_at:
            original = lot.original_end + end - lot.ends_at
            facts.append(LotExtended(lot.number, end, original, "outage"))
    return facts


def _lost_by(lot: Lot, alive_at: int, now: int) -> int:
    """Give how long nobody could bid on a lot that was open, or should have opened meanwhile."""
    if lot.is_running:
        return now - alive_at
    return now - max(alive_at, lot.starts_at or 0) if opens_by_clock(lot) else 0


def is_time_running(state: EventState) -> bool:
    """Say whether an outage would cost somebody time: a timed lot is open."""
    return state.status == OPEN and any(lot.ends_at is not None for lot in state.running_lots())


def opens_by_clock(lot: Lot) -> bool:
    """Say whether a lot waits for the clock rather than for the auctioneer."""
    return lot.mode != "live" and lot.standing.state == QUEUED


def _deadlines(state: EventState) -> list[Deadline]:
    if state.status != OPEN:
        return []
    found = []
    for lot in state.lots.values():
        if lot.is_running and lot.mode == "silent" and lot.ends_at is not None:
            found.append(Deadline(lot.ends_at, lot.number, ends=True))
        elif opens_by_clock(lot):
            found.append(Deadline(lot.starts_at or 0, lot.number, ends=False))
    return found
