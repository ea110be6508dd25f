"""The keep: what was made of an event, made once for all who ask at once, and kept while it stands.

Owns: kept values, and the one making of each that is under way. Invariant: nobody is given a value
that was begun before a change which this process knew of when they asked; what other servers change
is seen within `age_s`. A reader who leaves spoils nothing for those who wait with them. What a
client has been answered it finds in what it reads next, unless a crowd of readers and bidders has
used up the haste there is for that: then within the rest between two checkpoints.
Must not know: what the values are. Source: ARCHITECTURE 2 (step 5), I6, I7.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

import attrs
import trio

from saleroom.actors.site import Site
from saleroom.http.requests.problems import Problem
from saleroom.storage.memory_rates import MemoryRates
from saleroom.storage.ports import HotStore, StoreError

V = TypeVar("V")

EVENTS_MAX = 10_000
"""Whose edits are told apart; beyond, all of them count as edited."""
SETTLE_S = 0.1
"""A reader waits no longer for a checkpoint."""
HASTE, HASTE_RATE, HASTE_BURST = "haste", 20.0, 200
"""Of checkpoints before their time, of all events here: each has what is kept made anew."""


Mark = tuple[int, ...]
"""A moment in an event's life, as this process knows it; equal ones have nothing between them."""


@attrs.define(eq=False)
class Freshness:
    """What has happened to events here: checkpoints written, and edits made over HTTP.

    site: gives where an event runs here, None for one that does not.
    """

    hot: HotStore
    site: Callable[[str], Site | None]
    _haste: MemoryRates = attrs.field(init=False, factory=MemoryRates)
    _edits: dict[str, int] = attrs.field(init=False, factory=dict)
    _era: int = attrs.field(init=False, default=0)

    def edited(self, event: str) -> None:
        """Say that somebody has changed something of an event."""
        if len(self._edits) >= EVENTS_MAX:
            self._edits.clear()
            self._era += 1
        self._edits[event] = self._edits.get(event, 0) + 1

    async def settle(self, event: str) -> None:
        """Wait, in bounds, until the hot store holds what people have been told of an event."""
        site = self.site(event)
        if site is None or (position := site.ahead) is None:
            return
        if site.checkpoint.is_wanted or self._may_hasten():
            await site.checkpoint.reach(position, SETTLE_S)

    def _may_hasten(self) -> bool:
        return self._haste.take_nowait(HASTE, HASTE_RATE, HASTE_BURST).wait_s == 0

    def edits(self, event: str) -> Mark:
        """Give the moment of now, for what only edits change."""
        return self._era, self._edits.get(event, 0)

    def mark(self, event: str) -> Mark:
        """Give the moment of now, for what checkpoints change as well."""
        return self._era, self._edits.get(event, 0), self.hot.changes(event)


@attrs.define(eq=False)
class _Making(Generic[V]):
    """One making under way. value: None while it lasts, and when whoever made it has left."""

    mark: Mark
    ended: trio.Event = attrs.field(factory=trio.Event)
    value: V | None = None
    error: StoreError | Problem | None = None


@attrs.frozen
class _Kept(Generic[V]):
    value: V
    mark: Mark
    at: float


@attrs.define(eq=False)
class Keep(Generic[V]):
    """Values by key, at most `most`; the one not made for longest gives way.

    moment: gives an event's mark. age_s: of a value.
    """

    moment: Callable[[str], Mark]
    most: int
    age_s: float
    _kept: OrderedDict[Hashable, _Kept[V]] = attrs.field(init=False, factory=OrderedDict)
    _makings: dict[Hashable, _Making[V]] = attrs.field(init=False, factory=dict)

    def peek(self, key: Hashable, event: str) -> V | None:
        """Give what is kept and still stands."""
        kept = self._kept.get(key)
        if kept is None or trio.current_time() - kept.at >= self.age_s:
            return None
        return kept.value if kept.mark == self.moment(event) else None

    def last(self, key: Hashable) -> V | None:
        """Give what was kept last, whether it stands or not."""
        kept = self._kept.get(key)
        return None if kept is None else kept.value

    async def get(self, key: Hashable, event: str, make: Callable[[], Awaitable[V]]) -> V:
        """Give what is kept, or what is being made, or make it.

        Raises what `make` raises: a StoreError or a Problem to all who wait for it. Cancelled:
        another of those who wait makes it instead.
        """
        while True:
            found = self.peek(key, event)
            if found is not None:
                return found
            mark = self.moment(event)
            making = self._makings.get(key)
            if making is None or making.mark != mark:
                return await self._make(key, event, mark, make)
            await making.ended.wait()
            if making.error is not None:
                raise making.error.with_traceback(None)
            if making.value is not None:
                return making.value

    async def _make(
        self, key: Hashable, event: str, mark: Mark, make: Callable[[], Awaitable[V]]
    ) -> V:
        making = self._makings[key] = _Making(mark)
        began = trio.current_time()
        try:
            making.value = value = await make()
        except (StoreError, Problem) as error:
            making.error = error
            raise
        finally:
            if self._makings.get(key) is making:
                del self._makings[key]
            making.ended.set()
        if mark == self.moment(event) or key not in self._kept:
            self._kept[key] = _Kept(value, mark, began)
            self._kept.move_to_end(key)
        if len(self._kept) > self.most:
            self._kept.popitem(last=False)
        return value
