"""Texts that people send: what they mean, and the words that answer them.

Owns: the reading of a text, and the answer to every outcome. Invariant: a text has one meaning or
is answered with how to write it; an amount is in whole units of the currency, `250` being 250 and
`250.50` a half more, never cents. Has no phone, clock or store. Source: issue 8 point 3, decision
0024, RULES "Amounts", CTIA "Messaging Principles" (STOP, HELP).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

import attrs

from saleroom.messages.words import money

CHARS_MAX: Final = 320
LOT_DIGITS_MAX: Final = 6

HOW = "Text the lot and your bid, for example 17 250."
HELP_TEXT = f"{HOW} STOP ends messages, START brings them back. Message and data rates may apply."
STOPPED = "You get no more messages from us. Text START to get them again."
STARTED = f"You get messages from us again. {HOW}"
NOT_UNDERSTOOD = f"We did not understand this. {HOW}"
NO_LOT = f"Which lot? {HOW}"
NO_AMOUNT = f"How much? {HOW}"
UNKNOWN_PHONE = "This phone has no paddle at a sale that is under way. Please see the desk."
SHARED_PHONE = "More than one paddle has this phone, so we cannot tell whose bid it is. {}"
WHICH_SALE = "This phone has a paddle at more than one sale: {}. {}"
ON_THE_PAGE = "Please bid on the page."
BUSY = "We are busy. Your bid was not taken; please text it again in a moment."
NOT_KNOWN = "We cannot tell yet whether your bid was taken. Please look on the page."


class Word(Enum):
    """A text that is no bid."""

    STOP = "stop"
    START = "start"
    HELP = "help"


@attrs.frozen
class TextBid:
    """A bid as it was written. amount: yet to be read in the sale's currency."""

    lot: int
    amount: str


@attrs.frozen
class Unclear:
    """A text with no meaning, or more than one, and what its sender is told."""

    answer: str


_WORDS: Mapping[str, Word] = {
    **dict.fromkeys(
        ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"), Word.STOP
    ),
    **dict.fromkeys(("START", "YES", "UNSTOP"), Word.START),
    **dict.fromkeys(("HELP", "INFO"), Word.HELP),
}
_LOT = rf"(?:bid\s+)?(?:(?:on\s+)?lot\s+)?(?:#|no\.?\s*)?(?P<lot>[0-9]{{1,{LOT_DIGITS_MAX}}})"
_BID = re.compile(
    rf"{_LOT}\s+(?P<amount>\S*[0-9]\S*|[A-Z]{{3}} ?[0-9]\S*|[0-9]\S* [A-Z]{{3}})", re.I
)
_LOT_ALONE = re.compile(rf"(?:bid|lot)\s+{_LOT}|bid\s+[0-9]+", re.I)
_NUMBER_ALONE = re.compile(r"\S*[0-9]\S*")


def read_text(body: str) -> TextBid | Word | Unclear:
    """Read a text."""
    text = " ".join(body.split())
    if len(text) > CHARS_MAX or not text.isprintable():
        return Unclear(NOT_UNDERSTOOD)
    word = _WORDS.get(text.upper().rstrip(".!"))
    if word is not None:
        return word
    found = _BID.fullmatch(text)
    if found is not None:
        number = int(found["lot"])
        return TextBid(number, found["amount"]) if number else Unclear(NO_LOT)
    if _LOT_ALONE.fullmatch(text):
        return Unclear(NO_AMOUNT)
    return Unclear(NO_LOT if _NUMBER_ALONE.fullmatch(text) else NOT_UNDERSTOOD)


def accepted(ack: Mapping[str, Any], bid: TextBid, amount: int, currency: str) -> str:
    """Say what became of a bid that was taken. ack: the event's answer."""
    price, next_bid = money(ack["price"], currency), money(ack["min_next"], currency)
    if "units" in ack:
        return f"Lot {bid.lot} is yours for {price}. Congratulations!"
    if ack["leading"]:
        return f"Your bid of {money(amount, currency)} leads lot {bid.lot}. Thank you!"
    return (
        f"Your bid of {money(amount, currency)} on lot {bid.lot} was taken, but another bidder is "
        f"ahead at {price}. The next bid is {next_bid}."
    )


def refused(code: str, extras: Mapping[str, Any], detail: str, bid: TextBid, currency: str) -> str:
    """Say why a bid was not taken."""
    if code in ("BID_TOO_LOW", "STALE_ASK"):
        least = money(extras["min_next"], currency)
        return f"Not enough: the next bid on lot {bid.lot} is {least}."
    said = _REFUSALS.get(code)
    return said.format(lot=bid.lot) if said is not None else f"Your bid was not taken: {detail}."


_REFUSALS: Final[Mapping[str, str]] = {
    "UNKNOWN_LOT": "There is no lot {lot}.",
    "LOT_NOT_OPEN": "Lot {lot} is not open yet.",
    "LOT_CLOSED": "Lot {lot} has ended. Your bid was not taken.",
    "EVENT_NOT_OPEN": "The sale is not open.",
    "EVENT_PAUSED": "The sale is paused. Please text your bid again when it goes on.",
    "EVENT_CLOSED": "The sale is over.",
    "REMOTE_LOCKED": "Bids on lot {lot} are taken in the room only at this moment.",
    "UNKNOWN_PADDLE": UNKNOWN_PHONE,
    "NO_PADDLE": UNKNOWN_PHONE,
    "PADDLE_LOCKED": "Your paddle is locked. Please see the desk.",
    "TERMS_NOT_ACCEPTED": "Please accept the terms of the sale on the page first.",
    "OWN_LOT": "You gave lot {lot}, so you may not bid on it.",
    "BUY_ONLY": "Lot {lot} has a fixed price or takes pledges: please use the page.",
    "OVER_LIMIT": "This bid would go above the limit of your paddle. Please see the desk.",
    "INVALID_AMOUNT": "That is no amount that can be bid.",
    "RATE_LIMITED": BUSY,
    "OVERLOADED": BUSY,
    "OUTCOME_UNKNOWN": NOT_KNOWN,
    "INTERNAL": NOT_KNOWN,
}
