"""What every hot store does, and how the one in Redis behaves when Redis goes and comes back."""

from __future__ import annotations

import pytest

from saleroom.storage.bridge import Bridge
from saleroom.storage.ports import HotStore, StoreUnavailable
from saleroom.storage.redis_hot import FIELDS_PER_COMMAND, RedisHotStore
from saleroom.storage.stores import open_hot
from tests.servers import real_redis, short_folder


async def test_fields_are_set_one_by_one(hot: HotStore) -> None:
    await hot.write("gala", {"lot:1": b"one", "lot:2": b"\x00\xff"})
    await hot.write("gala", {"lot:2": b"two", "événement": b""})
    assert await hot.read("gala") == {"lot:1": b"one", "lot:2": b"two", "événement": b""}


async def test_only_the_asked_fields_that_exist_are_read(hot: HotStore) -> None:
    await hot.write("gala", {"lot:1": b"one", "lot:2": b"two"})
    assert await hot.read("gala", ["lot:2", "lot:3"]) == {"lot:2": b"two"}
    assert await hot.read("gala", []) == {}
    assert await hot.read("ball") == {}
    assert await hot.read("ball", ["lot:1"]) == {}


async def test_writing_nothing_is_allowed(hot: HotStore) -> None:
    await hot.write("gala", {})
    assert await hot.read("gala") == {}


async def test_views_do_not_mix_and_are_cleared_alone(hot: HotStore) -> None:
    await hot.write("gala", {"lot:1": b"gala"})
    await hot.write("ball", {"lot:1": b"ball"})
    await hot.clear("gala")
    await hot.clear("nowhere")
    assert await hot.read("gala") == {}
    assert await hot.read("ball") == {"lot:1": b"ball"}


async def test_a_refill_larger_than_one_command(hot: HotStore) -> None:
    view = {f"lot:{number}": b"%d" % number for number in range(FIELDS_PER_COMMAND * 2 + 1)}
    await hot.write("gala", view)
    assert await hot.read("gala") == view


async def test_ping(hot: HotStore) -> None:
    await hot.ping()


async def test_redis_goes_and_comes_back(bridge: Bridge) -> None:
    with short_folder() as folder:
        with real_redis(folder) as url:
            store = RedisHotStore(bridge, url)
            await store.write("gala", {"lot:1": b"one"})
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                await store.ping()
            with pytest.raises(StoreUnavailable):
                await store.read("gala")
            with pytest.raises(StoreUnavailable):
                await store.write("gala", {"lot:1": b"lost"})
            with pytest.raises(StoreUnavailable):
                await store.clear("gala")
        with real_redis(folder):
            await store.ping()
            assert await store.read("gala") == {}
            await store.write("gala", {"lot:1": b"refilled"})
            assert await store.read("gala") == {"lot:1": b"refilled"}
            await store.close()


async def test_without_a_url_the_view_is_in_memory(bridge: Bridge) -> None:
    async with open_hot(bridge, None) as store:
        await store.write("gala", {"lot:1": b"one"})
        assert await store.read("gala") == {"lot:1": b"one"}
