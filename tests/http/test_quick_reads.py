"""Quick reads: the door's answers are the app's, byte for byte, for those they are common to."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import orjson
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from saleroom.http.door.outside import Outside
from saleroom.http.door.quick_reads import QuickReads, quick_reads
from tests.http.house import House, open_house
from tests.http.wire import GUARD_S, LIMITS, Peer, Running, get, open_door

SILENT = {"mode": "silent", "opening": 10_000, "ends_at": 4_000_000_000_000}
ROOM = ("/lots", "/lots?limit=1", "/lots/1", "/leaderboard", "/results")
PER_REQUEST = {"x-request-id", "date", "ratelimit", "ratelimit-policy"}


@attrs.define
class Place:
    house: House
    running: Running
    quick: QuickReads
    event: str
    slow: Running

    def path(self, rest: str) -> str:
        return f"/api/v1/events/{self.event}{rest}"

    @property
    def kept(self) -> int:
        """How many requests the door has answered by itself."""
        return self.quick.services.requests._kept


@asynccontextmanager
async def open_place() -> AsyncIterator[Place]:
    """A sale behind a door with quick answers, and behind one without."""
    async with open_house() as house:
        event = await house.sale(**SILENT)
        while b'"open"' not in (await house.stores.hot.read(event)).get("event", b""):
            await trio.lowlevel.checkpoint()
        quick = quick_reads(house.app, house.services)
        async with (
            open_door(app=house.app, quick=quick.answer) as running,
            open_door(app=house.app) as slow,
        ):
            yield Place(house, running, quick, event, slow)


async def ask(running: Running, path: str, *headers: str) -> tuple[int, dict[str, str], bytes]:
    peer = await running.connect()
    return await peer.exchange(get(path, *headers))


@pytest.mark.parametrize("rest", ROOM)
@pytest.mark.parametrize("who", [None, "ann", "clerk"])
async def test_the_doors_answer_is_the_apps(rest: str, who: str | None) -> None:
    async with open_place() as place:
        headers = () if who is None else (f"Authorization: Bearer {who}",)
        slow = await ask(place.slow, place.path(rest), *headers)
        for _ in range(2):
            status, named, body = await ask(place.running, place.path(rest), *headers)
            assert (status, body) == (slow[0], slow[2])
            differing = {
                name
                for name in named.keys() | slow[1].keys()
                if named.get(name) != slow[1].get(name)
            }
            assert differing <= PER_REQUEST
        is_quick = who != "clerk" or rest == "/leaderboard"  # staff see more of the others
        assert place.kept == (2 if is_quick else 0)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (("Cookie: a=b",), 200),
        (("Authorization: Bearer nobody",), 401),
        (("Authorization: Basic YTpi",), 401),
        (("Range: bytes=0-1",), 200),
        (("Content-Length: 2",), 200),
    ],
)
async def test_what_is_not_plain_goes_to_the_app(headers: tuple[str, ...], status: int) -> None:
    async with open_place() as place:
        peer = await place.running.connect()
        body = b"{}" if "Content-Length: 2" in headers else b""
        await peer.send(get(place.path("/lots"), *headers) + body)
        assert (await peer.response())[0] == status
        assert place.kept == 0


@pytest.mark.parametrize("rest", ["/lots?limit=0", "/lots?sort=none", "/lots/99", "/journal", ""])
async def test_what_fails_or_is_not_kept_is_the_apps_to_answer(rest: str) -> None:
    async with open_place() as place:
        quick = await ask(place.running, place.path(rest))
        slow = await ask(place.slow, place.path(rest))
        assert (quick[0], quick[2]) == (slow[0], slow[2])
        assert place.kept == 0


async def test_a_private_event_is_not_shown_at_the_door() -> None:
    async with open_place() as place:
        hidden = await place.house.event(public=False)
        path = f"/api/v1/events/{hidden}/lots"
        assert (await ask(place.running, path, "Authorization: Bearer ann"))[0] == 200
        assert (await ask(place.running, path))[0] == 401
        assert place.kept == 0


async def test_who_has_it_is_told_so() -> None:
    async with open_place() as place:
        _, named, _ = await ask(place.running, place.path("/lots"))
        tag = named["etag"]
        for given in (tag, f'"other", {tag}', f"W/{tag}", "*"):
            for running in (place.running, place.slow):
                status, headers, body = await ask(
                    running, place.path("/lots"), f"If-None-Match: {given}"
                )
                assert (status, headers["etag"], body) == (304, tag, b"")
                assert headers.keys().isdisjoint({"content-type", "content-length"})
        assert (await ask(place.running, place.path("/lots"), 'If-None-Match: "old"'))[0] == 200


async def test_a_bid_and_an_edit_change_what_is_read_and_its_tag() -> None:
    async with open_place() as place:
        tags = [(await ask(place.running, place.path("/lots/1")))[1]["etag"]]
        bid = await place.house.command(place.event, "ann", "place_bid", lot=1, amount=12_000)
        assert bid.status == 200
        _, named, body = await ask(place.running, place.path("/lots/1"))
        assert b'"price":12000' in body
        tags.append(named["etag"])
        lot = await place.house.done("GET", place.path("/lots/1"), "admin")
        change = {"description": "Sewn by hand.", "version": lot["version"]}
        await place.house.done("PATCH", place.path("/lots/1"), "admin", change)
        _, named, body = await ask(place.running, place.path("/lots/1"))
        assert b"Sewn by hand." in body
        assert len({*tags, named["etag"]}) == 3


@pytest.mark.parametrize("door", ["running", "slow"])
async def test_what_was_answered_is_read_next_by_whoever_reads(door: str) -> None:
    async with open_place() as place:
        running: Running = getattr(place, door)

        async def read(rest: str) -> Any:
            return orjson.loads((await ask(running, place.path(rest)))[2])

        for amount in range(10_000, 20_000, 1_000):
            await place.house.command(place.event, "ann", "place_bid", lot=1, amount=amount)
            assert (await read("/lots/1"))["price"] == amount
            assert [lot["price"] for lot in (await read("/lots"))["lots"]] == [amount]
        await place.house.command(place.event, "auctioneer", "close_event")
        assert (await read(""))["status"] == "closed"
        assert [win["amount"] for win in (await read("/results"))["results"]] == [19_000]
        assert (await read("/leaderboard"))["raised"] == 19_000


async def test_a_kept_connection_is_answered_again_and_handed_over_with_all_its_bytes() -> None:
    async with open_place() as place:
        peer = await place.running.connect()
        lots, me = get(place.path("/lots")), get("/alive")
        await peer.send(lots + lots + me + lots)
        bodies = [(await peer.response())[2] for _ in range(4)]
        assert bodies[0] == bodies[1] == bodies[3]
        assert b"alive" in bodies[2]
        assert place.kept == 2


async def test_a_client_that_asks_for_the_end_gets_it() -> None:
    async with open_place() as place:
        peer = await place.running.connect()
        status, named, _ = await peer.exchange(get(place.path("/lots"), "Connection: close"))
        assert (status, named["connection"]) == (200, "close")
        assert await peer.at_end()


async def test_a_stop_ends_idle_connections_at_once() -> None:
    async with open_place() as place:
        peer = await place.running.connect()
        assert (await peer.exchange(get(place.path("/lots"))))[0] == 200
        await wait_all_tasks_blocked()
        place.running.door.stop()
        assert await peer.at_end()
        await peer.stream.aclose()
        await place.running.all_gone()


async def test_an_idle_connection_ends_and_a_broken_request_is_refused() -> None:
    short = attrs.evolve(LIMITS, http=attrs.evolve(LIMITS.http, keep_alive_s=0.05))
    async with open_house() as house:
        event = await house.sale(**SILENT)
        quick = quick_reads(house.app, house.services).answer
        path = f"/api/v1/events/{event}/lots"
        async with open_door(app=house.app, quick=quick, limits=short) as running:
            peer = await running.connect()
            assert (await peer.exchange(get(path)))[0] == 200
            assert await peer.at_end()
        async with open_door(app=house.app, quick=quick) as running:
            peer = await running.connect()
            assert (await peer.exchange(get(path)))[0] == 200
            assert (await peer.exchange(b"nonsense\r\n\r\n"))[0] == 400
            assert await peer.at_end()


async def test_a_stampede_on_a_cold_view_reads_the_journal_once() -> None:
    async with open_place() as place:
        hot: Any = place.house.stores.hot

        async def nothing(event: str, fields: Any = None) -> dict[str, bytes]:
            await trio.lowlevel.checkpoint()
            return {}

        hot.read = nothing
        reads = 0
        journal: Any = place.house.stores.journal
        read = journal.read

        async def counted(event: str, after: int, limit: int) -> Any:
            nonlocal reads
            reads += 1
            return await read(event, after, limit)

        journal.read = counted
        found: set[bytes] = set()

        async def one() -> None:
            found.add((await place.house.call("GET", place.path("/lots"))).body)

        with trio.fail_after(GUARD_S):
            async with trio.open_nursery() as nursery:
                for _ in range(500):
                    nursery.start_soon(one)
        assert (len(found), reads) == (1, 1)


async def test_a_websocket_behind_a_proxy_counts_for_its_own_address() -> None:
    outside = Outside(proxies=(ipaddress.ip_network("127.0.0.0/8"),))
    limits = attrs.evolve(LIMITS, connections_per_address_max=1)
    async with open_door(outside=outside, limits=limits) as running:
        guests: list[Peer] = []
        for address in ("198.51.100.1", "198.51.100.2"):
            guests.append(await running.websocket(f"X-Forwarded-For: {address}"))
        assert running.door.statistics().addresses == 2
        again = await running.websocket("X-Forwarded-For: 198.51.100.1")
        assert await again.close_code() == 4101
