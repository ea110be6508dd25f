"""A feed told to people: one readable line per message.

Owns: the words of `saleroom watch` and of the demo. Invariant: unknown messages are shown, never
hidden or fatal. Source: PROTOCOL section 4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

Message = Mapping[str, Any]

MINOR_DIGITS = {"JPY": 0, "KRW": 0, "CLP": 0, "VND": 0, "BHD": 3, "KWD": 3, "TND": 3}


class Story:
    """What has been heard of one event, so that lines can name lots and money."""

    def __init__(self) -> None:
        self.currency = ""
        self.titles: dict[int, str] = {}

    def hear(self, message: Message) -> None:
        """Take note of a message without telling it."""
        for _ in self.lines(message):
            pass

    def lines(self, message: Message) -> Iterator[str]:
        """Tell one message of the server."""
        kind = message["type"]
        if kind == "welcome":
            yield from self._welcome(message)
        elif kind == "feed":
            for fact in message["events"]:
                yield f"#{fact['seq']:<6} {self.fact_line(fact)}"
        elif kind == "leaderboard_update":
            top = ", ".join(f"{r['paddle']} ({self.money(r['total'])})" for r in message["top"])
            yield f"        raised {self.money(message['raised'])}; ahead: {top or 'nobody yet'}"
        elif kind == "outbid":
            yield f"     !  you are outbid on {self._lot(message)}: {self._next(message)}"
        elif kind == "won":
            yield f"     !  {self._lot(message)} is yours for {self.money(message['amount'])}"
        elif kind == "max_changed":
            yield f"     !  your maximum on {self._lot(message)} is {self.money(message['max'])}"
        elif kind not in ("presence", "heartbeat"):
            yield f"        {kind} {dict(message)}"

    def money(self, amount: int | None) -> str:
        """Write an amount of the event's minor unit."""
        if amount is None:
            return "-"
        digits = MINOR_DIGITS.get(self.currency, 2)
        return f"{amount / 10**digits:,.{digits}f} {self.currency}".strip()

    def _welcome(self, message: Message) -> Iterator[str]:
        you = message["you"]
        snapshot = message.get("snapshot")
        if snapshot is None:
            yield f"        back again, nothing missed since #{message['seq']}"
            return
        event = snapshot["event"]
        self.currency = event["currency"]
        self.titles = {lot["lot"]: lot["title"] for lot in snapshot["lots"]}
        who = f"paddle {you['paddle']}" if you["paddle"] else you["role"] or "a spectator"
        yield f"        {event['title']} ({event['status']}), you are {who}"
        for lot in snapshot["lots"]:
            yield (
                f"        lot {lot['lot']:>3}  {lot['mode']:<6} {lot['state']:<12} "
                f"{self.money(lot['price']):>16}  {self._holder(lot['leader']):<11} {lot['title']}"
            )

    def fact_line(self, fact: Message) -> str:
        """Tell one fact of the feed."""
        tell = _TOLD.get(fact["type"])
        if tell is not None:
            return tell(self, fact)
        details = {k: v for k, v in fact.items() if k not in ("seq", "type", "at", "lot")}
        about = f" {self._lot(fact)}" if "lot" in fact else ""
        return f"{fact['type'].replace('_', ' ')}{about} {details or ''}".rstrip()

    def _bid(self, fact: Message) -> str:
        count = f", {fact['bids']} bids" if fact.get("bids", 1) > 1 else ""
        leader = self._holder(fact["paddle"])
        return f"{self._lot(fact)}: {self.money(fact['amount'])} {leader} ({fact['source']}{count})"

    def _sold(self, fact: Message) -> str:
        units = f"{fact['units']} x " if fact["units"] > 1 else ""
        price = self.money(fact["amount"])
        return f"{self._lot(fact)}: SOLD {units}{price} to {self._holder(fact['paddle'])}"

    def _pledged(self, fact: Message) -> str:
        level, total = self.money(fact["level"]), self.money(fact["total"] + fact["match"])
        return f"{self._lot(fact)}: {level} by {self._holder(fact['paddle'])}, {total} in all"

    def _opened(self, fact: Message) -> str:
        until = f", ends {_clock(fact['ends_at'])}" if "ends_at" in fact else ""
        return f"{self._lot(fact)}: open{until}"

    def _reopened(self, fact: Message) -> str:
        how = "for a new round" if fact["fresh"] else "with its bids"
        return f"{self._lot(fact)}: open again {how}"

    def _extended(self, fact: Message) -> str:
        return f"{self._lot(fact)}: now ends {_clock(fact['ends_at'])}"

    def _warned(self, fact: Message) -> str:
        return f"{self._lot(fact)}: {fact['stage'].replace('_', ' ')}"

    def _ask(self, fact: Message) -> str:
        return f"{self._lot(fact)}: asking {self.money(fact['ask'])}"

    def _said(self, fact: Message) -> str:
        return f'"{fact["text"]}"'

    def _passed(self, fact: Message) -> str:
        return f"{self._lot(fact)}: passed ({fact['reason'].replace('_', ' ')})"

    def _next(self, message: Message) -> str:
        price, least = self.money(message["price"]), self.money(message["min_next"])
        return f"{price}, next {least}"

    def _lot(self, message: Message) -> str:
        number = message["lot"]
        title = self.titles.get(number, "")
        return f"lot {number} {title}".rstrip()

    @staticmethod
    def _holder(paddle: int | None) -> str:
        return "-" if paddle is None else f"paddle {paddle}"


def _clock(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC).astimezone():%H:%M:%S}"


_TOLD: dict[str, Callable[[Story, Message], str]] = {
    "bid_placed": Story._bid,
    "item_sold": Story._sold,
    "pledge_made": Story._pledged,
    "lot_opened": Story._opened,
    "lot_reopened": Story._reopened,
    "lot_extended": Story._extended,
    "lot_warned": Story._warned,
    "ask_changed": Story._ask,
    "announcement": Story._said,
    "lot_passed": Story._passed,
}
