"""What every store of wish lists does: promises that never exceed a wish, whoever races."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
import trio

from saleroom.storage.ports import Conflict, NotFound, Stores
from saleroom.storage.wish_ports import Gift, WishItem, WishList

LIST = WishList("l1", "token-1", "ann", "Ann's wishes", "USD", 1_000)
MOST = 3


def gift(id: str = "g1", amount: int = 100, **changes: Any) -> Gift:
    made = Gift(id, "l1", 1, "bob", f"key-{id}", amount, "Bob", "Congratulations", 5)
    return attrs.evolve(made, **changes)


async def wished(stores: Stores, *amounts: int) -> None:
    assert await stores.wish_lists.add(LIST, MOST)
    for number, amount in enumerate(amounts, 1):
        item = WishItem(0, f"Wish {number}", amount)
        assert await stores.wish_lists.add_item("l1", item, MOST)


async def left(stores: Stores) -> list[int]:
    return [item.left for item in await stores.wish_lists.items("l1")]


async def test_a_list_is_read_as_added(stores: Stores) -> None:
    await wished(stores)
    assert await stores.wish_lists.list_of("l1") == LIST
    assert await stores.wish_lists.by_token("token-1") == LIST
    for id in ("l2", "token-1"):
        with pytest.raises(NotFound):
            await stores.wish_lists.list_of(id)
    with pytest.raises(NotFound):
        await stores.wish_lists.by_token("l1")


async def test_one_has_so_many_lists_and_pages_of_them(stores: Stores) -> None:
    for id in ("b", "a", "B"):
        assert await stores.wish_lists.add(attrs.evolve(LIST, id=id, token=id), MOST)
    assert not await stores.wish_lists.add(attrs.evolve(LIST, id="c", token="c"), MOST)
    assert await stores.wish_lists.add(attrs.evolve(LIST, id="d", token="d", owner="bob"), MOST)
    assert [row.id for row in await stores.wish_lists.lists("ann", "", 2)] == ["B", "a"]
    assert [row.id for row in await stores.wish_lists.lists("ann", "a", 2)] == ["b"]


async def test_a_list_changes_but_not_its_owner(stores: Stores) -> None:
    await wished(stores)
    changed = attrs.evolve(LIST, token="new", title="Wishes", is_open=False, is_revealed=True)
    await stores.wish_lists.put(attrs.evolve(changed, owner="eve", currency="EUR"))
    assert await stores.wish_lists.by_token("new") == changed
    with pytest.raises(NotFound):
        await stores.wish_lists.put(attrs.evolve(LIST, id="l2"))


async def test_items_are_numbered_and_bounded(stores: Stores) -> None:
    assert await stores.wish_lists.add(LIST, MOST)
    of_lot = WishItem(9, "Dinner", 500, "gala", 17, 400)
    assert await stores.wish_lists.add_item("l1", of_lot, MOST) == attrs.evolve(
        of_lot, item=1, promised=0
    )
    for number in (2, 3):
        added = await stores.wish_lists.add_item("l1", WishItem(0, "Wish", 5), MOST)
        assert added is not None
        assert added.item == number
    assert await stores.wish_lists.add_item("l1", WishItem(0, "Wish", 5), MOST) is None
    await stores.wish_lists.remove_item("l1", 2)
    assert [item.item for item in await stores.wish_lists.items("l1")] == [1, 3]
    with pytest.raises(NotFound):
        await stores.wish_lists.remove_item("l1", 2)
    with pytest.raises(NotFound):
        await stores.wish_lists.add_item("l2", of_lot, MOST)


async def test_a_part_is_promised_up_to_what_is_left(stores: Stores) -> None:
    await wished(stores, 250)
    assert await stores.wish_lists.give(gift("g1"), is_whole=False) == gift("g1")
    assert await stores.wish_lists.give(gift("g2"), is_whole=False) == gift("g2")
    assert await stores.wish_lists.give(gift("g3"), is_whole=False) is None
    assert await stores.wish_lists.give(gift("g4", 50), is_whole=False) == gift("g4", 50)
    assert await left(stores) == [0]
    assert [given.id for given in await stores.wish_lists.gifts("l1")] == ["g1", "g2", "g4"]


async def test_a_whole_wish_is_promised_when_nothing_of_it_is(stores: Stores) -> None:
    await wished(stores, 250, 300)
    whole = await stores.wish_lists.give(gift("g1", 1), is_whole=True)
    assert whole == gift("g1", 250)
    assert await stores.wish_lists.give(gift("g2", 1), is_whole=True) is None
    assert await stores.wish_lists.give(gift("g3", 1, item=2), is_whole=False) is not None
    assert await stores.wish_lists.give(gift("g4", 1, item=2), is_whole=True) is None
    assert await left(stores) == [0, 299]


async def test_a_repeated_key_promises_once(stores: Stores) -> None:
    await wished(stores, 250)
    for id in ("g1", "g2"):
        again = await stores.wish_lists.give(gift(id, key="same"), is_whole=False)
        assert again == gift("g1", key="same")
    assert await left(stores) == [150]
    with pytest.raises(Conflict):
        await stores.wish_lists.give(gift("g3", 99, key="same"), is_whole=False)
    with pytest.raises(Conflict):
        await stores.wish_lists.give(gift("g3", key="same", item=2), is_whole=False)
    other = await stores.wish_lists.give(gift("g4", key="same", giver="cat"), is_whole=False)
    assert other is not None


async def test_nobody_gives_to_themself_to_a_closed_list_or_to_nothing(stores: Stores) -> None:
    await wished(stores, 250)
    assert await stores.wish_lists.give(gift(giver="ann"), is_whole=False) is None
    assert await stores.wish_lists.give(gift(item=2), is_whole=False) is None
    assert await stores.wish_lists.give(gift(list_id="l2"), is_whole=False) is None
    await stores.wish_lists.put(attrs.evolve(LIST, is_open=False))
    assert await stores.wish_lists.give(gift(), is_whole=False) is None
    await stores.wish_lists.put(LIST)
    assert await stores.wish_lists.give(gift(), is_whole=False) == gift()


async def test_however_many_promise_at_once_the_wish_is_not_exceeded(stores: Stores) -> None:
    await wished(stores, 500)
    taken: list[int] = []

    async def give(number: int) -> None:
        promise = gift(f"g{number}", giver=f"friend{number}")
        if given := await stores.wish_lists.give(promise, is_whole=False):
            taken.append(given.amount)

    async with trio.open_nursery() as nursery:
        for number in range(9):
            nursery.start_soon(give, number)
    assert sum(taken) == 500
    assert await left(stores) == [0]
    assert sum(given.amount for given in await stores.wish_lists.gifts("l1")) == 500


async def test_one_promise_sent_many_times_at_once_is_one(stores: Stores) -> None:
    await wished(stores, 500)
    given: list[str] = []

    async def give(number: int) -> None:
        promise = await stores.wish_lists.give(gift(f"g{number}", key="same"), is_whole=False)
        assert promise is not None
        given.append(promise.id)

    async with trio.open_nursery() as nursery:
        for number in range(6):
            nursery.start_soon(give, number)
    assert len(set(given)) == 1
    assert await left(stores) == [400]


async def test_one_takes_back_what_is_ones_own_while_the_list_is_open(stores: Stores) -> None:
    await wished(stores, 250)
    for id in ("g1", "g2"):
        await stores.wish_lists.give(gift(id), is_whole=False)
    for list_id, id, giver in (("l1", "g1", "cat"), ("l2", "g1", "bob"), ("l1", "g9", "bob")):
        with pytest.raises(NotFound):
            await stores.wish_lists.take_back(list_id, id, giver)
    await stores.wish_lists.take_back("l1", "g1", "bob")
    assert await left(stores) == [150]
    with pytest.raises(NotFound):
        await stores.wish_lists.take_back("l1", "g1", "bob")
    await stores.wish_lists.put(attrs.evolve(LIST, is_open=False))
    with pytest.raises(NotFound):
        await stores.wish_lists.take_back("l1", "g2", "bob")


async def test_what_is_promised_is_not_removed(stores: Stores) -> None:
    await wished(stores, 250)
    await stores.wish_lists.give(gift(), is_whole=False)
    with pytest.raises(Conflict):
        await stores.wish_lists.remove_item("l1", 1)
    with pytest.raises(Conflict):
        await stores.wish_lists.remove("l1")
    await stores.wish_lists.take_back("l1", "g1", "bob")
    await stores.wish_lists.remove("l1")
    with pytest.raises(NotFound):
        await stores.wish_lists.remove("l1")
    assert await stores.wish_lists.items("l1") == []


def test_a_link_is_not_shown() -> None:
    assert "token-1" not in repr(LIST)
