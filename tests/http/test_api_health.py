"""Health, figures and the operator's routes (PROTOCOL 7, I7)."""

from __future__ import annotations

import pytest
import trio
from prometheus_client.parser import text_string_to_metric_families
from trio.testing import MockClock

from saleroom.http.operations.metrics import make_registry
from saleroom.http.services import ApiLimits
from saleroom.supervisor import Kind, Node, State, SupervisorDown
from tests.http.house import House, open_house


@pytest.mark.parametrize(
    ("component", "word", "status", "code"),
    [
        ("redis", "ok", "ready", 200),
        ("redis", "degraded: connection refused", "degraded", 200),
        ("postgresql", "away: connection refused", "away", 503),
        ("door", "away: draining", "away", 503),
    ],
)
async def test_readiness_says_what_is_missing(
    autojump_clock: MockClock, component: str, word: str, status: str, code: int
) -> None:
    async with open_house() as house:
        house.ready[component] = word
        reply = await house.call("GET", "/ready")
        assert reply.status == code
        assert reply.headers["content-type"] == "application/json"
        assert reply.json["status"] == status
        components = {"postgresql": "ok", "redis": "ok", "door": "ok", component: word}
        assert reply.json["components"] == components


async def test_away_weighs_more_than_degraded(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        house.ready.update(redis="degraded: slow", postgresql="away: gone")
        reply = await house.call("GET", "/ready")
        assert (reply.status, reply.json["status"]) == (503, "away")


async def test_alive_asks_nobody(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        house.ready["postgresql"] = "away: gone"
        reply = await house.call("GET", "/alive")
        assert (reply.status, reply.json) == (200, {"status": "alive"})


LABELS = {"path", "event", "source", "result", "type", "le", "how", "route", "method", "status"}
"""None of them a user."""


async def scraped(house: House) -> dict[tuple[str, str], float]:
    """Scrape and give {(sample, path): value}."""
    reply = await house.call("GET", "/metrics")
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/plain; version=")
    samples = {}
    for family in text_string_to_metric_families(reply.body.decode()):
        assert family.documentation
        for sample in family.samples:
            assert set(sample.labels) <= LABELS
            if "path" in sample.labels:
                samples[sample.name, sample.labels["path"]] = sample.value
    return samples


async def test_metrics_are_the_trees_figures_at_the_scrape(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        place = f"saleroom/events/event:{event}"
        await trio.sleep(1)  # virtual time: the view is written
        before = await scraped(house)
        assert before["saleroom_child_up", "saleroom"] == 1
        assert before["saleroom_child_restarts_total", f"{place}/engine"] == 0
        assert before["saleroom_mailbox", f"{place}/mailbox"] == 0
        assert before["saleroom_connections", f"{place}/audience"] == 0
        assert before["saleroom_is_degraded", f"{place}/checkpointer"] == 0
        assert before["saleroom_seq", f"{place}/engine"] == 2
        await house.command(event, "clerk", "announce", text="Dinner.")
        after = await scraped(house)
        assert after["saleroom_seq", f"{place}/engine"] == 3
        for name, path in (("commits", "engine"), ("processed", "mailbox")):
            sample = (f"saleroom_{name}_total", f"{place}/{path}")
            assert after[sample] == before[sample] + 1
        await trio.sleep(1)
        assert (await scraped(house))["saleroom_feeds_total", f"{place}/audience"] > 0


async def test_metrics_name_no_user(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        await house.sale()
        text = (await house.call("GET", "/metrics")).body
        assert b"saleroom_seq" in text
        assert b"ann" not in text.replace(b"announce", b"")


def test_figures_that_are_no_numbers_are_left_out_and_unknown_ones_are_gauges() -> None:
    stats = {"depth-now": 3, "last_error": "boom", "age": None, "is_slow": True}
    node = Node("root", Kind.WORKER, None, State.FAILED, 0.0, 2, None, stats, ())
    samples = {
        sample.name: sample.value
        for family in make_registry(lambda: node).collect()
        for sample in family.samples
    }
    assert samples == {
        "saleroom_child_up": 0,
        "saleroom_child_restarts_total": 2,
        "saleroom_depth_now": 3,
        "saleroom_is_slow": 1,
    }


async def test_the_tree_is_plain_json_with_wall_times(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event()
        began = house.registry.clock.now_ms()
        await trio.sleep(30)
        root = await house.done("GET", "/api/v1/operator/tree", "operator")
        assert (root["path"], root["kind"], root["strategy"], root["state"]) == (
            "saleroom",
            "supervisor",
            "rest_for_one",
            "running",
        )
        assert abs(root["since"] - began) <= 1_000
        events, loop, *_ = root["children"]
        assert (loop["path"], loop["kind"], loop["strategy"]) == ("saleroom/loop", "worker", None)
        assert (loop["restarts"], loop["last_error"], loop["children"]) == (0, None, [])
        (place,) = events["children"]
        assert place["path"] == f"saleroom/events/event:{event}"
        engine = place["children"][2]
        assert engine["stats"]["seq"] == 0


async def test_an_operator_restarts_a_child(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        path = f"saleroom/events/event:{event}/engine"
        await trio.sleep(50)
        before = _since(house, path)
        reply = await house.call("POST", f"/api/v1/operator/children/{path}/restart", "operator")
        assert (reply.status, reply.json) == (200, {"path": path})
        assert _since(house, path) > before
        assert (await house.command(event, "clerk", "announce", text="Back.")).status == 200


def _since(house: House, path: str) -> float:
    return next(node.since for node in house.supervisor.tree().walk() if node.path == path)


@pytest.mark.parametrize("path", ["saleroom/nobody", "saleroom", "x", "saleroom/events/event:x"])
async def test_an_unknown_child_is_404(autojump_clock: MockClock, path: str) -> None:
    async with open_house() as house:
        reply = await house.call("POST", f"/api/v1/operator/children/{path}/restart", "operator")
        assert (reply.status, reply.code) == (404, "UNKNOWN_CHILD")


async def test_a_child_whose_supervisor_is_down_is_409(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(*_: object) -> None:
        raise SupervisorDown("saleroom/events does not run")

    async with open_house() as house:
        keeper = house.supervisor._keeper_at("saleroom")
        monkeypatch.setattr(keeper, "ask", down)
        reply = await house.call(
            "POST", "/api/v1/operator/children/saleroom/loop/restart", "operator"
        )
        assert (reply.status, reply.code) == (409, "CHILD_DOWN")


async def test_a_restart_that_takes_long_is_202(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house(limits=ApiLimits(answer_s=0.5)) as house:
        event = await house.event()
        with monkeypatch.context() as patch:
            patch.setattr(house.stores.journal, "take_term", _hang)
            path = f"/api/v1/operator/children/saleroom/events/event:{event}/engine/restart"
            assert (await house.call("POST", path, "operator")).status == 202
            await house.supervisor.remove_child(f"saleroom/events/event:{event}")


async def _hang(*_: object) -> None:
    await trio.sleep_forever()


async def test_a_drain_is_asked_for_and_answered_at_once(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        reply = await house.call("POST", "/api/v1/operator/drain", "operator")
        assert (reply.status, reply.json, house.drains) == (202, {}, ["asked"])
