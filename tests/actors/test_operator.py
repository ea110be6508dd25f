"""Operators see the tree, and move it; nobody else does.

Source: PROTOCOL 8.
"""

from __future__ import annotations

import logging
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from saleroom.auction.roles import Role
from saleroom.storage.ports import StoreUnavailable
from tests.actors.line import Line, Message
from tests.actors.stage import EVENT, EVENT_PATH, Stage, open_stage, poisoned, settle, silent


async def operate(stage: Stage, token: str | None, **hello: Any) -> Line:
    line = stage.dial_path("/ws/v1/operator")
    line.say("hello", **({} if token is None else {"token": token}), **hello)
    await settle()
    return line


def paths(node: Message) -> list[str]:
    return [node["path"], *(path for child in node["children"] for path in paths(child))]


def node_of(tree: Message, path: str) -> Message:
    nodes = [tree]
    while nodes:
        node = nodes.pop()
        if node["path"] == path:
            return node
        nodes += node["children"]
    raise AssertionError(f"no {path} in the tree")


async def test_the_welcome_holds_the_whole_tree(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        line = await operate(stage, stage.token("otto", Role.OPERATOR))
        (welcome,) = line.messages()
        tree = welcome["tree"]
        assert paths(tree) == [
            "saleroom",
            "saleroom/events",
            EVENT_PATH,
            *(f"{EVENT_PATH}/{name}" for name in ("mailbox", "audience", "engine", "checkpointer")),
        ]
        engine = node_of(tree, f"{EVENT_PATH}/engine")
        assert set(engine) == {
            *("path", "kind", "strategy", "state", "since", "restarts", "last_error", "stats"),
            "children",
        }
        assert (engine["kind"], engine["state"], engine["restarts"]) == ("worker", "running", 0)
        assert engine["stats"]["seq"] == 2
        assert node_of(tree, EVENT_PATH)["strategy"] == "rest_for_one"
        assert stage.clock.now_ms() - 1_000 <= engine["since"] <= stage.clock.now_ms()


@pytest.mark.parametrize(
    ("roles", "events", "code"),
    [
        ((Role.ADMIN,), None, 4002),
        ((Role.DONOR,), None, 4002),
        ((Role.OPERATOR,), frozenset({EVENT}), 4002),
    ],
)
async def test_nobody_else_sees_it(
    autojump_clock: MockClock,
    roles: tuple[Role, ...],
    events: frozenset[str] | None,
    code: int,
) -> None:
    async with open_stage() as stage:
        line = await operate(stage, stage.token("eve", *roles, events=events))
        assert line.ended == code
        assert line.messages() == []


async def test_hello_comes_first_and_in_time(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        assert (await operate(stage, None)).ended == 4001
        assert (await operate(stage, "forged")).ended == 4001
        early = stage.dial_path("/ws/v1/operator")
        early.say("drain", id="1")
        await settle()
        assert [m["code"] for m in early.of_type("nack")] == ["UNAUTHENTICATED"]
        await trio.sleep(5.1)
        assert early.ended == 4000
        assert not stage.doorkeeper.is_draining


async def test_changes_follow_at_most_four_times_a_second(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        line = await operate(stage, stage.token("otto", Role.OPERATOR))
        seen = {path: 0 for path in paths(line.messages()[0]["tree"])}
        began = trio.current_time()
        with poisoned(monkeypatch, times=1):
            await stage.ask("announce", text="poison", role=Role.CLERK)
            await trio.sleep(3)
        changes = line.of_type("tree")
        assert 1 <= len(changes) <= (trio.current_time() - began) * 4 + 1
        for message in changes:
            for change in message["changes"]:
                seen[change["path"]] = change["restarts"]
        assert seen[f"{EVENT_PATH}/engine"] == 1
        last = [c for m in changes for c in m["changes"] if c["path"] == f"{EVENT_PATH}/engine"][-1]
        assert last["state"] == "running"
        assert "poisoned" in last["last_error"]


async def test_a_quiet_tree_sends_nothing(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        line = await operate(stage, stage.token("otto", Role.OPERATOR))
        await trio.sleep(10)
        assert line.of_type("tree") == []


async def test_an_event_is_stopped_and_started_again(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        donor = await stage.connect(stage.token("u101"))
        line = await operate(stage, stage.token("otto", Role.OPERATOR))
        line.say("stop_event", id="1", event=EVENT)
        await settle()
        assert line.of_type("ack")[-1]["re"] == "1"
        await trio.sleep(0.5)
        removed = [c for m in line.of_type("tree") for c in m["changes"] if c.get("removed")]
        gone = next(change for change in removed if change["path"] == EVENT_PATH)
        assert (gone["kind"], gone["state"], gone["restarts"]) == ("supervisor", "stopped", 0)
        assert set(gone) == {*line.messages()[0]["tree"], "removed"} - {"children"}
        donor.say("place_bid", id="b1", lot=1, amount=1_000)
        await trio.sleep(6)
        assert [m["code"] for m in donor.of_type("nack")] == ["OVERLOADED"]
        line.say("start_event", id="2", event=EVENT)
        await settle()
        assert line.of_type("ack")[-1]["re"] == "2"
        donor.say("place_bid", id="b2", lot=1, amount=1_000)
        await settle()
        assert donor.of_type("ack")[-1]["leading"] is True
        assert donor.ended is None


async def test_what_operators_did_is_in_the_audit(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        line = await operate(stage, stage.token("otto", Role.OPERATOR))
        for number, command in enumerate(
            (
                {"type": "restart_child", "path": f"{EVENT_PATH}/checkpointer"},
                {"type": "stop_event", "event": EVENT},
                {"type": "stop_event", "event": "none"},
                {"type": "start_event", "event": EVENT},
                {"type": "start_event", "event": EVENT},
                {"type": "drain"},
            )
        ):
            line.say(**command, id=str(number))
            await settle()
        await trio.sleep(1)
        kept = await stage.kept.audit.entries(event=None, who="otto", before=None, limit=10)
        assert [
            (each.entry.what, each.entry.event, each.entry.target, each.entry.role)
            for each in reversed(kept)
        ] == [
            ("child.restart", None, f"{EVENT_PATH}/checkpointer", "operator"),
            ("event.stop", EVENT, None, "operator"),
            ("event.start", EVENT, None, "operator"),
            ("server.drain", None, None, "operator"),
        ]


async def test_an_order_stands_while_the_audit_is_away(
    autojump_clock: MockClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def away(*_: object) -> None:
        raise StoreUnavailable("gone for a moment")

    async with open_stage() as stage:
        await stage.begin(silent(1))
        line = await operate(stage, stage.token("otto", Role.OPERATOR))
        monkeypatch.setattr(stage.kept.audit, "record", away)
        with caplog.at_level(logging.ERROR, logger="saleroom.audit"):
            line.say("stop_event", id="1", event=EVENT)
            await settle()
        assert line.of_type("ack")[-1]["re"] == "1"
        (message,) = caplog.messages
        assert '"who":"otto"' in message


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ({"type": "restart_child", "id": "1", "path": "saleroom/nowhere"}, "UNKNOWN_CHILD"),
        ({"type": "stop_event", "id": "1", "event": "none"}, "UNKNOWN_CHILD"),
        ({"type": "start_event", "id": "1", "event": "none"}, "UNKNOWN_EVENT"),
        ({"type": "start_event", "id": "1", "event": EVENT}, "ALREADY_RUNNING"),
        ({"type": "restart_child", "id": "1"}, "MALFORMED"),
        ({"type": "restart_child", "id": "1", "path": 7}, "MALFORMED"),
        ({"type": "restart_child", "path": "saleroom"}, "MALFORMED"),
        ({"type": "drain", "id": "1", "now": True}, "MALFORMED"),
        ({"type": "place_bid", "id": "1", "lot": 1, "amount": 5}, "MALFORMED"),
        ({"type": "restart_child", "id": "1", "path": "\ud800"}, "MALFORMED"),
        ({"type": "hello", "token": "t"}, "MALFORMED"),
        ({"type": "ping", "id": "1"}, "MALFORMED"),
        ({"type": "ping", "id": "1", "t0": 2**63}, "MALFORMED"),
        ({"type": "refresh", "id": "1"}, "MALFORMED"),
        ({"type": "refresh", "id": "1", "token": "forged"}, "UNAUTHENTICATED"),
    ],
)
async def test_what_cannot_be_done_is_refused(
    autojump_clock: MockClock, command: Message, code: str
) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        line = await operate(stage, stage.token("otto", Role.OPERATOR))
        line.say(**command)
        await settle()
        (nack,) = line.of_type("nack")
        assert nack["code"] == code
        assert nack["re"] == command.get("id")


@pytest.mark.parametrize(
    "said",
    [
        {"type": "nothing", "id": "\ud800"},
        {"type": "drain", "id": "\ud800"},
        {"type": "ping", "id": "\ud800", "t0": 1},
        {"type": "ping", "id": 7, "t0": 1},
        {"type": "drain", "id": "x" * 65},
    ],
)
@pytest.mark.parametrize("is_early", [False, True])
async def test_an_id_that_cannot_be_repeated_is_not(
    autojump_clock: MockClock, said: Message, is_early: bool
) -> None:
    async with open_stage() as stage:
        token = stage.token("otto", Role.OPERATOR)
        line = stage.dial_path("/ws/v1/operator") if is_early else await operate(stage, token)
        line.say(**said)
        await settle()
        (nack,) = line.of_type("nack")
        assert nack["re"] is None
        assert line.ended is None
        assert not stage.doorkeeper.is_draining


async def test_ten_malformed_frames_end_it(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        line = await operate(stage, stage.token("otto", Role.OPERATOR))
        for _ in range(10):
            line.say_text("{")
        await settle()
        assert line.ended == 4005


async def test_a_drain_is_answered_and_closes_everyone(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        donor = await stage.connect(stage.token("u101"))
        line = await operate(stage, stage.token("otto", Role.OPERATOR))
        line.say("drain", id="1")
        await trio.sleep(1)
        assert donor.ended == 4200
        assert line.ended == 4200


async def test_operators_are_pinged_and_their_tokens_expire(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        line = await operate(stage, stage.token("otto", Role.OPERATOR, ttl_s=60))
        line.say("ping", t0=3.5, id="p")
        await settle()
        (pong,) = line.of_type("pong")
        assert (pong["t0"], pong["re"]) == (3.5, "p")
        await trio.sleep(40)
        assert len(line.of_type("heartbeat")) == 1
        await trio.sleep(25)
        assert line.ended == 4202


async def test_a_token_ends_on_time_and_not_at_the_next_heartbeat(
    autojump_clock: MockClock,
) -> None:
    async with open_stage() as stage:
        line = await operate(stage, stage.token("otto", Role.OPERATOR, ttl_s=5))
        await trio.sleep(4)
        assert line.ended is None
        await trio.sleep(1.1)
        assert line.ended == 4202


async def test_a_fresh_token_keeps_the_socket(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        line = await operate(stage, stage.token("otto", Role.OPERATOR, ttl_s=5))
        expires_at = stage.clock.now_ms() + 60_000
        line.say("refresh", token=stage.token("otto", Role.OPERATOR, ttl_s=60), id="r")
        await settle()
        (ack,) = line.of_type("ack")
        assert (ack["re"], ack["expires_at"]) == ("r", pytest.approx(expires_at, abs=2_000))
        await trio.sleep(20)
        assert line.ended is None
        await trio.sleep(41)
        assert line.ended == 4202


@pytest.mark.parametrize(
    ("user", "role", "events"),
    [
        ("olga", Role.OPERATOR, None),
        ("otto", Role.ADMIN, None),
        ("otto", Role.OPERATOR, frozenset({EVENT})),
    ],
)
async def test_a_refresh_brings_the_same_operators_token(
    autojump_clock: MockClock, user: str, role: Role, events: frozenset[str] | None
) -> None:
    async with open_stage() as stage:
        line = await operate(stage, stage.token("otto", Role.OPERATOR, ttl_s=5))
        line.say("refresh", token=stage.token(user, role, events=events, ttl_s=60), id="r")
        await settle()
        assert [(m["re"], m["code"]) for m in line.of_type("nack")] == [("r", "FORBIDDEN")]
        await trio.sleep(5.1)
        assert line.ended == 4202
