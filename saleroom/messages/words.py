"""What messages say, and whether it is still true when they go.

Owns: the words of every kind, in English, and the test that the news still holds. Invariant: a
message tells the newest durable state; what it does not bear out any more is not told, so that
nobody who leads again hears of having been outbid. Must not know: channels' wires, addresses.
Source: issue 8 point 3, decision 0023, rules 1, 12 and 22.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from saleroom.auction.correction import has_bids
from saleroom.auction.lot import Lot
from saleroom.auction.state import CLOSED, PAUSED, EventState
from saleroom.intake.amounts import decimals
from saleroom.messages.kinds import MINUTE_MS, SMS
from saleroom.storage.message_ports import Delivery

TITLE_CHARS = 48
"""Of a title within a text; a text of several parts costs several times."""
LOTS_NAMED = 12
STOP_WORDS = " Reply STOP to end texts."


@attrs.frozen
class Draft:
    """Words without an address. url: where one acts on them."""

    subject: str
    text: str
    url: str | None = None
    html: str | None = None


@attrs.frozen
class Moot:
    """There is nothing to tell any more, and why."""

    reason: str


@attrs.frozen
class NotYet:
    """It cannot be said at this moment; it may in `wait_ms`."""

    wait_ms: int


Composed = Draft | Moot | NotYet

AWAY = NotYet(5_000)
"""The event is not rebuilt, or runs on another server."""


def money(amount: int, currency: str) -> str:
    """Write an amount: `USD 1,250`, or `USD 1,250.50` where there is a part."""
    places = decimals(currency)
    whole, part = divmod(amount, 10**places)
    return f"{currency} {whole:,}" + (f".{part:0{places}}" if part else "")


def short(title: str) -> str:
    """Give a title on one line, not too long."""
    line = " ".join(title.split())
    return line if len(line) <= TITLE_CHARS else f"{line[: TITLE_CHARS - 1]}…"


def compose(
    delivery: Delivery, state: EventState | None, now_ms: int, public_url: str | None
) -> Composed:
    """Find the words for a delivery. state: the published one, None where it is not at hand."""
    if "text" in delivery.payload:
        said = delivery.payload
        return Draft(said["subject"], said["text"], said.get("url"), said.get("html"))
    if state is None:
        return AWAY
    said_now = _WORDS[delivery.kind](delivery, state, now_ms)
    if isinstance(said_now, Draft) and public_url is not None:
        return attrs.evolve(said_now, url=f"{public_url}/e/{delivery.event}")
    return said_now


def for_channel(draft: Draft, channel: str) -> str:
    """Give the text as a channel carries it: one line for a phone, a letter for e-mail."""
    if channel == SMS:
        link = f" {draft.url}" if draft.url else ""
        return " ".join(draft.text.split()) + link + STOP_WORDS
    return draft.text if draft.url is None else f"{draft.text}\n\n{draft.url}"


def _outbid(delivery: Delivery, state: EventState, now_ms: int) -> Composed:
    lot = _lot(delivery, state)
    if lot is None or not lot.is_running or lot.standing.leader == delivery.paddle:
        return Moot("the lot has ended, or they lead again")
    if not has_bids(lot, delivery.paddle):
        return Moot("their bids were taken back")
    return Draft(
        f"Outbid on lot {lot.number}",
        f"{_opening(state)}you are outbid on {_named(lot)}. {_asks(lot, state)}",
    )


def _ending(delivery: Delivery, state: EventState, now_ms: int) -> Composed:
    lot = _lot(delivery, state)
    if lot is None or not lot.is_running or lot.ends_at is None or lot.ends_at <= now_ms:
        return Moot("the lot has ended")
    if state.status == PAUSED:
        return NotYet(MINUTE_MS)
    minutes = max(1, round((lot.ends_at - now_ms) / MINUTE_MS))
    when = "a minute" if minutes == 1 else f"{minutes} minutes"
    leads = lot.standing.leader == delivery.paddle
    how = "You lead." if leads else f"You do not lead. {_asks(lot, state)}"
    return Draft(
        f"Lot {lot.number} ends soon",
        f"{_opening(state)}{_named(lot)} ends in {when}. {how}",
    )


def _won(delivery: Delivery, state: EventState, now_ms: int) -> Composed:
    lot = _lot(delivery, state)
    amount, units = delivery.payload["amount"], delivery.payload["units"]
    if lot is None or not any(
        win.paddle == delivery.paddle and win.amount == amount for win in lot.wins
    ):
        return Moot("the win was taken back")
    each = "" if units == 1 else f", {units} units at"
    price = money(amount, state.definition.currency)
    preposition = " for " if units == 1 else " "
    return Draft(
        f"You won lot {lot.number}",
        f"{_opening(state)}{_named(lot)} is yours{each}{preposition}{price}. Congratulations!",
    )


def _pledged(delivery: Delivery, state: EventState, now_ms: int) -> Composed:
    lot = _lot(delivery, state)
    if lot is None or lot.fund is None or delivery.paddle not in lot.fund.by_paddle:
        return Moot("the pledge was taken back")
    amount = money(delivery.payload["amount"], state.definition.currency)
    return Draft(
        "Thank you for your pledge",
        f"{_opening(state)}thank you for your pledge of {amount} to {_named(lot)}.",
    )


def _closed(delivery: Delivery, state: EventState, now_ms: int) -> Composed:
    tally = state.tallies.get(delivery.paddle)
    if state.status != CLOSED or tally is None or not tally.total:
        return Moot("they owe nothing")
    lots = [
        str(lot.number)
        for lot in state.lots.values()
        if any(win.paddle == delivery.paddle for win in lot.wins)
    ]
    named = ", ".join(lots[:LOTS_NAMED]) + (" and more" if len(lots) > LOTS_NAMED else "")
    won = f" You won lot{'s' if len(lots) > 1 else ''} {named}." if lots else ""
    total = money(tally.total, state.definition.currency)
    return Draft(
        "The sale is over",
        f"{_opening(state)}the sale is over.{won} Your bids and pledges come to {total}.",
    )


_WORDS: Mapping[str, Callable[[Delivery, EventState, int], Composed]] = {
    "outbid": _outbid,
    "ending": _ending,
    "won": _won,
    "pledge": _pledged,
    "closed": _closed,
}


def _lot(delivery: Delivery, state: EventState) -> Lot | None:
    return state.lots.get(delivery.lot or 0)


def _opening(state: EventState) -> str:
    return f"{short(state.definition.title)}: "


def _named(lot: Lot) -> str:
    return f"lot {lot.number}, {short(lot.definition.title)}"


def _asks(lot: Lot, state: EventState) -> str:
    currency, standing = state.definition.currency, lot.standing
    now = "" if standing.price is None else f"It stands at {money(standing.price, currency)}. "
    return f"{now}The next bid is {money(standing.min_next, currency)}."
