"""The demo: a lawful gala, and a room whose people really sell it.

The server is on memory stores, its door on loopback; the room's people are clients like any other.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast

import attrs
import pytest
import trio

from saleroom import demo, demo_gala
from saleroom.actors.clock import Clock
from saleroom.actors.doorkeeper import EVENT_PATH
from saleroom.actors.registry import Registry
from saleroom.actors.session import Session, TalkLimits
from saleroom.app import Server
from saleroom.auction.definition import define_lot
from saleroom.demo import Pace, Room, Screen
from saleroom.http.accounts.tokens import SecretKey, TokenIssuer, TokenVerifier
from saleroom.http.door.door import Door, DoorLimits, open_listeners
from saleroom.http.door.websocket import Websocket
from saleroom.storage.memory import memory_stores
from saleroom.supervisor import Strategy, Supervisor, SupervisorSpec
from tests.e2e.progress import Progress

GUARD_S = 60.0
FAST = Pace(think=(0.01, 0.05), call=0.01, live_bids=0.2, quiet=0.05)


@attrs.define
class House:
    """The parts of a server that the demo asks for."""

    registry: Registry
    issuer: TokenIssuer
    port: int

    @property
    def server(self) -> Server:
        return cast(Server, self)


@asynccontextmanager
async def open_house() -> AsyncIterator[House]:
    """Run a server on memory stores for the length of the block."""
    registry = Registry(memory_stores(), Clock())
    events = SupervisorSpec("events", Strategy.ONE_FOR_ONE)
    supervisor = Supervisor(
        SupervisorSpec("saleroom", Strategy.REST_FOR_ONE, [events]), rng=random.Random(0)
    )
    registry.supervisor = supervisor
    secret = SecretKey(b"only for tests, and long enough to be a secret")
    verify = TokenVerifier(secret, time.time).verify

    async def converse(websocket: Websocket) -> None:
        site = registry.site(websocket.path.removeprefix(EVENT_PATH))
        assert site is not None
        await Session(websocket, site, verify, TalkLimits()).run()

    with trio.fail_after(GUARD_S):
        async with trio.open_nursery() as nursery:
            await nursery.start(supervisor.run)
            door = Door(
                asgi_app=_no_app,
                on_websocket=converse,
                limits=DoorLimits(),
                start_soon=nursery.start_soon,
            )
            listeners = await open_listeners("127.0.0.1", 0)
            await nursery.start(door.serve, listeners)
            port = listeners[0].socket.getsockname()[1]
            yield House(registry, TokenIssuer(secret, time.time), port)
            nursery.cancel_scope.cancel()


async def _no_app(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("the demo's people speak over websockets alone")


async def test_the_gala_is_lawful() -> None:
    async with open_house() as house:
        event = await demo.create_gala(house.server)
        site = house.registry.site(event)
        assert site is not None
        published, _ = await site.up()
        state = published.state
        modes = [lot.mode for lot in state.lots.values()]
        kinds = ("silent", "live", "pledge", "sale")
        assert [modes.count(kind) for kind in kinds] == [20, 6, 1, 2]
        assert len(state.paddles) == 40
        assert all(p.terms_version == 1 and p.user for p in state.paddles.values())
        stores = house.registry.stores
        assert (await stores.catalogue.event(event)).public
        assert len(await stores.catalogue.lots(event)) == 29
        people = await stores.catalogue.registrations(event, 0, 100)
        assert [person.paddle for person in people] == list(state.paddles)
        assert len({person.name for person in people}) == 40


def test_silent_ends_are_staggered() -> None:
    lots = [define_lot(raw) for raw in demo_gala.lots(1_000_000)]
    ends = [lot.ends_at for lot in lots if lot.mode == "silent" and lot.ends_at is not None]
    assert len(ends) == len(set(ends)) == 20
    assert ends == sorted(ends)
    assert min(ends) > 1_000_000
    assert all(lot.ends_at is None for lot in lots if lot.mode == "live")


async def test_two_galas_are_two_events() -> None:
    async with open_house() as house:
        first = await demo.create_gala(house.server)
        assert await demo.create_gala(house.server) != first


async def test_a_room_sells_a_live_lot_and_bids_on_silent_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(demo_gala, "FAMILY", ["Berg"])
    monkeypatch.setattr(demo_gala, "GIVEN", ["Ada", "Ben", "Clara", "David"])
    told: list[str] = []
    progress = Progress()

    def tell(line: str) -> None:
        told.append(line)
        progress.made()

    def is_told(words: str) -> bool:
        return any(words in line for line in told)

    def is_done(lots: Sequence[tuple[str, int]], words: str) -> bool:
        return any(f"{title}: " in line and words in line for title, _ in lots for line in told)

    async with open_house() as house:
        event = await demo.create_gala(house.server)
        room = Room(house.server, event, tell, random.Random(7), FAST)
        async with trio.open_nursery() as people:
            people.start_soon(partial(room.run, with_donors=True))
            await progress.until(
                lambda: is_done(demo_gala.LIVE, "SOLD ") and is_done(demo_gala.SILENT, "(online)")
            )
            people.cancel_scope.cancel()
        site = house.registry.site(event)
        assert site is not None
        state = (await site.up())[0].state
        assert state.status == "open"
        assert [lot for lot in state.lots.values() if lot.mode == "live" and lot.wins]
        assert state.raised > 0
    assert is_told('"Welcome! Silent lots are open; live lots follow."')
    assert not is_told("no answer within")


async def test_a_room_pledges_and_buys() -> None:
    told: list[str] = []
    progress = Progress()

    def tell(line: str) -> None:
        told.append(line)
        progress.made()

    async with open_house() as house:
        event = await demo.create_gala(house.server)
        room = Room(house.server, event, tell, random.Random(7), attrs.evolve(FAST, gifts=1.0))
        gifts = (
            r"Fund .*: .+ by paddle \d+, .+ in all",
            r"Raffle ticket: SOLD",
            r"Bottle .*: SOLD",
        )
        async with trio.open_nursery() as people:
            people.start_soon(partial(room.run, with_donors=True))
            await progress.until(
                lambda: all(any(re.search(gift, line) for line in told) for gift in gifts)
            )
            people.cancel_scope.cancel()


async def test_a_room_without_donors_passes_its_live_lots() -> None:
    told: list[str] = []
    progress = Progress()

    def tell(line: str) -> None:
        told.append(line)
        progress.made()

    pace = attrs.evolve(FAST, live_bids=0.0, quiet=0.0)
    async with open_house() as house:
        event = await demo.create_gala(house.server)
        room = Room(house.server, event, tell, random.Random(7), pace)
        async with trio.open_nursery() as people:
            people.start_soon(partial(room.run, with_donors=False))
            await progress.until(lambda: any("All live lots are done" in line for line in told))
            people.cancel_scope.cancel()
    assert sum(": passed (" in line for line in told) == 6


# What a client's screen shows


def screen() -> Screen:
    shown = Screen()
    lot = {"lot": 1, "state": "queued", "price": None, "leader": None, "min_next": 500}
    shown.see(
        {
            "type": "welcome",
            "you": {"paddle": 101},
            "snapshot": {"lots": [{**lot, "bid_count": 0}]},
        }
    )
    return shown


def fed(shown: Screen, **fact: Any) -> dict[str, Any]:
    shown.see({"type": "feed", "events": [{"lot": 1, **fact}]})
    return shown.lots[1]


def test_a_screen_follows_the_feed() -> None:
    shown = screen()
    assert shown.paddle == 101
    assert fed(shown, type="lot_opened")["state"] == "open"
    assert fed(shown, type="lot_warned", stage="final_call")["state"] == "final_call"
    bid = {"amount": 700, "paddle": 102, "min_next": 800, "bid_count": 3}
    lot = fed(shown, type="bid_placed", **bid)
    assert (lot["state"], lot["price"], lot["leader"]) == ("open", 700, 102)
    assert (lot["min_next"], lot["bid_count"]) == (800, 3)
    lot = fed(shown, type="bid_undone", price=600, leader=101, min_next=700)
    assert (lot["price"], lot["leader"], lot["min_next"]) == (600, 101, 700)
    lot = fed(shown, type="bids_retracted", price=None, leader=None, min_next=500)
    assert (lot["price"], lot["leader"], lot["min_next"]) == (None, None, 500)
    for kind, state in (
        ("item_sold", "sold"),
        ("lot_reopened", "open"),
        ("lot_passed", "passed"),
        ("lot_withdrawn", "withdrawn"),
    ):
        assert fed(shown, type=kind)["state"] == state


def test_a_resumed_screen_keeps_what_it_showed() -> None:
    shown = screen()
    fed(shown, type="lot_opened")
    shown.see({"type": "welcome", "you": {"paddle": 101}, "recovered": True})
    assert shown.lots[1]["state"] == "open"
