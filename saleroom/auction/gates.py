"""The gates before a command is decided, in the order of rule 29.

Owns: who may do what to which lot. Invariant: gates are passed in the order of `Code`, so that of
several refusals the first of rule 29 is given. A gate returns a Refusal, or None to pass.
Source: rules 15, 19, 24, 25, 29.
"""

from __future__ import annotations

from saleroom.auction import commands as c
from saleroom.auction.lot import QUEUED, Lot
from saleroom.auction.money import is_amount
from saleroom.auction.refusal import Code, Refusal
from saleroom.auction.roles import LEAST_ROLE, Role, outranks
from saleroom.auction.state import BY_TEXT, CLOSED, OPEN, PAUSED, PUBLISHED, Asked, EventState

_BY_CAPTAINS = (c.PlaceBid, c.SetMaxBid, c.Buy, c.Pledge)
"""What a table captain may do for others."""
_FOR_A_PADDLE = (*_BY_CAPTAINS, c.ChooseUnits, c.AnswerOffer)
"""What a donor does, and staff on behalf of one."""


def permitted(state: EventState, asked: Asked) -> Refusal | None:
    """Check the role, and that only staff or a captain act for a paddle not their own.

    A text names the paddle that its phone was matched to, which need not have a user.
    """
    command = asked.command
    if asked.role is None:
        return Refusal(Code.UNAUTHENTICATED)
    least = LEAST_ROLE.get(type(command))
    if least is None:
        return None  # no client can ask it
    if not outranks(asked.role, least):
        return Refusal(Code.FORBIDDEN)
    if isinstance(command, _FOR_A_PADDLE):
        paddle = command.paddle
        is_others = paddle is not None and paddle != state.paddle_of.get(asked.by)
        if is_others and not (
            outranks(asked.role, Role.CLERK)
            or asked.source == BY_TEXT
            or (isinstance(command, _BY_CAPTAINS) and _is_captain_of(state, asked.by, paddle))
        ):
            return Refusal(Code.FORBIDDEN, detail="you may act with your own paddle only")
    elif _is_auctioneers(command) and not outranks(asked.role, Role.AUCTIONEER):
        return Refusal(Code.FORBIDDEN, detail="only an auctioneer bans, or sells below the reserve")
    return None


def _is_captain_of(state: EventState, user: str, number: int | None) -> bool:
    """Say whether a paddle of the user's own table has opted in to their captaincy (rule 24)."""
    captain = state.paddles.get(state.paddle_of.get(user, 0))
    other = state.paddles.get(number or 0)
    if captain is None or other is None or captain.table is None:
        return False
    return captain.is_captain and other.opted_in and other.table == captain.table


def _is_auctioneers(command: c.Command) -> bool:
    """Say whether a clerk's command asks for what needs an auctioneer (rules 6, 19)."""
    if isinstance(command, c.SellLot):
        return command.override_reserve
    return isinstance(command, c.LockPaddle) and command.ban


def event_running(state: EventState) -> Refusal | None:
    """Pass while the event is open and not paused."""
    if state.status == OPEN:
        return None
    return Refusal(Code.EVENT_PAUSED if state.status == PAUSED else Code.EVENT_NOT_OPEN)


def event_correctable(state: EventState) -> Refusal | None:
    """Pass while the event is open or paused: locks and corrections."""
    return None if state.status in (OPEN, PAUSED) else Refusal(Code.EVENT_NOT_OPEN)


def event_begun(state: EventState) -> Refusal | None:
    """Pass once the event has opened, also after it has closed: what winners and others owe."""
    return Refusal(Code.EVENT_NOT_OPEN) if state.status == PUBLISHED else None


def event_not_closed(state: EventState) -> Refusal | None:
    """Pass until the event has closed: definitions and registrations."""
    return Refusal(Code.EVENT_CLOSED) if state.status == CLOSED else None


def lot_known(state: EventState, number: int) -> Lot | Refusal:
    """Give the lot."""
    lot = state.lots.get(number)
    return Refusal(Code.UNKNOWN_LOT) if lot is None else lot


def lot_running(lot: Lot) -> Refusal | None:
    """Pass while the lot takes bids."""
    if lot.is_running:
        return None
    return lot_refusal(lot, Code.LOT_NOT_OPEN if lot.standing.state == QUEUED else Code.LOT_CLOSED)


def takes_absentee(state: EventState, lot: Lot) -> bool:
    """Say whether a max on this lot is an absentee bid: live and still queued (rule 14)."""
    return lot.mode == "live" and lot.standing.state == QUEUED and state.status in (PUBLISHED, OPEN)


def remote_open(lot: Lot) -> Refusal | None:
    """Pass unless online bids on the lot are locked (rule 15)."""
    return lot_refusal(lot, Code.REMOTE_LOCKED) if lot.remote_locked else None


def acting_paddle(state: EventState, asked: Asked, named: int | None) -> int | Refusal:
    """Find whose paddle acts: the one named, else the user's own."""
    number = named if named is not None else state.paddle_of.get(asked.by)
    if number is None:
        return Refusal(Code.NO_PADDLE)
    return Refusal(Code.UNKNOWN_PADDLE) if number not in state.paddles else number


def bidder(
    state: EventState, asked: Asked, number: int, named: int | None
) -> tuple[Lot, int] | Refusal:
    """Pass all gates of rule 25, from the event to the paddle's own standing."""
    if refusal := event_running(state):
        return refusal
    lot = lot_known(state, number)
    if isinstance(lot, Refusal):
        return lot
    if refusal := lot_running(lot) or remote_open(lot):
        return refusal
    paddle = paddle_of(state, asked, lot, named)
    return paddle if isinstance(paddle, Refusal) else (lot, paddle)


def paddle_of(state: EventState, asked: Asked, lot: Lot, named: int | None) -> int | Refusal:
    """Find whose paddle acts on a lot, and that it may."""
    paddle = acting_paddle(state, asked, named)
    if isinstance(paddle, Refusal):
        return lot_refusal(lot, paddle.code)
    return may_bid(state, lot, paddle) or paddle


def may_bid(state: EventState, lot: Lot, number: int) -> Refusal | None:
    """Check the paddle's own standing: lock, terms, and not the lot's donor."""
    paddle = state.paddles[number]
    if paddle.is_locked:
        return lot_refusal(lot, Code.PADDLE_LOCKED)
    if paddle.terms_version < state.definition.terms_version:
        return lot_refusal(lot, Code.TERMS_NOT_ACCEPTED)
    if lot.definition.donor_paddle == number:
        return lot_refusal(lot, Code.OWN_LOT)
    return None


def amounts_valid(lot: Lot | None, *amounts: int | None) -> Refusal | None:
    """Pass when every amount given is in bounds."""
    for amount in amounts:
        if amount is not None and not is_amount(amount):
            code = Code.INVALID_AMOUNT
            return Refusal(code) if lot is None else lot_refusal(lot, code)
    return None


def in_mode(lot: Lot, mode: str) -> Refusal | None:
    """Pass when the lot is of this mode."""
    return None if lot.mode == mode else lot_refusal(lot, Code.WRONG_MODE)


def within_limit(state: EventState, lot: Lot, number: int, amount: int) -> Refusal | None:
    """Check rule 19's limit as if this amount led or was bought."""
    limit = state.paddles[number].limit
    if limit is None:
        return None
    exposure = amount
    for other in state.lots.values():
        exposure += sum(win.amount * win.units for win in other.wins if win.paddle == number)
        leads = other.is_running and other.standing.leader == number
        if leads and other.number != lot.number:
            exposure += other.standing.ceiling or 0
    return lot_refusal(lot, Code.OVER_LIMIT) if exposure > limit else None


def lot_refusal(lot: Lot, code: Code) -> Refusal:
    """Refuse with what every bid answer carries."""
    standing = lot.standing
    return Refusal(
        code,
        {
            "lot": lot.number,
            "price": standing.price,
            "leader": standing.leader,
            "min_next": standing.min_next,
        },
    )
