"""The operator's picture follows every change of the tree.

Source: PROTOCOL 8.
"""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from saleroom.actors.operator_feed import node_json
from saleroom.auction.roles import Role
from saleroom.client import Message
from saleroom.operator_client import change_tree, operator_url
from tests.actors.line import Line
from tests.actors.stage import EVENT, Stage, open_stage, poisoned, settle, silent

BARE = ("since", "stats")


def bare(node: Message) -> Message:
    """Leave out what moves by itself."""
    kept = {name: value for name, value in node.items() if name not in BARE}
    return {**kept, "children": [bare(child) for child in node["children"]]}


def picture(line: Line) -> Message:
    """Build the tree as a client does, from the welcome and all changes."""
    messages = line.messages()
    tree: Message = messages[0]["tree"]
    for message in messages[1:]:
        for change in message.get("changes", ()):
            change_tree(tree, change)
    return tree


async def shown_and_real(stage: Stage, line: Line) -> tuple[Message, Message]:
    await trio.sleep(1)
    return bare(picture(line)), bare(node_json(stage.supervisor.tree(), stage.clock))


async def test_the_picture_is_the_tree(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        line = stage.dial_path("/ws/v1/operator")
        line.say("hello", token=stage.token("otto", Role.OPERATOR))
        await settle()
        await stage.begin(silent(1), event="ball")
        shown, real = await shown_and_real(stage, line)
        assert shown == real
        with poisoned(monkeypatch, times=1):
            await stage.ask("announce", text="poison", role=Role.CLERK)
        shown, real = await shown_and_real(stage, line)
        assert shown == real
        await stage.registry.stop(EVENT)
        shown, real = await shown_and_real(stage, line)
        assert shown == real
        assert EVENT not in str(shown)


def test_a_change_below_an_unknown_node_is_passed_over() -> None:
    tree: Message = {"path": "saleroom", "state": "running", "children": []}
    change_tree(tree, {"path": "saleroom/a/b", "state": "running"})
    assert tree == {"path": "saleroom", "state": "running", "children": []}
    change_tree(tree, {"path": "saleroom", "state": "stopping"})
    assert tree["state"] == "stopping"


@pytest.mark.parametrize(
    ("server", "url"),
    [
        ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/ws/v1/operator"),
        ("https://sale.example/", "wss://sale.example/ws/v1/operator"),
    ],
)
def test_the_operator_socket_of_a_server(server: str, url: str) -> None:
    assert operator_url(server) == url
