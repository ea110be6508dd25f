"""Views of an event: what a snapshot shows to everyone, and to a bidder of their own.

Owns: the public form of lots, the event and the leaderboard, each encoded once per change.
Invariant: a max is shown to its own paddle alone, a reserve to nobody. Source: PROTOCOL section 4.
"""

from __future__ import annotations

from typing import Any

import attrs
import orjson

from saleroom.auction.buying import units_left
from saleroom.auction.fund import Matching
from saleroom.auction.lot import Lot
from saleroom.auction.state import EventState, leaderboard
from saleroom.protocol.kept import kept_json

LEADERBOARD_TOP = 10
WINS_MAX = 1_000
"""Of one lot in a checkpoint, 100 KB; a sale lot without end may have more, kept in the journal."""


def lot_view(lot: Lot, registered: int = 0) -> dict[str, Any]:
    """Give a lot as the snapshot shows it. registered: paddles of the event, for participation."""
    definition, standing, fund = lot.definition, lot.standing, lot.fund
    view: dict[str, Any] = {
        "lot": definition.lot,
        "title": definition.title,
        "mode": definition.mode,
        "state": standing.state,
        "price": standing.price,
        "leader": standing.leader,
        "min_next": standing.min_next,
        "bid_count": standing.bid_count,
        "ends_at": lot.ends_at,
        "ask": standing.min_next if lot.mode == "live" else None,
        "reserve_met": standing.reserve_met,
        "buy_now": definition.buy_now,
        "remaining": units_left(lot) if lot.mode == "sale" or lot.is_choice else None,
        "total": fund and fund.total,
        "match": fund and fund.match,
        "donors": fund and fund.donors,
    }
    if fund is not None:
        view["levels"] = list(definition.levels)
        view["goal"] = definition.goal
        view["participation"] = round(fund.donors / registered, 4) if registered else 0.0
        view["matching"] = fund.matching and _matching_view(fund.matching)
        view["challenge"] = fund.challenge and attrs.asdict(fund.challenge)
    if lot.mode == "live":
        view["remote_locked"] = lot.remote_locked
    if lot.offer is not None:
        view["offer"] = {"paddle": lot.offer.paddle, "amount": lot.offer.amount}
    if lot.choice is not None:
        available = lot.choice.units + (units_left(lot) or 0)
        view["choice"] = {"paddle": lot.choice.paddle, "units": available}
    return view


def _matching_view(matching: Matching) -> dict[str, int]:
    return {
        "ratio_percent": matching.ratio_percent,
        "cap": matching.cap,
        "used": matching.used,
    }


def event_view(state: EventState, server_time: int) -> dict[str, Any]:
    """Give the event itself as the snapshot shows it."""
    return {
        "id": state.id,
        "title": state.definition.title,
        "status": state.status,
        "currency": state.definition.currency,
        "server_time": server_time,
    }


def own_view(state: EventState, paddle: int | None) -> dict[str, Any]:
    """Give what a paddle may see of itself."""
    view: dict[str, Any] = {
        "paddle": paddle,
        "locked": False,
        "maxes": {},
        "leading": [],
        "won": [],
    }
    if paddle is None:
        return view
    view["locked"] = state.paddles[paddle].is_locked
    for lot in state.lots.values():
        maximum = own_max(lot, paddle)
        if maximum is not None:
            view["maxes"][str(lot.number)] = maximum
        if lot.is_running and lot.standing.leader == paddle:
            view["leading"].append(lot.number)
        if any(win.paddle == paddle for win in lot.wins):
            view["won"].append(lot.number)
    return view


def wins_view(lot: Lot) -> list[dict[str, Any]]:
    """Give who has won a lot, or units of it, in order of sale."""
    return [
        {
            "paddle": win.paddle,
            "units": win.units,
            "amount": win.amount,
            "how": win.how,
            "seq": win.seq,
        }
        for win in lot.wins
    ]


def own_max(lot: Lot, paddle: int) -> int | None:
    """Give the max that a paddle has standing on a lot, None without one."""
    left = lot.absentees.get(paddle)
    if left is not None and not lot.is_running and not lot.has_ended:
        return left.max
    standing = lot.standing
    if not lot.is_running or standing.leader != paddle or standing.ceiling == standing.price:
        return None
    return standing.ceiling


@attrs.define
class PublicView:
    """The common part of snapshots, kept encoded: a lot is encoded again only when touched."""

    state: EventState
    _lots: dict[int, bytes] = attrs.field(init=False, factory=dict)
    _common: bytes | None = attrs.field(init=False, default=None)

    def touch(self, lot: int | None) -> None:
        """Forget what a fact about this lot has changed; None: about all of them."""
        self._common = None
        if lot is None:
            self._lots.clear()
        else:
            self._lots.pop(lot, None)

    def lot(self, number: int) -> bytes:
        """Give a lot's view as JSON."""
        encoded = self._lots.get(number)
        if encoded is None:
            view = lot_view(self.state.lots[number], len(self.state.paddles))
            encoded = self._lots[number] = kept_json(view)
        return encoded

    def wins(self, number: int) -> bytes:
        """Give a lot's wins as JSON; null when they are too many for a checkpoint."""
        lot = self.state.lots[number]
        return orjson.dumps(wins_view(lot) if len(lot.wins) <= WINS_MAX else None)

    def own(self, paddle: int | None) -> dict[str, Any]:
        """Give what a paddle may see of itself."""
        return own_view(self.state, paddle)

    def leaderboard(self) -> bytes:
        """Give the whole leaderboard as JSON."""
        return orjson.dumps(leaderboard(self.state))

    def snapshot(self, paddle: int | None, server_time: int) -> bytes:
        """Give a snapshot as JSON; its common part is encoded once per seq."""
        if self._common is None:
            lots = b",".join([self.lot(number) for number in self.state.lots])
            self._common = b'"lots":[%s],"leaderboard":%s,"raised":%d' % (
                lots,
                self.leaderboard(),
                self.state.raised,
            )
        return b'{"event":%s,%s,"you":%s}' % (
            orjson.dumps(event_view(self.state, server_time)),
            self._common,
            orjson.dumps(own_view(self.state, paddle)),
        )
