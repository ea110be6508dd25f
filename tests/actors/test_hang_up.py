"""Sockets of those who have signed out, or may no longer do what they may (PROTOCOL 2)."""

from __future__ import annotations

from trio.testing import MockClock

from saleroom.auction.roles import Role
from tests.actors.line import Line
from tests.actors.stage import Stage, open_stage, settle, silent


async def _operator(stage: Stage, user: str) -> Line:
    line = stage.dial_path("/ws/v1/operator")
    line.say("hello", token=stage.token(user, Role.OPERATOR))
    await settle()
    return line


async def test_a_users_sockets_of_either_kind_close(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        await stage.begin(silent(1), event="ball")
        mine = [
            await stage.connect(stage.token("opal")),
            await stage.connect(stage.token("opal"), event="ball"),
            await _operator(stage, "opal"),
        ]
        others = [
            await stage.connect(),
            await stage.connect(stage.token("otto")),
            await _operator(stage, "otto"),
        ]
        stage.doorkeeper.hang_up("opal")
        await settle()
        assert [line.ended for line in mine] == [4001, 4001, 4001]
        assert [line.ended for line in others] == [None, None, None]


async def test_of_one_sign_in_its_sockets_alone_close(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        tokens = [
            stage.token("ann", sign_in="phone"),
            stage.token("ann", sign_in="laptop"),
            stage.token("ann"),
            stage.token("bob", sign_in="phone"),
        ]
        lines = [await stage.connect(token) for token in tokens]
        stage.doorkeeper.hang_up("ann", ["phone"])
        await settle()
        assert [line.ended for line in lines] == [4001, None, None, None]
        stage.doorkeeper.hang_up("ann", [])
        assert [line.ended for line in lines] == [4001, None, None, None]
