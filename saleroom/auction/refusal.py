"""Refusals: commands lawfully declined, and their order.

Owns: the codes and which comes first when several apply. Invariant: a refusal is a value, it
changes nothing. Source: rule 29 and the rules that name each code.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

import attrs


class Code(Enum):
    """Why a command was declined, in the order of rule 29; those of single rules come last."""

    MALFORMED = "it is not a command of this protocol"
    UNAUTHENTICATED = "sign in first"
    FORBIDDEN = "your role may not do this"
    RATE_LIMITED = "too many commands; wait a moment"
    ID_REUSED = "this id was used for another command"
    EVENT_NOT_OPEN = "the event is not open"
    EVENT_PAUSED = "the event is paused"
    UNKNOWN_LOT = "there is no such lot"
    LOT_NOT_OPEN = "the lot is not open yet"
    LOT_CLOSED = "the lot has ended"
    REMOTE_LOCKED = "online bidding on this lot is locked"
    NO_PADDLE = "you have no paddle in this event"
    UNKNOWN_PADDLE = "there is no such paddle"
    PADDLE_LOCKED = "the paddle is locked"
    TERMS_NOT_ACCEPTED = "accept the current terms first"
    OWN_LOT = "the lot's donor may not bid on it"
    BUY_ONLY = "this lot takes no bids"
    NOT_A_PLEDGE = "this lot takes no pledges"
    MAX_NOT_ALLOWED = "no maximum bids while this lot is open"
    WRONG_MODE = "this command is not for lots of this kind"
    INVALID_AMOUNT = "amounts are whole numbers from 1 to 1000000000000"
    BID_TOO_LOW = "the bid is below the minimum"
    MAX_NOT_HIGHER = "your maximum is already as high"
    STALE_ASK = "the ask has changed"
    STALE_PRICE = "the price has changed"
    NOT_FOR_SALE = "buy-now is not available"
    NOT_ENOUGH_LEFT = "not that many are left"
    UNKNOWN_LEVEL = "pledges on this lot are at its levels only"
    DUPLICATE_PLEDGE = "you have pledged at this level; confirm to pledge again"
    UNKNOWN_PLEDGE = "there is no such pledge, or it is void already"
    ASK_TOO_LOW = "the ask must be above the price"
    NOT_SOLD = "the lot is not sold"
    NO_CHOICE = "there are no units to choose"
    NO_OFFER = "there is no offer to this paddle"
    ALREADY_PAID = "the lot has been paid for"
    NO_BIDS = "there is no bid to act on"
    RESERVE_NOT_MET = "the reserve is not met"
    RING_BUSY = "another lot of this ring is open"
    NOTHING_TO_UNDO = "there is nothing to undo"
    OVER_LIMIT = "this would pass the paddle's limit"
    INVALID_SOFT_CLOSE = "window and extension are 1 s to 1 h, cap 0 to 4 h"
    INVALID_LOT = "the lot's definition does not hold"
    INVALID_END = "the new end must be later than the present one"
    PADDLE_TAKEN = "the paddle is taken"
    EVENT_ALREADY_OPEN = "the event is open already"
    EVENT_CLOSED = "the event has closed"


@attrs.frozen
class Refusal:
    """A declined command. extras: what the answer says besides, such as `min_next`."""

    code: Code
    extras: Mapping[str, Any] = attrs.field(factory=dict)
    detail: str | None = None

    @property
    def message(self) -> str:
        """One sentence for a person."""
        return self.detail or self.code.value
