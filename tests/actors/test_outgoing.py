"""Answers that are ready in one moment leave in one frame per socket, whatever ends the moment."""

from __future__ import annotations

import pytest
from trio.testing import MockClock

from saleroom.actors.outgoing import Outgoing
from tests.actors.stage import open_stage, sale, settle


def test_what_gathers_leaves_in_one_piece_per_sender() -> None:
    outgoing, ann, bob = Outgoing(), list[bytes](), list[bytes]()
    with outgoing.gathering():
        for number in range(3):
            outgoing.send(ann.append, b'{"a":%d}' % number)
        outgoing.send(bob.append, b'{"b":0}')
        assert ann == bob == []
    assert (ann, bob) == ([b'{"a":0},{"a":1},{"a":2}'], [b'{"b":0}'])
    outgoing.send(ann.append, b"{}")
    assert ann[1:] == [b"{}"]


def test_what_gathered_before_a_crash_leaves_too() -> None:
    outgoing, ann = Outgoing(), list[bytes]()

    def crash() -> None:
        with outgoing.gathering():
            outgoing.send(ann.append, b"{}")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        crash()
    assert ann == [b"{}"]


async def test_what_one_commit_answers_comes_in_one_frame(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(sale(1, quantity=0))
        ann = await stage.connect(stage.token("u101"))
        await settle()
        before = len(ann.writes)
        for number in range(9):
            ann.say("buy", id=f"b{number}", lot=1)
        await settle()
        writes = [write for write in ann.writes[before:] if b'"type":"ack"' in write]
        assert [ack["re"] for ack in ann.of_type("ack")] == [f"b{number}" for number in range(9)]
        assert len(writes) < 9
