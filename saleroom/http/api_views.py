"""Views: an event as anybody may read it, from the hot store.

Owns: the reading of the fields that the checkpointer writes, and what stands in for them.
Invariant: no read reaches the actor; a hot store that is away or lacks what is asked is replaced by
a view of the journal, so that Redis may vanish. Must not know: who reads.
Source: PROTOCOL 7, I2, I7.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import orjson

from saleroom.actors.clock import Clock
from saleroom.auction.state import EventState
from saleroom.http.api_replicas import Replicas
from saleroom.http.problems import Problem
from saleroom.protocol.views import PublicView, event_view
from saleroom.storage.ports import HotStore, NotFound, StoreUnavailable

EVENT, LEADERBOARD = "event", "leaderboard"


@attrs.frozen(eq=False)
class Views:
    """Read the public view of published events."""

    hot: HotStore
    replicas: Replicas
    clock: Clock

    async def event(self, event: str) -> dict[str, Any]:
        """Give the event itself: `{id, title, status, currency, server_time, seq, raised, ...}`."""
        return _loaded(await self._fields(event, [EVENT]), EVENT)

    async def leaderboard(self, event: str) -> dict[str, Any]:
        """Give the whole leaderboard and what was raised."""
        fields = await self._fields(event, [EVENT, LEADERBOARD])
        about = _loaded(fields, EVENT)
        return {
            "leaderboard": orjson.loads(fields[LEADERBOARD]),
            "raised": about["raised"],
            "seq": about["seq"],
        }

    async def lot(self, event: str, number: int) -> dict[str, Any]:
        """Give a lot as a snapshot shows it. Raises Problem (UNKNOWN_LOT)."""
        field = f"lot:{number}"
        fields = await self._fields(event, [EVENT, field])
        if field not in fields:
            raise Problem("UNKNOWN_LOT")
        return _loaded(fields, field)

    async def lots(self, event: str) -> list[dict[str, Any]]:
        """Give all lots by number."""
        fields = await self._fields(event, None)
        numbers = sorted(_loaded(fields, EVENT)["lots"])
        return [_loaded(fields, f"lot:{number}") for number in numbers]

    async def _fields(self, event: str, names: Sequence[str] | None) -> dict[str, bytes]:
        try:
            found = await self.hot.read(event, names)
        except StoreUnavailable:
            found = {}
        if _is_whole(found, names):
            return found
        try:
            state = await self.replicas.state(event)
        except NotFound:
            raise Problem("UNKNOWN_EVENT") from None
        return _fields_of(state, names, self.clock.now_ms())


def _is_whole(found: dict[str, bytes], names: Sequence[str] | None) -> bool:
    """Say whether a view lacks nothing of what was asked."""
    if names is not None:
        return all(name in found for name in names)
    if EVENT not in found:
        return False
    return all(f"lot:{number}" in found for number in _loaded(found, EVENT)["lots"])


def _fields_of(state: EventState, names: Sequence[str] | None, now_ms: int) -> dict[str, bytes]:
    """Make the asked fields as the checkpointer writes them."""
    view = PublicView(state)
    wanted = {f"lot:{number}": number for number in state.lots}
    if names is not None:
        wanted = {name: wanted[name] for name in names if name in wanted}
    fields = {name: view.lot(number) for name, number in wanted.items()}
    if names is None or LEADERBOARD in names:
        fields[LEADERBOARD] = view.leaderboard()
    about = event_view(state, now_ms)
    about |= {"seq": state.seq, "raised": state.raised, "lots": list(state.lots)}
    fields[EVENT] = orjson.dumps(about)
    return fields


def _loaded(fields: dict[str, bytes], name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = orjson.loads(fields[name])
    return loaded
