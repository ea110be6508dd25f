"""Views: an event as anybody may read it, from the hot store.

Owns: the reading of the fields that the checkpointer writes, and what stands in for them.
Invariant: no read reaches the actor; a hot store that is away or lacks what is asked is replaced by
a view of the journal, so that Redis may vanish; however many read at once, either is asked once.
What is given out is shared: nobody changes it. Must not know: who reads.
Source: PROTOCOL 7, I2, I7.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import orjson

from saleroom.actors.clock import Clock
from saleroom.auction.state import EventState
from saleroom.http.requests.keep import Freshness, Keep
from saleroom.http.requests.problems import Problem
from saleroom.http.sale.api_replicas import Replicas
from saleroom.protocol.views import PublicView, event_view, wins_view
from saleroom.storage.ports import HotStore, NotFound, StoreUnavailable

EVENT, LEADERBOARD = "event", "leaderboard"
VIEWS_MAX = 64
"""Of events: some 10 MiB when each has 200 lots."""
VIEW_AGE_S = 0.25
"""What another server wrote is seen within this."""


@attrs.frozen(eq=False)
class EventView:
    """One event as it stands. fields: as the hot store has them; lots: read from them, by number.

    about: `{id, title, status, currency, server_time, seq, raised, lots, ...}`.
    """

    about: Mapping[str, Any]
    lots: Mapping[int, Mapping[str, Any]]
    fields: Mapping[str, bytes]


@attrs.define(eq=False)
class Views:
    """Read the public view of published events."""

    hot: HotStore
    replicas: Replicas
    clock: Clock
    freshness: Freshness
    _keep: Keep[EventView] = attrs.field(init=False)
    _exact: Keep[EventView] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._keep = Keep(self.freshness.mark, VIEWS_MAX, VIEW_AGE_S)
        self._exact = Keep(self.freshness.mark, VIEWS_MAX, VIEW_AGE_S)

    async def whole(self, event: str) -> EventView:
        """Give an event as it stands. Raises Problem (UNKNOWN_EVENT), StoreUnavailable."""
        await self.freshness.settle(event)
        return await self._keep.get(event, event, lambda: self._read(event))

    async def event(self, event: str) -> Mapping[str, Any]:
        """Give the event itself."""
        return (await self.whole(event)).about

    async def leaderboard(self, event: str) -> dict[str, Any]:
        """Give the whole leaderboard and what was raised."""
        view = await self.whole(event)
        return {
            "leaderboard": orjson.loads(view.fields[LEADERBOARD]),
            "raised": view.about["raised"],
            "seq": view.about["seq"],
        }

    async def lot(self, event: str, number: int) -> Mapping[str, Any]:
        """Give a lot as a snapshot shows it. Raises Problem (UNKNOWN_LOT)."""
        lot = (await self.whole(event)).lots.get(number)
        if lot is None:  # perhaps so new that no checkpoint has it
            exact = await self._exact.get(event, event, lambda: self._read_journal(event))
            lot = exact.lots.get(number)
        if lot is None:
            raise Problem("UNKNOWN_LOT")
        return lot

    async def lots(self, event: str) -> list[Mapping[str, Any]]:
        """Give all lots by number."""
        return list((await self.whole(event)).lots.values())

    async def wins(self, event: str) -> list[dict[str, Any]]:
        """Give who won what, in order of sale: `{lot, title, mode, paddle, units, amount, ...}`."""
        view = await self.whole(event)
        found = {number: _wins_of(view.fields, number) for number in view.lots}
        if None in found.values():  # too many for a checkpoint, or one of an older release
            state = await self.replicas.state(event)
            found = {number: wins_view(lot) for number, lot in state.lots.items()}
        rows = [
            {"lot": number, "title": view.lots[number]["title"], "mode": view.lots[number]["mode"]}
            | win
            for number, wins in found.items()
            for win in wins or ()
            if number in view.lots
        ]
        return sorted(rows, key=lambda row: row["seq"])

    async def _read(self, event: str) -> EventView:
        try:
            fields = await self.hot.read(event)
        except StoreUnavailable:
            fields = {}
        before = self._keep.last(event)
        if LEADERBOARD in fields and (view := _view_of(fields, before)) is not None:
            return view
        return await self._read_journal(event)

    async def _read_journal(self, event: str) -> EventView:
        try:
            state = await self.replicas.state(event)
        except NotFound:
            raise Problem("UNKNOWN_EVENT") from None
        made = _view_of(_fields_of(state, self.clock.now_ms()), self._keep.last(event))
        assert made is not None, "a state has all its lots"
        return made


def _view_of(fields: Mapping[str, bytes], before: EventView | None) -> EventView | None:
    """Read the fields of a view, only those that changed since `before`; None if any lacks."""
    if EVENT not in fields:
        return None
    about = orjson.loads(fields[EVENT])
    lots: dict[int, Mapping[str, Any]] = {}
    for number in sorted(about["lots"]):
        encoded = fields.get(name := f"lot:{number}")
        if encoded is None:
            return None
        is_as_before = before is not None and before.fields.get(name) == encoded
        lots[number] = before.lots[number] if before and is_as_before else orjson.loads(encoded)
    return EventView(about, lots, fields)


def _wins_of(fields: Mapping[str, bytes], number: int) -> list[dict[str, Any]] | None:
    encoded = fields.get(f"wins:{number}")
    return None if encoded is None else orjson.loads(encoded)


def _fields_of(state: EventState, now_ms: int) -> dict[str, bytes]:
    """Make the fields of a view as the checkpointer writes them."""
    view = PublicView(state)
    fields = {f"lot:{number}": view.lot(number) for number in state.lots}
    fields |= {f"wins:{number}": view.wins(number) for number in state.lots}
    fields[LEADERBOARD] = view.leaderboard()
    about = event_view(state, now_ms)
    about |= {"seq": state.seq, "raised": state.raised, "lots": list(state.lots)}
    fields[EVENT] = orjson.dumps(about)
    return fields
