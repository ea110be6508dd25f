"""Running the event: opening, pausing, closing, its lots' definitions and policies.

Owns: what is decided about the event as a whole. Invariant: the status follows `EVENT_MACHINE`, and
an event closes only with every lot ended. Source: RULES "Events and lots", rules 7, 27, 31.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from saleroom.auction import commands as c
from saleroom.auction import gates
from saleroom.auction.bidding import Decision
from saleroom.auction.definition import (
    TIME_MAX,
    DefinitionError,
    LotDefinition,
    SoftClose,
    define_lot,
    lot_plain,
    soft_close_plain,
)
from saleroom.auction.facts import (
    Announcement,
    EventClosed,
    EventOpened,
    EventPaused,
    EventResumed,
    Fact,
    LotAdded,
    LotChanged,
    LotExtended,
    LotPassed,
    PledgeClosed,
    SoftCloseSet,
)
from saleroom.auction.lot import QUEUED, Lot
from saleroom.auction.refusal import Code, Refusal
from saleroom.auction.state import OPEN, PAUSED, Asked, EventState
from saleroom.auction.timekeeping import end_by_clock, open_by_clock, opens_by_clock


def open_event(state: EventState, asked: Asked, command: c.OpenEvent) -> Decision:
    """Open the event and every timed lot that is due."""
    if state.status == OPEN:
        return Refusal(Code.EVENT_ALREADY_OPEN)
    if refusal := gates.event_not_closed(state):
        return refusal
    if state.status == PAUSED:
        return Refusal(Code.EVENT_PAUSED)
    facts: list[Fact] = [EventOpened()]
    for lot in state.lots.values():
        if opens_by_clock(lot) and (lot.starts_at is None or lot.starts_at <= asked.at):
            facts += open_by_clock(lot, asked.at)
    return facts


def pause_event(state: EventState, asked: Asked, command: c.PauseEvent) -> Decision:
    """Stop the clock and the bidding."""
    return gates.event_running(state) or [EventPaused(command.reason)]


def resume_event(state: EventState, asked: Asked, command: c.ResumeEvent) -> Decision:
    """Go on with the time that every lot had left (rule 27)."""
    if state.status == OPEN:
        return Refusal(Code.EVENT_ALREADY_OPEN)
    if state.status != PAUSED or state.paused_at is None:
        return Refusal(Code.EVENT_NOT_OPEN)
    shift = asked.at - state.paused_at
    ends = [
        (lot.number, lot.ends_at + shift)
        for lot in state.lots.values()
        if lot.ends_at is not None and is_frozen(lot)
    ]
    return [EventResumed(ends, shift)]


def is_frozen(lot: Lot) -> bool:
    """Say whether a pause freezes the lot's time: open, or waiting for the clock."""
    return lot.is_running or opens_by_clock(lot)


def close_event(state: EventState, asked: Asked, command: c.CloseEvent) -> Decision:
    """End every lot by its rules, then the event (rule 31)."""
    if refusal := gates.event_correctable(state):
        return refusal
    facts: list[Fact] = []
    for lot in state.lots.values():
        if lot.standing.state == QUEUED:
            facts.append(LotPassed(lot.number, "event_closed"))
        elif lot.is_running:
            facts += _end_at_close(lot)
    return [*facts, EventClosed()]


def _end_at_close(lot: Lot) -> list[Fact]:
    """End a running lot. A sale lot of which units were sold ends with the event's own fact."""
    if lot.mode == "silent":
        return end_by_clock(lot)
    if lot.fund is not None:
        fund = lot.fund
        return [PledgeClosed(lot.number, fund.total, fund.match, fund.donors)]
    if lot.mode == "sale" and lot.wins:
        return []
    return [LotPassed(lot.number, "event_closed")]


def extend_lot(state: EventState, asked: Asked, command: c.ExtendLot) -> Decision:
    """Move a silent lot's end to a later time."""
    if refusal := gates.event_running(state):
        return refusal
    lot = gates.lot_known(state, command.lot)
    if isinstance(lot, Refusal):
        return lot
    if refusal := gates.lot_running(lot) or gates.in_mode(lot, "silent"):
        return refusal
    if lot.ends_at is not None and command.ends_at <= lot.ends_at:
        return gates.lot_refusal(lot, Code.INVALID_END)
    if not asked.at < command.ends_at <= TIME_MAX:
        return gates.lot_refusal(lot, Code.INVALID_END)
    moved = command.ends_at - (lot.ends_at or command.ends_at)
    original = (lot.original_end or command.ends_at) + moved
    return [LotExtended(lot.number, command.ends_at, original, "extended")]


def announce(state: EventState, asked: Asked, command: c.Announce) -> Decision:
    """Say something to everyone."""
    return gates.event_correctable(state) or [Announcement(command.text)]


def set_soft_close(state: EventState, asked: Asked, command: c.SetSoftClose) -> Decision:
    """Change the policy of lots without their own, from the next accepted bid on."""
    if refusal := gates.event_not_closed(state):
        return refusal
    policy = SoftClose(command.window, command.extension, command.cap, command.start_from)
    if not policy.is_lawful():
        return Refusal(Code.INVALID_SOFT_CLOSE)
    return [SoftCloseSet(soft_close_plain(policy))]


def add_lot(state: EventState, asked: Asked, command: c.AddLot) -> Decision:
    """Add a lot at the end of the running order, or under a free number."""
    if refusal := gates.event_not_closed(state):
        return refusal
    number = command.lot if command.lot is not None else max(state.lots, default=0) + 1
    if number in state.lots:
        return Refusal(Code.INVALID_LOT, {"field": "lot"}, f"lot {number} exists already")
    added = _defined({**command.fields, "lot": number})
    return added if isinstance(added, Refusal) else [LotAdded(added.lot, lot_plain(added))]


def change_lot(state: EventState, asked: Asked, command: c.ChangeLot) -> Decision:
    """Change the definition of a lot that has not opened; null clears a field."""
    if refusal := gates.event_not_closed(state):
        return refusal
    lot = gates.lot_known(state, command.lot)
    if isinstance(lot, Refusal):
        return lot
    if lot.standing.state != QUEUED:
        refusal = gates.lot_refusal(lot, Code.LOT_CLOSED)
        return attrs.evolve(refusal, detail="only a lot that has not opened is changed")
    current = attrs.evolve(lot.definition, starts_at=lot.starts_at, ends_at=lot.ends_at)
    changed = _defined({**lot_plain(current), **command.fields, "lot": lot.number})
    if isinstance(changed, Refusal):
        return changed
    if lot.absentees and changed.mode != lot.mode:
        return Refusal(Code.INVALID_LOT, {"field": "mode"}, "maximums are left on the lot")
    if any(left.max < changed.opening for left in lot.absentees.values()):
        return Refusal(Code.INVALID_LOT, {"field": "opening"}, "a maximum left is below it")
    return [LotChanged(lot.number, lot_plain(changed))]


def _defined(fields: Mapping[str, Any]) -> LotDefinition | Refusal:
    try:
        return define_lot(fields)
    except DefinitionError as error:
        return Refusal(Code.INVALID_LOT, {"field": error.field}, str(error))
