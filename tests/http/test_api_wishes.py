"""Wish lists over HTTP (issue 6, point 4)."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from tests.http.house import House, Reply, open_house

MINE = "/api/v1/me/wishlists"


async def wished(house: House, *amounts: int) -> dict[str, Any]:
    """Give ann's list with wishes in words."""
    made = await house.done("POST", MINE, "ann", {"title": "Ann's wishes", "currency": "USD"})
    for number, amount in enumerate(amounts, 1):
        body = {"title": f"Wish {number}", "amount": amount}
        await house.done("POST", f"{MINE}/{made['id']}/items", "ann", body)
    row: dict[str, Any] = await own(house, made["id"])
    return row


async def own(house: House, list_id: str) -> Any:
    return await house.done("GET", f"{MINE}/{list_id}", "ann")


async def changed(house: House, row: dict[str, Any], **changes: Any) -> Any:
    return await house.done("PATCH", f"{MINE}/{row['id']}", "ann", changes)


async def give(
    house: House, row: dict[str, Any], who: str = "bob", item: int = 1, **gift: Any
) -> Reply:
    key = gift.pop("key", None)
    path = f"/api/v1/wishlists/{row['link']}/items/{item}/gifts"
    return await house.call("POST", path, who, gift, key=key)


async def test_friends_come_by_the_link_and_promise(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        row = await wished(house, 10_000, 5_000)
        path = f"/api/v1/wishlists/{row['link']}"
        seen = await house.done("GET", path)
        assert [(item["title"], item["left"]) for item in seen["items"]] == [
            ("Wish 1", 10_000),
            ("Wish 2", 5_000),
        ]
        part = await give(house, row, amount=4_000, name="Bob", message="With love")
        assert (part.status, part.json["status"], part.json["amount"]) == (201, "promised", 4_000)
        whole = await give(house, row, "clerk", item=2)
        assert whole.json["amount"] == 5_000
        seen = await house.done("GET", path, "bob")
        assert [item["left"] for item in seen["items"]] == [6_000, 0]
        assert seen["mine"] == [part.json]
        assert "Bob" not in str(await house.done("GET", path, "clerk"))


async def test_no_more_is_promised_than_is_left(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        row = await wished(house, 10_000)
        await give(house, row, amount=4_000)
        over = await give(house, row, amount=6_001)
        assert (over.status, over.code, over.json["left"]) == (409, "NOT_ENOUGH_LEFT", 6_000)
        whole = await give(house, row)
        assert (whole.status, whole.code) == (409, "NOT_ENOUGH_LEFT")
        statuses: list[int] = []

        async def rush() -> None:
            statuses.append((await give(house, row, amount=2_000)).status)

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(rush)
        assert sorted(statuses) == [201, 201, 201, 409, 409]


async def test_a_repeated_key_promises_once(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        row = await wished(house, 10_000)
        first = await give(house, row, amount=4_000, key="mine")
        again = await give(house, row, amount=4_000, key="mine")
        assert (again.status, again.json) == (201, first.json)
        other = await give(house, row, amount=5_000, key="mine")
        assert (other.status, other.code) == (409, "ID_REUSED")


async def test_nobody_gives_on_their_own_list(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        row = await wished(house, 10_000)
        for gift in ({}, {"amount": 1}):
            reply = await give(house, row, "ann", **gift)
            assert (reply.status, reply.code) == (409, "OWN_WISHLIST")


async def test_who_gave_is_shown_once_the_list_is_closed_and_revealed(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        row = await wished(house, 10_000)
        await give(house, row, amount=4_000, name="Bob", message="With love")
        seen = await own(house, row["id"])
        assert (seen["items"][0]["promised"], seen["givers"]) == (4_000, None)
        early = await house.call("PATCH", f"{MINE}/{row['id']}", "ann", {"revealed": True})
        assert (early.status, early.code) == (409, "WISHLIST_OPEN")
        assert (await changed(house, row, open=False))["givers"] is None
        late = await give(house, row, amount=1)
        assert (late.status, late.code) == (409, "WISHLIST_CLOSED")
        revealed = await changed(house, row, revealed=True)
        assert revealed["givers"] == [
            {
                "item": 1,
                "amount": 4_000,
                "name": "Bob",
                "message": "With love",
                "status": "promised",
            }
        ]
        reopened = await changed(house, row, open=True)
        assert (reopened["revealed"], reopened["givers"]) == (False, None)
        assert (await give(house, row, amount=1)).status == 201


async def test_a_promise_is_taken_back(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        row = await wished(house, 10_000)
        gift = (await give(house, row)).json
        path = f"/api/v1/wishlists/{row['link']}/gifts/{gift['id']}"
        assert (await house.call("DELETE", path, "clerk")).code == "UNKNOWN_GIFT"
        for target in (f"{MINE}/{row['id']}", f"{MINE}/{row['id']}/items/1"):
            kept = await house.call("DELETE", target, "ann")
            assert (kept.status, kept.code) == (409, "PROMISED")
        assert (await house.call("DELETE", path, "bob")).status == 204
        assert (await own(house, row["id"]))["items"][0]["left"] == 10_000
        for target in (f"{MINE}/{row['id']}/items/1", f"{MINE}/{row['id']}"):
            assert (await house.call("DELETE", target, "ann")).status == 204


async def test_a_lot_brings_its_title_and_price(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale(mode="silent", ends_at=4_000_000_000_000, buy_now=90_000)
        row = await wished(house)
        path = f"{MINE}/{row['id']}/lots"
        added = await house.done("POST", path, "ann", {"event": event, "lot": 1})
        assert (added["title"], added["amount"], added["lot"]) == ("A quilt", 90_000, 1)
        own_words = {"event": event, "lot": 1, "title": "That quilt", "amount": 20_000}
        assert (await house.done("POST", path, "ann", own_words))["amount"] == 20_000
        unknown = await house.call("POST", path, "ann", {"event": event, "lot": 9})
        assert (unknown.status, unknown.code) == (404, "UNKNOWN_LOT")
        draft = await house.event(draft=True)
        hidden = await house.call("POST", path, "ann", {"event": draft, "lot": 1})
        assert (hidden.status, hidden.code) == (404, "UNKNOWN_EVENT")
        foreign = await house.event(currency="EUR")
        await house.lot(foreign)
        other = await house.call("POST", path, "ann", {"event": foreign, "lot": 1})
        assert (other.status, other.code) == (409, "OTHER_CURRENCY")


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("title", {"amount": 100}),
        ("amount", {"title": "A wish"}),
        ("amount", {"title": "A wish", "amount": 0}),
        ("event", {"title": "A wish", "amount": 1, "event": "x"}),
    ],
)
async def test_a_wish_that_makes_no_sense_is_422(
    autojump_clock: MockClock, field: str, body: dict[str, object]
) -> None:
    async with open_house() as house:
        row = await wished(house)
        reply = await house.call("POST", f"{MINE}/{row['id']}/items", "ann", body)
        assert (reply.status, reply.code, reply.json["field"]) == (422, "INVALID_FIELD", field)


async def test_a_list_is_its_owners_and_a_new_link_ends_the_old(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        row = await wished(house, 100)
        for method in ("GET", "DELETE"):
            other = await house.call(method, f"{MINE}/{row['id']}", "bob")
            assert (other.status, other.code) == (404, "UNKNOWN_WISHLIST")
        renewed = await changed(house, row, new_link=True, title="Wishes")
        assert renewed["title"] == "Wishes"
        assert renewed["link"] != row["link"]
        old = await house.call("GET", f"/api/v1/wishlists/{row['link']}")
        assert (old.status, old.code) == (404, "UNKNOWN_WISHLIST")
        page = await house.done("GET", MINE, "ann")
        assert [(head["id"], head["link"]) for head in page["wishlists"]] == [
            (row["id"], renewed["link"])
        ]
        assert (await house.done("GET", MINE, "bob"))["wishlists"] == []
