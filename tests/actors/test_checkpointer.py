"""What reads and restarts find. Source: ARCHITECTURE 2 (step 5), I7, PROTOCOL 4."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
import trio
from trio.testing import MockClock

from saleroom.auction.roles import Role
from saleroom.protocol.views import lot_view
from saleroom.storage.ports import EventRow
from tests.actors.stage import EVENT, EVENT_PATH, WALL_MS, Stage, live, open_stage, sale, silent
from tests.actors.weather import Call, gated, landed_unknown, refused

CHECKPOINTER = f"{EVENT_PATH}/checkpointer"
NEVER_S = 1e6


async def view_of(stage: Stage) -> dict[str, Any]:
    """Let the checkpointer come to rest, and read what it wrote."""
    await trio.sleep(0.2)
    kept = await stage.kept.hot.read(EVENT)
    return {field: orjson.loads(value) for field, value in kept.items()}


def assert_is_published(stage: Stage, view: Mapping[str, Any]) -> None:
    state = stage.state()
    assert {name for name in view if name.startswith("lot:")} == {f"lot:{n}" for n in state.lots}
    for number, lot in state.lots.items():
        assert view[f"lot:{number}"] == lot_view(lot)
    assert view["event"]["seq"] == state.seq
    assert view["event"]["status"] == state.status


async def test_the_view_is_what_is_published(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1), sale(2, quantity=3), live(3))
        stage.bid(101, 1_000)
        stage.tell("buy", by="u102", role=Role.DONOR, lot=2)
        view = await view_of(stage)
        assert_is_published(stage, view)
        server_time = view["event"].pop("server_time")
        assert WALL_MS <= server_time <= WALL_MS + 200
        assert view["event"] == {
            "id": EVENT,
            "title": "The gala",
            "status": "open",
            "currency": "USD",
            "seq": stage.published().seq,
            "epoch": stage.published().epoch,
            "head": stage.published().head.hex(),
            "raised": 1_000,
            "lots": [1, 2, 3],
        }
        assert view["leaderboard"] == [{"paddle": 102, "total": 1_000, "standing": 0}]


async def test_every_kind_of_change_reaches_the_view(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1), sale(2, quantity=3), live(3), silent(4))
        steps: list[tuple[str, dict[str, Any]]] = [
            ("set_max_bid", {"lot": 1, "max": 50_000, "paddle": 101}),
            ("buy", {"lot": 2, "paddle": 102}),
            ("open_lot", {"lot": 3}),
            ("floor_bid", {"lot": 3, "paddle": 103}),
            ("fair_warning", {"lot": 3}),
            ("change_paddle", {"paddle": 101, "new_paddle": 400}),
            ("pause_event", {"reason": "dinner"}),
            ("resume_event", {}),
            ("add_lot", {"title": "Late", "mode": "live", "opening": 5}),
            ("change_lot", {"lot": 5, "title": "Later"}),
            ("lock_paddle", {"paddle": 400, "reason": "gone", "ban": True}),
            ("sell_lot", {"lot": 3}),
            ("undo", {"lot": 3}),
            ("withdraw_lot", {"lot": 4, "reason": "broken"}),
            ("close_event", {}),
        ]
        for kind, fields in steps:
            told = await stage.ask(kind, **fields)
            assert told.code is None, (kind, told.answer)
            await trio.sleep(1)
            assert_is_published(stage, await view_of(stage))
        assert stage.state().lots[2].standing.state == "sold"


async def test_no_secret_goes_to_the_hot_store(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1, reserve=44_444), live(2, donor_paddle=103))
        stage.tell("set_max_bid", by="u101", role=Role.DONOR, lot=1, max=33_333)
        stage.tell("set_max_bid", by="u102", role=Role.DONOR, lot=2, max=22_222)
        stage.tell("add_paddle", name="Xerxes", email="x@example.org")
        stage.tell("lock_paddle", paddle=103, reason="because")
        await view_of(stage)
        kept = await stage.kept.hot.read(EVENT)
        everything = b"".join([name.encode() + value for name, value in kept.items()])
        for secret in (b"44444", b"33333", b"22222", b"Xerxes", b"x@", b"because", b"u101"):
            assert secret not in everything


async def test_only_what_changed_is_written(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[set[str]] = []
    async with open_stage() as stage:
        await stage.begin(silent(1), silent(2), silent(3))
        await view_of(stage)
        write = stage.kept.hot.write

        async def noted(event: str, values: Mapping[str, bytes]) -> None:
            writes.append(set(values))
            await write(event, values)

        monkeypatch.setattr(stage.kept.hot, "write", noted)
        stage.bid(101, 1_000, lot=2)
        await view_of(stage)
        stage.tell("announce", text="changes no lot")
        await view_of(stage)
        assert writes == [{"event", "leaderboard", "lot:2", "wins:2"}, {"event", "leaderboard"}]


async def test_one_write_is_in_flight_and_the_newest_wins(autojump_clock: MockClock) -> None:
    gate = trio.Event()
    async with open_stage() as stage:
        await stage.begin(silent(1))
        await view_of(stage)
        before = stage.weather.count("hot.write")
        with stage.weather.strikes("hot.write", gated(gate)):
            for amount in range(1_000, 10_000, 1_000):
                stage.bid(101, amount)
                await trio.sleep(0.2)
            assert stage.weather.count("hot.write") == before + 1
            gate.set()
            assert_is_published(stage, await view_of(stage))
        assert stage.weather.count("hot.write") == before + 2


async def test_a_reader_who_waits_has_it_written_at_once(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        site = stage.site()
        for amount in range(1_000, 10_000, 1_000):
            await stage.ask("place_bid", by="u101", role=Role.DONOR, lot=1, amount=amount)
            began = trio.current_time()
            assert site.ahead is not None
            await site.checkpoint.reach(site.ahead, NEVER_S)
            assert site.ahead is None
            assert trio.current_time() == began
            assert orjson.loads((await stage.kept.hot.read(EVENT))["lot:1"])["price"] == amount


async def test_a_reader_waits_in_bounds_and_not_for_a_store_that_is_away(
    autojump_clock: MockClock,
) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        await view_of(stage)
        site, began = stage.site(), trio.current_time()
        with stage.weather.strikes("hot.write", gated(trio.Event()), times=1):
            await stage.ask("place_bid", by="u101", role=Role.DONOR, lot=1, amount=1_000)
            await site.checkpoint.reach(stage.state().position, 0.1)
            assert trio.current_time() == began + 0.1
            await stage.supervisor.restart_child(CHECKPOINTER)
        await view_of(stage)
        with stage.weather.strikes("hot.", refused):
            await stage.ask("place_bid", by="u101", role=Role.DONOR, lot=1, amount=2_000)
            began = trio.current_time()
            await site.checkpoint.reach(stage.state().position, NEVER_S)
            assert (site.ahead, trio.current_time()) == (None, began)
        await trio.sleep(1.5)
        assert_is_published(stage, await view_of(stage))


async def test_the_hot_store_may_go_and_is_refilled(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1), silent(2))
        stage.bid(101, 1_000)
        await view_of(stage)
        with stage.weather.strikes("hot.", refused):
            told = await stage.ask("place_bid", by="u102", role=Role.DONOR, lot=2, amount=1_000)
            assert told.code is None
            await trio.sleep(30)
            assert stage.node(CHECKPOINTER).stats["is_degraded"] is True
            assert stage.node(CHECKPOINTER).restarts == 0
            await stage.kept.hot.clear(EVENT)
        await trio.sleep(1.5)
        assert stage.node(CHECKPOINTER).stats["is_degraded"] is False
        assert_is_published(stage, await view_of(stage))


async def test_a_write_cut_short_by_the_stop_is_made_up_for(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        await view_of(stage)
        with stage.weather.strikes("hot.write", gated(trio.Event()), times=1):
            stage.bid(101, 1_000)
            await trio.sleep(0.2)
            await stage.supervisor.remove_child(EVENT_PATH)
        assert_is_published(stage, await view_of(stage))


async def test_a_checkpointer_that_starts_again_writes_all(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        await view_of(stage)
        await stage.kept.hot.clear(EVENT)
        await stage.supervisor.restart_child(CHECKPOINTER)
        assert_is_published(stage, await view_of(stage))


async def test_a_checkpointer_that_crashed_writes_all(autojump_clock: MockClock) -> None:
    async def broken(call: Call) -> Any:
        raise ZeroDivisionError("a bug in a store")

    async with open_stage() as stage:
        await stage.begin(silent(1))
        await view_of(stage)
        with stage.weather.strikes("hot.write", broken, times=1):
            stage.bid(101, 1_000)
            await trio.sleep(1)
        assert stage.node(CHECKPOINTER).restarts == 1
        assert stage.node().restarts == 0
        assert_is_published(stage, await view_of(stage))


async def status_of(stage: Stage) -> str:
    await trio.sleep(0.2)
    return (await stage.kept.catalogue.event(EVENT)).status


async def test_the_catalogue_hears_of_the_status(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        row = EventRow(EVENT, "The gala", "USD", "published", True, {}, WALL_MS)
        await stage.kept.catalogue.add_event(row)
        await stage.begin(silent(1))
        assert await status_of(stage) == "open"
        await stage.ask("pause_event", reason="dinner")
        assert await status_of(stage) == "paused"
        writes = stage.weather.count("catalogue.set_status")
        for number in range(5):
            await stage.ask("announce", text=str(number))
            await trio.sleep(0.2)
        assert stage.weather.count("catalogue.set_status") == writes


@pytest.mark.parametrize("fault", [refused, landed_unknown])
async def test_a_status_that_was_not_mirrored_is_tried_again_in_peace(
    autojump_clock: MockClock, fault: Any
) -> None:
    async with open_stage() as stage:
        row = EventRow(EVENT, "The gala", "USD", "published", True, {}, WALL_MS)
        await stage.kept.catalogue.add_event(row)
        await stage.begin(silent(1))
        await status_of(stage)
        tries = stage.weather.count("catalogue.set_status")
        with stage.weather.strikes("catalogue.set_status", fault):
            await stage.ask("pause_event", reason="dinner")
            await trio.sleep(10)
        assert stage.weather.count("catalogue.set_status") - tries <= 12
        await trio.sleep(1)
        assert await status_of(stage) == "paused"


async def test_a_registration_moves_the_participation_of_pledge_lots(
    autojump_clock: MockClock,
) -> None:
    fund = {"lot": 7, "title": "A roof", "mode": "pledge", "opening": 1}
    async with open_stage() as stage:
        await stage.begin(silent(1), fund, paddles=1)
        await stage.ask("pledge", by="u101", role=Role.DONOR, lot=7, level=5_000)
        await trio.sleep(1)
        assert orjson.loads((await stage.stores.hot.read(EVENT))["lot:7"])["participation"] == 1
        await stage.ask("add_paddle", name="Bob", user="bob")
        await trio.sleep(1)
        assert orjson.loads((await stage.stores.hot.read(EVENT))["lot:7"])["participation"] == 0.5
