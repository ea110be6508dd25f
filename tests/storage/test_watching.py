"""What every store of watch lists does: once per lot, bounded, counted, paged."""

from __future__ import annotations

from saleroom.storage.ports import Stores
from saleroom.storage.watch_ports import Watch

MOST = 3


async def test_a_lot_is_watched_once_and_let_go(stores: Stores) -> None:
    assert await stores.watching.watch_of("ann", "gala", 1) is None
    assert await stores.watching.watch("ann", Watch("gala", 1, 5), MOST)
    assert await stores.watching.watch("ann", Watch("gala", 1, 9), MOST)
    kept = await stores.watching.watch_of("ann", "gala", 1)
    assert (kept, kept and kept.at_ms) == (Watch("gala", 1, 5), 5)
    assert await stores.watching.counts("gala") == {1: 1}
    for _ in range(2):
        await stores.watching.unwatch("ann", "gala", 1)
    assert await stores.watching.counts("gala") == {}


async def test_what_one_user_watches_of_an_event_is_bounded(stores: Stores) -> None:
    for lot in range(1, MOST + 1):
        assert await stores.watching.watch("ann", Watch("gala", lot, 5), MOST)
    assert not await stores.watching.watch("ann", Watch("gala", 9, 5), MOST)
    assert await stores.watching.watch_of("ann", "gala", 9) is None
    assert await stores.watching.watch("ann", Watch("gala", 1, 5), MOST)
    assert await stores.watching.watch("ann", Watch("ball", 9, 5), MOST)
    assert await stores.watching.watch("bob", Watch("gala", 9, 5), MOST)


async def test_watchers_are_counted_per_lot(stores: Stores) -> None:
    for user, event, lot in (
        ("ann", "gala", 1),
        ("bob", "gala", 1),
        ("bob", "gala", 2),
        ("bob", "ball", 1),
    ):
        await stores.watching.watch(user, Watch(event, lot, 5), MOST)
    assert await stores.watching.counts("gala") == {1: 2, 2: 1}
    assert await stores.watching.counts("nowhere") == {}


async def test_watches_are_paged_by_event_and_lot(stores: Stores) -> None:
    for event, lot in (("gala", 10), ("gala", 2), ("ball", 7), ("Zoo", 1)):
        await stores.watching.watch("ann", Watch(event, lot, 5), 9)
    await stores.watching.watch("bob", Watch("gala", 3, 5), 9)
    listed: list[tuple[str, int]] = []
    while page := await stores.watching.watches("ann", listed[-1] if listed else ("", 0), 2):
        listed += [(watch.event, watch.lot) for watch in page]
    assert listed == [("Zoo", 1), ("ball", 7), ("gala", 2), ("gala", 10)]
