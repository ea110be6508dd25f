"""What every keeper of snapshots does."""

from __future__ import annotations

import pytest

from saleroom.storage.ports import Snapshot, Stores
from tests.storage.records import head


async def test_there_is_none_at_first(stores: Stores) -> None:
    assert await stores.snapshots.newest("gala") is None
    assert await stores.snapshots.chunk_count("gala") == 0


async def test_the_newest_comes_with_its_chunks_in_order(stores: Stores) -> None:
    assert await stores.snapshots.save("gala", 10, head(10), b"ten", [b"a", b"b"], 0)
    assert await stores.snapshots.save("gala", 20, head(20), b"twenty", [], 2)
    assert await stores.snapshots.save("gala", 30, head(30), b"thirty", [b"c"], 2)
    assert await stores.snapshots.newest("gala") == Snapshot(
        30, head(30), b"thirty", [b"a", b"b", b"c"]
    )
    assert await stores.snapshots.chunk_count("gala") == 3


@pytest.mark.parametrize("position", [9, 10])
async def test_one_that_is_not_newer_writes_nothing(stores: Stores, position: int) -> None:
    assert await stores.snapshots.save("gala", 10, head(10), b"first", [b"a"], 0)
    assert not await stores.snapshots.save("gala", position, head(9), b"second", [b"x"], 1)
    assert not await stores.snapshots.save("gala", position, head(9), b"second", [b"x"], 0)
    assert await stores.snapshots.newest("gala") == Snapshot(10, head(10), b"first", [b"a"])
    assert await stores.snapshots.chunk_count("gala") == 1


async def test_events_do_not_mix(stores: Stores) -> None:
    await stores.snapshots.save("gala", 10, head(10), b"gala", [b"a"], 0)
    await stores.snapshots.save("ball", 5, head(5), b"ball", [b"b"], 0)
    assert await stores.snapshots.newest("gala") == Snapshot(10, head(10), b"gala", [b"a"])
    assert await stores.snapshots.newest("ball") == Snapshot(5, head(5), b"ball", [b"b"])


async def test_what_the_caller_changes_later_is_not_kept(stores: Stores) -> None:
    chunks = [b"a"]
    await stores.snapshots.save("gala", 10, head(10), b"ten", chunks, 0)
    chunks.append(b"b")
    newest = await stores.snapshots.newest("gala")
    assert newest is not None
    assert newest.chunks == [b"a"]


@pytest.mark.parametrize(
    ("first", "new", "kept"),
    [
        (0, [b"x"], [b"x"]),
        (1, [b"x"], [b"a", b"x"]),
        (1, [b"x", b"y", b"z"], [b"a", b"x", b"y", b"z"]),
        (2, [], [b"a", b"b"]),
        (3, [b"x"], [b"a", b"b", b"c", b"x"]),
    ],
)
async def test_chunks_that_a_stale_owner_left_are_replaced(
    stores: Stores, first: int, new: list[bytes], kept: list[bytes]
) -> None:
    await stores.snapshots.save("gala", 10, head(10), b"stale", [b"a", b"b", b"c"], 0)
    await stores.snapshots.save("ball", 10, head(10), b"ball", [b"d", b"e", b"f"], 0)
    assert await stores.snapshots.save("gala", 20, head(20), b"fresh", new, first)
    assert await stores.snapshots.newest("gala") == Snapshot(20, head(20), b"fresh", kept)
    assert await stores.snapshots.chunk_count("gala") == len(kept)
    assert await stores.snapshots.chunk_count("ball") == 3


async def test_a_hole_in_the_chunks_is_a_bug(stores: Stores) -> None:
    await stores.snapshots.save("gala", 10, head(10), b"ten", [b"a"], 0)
    with pytest.raises(ValueError, match="chunks from 2 on do not follow 1 kept"):
        await stores.snapshots.save("gala", 20, head(20), b"twenty", [b"c"], 2)
    assert await stores.snapshots.newest("gala") == Snapshot(10, head(10), b"ten", [b"a"])
