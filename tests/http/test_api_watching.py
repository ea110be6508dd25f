"""Watch lists over HTTP (PROTOCOL 7)."""

from __future__ import annotations

from typing import Any

import trio
from trio.testing import MockClock

from saleroom.http.sale.api_watching import LOTS_MOST
from saleroom.http.sale.watchers import AGE_S
from saleroom.storage.watch_ports import Watch
from tests.http.house import House, open_house


def watch_of(event: str, lot: int = 1) -> str:
    return f"/api/v1/events/{event}/watch/{lot}"


async def mine(house: House, who: str, query: str = "") -> Any:
    return await house.done("GET", f"/api/v1/me/watching?{query}", who)


async def test_a_lot_is_watched_and_let_go(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        assert await house.done("GET", watch_of(event), "bob") == {
            "lot": 1,
            "watching": False,
            "since": None,
            "watchers": 0,
        }
        first = await house.done("PUT", watch_of(event), "bob")
        assert (first["watching"], first["watchers"]) == (True, 1)
        await trio.sleep(AGE_S)
        again = await house.done("PUT", watch_of(event), "bob")
        assert again == first
        for _ in range(2):
            assert (await house.call("DELETE", watch_of(event), "bob")).status == 204
        await trio.sleep(AGE_S)
        assert (await house.done("GET", watch_of(event), "bob"))["watchers"] == 0


async def test_everyone_sees_how_many_watch_and_nobody_who(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        await house.lot(event)
        for who in ("ann", "bob"):
            await house.done("PUT", watch_of(event), who)
        path = f"/api/v1/events/{event}/watchers"
        await trio.sleep(AGE_S)
        assert await house.done("GET", path) == {"watchers": {"1": 2}}
        await house.done("PUT", watch_of(event, 2), "ann")
        assert await house.done("GET", path) == {"watchers": {"1": 2}}
        await trio.sleep(AGE_S)
        assert await house.done("GET", path) == {"watchers": {"1": 2, "2": 1}}


async def test_what_one_watches_is_shown_as_it_stands(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        await house.lot(event, title="A cruise")
        await house.command(event, "auctioneer", "open_lot", lot=1)
        for lot in (2, 1):
            await house.done("PUT", watch_of(event, lot), "ann")
        page = await mine(house, "ann", "limit=1")
        assert [(row["lot"], row["now"]["state"]) for row in page["watching"]] == [(1, "open")]
        rest = await mine(house, "ann", f"limit=1&cursor={page['next']}")
        assert [(row["lot"], row["now"]["title"]) for row in rest["watching"]] == [(2, "A cruise")]
        assert rest["next"] is None
        assert await mine(house, "bob") == {"watching": [], "next": None}


async def test_a_lot_that_is_gone_is_shown_as_nothing(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        await house.stores.watching.watch("ann", Watch("gone", 1, 5), LOTS_MOST)
        await house.stores.watching.watch("ann", Watch(event, 99, 5), LOTS_MOST)
        page = await mine(house, "ann")
        assert {(row["event"], row["lot"], row["now"]) for row in page["watching"]} == {
            ("gone", 1, None),
            (event, 99, None),
        }


async def test_only_a_lot_that_people_see_is_watched(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event, draft = await house.sale(), await house.event(draft=True)
        await house.lot(draft)
        for method in ("GET", "PUT", "DELETE"):
            unknown = await house.call(method, watch_of(event, 9), "ann")
            assert (unknown.status, unknown.code) == (404, "UNKNOWN_LOT")
            hidden = await house.call(method, watch_of(draft), "ann")
            assert (hidden.status, hidden.code) == (404, "UNKNOWN_EVENT")
        nowhere = await house.call("DELETE", watch_of("nowhere"), "ann")
        assert (nowhere.status, nowhere.code) == (404, "UNKNOWN_EVENT")
        early = await house.call("PUT", watch_of(draft), "clerk")
        assert (early.status, early.code) == (409, "EVENT_NOT_OPEN")


async def test_one_watches_so_many_lots_of_an_event(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        for lot in range(2, LOTS_MOST + 2):
            await house.stores.watching.watch("ann", Watch(event, lot, 5), LOTS_MOST)
        full = await house.call("PUT", watch_of(event), "ann")
        assert (full.status, full.code) == (409, "LIMIT_REACHED")


async def test_a_cursor_that_is_none_is_malformed(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        for query in ("cursor=x", "cursor=a:b", "limit=0", "limit=101"):
            reply = await house.call("GET", f"/api/v1/me/watching?{query}", "ann")
            assert (reply.status, reply.code) == (400, "MALFORMED")
