"""What every keeper of snapshots does."""

from __future__ import annotations

import pytest

from saleroom.storage.ports import Snapshot, Stores
from tests.storage.records import head


async def test_there_is_none_at_first(stores: Stores) -> None:
    assert await stores.snapshots.newest("gala") is None
    assert await stores.snapshots.chunk_count("gala") == 0


async def test_the_newest_comes_with_its_chunks_in_order(stores: Stores) -> None:
    await stores.snapshots.save("gala", 10, head(10), b"ten", [b"a", b"b"])
    await stores.snapshots.save("gala", 20, head(20), b"twenty", [])
    await stores.snapshots.save("gala", 30, head(30), b"thirty", [b"c"])
    assert await stores.snapshots.newest("gala") == Snapshot(
        30, head(30), b"thirty", [b"a", b"b", b"c"]
    )
    assert await stores.snapshots.chunk_count("gala") == 3


@pytest.mark.parametrize("position", [9, 10])
async def test_one_that_is_not_newer_writes_nothing(stores: Stores, position: int) -> None:
    await stores.snapshots.save("gala", 10, head(10), b"first", [b"a"])
    await stores.snapshots.save("gala", position, head(9), b"second", [b"x"])
    assert await stores.snapshots.newest("gala") == Snapshot(10, head(10), b"first", [b"a"])
    assert await stores.snapshots.chunk_count("gala") == 1


async def test_events_do_not_mix(stores: Stores) -> None:
    await stores.snapshots.save("gala", 10, head(10), b"gala", [b"a"])
    await stores.snapshots.save("ball", 5, head(5), b"ball", [b"b"])
    assert await stores.snapshots.newest("gala") == Snapshot(10, head(10), b"gala", [b"a"])
    assert await stores.snapshots.newest("ball") == Snapshot(5, head(5), b"ball", [b"b"])


async def test_what_the_caller_changes_later_is_not_kept(stores: Stores) -> None:
    chunks = [b"a"]
    await stores.snapshots.save("gala", 10, head(10), b"ten", chunks)
    chunks.append(b"b")
    newest = await stores.snapshots.newest("gala")
    assert newest is not None
    assert newest.chunks == [b"a"]
