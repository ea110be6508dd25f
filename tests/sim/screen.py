"""A screen: what a client knows of an event from its snapshot and the facts that followed.

Owns: the client's copy of the event. Invariant: it is made of what was sent to it and of nothing
else, by PROTOCOL 4 as a stranger reads it; a gap or a repeat is noticed. Must not know the rule
book. What a fact does not tell (a count after an undo) is dropped until a fact tells it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

Lots = dict[int, dict[str, Any]]

SHOWN = (
    *("mode", "state", "price", "leader", "min_next", "bid_count", "ends_at", "reserve_met"),
    *("remaining", "total", "match", "donors"),
)
RUNNING = ("open", "fair_warning", "final_call")
FUND = ("total", "match", "donors")


class FeedBroken(Exception):
    """A message that cannot follow what this screen has seen."""


@attrs.define
class Screen:
    """One client's view. seq: of the newest fact it has; pledges: the seqs of those it saw."""

    epoch: str | None = None
    seq: int = 0
    status: str = ""
    lots: Lots = attrs.field(factory=dict)
    pledges: list[int] = attrs.field(factory=list)
    offers: dict[int, int] = attrs.field(factory=dict)
    board: list[Mapping[str, Any]] = attrs.field(factory=list)

    def welcome(self, message: Mapping[str, Any]) -> None:
        """Start, or go on where it was. Raises FeedBroken."""
        if message["recovered"]:
            if (message["epoch"], "snapshot" in message) != (self.epoch, False):
                raise FeedBroken("a resumed conversation starts anew")
            if message["seq"] < self.seq:
                raise FeedBroken(f"resumed at {message['seq']}, after {self.seq} was told")
            return
        snapshot = message["snapshot"]
        self.epoch, self.seq = message["epoch"], message["seq"]
        self.status = snapshot["event"]["status"]
        self.lots = {
            lot["lot"]: {name: lot[name] for name in SHOWN} | {"title": lot["title"]}
            for lot in snapshot["lots"]
        }
        self.offers = {}
        self.board = snapshot["leaderboard"][:10]

    def feed(self, message: Mapping[str, Any]) -> None:
        """Take a feed message. Raises FeedBroken."""
        if message["from"] != self.seq + 1 or message["to"] < message["from"]:
            span = f"{message['from']}-{message['to']}"
            raise FeedBroken(f"feed {span} after seq {self.seq}")
        seqs = [fact["seq"] for fact in message["events"]]
        if seqs != sorted(set(seqs)) or seqs[-1] != message["to"] or seqs[0] <= self.seq:
            raise FeedBroken(f"feed {message['from']}-{message['to']} holds {seqs}")
        for fact in message["events"]:
            self._take(fact)
        self.seq = message["to"]

    def view(self) -> Lots:
        """Give a copy of all lots."""
        return {number: dict(lot) for number, lot in self.lots.items()}

    def _take(self, fact: Mapping[str, Any]) -> None:
        name = fact["type"]
        take = getattr(self, f"_{name}", None)
        if take is not None:
            take(fact)
        elif "lot" in fact and all(field in fact for field in FUND):
            self._lot(fact).update({field: fact[field] for field in FUND})
        if name == "pledge_made":
            self.pledges.append(fact["seq"])

    def _lot(self, fact: Mapping[str, Any]) -> dict[str, Any]:
        return self.lots[fact["lot"]]

    # The event

    def _event_opened(self, fact: Mapping[str, Any]) -> None:
        self.status = "open"

    def _event_paused(self, fact: Mapping[str, Any]) -> None:
        self.status = "paused"

    def _event_resumed(self, fact: Mapping[str, Any]) -> None:
        self.status = "open"
        for number, ends_at in fact["ends"].items():
            self.lots[int(number)]["ends_at"] = ends_at

    def _event_closed(self, fact: Mapping[str, Any]) -> None:
        self.status = "closed"
        for lot in self.lots.values():
            if lot["state"] in RUNNING:
                lot["state"] = "sold"

    def _lot_added(self, fact: Mapping[str, Any]) -> None:
        mode = fact["mode"]
        has_units = mode == "sale" or fact.get("quantity", 1) > 1
        self.lots[fact["lot"]] = {
            "title": fact["title"],
            "mode": mode,
            "state": "queued",
            "price": None,
            "leader": None,
            "min_next": fact["opening"],
            "bid_count": 0,
            "ends_at": fact.get("ends_at"),
        } | ({} if has_units else {"remaining": None})

    def _lot_changed(self, fact: Mapping[str, Any]) -> None:
        was = self._lot(fact)
        self._lot_added(fact)
        if was["mode"] == fact["mode"]:
            self._lot(fact).update({name: was[name] for name in FUND if name in was})

    # The room

    def _lot_opened(self, fact: Mapping[str, Any]) -> None:
        lot = self._lot(fact)
        lot["state"] = "open"
        lot["ends_at"] = fact.get("ends_at", lot["ends_at"])

    def _lot_reopened(self, fact: Mapping[str, Any]) -> None:
        """A fresh round is without bids, and its opening is not repeated; else a sale is undone."""
        lot = self._lot(fact)
        lot["state"] = "open"
        if fact["fresh"]:
            lot |= {"price": None, "leader": None, "bid_count": 0}
        for name in ("min_next", "reserve_met") if fact["fresh"] else ("remaining",):
            lot.pop(name, None)

    def _lot_warned(self, fact: Mapping[str, Any]) -> None:
        self._lot(fact)["state"] = fact["stage"]

    def _ask_changed(self, fact: Mapping[str, Any]) -> None:
        self._lot(fact)["min_next"] = fact["ask"]

    def _lot_extended(self, fact: Mapping[str, Any]) -> None:
        self._lot(fact)["ends_at"] = fact["ends_at"]

    def _bid_placed(self, fact: Mapping[str, Any]) -> None:
        lot = self._lot(fact)
        lot["state"] = "open"
        lot["price"], lot["leader"] = fact["amount"], fact["paddle"]
        for name in ("min_next", "bid_count", "reserve_met"):
            lot[name] = fact[name]
        lot["ends_at"] = fact.get("ends_at", lot["ends_at"])

    def _floor_assigned(self, fact: Mapping[str, Any]) -> None:
        self._lot(fact)["leader"] = fact["paddle"]

    def _item_sold(self, fact: Mapping[str, Any]) -> None:
        lot = self._lot(fact)
        if fact["how"] in ("buy_now", "offer"):
            for name in ("min_next", "bid_count", "reserve_met"):
                lot.pop(name, None)
            if lot.get("remaining") is None:
                lot["price"], lot["leader"] = fact["amount"], fact["paddle"]
        lot["remaining"] = fact.get("remaining", lot.get("remaining"))
        if fact["how"] != "purchase" or fact.get("remaining") == 0:
            lot["state"] = "sold"

    def _units_chosen(self, fact: Mapping[str, Any]) -> None:
        self._lot(fact)["remaining"] = fact["remaining"]

    def _offer_made(self, fact: Mapping[str, Any]) -> None:
        self.offers[fact["lot"]] = fact["paddle"]

    def _lot_passed(self, fact: Mapping[str, Any]) -> None:
        self._lot(fact)["state"] = "passed"

    def _lot_withdrawn(self, fact: Mapping[str, Any]) -> None:
        lot = self._lot(fact)
        lot["state"] = "withdrawn"
        for name in FUND:
            lot.pop(name, None)

    def _pledge_closed(self, fact: Mapping[str, Any]) -> None:
        self._lot(fact).update({"state": "closed"} | {name: fact[name] for name in FUND})

    # Corrections

    def _bid_undone(self, fact: Mapping[str, Any]) -> None:
        self._corrected(fact)
        self._lot(fact)["state"] = fact["state"]

    def _bids_retracted(self, fact: Mapping[str, Any]) -> None:
        self._corrected(fact)

    def _corrected(self, fact: Mapping[str, Any]) -> None:
        lot = self._lot(fact)
        for name in ("bid_count", "reserve_met", "remaining"):
            lot.pop(name, None)
        lot["price"], lot["leader"] = fact["price"], fact["leader"]
        lot["min_next"] = fact["min_next"]
