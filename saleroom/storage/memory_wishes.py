"""Join codes, watch lists and wish lists without a disk.

Owns: what those three stores keep, as plain dictionaries. Invariant: each call is one checkpoint
and then one synchronous step, as in memory.py. Must not know: the rules.
Source: join_ports.py, watch_ports.py, wish_ports.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

import attrs
import trio

from saleroom.storage.join_ports import JoinCode
from saleroom.storage.ports import Conflict, NotFound
from saleroom.storage.watch_ports import Watch
from saleroom.storage.wish_ports import Gift, WishItem, WishList


class MemoryJoinCodes:
    """`JoinCodes` without a disk. require_event: raises NotFound for an unknown one."""

    def __init__(self, require_event: Callable[[str], Awaitable[object]]) -> None:
        self._require_event = require_event
        self._codes: dict[str, JoinCode] = {}

    async def add(self, codes: Sequence[JoinCode]) -> None:
        await self._require_event(codes[0].event)
        self._codes.update((code.id, code) for code in codes)

    async def by_digest(self, digest: bytes) -> JoinCode:
        await trio.lowlevel.checkpoint()
        for code in self._codes.values():
            if code.digest == digest:
                return code
        raise NotFound("no such join code")

    async def code(self, event: str, id: str) -> JoinCode:
        await trio.lowlevel.checkpoint()
        return self._code(event, id)

    async def codes(self, event: str, after: str, limit: int) -> list[JoinCode]:
        await trio.lowlevel.checkpoint()
        ids = sorted(id for id, code in self._codes.items() if code.event == event and id > after)
        return [self._codes[id] for id in ids[:limit]]

    async def use(self, id: str, at_ms: int) -> bool:
        await trio.lowlevel.checkpoint()
        code = self._codes.get(id)
        if code is None or code.used_at_ms is not None:
            return False
        self._codes[id] = attrs.evolve(code, used_at_ms=at_ms)
        return True

    async def free(self, id: str) -> None:
        await trio.lowlevel.checkpoint()
        if id in self._codes:
            self._codes[id] = attrs.evolve(self._codes[id], used_at_ms=None)

    async def revoke(self, event: str, id: str) -> None:
        await trio.lowlevel.checkpoint()
        if self._code(event, id).used_at_ms is not None:
            raise NotFound(f"no unused code {id} of event {event}")
        del self._codes[id]

    def _code(self, event: str, id: str) -> JoinCode:
        code = self._codes.get(id)
        if code is None or code.event != event:
            raise NotFound("no such join code")
        return code


class MemoryWatching:
    """`Watching` without a disk."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[tuple[str, int], Watch]] = {}

    async def watch(self, user: str, watch: Watch, most: int) -> bool:
        await trio.lowlevel.checkpoint()
        kept, place = self.kept.setdefault(user, {}), (watch.event, watch.lot)
        if place not in kept and sum(event == watch.event for event, _ in kept) >= most:
            return False
        kept.setdefault(place, watch)
        return True

    async def unwatch(self, user: str, event: str, lot: int) -> None:
        await trio.lowlevel.checkpoint()
        self.kept.get(user, {}).pop((event, lot), None)

    async def watch_of(self, user: str, event: str, lot: int) -> Watch | None:
        await trio.lowlevel.checkpoint()
        return self.kept.get(user, {}).get((event, lot))

    async def watches(self, user: str, after: tuple[str, int], limit: int) -> list[Watch]:
        await trio.lowlevel.checkpoint()
        kept = sorted(self.kept.get(user, {}).items())
        return [watch for place, watch in kept if place > after][:limit]

    async def counts(self, event: str) -> dict[int, int]:
        await trio.lowlevel.checkpoint()
        return dict(Counter(lot for kept in self.kept.values() for of, lot in kept if of == event))


class MemoryWishLists:
    """`WishLists` without a disk."""

    def __init__(self) -> None:
        self.kept: dict[str, WishList] = {}
        self.given: dict[str, Gift] = {}
        self._items: dict[str, dict[int, WishItem]] = {}

    async def add(self, row: WishList, most: int) -> bool:
        await trio.lowlevel.checkpoint()
        if sum(kept.owner == row.owner for kept in self.kept.values()) >= most:
            return False
        self.kept[row.id], self._items[row.id] = row, {}
        return True

    async def put(self, row: WishList) -> None:
        await trio.lowlevel.checkpoint()
        kept = self._list(row.id)
        self.kept[row.id] = attrs.evolve(
            kept,
            token=row.token,
            title=row.title,
            is_open=row.is_open,
            is_revealed=row.is_revealed,
        )

    async def remove(self, id: str) -> None:
        await trio.lowlevel.checkpoint()
        self._list(id)
        if any(item.promised for item in self._items[id].values()):
            raise Conflict(f"something on wish list {id} is promised")
        del self.kept[id], self._items[id]

    async def list_of(self, id: str) -> WishList:
        await trio.lowlevel.checkpoint()
        return self._list(id)

    async def by_token(self, token: str) -> WishList:
        await trio.lowlevel.checkpoint()
        for row in self.kept.values():
            if row.token == token:
                return row
        raise NotFound("no such wish list")

    async def lists(self, owner: str, after: str, limit: int) -> list[WishList]:
        await trio.lowlevel.checkpoint()
        ids = sorted(id for id, row in self.kept.items() if row.owner == owner and id > after)
        return [self.kept[id] for id in ids[:limit]]

    async def add_item(self, list_id: str, item: WishItem, most: int) -> WishItem | None:
        await trio.lowlevel.checkpoint()
        self._list(list_id)
        items = self._items[list_id]
        if len(items) >= most:
            return None
        added = attrs.evolve(item, item=max(items, default=0) + 1, promised=0)
        items[added.item] = added
        return added

    async def remove_item(self, list_id: str, item: int) -> None:
        await trio.lowlevel.checkpoint()
        kept = self._items.get(list_id, {}).get(item)
        if kept is None:
            raise NotFound(f"no item {item} on wish list {list_id}")
        if kept.promised:
            raise Conflict(f"item {item} of wish list {list_id} is promised")
        del self._items[list_id][item]

    async def items(self, list_id: str) -> list[WishItem]:
        await trio.lowlevel.checkpoint()
        return [item for _, item in sorted(self._items.get(list_id, {}).items())]

    async def give(self, gift: Gift, *, is_whole: bool) -> Gift | None:
        await trio.lowlevel.checkpoint()
        for known in self.given.values():
            if (known.giver, known.key) == (gift.giver, gift.key):
                return _same(known, gift, is_whole)
        row = self.kept.get(gift.list_id)
        item = self._items.get(gift.list_id, {}).get(gift.item)
        if row is None or item is None or not row.is_open or row.owner == gift.giver:
            return None
        amount = item.amount if is_whole else gift.amount
        if amount > item.left:
            return None
        self._promise(gift.list_id, item, amount)
        self.given[gift.id] = attrs.evolve(gift, amount=amount)
        return self.given[gift.id]

    async def take_back(self, list_id: str, gift: str, giver: str) -> None:
        await trio.lowlevel.checkpoint()
        kept, row = self.given.get(gift), self.kept.get(list_id)
        if kept is None or (kept.list_id, kept.giver) != (list_id, giver):
            raise NotFound(f"no promise {gift} that could be taken back")
        if row is None or not row.is_open:
            raise NotFound(f"no promise {gift} that could be taken back")
        self._promise(list_id, self._items[list_id][kept.item], -kept.amount)
        del self.given[gift]

    async def gifts(self, list_id: str) -> list[Gift]:
        await trio.lowlevel.checkpoint()
        kept = [gift for gift in self.given.values() if gift.list_id == list_id]
        return sorted(kept, key=lambda gift: (gift.at_ms, gift.id))

    def drop(self, id: str) -> None:
        """Forget a list with all that stands on it."""
        del self.kept[id], self._items[id]
        self.given = {key: gift for key, gift in self.given.items() if gift.list_id != id}

    def _list(self, id: str) -> WishList:
        row = self.kept.get(id)
        if row is None:
            raise NotFound("no such wish list")
        return row

    def _promise(self, list_id: str, item: WishItem, amount: int) -> None:
        promised = item.promised + amount
        self._items[list_id][item.item] = attrs.evolve(item, promised=promised)


def _same(known: Gift, gift: Gift, is_whole: bool) -> Gift:
    is_same = is_whole or known.amount == gift.amount
    if (known.list_id, known.item) != (gift.list_id, gift.item) or not is_same:
        raise Conflict("the key was of another promise")
    return known
