"""Facts as everyone sees them, and what staff see beside.

Owns: the public form of each fact. Invariant: a max, a reserve, or who acted never stands in it;
the reason for a lock stands in the form for staff alone. Source: PROTOCOL section 4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from saleroom.auction import facts as f
from saleroom.auction.state import Entry
from saleroom.protocol.kept import kept_json

CONFLATED: dict[str, str] = {"bid_placed": "bids", "lot_extended": "", "pledge_made": "pledges"}
"""Facts of which the last of a lot stands for all in one feed message; how the count is named."""

STAFF_ONLY = ("reason",)
"""What a lock's fact tells staff alone."""


@attrs.frozen
class WireFact:
    """One public fact, encoded once.

    body: its JSON, for a counted fact without the closing part. key: what it is conflated by, None
    for a fact that is always sent. counter: the name of its count, "" for none. staff_body: what
    staff are told in place of the body, None where that is the same; never of a counted fact.
    """

    seq: int
    at: int
    body: bytes
    key: tuple[str, int] | None
    counter: str
    staff_body: bytes | None = None

    def encoded(self, count: int = 1, *, for_staff: bool = False) -> bytes:
        """Give the whole JSON, standing for `count` facts."""
        if for_staff and self.staff_body is not None:
            return self.staff_body
        return (
            self.body
            if not self.counter
            else b'%s,"%s":%d}'
            % (
                self.body,
                self.counter.encode(),
                count,
            )
        )


def wire_fact(entry: Entry) -> WireFact:
    """Encode a public entry."""
    fact = entry.fact
    assert entry.seq is not None
    shape: Callable[[Any], Mapping[str, Any]] = _SHAPES.get(type(fact), f.shown_fields)
    shown = {"seq": entry.seq, "type": fact.type, "at": entry.at, **shape(fact)}
    body = kept_json(shown)
    if isinstance(fact, f.PaddleLocked):
        for_staff = kept_json({**shown, **{name: getattr(fact, name) for name in STAFF_ONLY}})
        return WireFact(entry.seq, entry.at, body, None, "", for_staff)
    counter = CONFLATED.get(fact.type)
    if counter is None or not isinstance(fact, f.LotFact):
        return WireFact(entry.seq, entry.at, body, None, "")
    return WireFact(
        entry.seq, entry.at, body[:-1] if counter else body, (fact.type, fact.lot), counter
    )


def _bid_placed(fact: f.BidPlaced) -> Mapping[str, Any]:
    shown = {
        "lot": fact.lot,
        "paddle": fact.paddle,
        "bidder": fact.bidder,
        "amount": fact.amount,
        "min_next": fact.min_next,
        "bid_count": fact.bid_count,
        "source": fact.source,
        "reserve_met": fact.reserve_met,
    }
    if fact.ask is not None:
        shown["ask"] = fact.ask
    elif fact.ends_at is not None:
        shown["ends_at"] = fact.ends_at
    return shown


def _item_sold(fact: f.ItemSold) -> Mapping[str, Any]:
    shown = f.shown_fields(fact)
    if fact.remaining is None:
        del shown["remaining"]
    return shown


def _lot_withdrawn(fact: f.LotWithdrawn) -> Mapping[str, Any]:
    shown = f.shown_fields(fact)
    if fact.voided is None:
        del shown["voided"]
    return shown


def _lot_opened(fact: f.LotOpened) -> Mapping[str, Any]:
    return {"lot": fact.lot} if fact.ends_at is None else f.shown_fields(fact)


def _event_resumed(fact: f.EventResumed) -> Mapping[str, Any]:
    return {"ends": {str(lot): end for lot, end in fact.ends}}


def _definition(fact: f.LotAdded | f.LotChanged) -> Mapping[str, Any]:
    return {k: v for k, v in fact.definition.items() if k not in ("reserve", "donor_paddle")}


def _soft_close_set(fact: f.SoftCloseSet) -> Mapping[str, Any]:
    return fact.policy


_SHAPES: dict[type[f.Fact], Callable[[Any], Mapping[str, Any]]] = {
    f.BidPlaced: _bid_placed,
    f.ItemSold: _item_sold,
    f.LotWithdrawn: _lot_withdrawn,
    f.LotOpened: _lot_opened,
    f.EventResumed: _event_resumed,
    f.LotAdded: _definition,
    f.LotChanged: _definition,
    f.SoftCloseSet: _soft_close_set,
}
