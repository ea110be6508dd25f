"""What every store of join codes does: kept by digest, used once, revoked while unused."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
import trio

from saleroom.storage.join_ports import JoinCode
from saleroom.storage.ports import NotFound, Stores
from tests.storage.test_catalogue import event_row


def code(id: str = "a", **changes: Any) -> JoinCode:
    digest = id.encode().ljust(32, b"\0")
    row = JoinCode(id, "gala", digest, 214, "7", "clara", 1_000, 2_000)
    return attrs.evolve(row, **changes)


async def kept(stores: Stores, *codes: JoinCode) -> None:
    await stores.catalogue.add_event(event_row())
    await stores.join_codes.add(codes)


async def test_a_code_is_found_by_its_digest_and_by_its_id(stores: Stores) -> None:
    bare = code("b", paddle=None, table=None, expires_at_ms=None)
    await kept(stores, code(), bare)
    assert await stores.join_codes.by_digest(code().digest) == code()
    assert await stores.join_codes.code("gala", "b") == bare
    for event, id in (("ball", "a"), ("gala", "c")):
        with pytest.raises(NotFound):
            await stores.join_codes.code(event, id)
    with pytest.raises(NotFound):
        await stores.join_codes.by_digest(code("c").digest)


async def test_codes_need_their_event(stores: Stores) -> None:
    with pytest.raises(NotFound):
        await stores.join_codes.add([code(), code("b")])
    with pytest.raises(NotFound):
        await stores.join_codes.by_digest(code().digest)


async def test_codes_are_paged_by_id(stores: Stores) -> None:
    await kept(stores, code("b"), code("a"), code("B"))
    assert [row.id for row in await stores.join_codes.codes("gala", "", 2)] == ["B", "a"]
    assert [row.id for row in await stores.join_codes.codes("gala", "a", 2)] == ["b"]
    assert await stores.join_codes.codes("ball", "", 2) == []


async def test_one_of_many_at_once_uses_a_code(stores: Stores) -> None:
    await kept(stores, code())
    won: list[int] = []

    async def use(at_ms: int) -> None:
        if await stores.join_codes.use("a", at_ms):
            won.append(at_ms)

    async with trio.open_nursery() as nursery:
        for at_ms in range(8):
            nursery.start_soon(use, at_ms)
    assert (await stores.join_codes.code("gala", "a")).used_at_ms == won[0]
    assert len(won) == 1
    assert not await stores.join_codes.use("a", 99)
    assert not await stores.join_codes.use("unknown", 99)


async def test_a_code_that_served_nothing_is_good_again(stores: Stores) -> None:
    await kept(stores, code())
    await stores.join_codes.use("a", 9)
    for id in ("a", "unknown"):
        await stores.join_codes.free(id)
    assert (await stores.join_codes.code("gala", "a")).used_at_ms is None
    assert await stores.join_codes.use("a", 99)


async def test_a_code_is_revoked_until_it_is_used(stores: Stores) -> None:
    await kept(stores, code("a"), code("b"))
    await stores.join_codes.revoke("gala", "a")
    await stores.join_codes.use("b", 9)
    for id in ("a", "b"):
        with pytest.raises(NotFound):
            await stores.join_codes.revoke("gala", id)
    assert [row.id for row in await stores.join_codes.codes("gala", "", 9)] == ["b"]
    with pytest.raises(NotFound):
        await stores.join_codes.revoke("ball", "b")


def test_a_digest_is_not_shown() -> None:
    assert "digest" not in repr(code())
