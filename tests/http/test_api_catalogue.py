"""The catalogue over HTTP: search, running order, categories and donors (PROTOCOL 7)."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from saleroom.storage.ports import Stores
from tests.http.house import House, open_house

EVENTS = "/api/v1/events"


async def settled() -> None:
    """Let the checkpointer write (virtual time)."""
    await trio.sleep(1)


async def numbers(house: House, event: str, query: str, who: str | None = None) -> list[int]:
    page = await house.done("GET", f"{EVENTS}/{event}/lots?{query}", who)
    return [lot["lot"] for lot in page["lots"]]


async def audited(house: House, event: str) -> list[dict[str, Any]]:
    """Give an event's entries, the oldest first."""
    page = await house.done("GET", f"/api/v1/audit?event={event}&limit=200", "admin")
    entries: list[dict[str, Any]] = page["entries"]
    return entries[::-1]


# Search


@pytest.mark.parametrize("draft", [True, False], ids=["draft", "published"])
async def test_lots_are_found_by_words(autojump_clock: MockClock, draft: bool) -> None:
    async with open_house() as house:
        event = await house.event(draft=draft)
        await house.lot(event, title="Dîner à deux", description="With a quilt to take home.")
        await house.lot(event, title="A quilt", category="Textiles", mode="sale")
        await settled()
        assert await numbers(house, event, "q=quilt", "clerk") == [2, 1]
        assert await numbers(house, event, "q=diner", "clerk") == [1]
        assert await numbers(house, event, "q=qilt", "clerk") == [2, 1]
        assert await numbers(house, event, "q=textile", "clerk") == [2]
        assert await numbers(house, event, "q=quilt&mode=live", "clerk") == [1]
        assert await numbers(house, event, "q=quilt&sort=number", "clerk") == [1, 2]
        assert await numbers(house, event, "category=Textiles", "clerk") == [2]
        assert await numbers(house, event, "q=%2B%2B", "clerk") == []


async def test_a_lot_that_came_by_command_is_found_by_its_title(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event()
        await house.lot(event, title="A bowl")
        added = {"title": "A quilt", "mode": "live", "opening": 100}
        assert (await house.command(event, "admin", "add_lot", **added)).status == 200
        await settled()
        assert await numbers(house, event, "q=quilts") == [2]


async def test_lots_are_found_and_sorted_over_postgresql(pg_stores: Stores) -> None:
    async with open_house(pg_stores) as house:
        event = await house.event(draft=True)
        for title in ("Wine from Bern", "A guitar", "Bernese cheese"):
            await house.lot(event, title=title)
        assert await numbers(house, event, "q=bern", "clerk") == [1, 3]
        assert await numbers(house, event, "q=giutar", "clerk") == [2]
        assert await numbers(house, event, "sort=-title", "clerk") == [1, 3, 2]


async def test_what_is_left_blank_asks_for_nothing(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event(draft=True)
        for title in ("Wine from Bern", "A guitar"):
            await house.lot(event, title=title, category="Fun")
        assert await numbers(house, event, "mode=&state=&category=&q=&sort=&cursor=", "clerk") == [
            1,
            2,
        ]


@pytest.mark.parametrize("path", ["/lots", "/registrations", "/journal"])
@pytest.mark.parametrize("limit", ["0", "-1", "x", "", "1001", "1.5", "1&limit=2"])
async def test_a_limit_that_is_none_is_refused_by_name(
    autojump_clock: MockClock, path: str, limit: str
) -> None:
    async with open_house() as house:
        event = await house.event()
        refused = await house.call("GET", f"{EVENTS}/{event}{path}?limit={limit}", "admin")
        assert (refused.status, refused.code) == (400, "MALFORMED")
        assert refused.json["field"] == "limit"
        assert "whole number" in refused.json["detail"] or "twice" in refused.json["detail"]


async def test_a_sale_is_sorted_by_what_stands(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale(mode="silent", opening=1_000)
        await house.lot(event, mode="silent", opening=500)
        assert (await house.command(event, "ann", "place_bid", lot=2, amount=9_000)).status == 200
        await settled()
        assert await numbers(house, event, "sort=-price") == [2, 1]
        assert await numbers(house, event, "sort=bids") == [1, 2]


# The running order


async def test_a_draft_is_put_in_order_whole(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event(draft=True)
        for _ in range(3):
            await house.lot(event)
        path = f"{EVENTS}/{event}/lots/order"
        assert await house.done("PUT", path, "admin", {"lots": [3, 1, 2]}) == {"lots": [3, 1, 2]}
        assert await numbers(house, event, "", "clerk") == [3, 1, 2]
        for wrong in ([1, 2], [1, 2, 3, 4]):
            stale = await house.call("PUT", path, "admin", {"lots": wrong})
            assert (stale.status, stale.code) == (409, "STALE_VERSION")
        twice = await house.call("PUT", path, "admin", {"lots": [1, 1, 2]})
        assert (twice.status, twice.json["field"]) == (422, "lots")
        await house.lot(event)
        assert await numbers(house, event, "", "clerk") == [3, 1, 2, 4]
        assert (await audited(house, event))[-2]["after"] == {"lots": [3, 1, 2]}


async def test_lots_that_have_not_opened_change_places_among_themselves(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        event = await house.sale()
        await house.lot(event)
        added = {"title": "By command", "mode": "live", "opening": 100}
        assert (await house.command(event, "admin", "add_lot", **added)).status == 200
        assert (await house.command(event, "auctioneer", "open_lot", lot=2)).status == 200
        path = f"{EVENTS}/{event}/lots/order"
        stale = await house.call("PUT", path, "admin", {"lots": [3, 2, 1]})
        assert (stale.status, stale.code) == (409, "STALE_VERSION")
        assert await house.done("PUT", path, "admin", {"lots": [3, 1]}) == {"lots": [3, 2, 1]}
        await settled()
        assert await numbers(house, event, "") == [3, 2, 1]


# Categories and donors


async def test_categories_are_kept_in_order_and_renamed_with_their_lots(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        event = await house.event()
        path = f"{EVENTS}/{event}/categories"
        reply = await house.call("POST", path, "clerk", {"name": "Wine"})
        wine = reply.json
        assert (reply.status, reply.headers["location"]) == (201, f"{path}/{wine['id']}")
        taken = await house.call("POST", path, "clerk", {"name": "Wine"})
        assert (taken.status, taken.code) == (409, "NAME_TAKEN")
        await house.lot(event, category="Wine")
        await house.lot(event, category="Art")
        listed = (await house.done("GET", path))["categories"]
        assert [row["name"] for row in listed] == ["Wine", "Art"]
        turned = [row["id"] for row in listed[::-1]]
        ordered = await house.done("PUT", f"{path}/order", "clerk", {"categories": turned})
        assert [row["name"] for row in ordered["categories"]] == ["Art", "Wine"]
        rename = {"version": 1, "name": "Wines"}
        await house.done("PATCH", f"{path}/{wine['id']}", "clerk", rename)
        stale = await house.call("PATCH", f"{path}/{wine['id']}", "clerk", rename)
        assert (stale.status, stale.code) == (409, "STALE_VERSION")
        await settled()
        assert await numbers(house, event, "category=Wines") == [1]
        used = await house.call("DELETE", f"{path}/{wine['id']}", "clerk")
        assert (used.status, used.code) == (409, "IN_USE")
        what = [entry["what"] for entry in await audited(house, event)]
        assert what[-2:] == ["category.order", "category.rename"]


async def test_a_hidden_donor_is_a_name_for_staff_alone(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event()
        path = f"{EVENTS}/{event}/donors"
        secret = {"name": "Rockefeller", "hidden": True, "email": "r@hall.example", "phone": "1"}
        hidden = (await house.done("POST", path, "clerk", secret))["id"]
        shown = (await house.done("POST", path, "clerk", {"name": "Ann Lee", "phone": "2"}))["id"]
        await house.lot(event, donor=hidden)
        await house.lot(event, donor=shown)
        await settled()
        for where in ("donors", f"donors/{shown}", "lots", "lots/1", "lots?q=rockefeller"):
            for who in (None, "ann"):
                reply = await house.call("GET", f"{EVENTS}/{event}/{where}", who)
                assert reply.status == 200
                for private in (b"Rockefeller", b"hall.example", b'"phone"'):
                    assert private not in reply.body, (where, who)
        assert (await house.done("GET", path))["donors"] == [{"id": shown, "name": "Ann Lee"}]
        assert (await house.call("GET", f"{path}/{hidden}")).code == "UNKNOWN_DONOR"
        lot = await house.done("GET", f"{EVENTS}/{event}/lots/2")
        assert (lot["donor"], lot["donor_name"]) == (shown, "Ann Lee")
        kept = await house.done("GET", f"{EVENTS}/{event}/lots/1", "clerk")
        assert (kept["donor"], kept["donor_name"]) == (hidden, "Rockefeller")
        assert await numbers(house, event, "q=rockefeller") == []
        assert await numbers(house, event, "q=rockefeller", "clerk") == [1]


async def test_donors_are_changed_removed_and_never_named_in_the_audit(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        event = await house.event()
        path = f"{EVENTS}/{event}/donors"
        ann = await house.done("POST", path, "clerk", {"name": "Ann", "email": "a@b.example"})
        changes = {"version": 1, "hidden": True, "email": None}
        changed = await house.done("PATCH", f"{path}/{ann['id']}", "clerk", changes)
        assert (changed["name"], changed["hidden"], changed["email"]) == ("Ann", True, None)
        stale = await house.call("PATCH", f"{path}/{ann['id']}", "clerk", changes)
        assert (stale.status, stale.code) == (409, "STALE_VERSION")
        await house.lot(event, donor=ann["id"])
        used = await house.call("DELETE", f"{path}/{ann['id']}", "clerk")
        assert (used.status, used.code) == (409, "IN_USE")
        lot = {"version": 1, "donor": None}
        await house.done("PATCH", f"{EVENTS}/{event}/lots/1", "admin", lot)
        assert (await house.call("DELETE", f"{path}/{ann['id']}", "clerk")).status == 204
        gone = await house.call("DELETE", f"{path}/{ann['id']}", "clerk")
        assert (gone.status, gone.code) == (404, "UNKNOWN_DONOR")
        reply = await house.call("GET", f"/api/v1/audit?event={event}", "admin")
        assert b"donor.change" in reply.body
        for private in (b"Ann", b"b.example"):
            assert private not in reply.body


@pytest.mark.parametrize("draft", [True, False], ids=["draft", "published"])
async def test_a_lot_is_given_by_a_donor_of_its_event(
    autojump_clock: MockClock, draft: bool
) -> None:
    async with open_house() as house:
        event, other = await house.event(draft=draft), await house.event()
        path = f"{EVENTS}/{other}/donors"
        stranger = (await house.done("POST", path, "clerk", {"name": "Ann"}))["id"]
        body = {"title": "A rug", "mode": "live", "opening": 1, "donor": stranger}
        wrong = await house.call("POST", f"{EVENTS}/{event}/lots", "admin", body)
        assert (wrong.status, wrong.code, wrong.json["field"]) == (422, "INVALID_LOT", "donor")
        await house.lot(event)
        change = {"version": 1, "donor": stranger}
        wrong = await house.call("PATCH", f"{EVENTS}/{event}/lots/1", "admin", change)
        assert (wrong.status, wrong.json["field"]) == (422, "donor")
        await settled()
        assert len(await numbers(house, event, "", "clerk")) == 1
