"""Paddles: who bids under which number, and who may no longer.

Owns: registrations, tables, limits, locks and renumbering. Invariant: a number is one bidder's, and
the lowest free one is given first. Source: rules 19 and 24, PROTOCOL sections 3 and 7.
"""

from __future__ import annotations

from saleroom.auction import commands as c
from saleroom.auction import gates
from saleroom.auction.bidding import Decision
from saleroom.auction.correction import has_bids, retraction
from saleroom.auction.facts import (
    Fact,
    PaddleAdded,
    PaddleChanged,
    PaddleLocked,
    PaddleRenumbered,
    PaddleUnlocked,
)
from saleroom.auction.refusal import Code, Refusal
from saleroom.auction.state import PADDLE_LAST, Asked, EventState


def lock_paddle(state: EventState, asked: Asked, command: c.LockPaddle) -> Decision:
    """Stop a paddle's new bids; a ban also retracts those on open lots."""
    if refusal := _correctable(state, command.paddle):
        return refusal
    facts: list[Fact] = [PaddleLocked(command.paddle, command.reason, command.ban)]
    if command.ban:
        facts += [
            retraction(lot, command.paddle, command.reason)
            for lot in state.running_lots()
            if has_bids(lot, command.paddle)
        ]
    return facts


def unlock_paddle(state: EventState, asked: Asked, command: c.UnlockPaddle) -> Decision:
    """Let a paddle bid again."""
    return _correctable(state, command.paddle) or [PaddleUnlocked(command.paddle)]


def add_paddle(state: EventState, asked: Asked, command: c.AddPaddle) -> Decision:
    """Register a bidder under the number asked for, else the lowest free one."""
    if refusal := gates.event_not_closed(state):
        return refusal
    if refusal := gates.amounts_valid(None, command.limit):
        return refusal
    if refusal := _holds_another(state, command.user, None):
        return refusal
    number = state.free_paddle() if command.paddle is None else command.paddle
    if number in state.paddles or not _is_number(number):
        return Refusal(Code.PADDLE_TAKEN, detail=f"paddles are 1 to {PADDLE_LAST}, each given once")
    return [
        PaddleAdded(
            number,
            command.user,
            command.limit,
            command.table,
            captain=command.captain,
            opted_in=command.opted_in,
        )
    ]


def change_paddle(state: EventState, asked: Asked, command: c.ChangePaddle) -> Decision:
    """Change a paddle's limit, table, captaincy, accepted terms or number; give it a user."""
    if refusal := gates.event_not_closed(state):
        return refusal
    if command.paddle not in state.paddles:
        return Refusal(Code.UNKNOWN_PADDLE)
    if refusal := gates.amounts_valid(None, command.limit):
        return refusal
    if refusal := _holds_another(state, command.user, command.paddle):
        return refusal
    if command.user is not None and state.paddles[command.paddle].user not in (None, command.user):
        return Refusal(Code.PADDLE_TAKEN, detail="the paddle is another user's")
    changed = PaddleChanged(
        command.paddle,
        command.limit,
        command.table,
        command.terms_version,
        command.captain,
        command.opted_in,
        command.user,
    )
    new = command.new_paddle
    if new is None or new == command.paddle:
        return [changed]
    if new in state.paddles or not _is_number(new):
        return Refusal(Code.PADDLE_TAKEN, detail=f"paddles are 1 to {PADDLE_LAST}, each given once")
    renumbered = PaddleRenumbered(command.paddle, new)
    return [renumbered] if changed == PaddleChanged(command.paddle) else [changed, renumbered]


def _holds_another(state: EventState, user: str | None, paddle: int | None) -> Refusal | None:
    held = None if user is None else state.paddle_of.get(user)
    if held in (None, paddle):
        return None
    return Refusal(Code.PADDLE_TAKEN, {"paddle": held}, f"the user holds paddle {held}")


def _is_number(paddle: int) -> bool:
    return 1 <= paddle <= PADDLE_LAST


def _correctable(state: EventState, paddle: int) -> Refusal | None:
    if refusal := gates.event_correctable(state):
        return refusal
    return None if paddle in state.paddles else Refusal(Code.UNKNOWN_PADDLE)
