"""The mailbox by itself: order, shares, expiry, redelivery. Source: rule 8, I4, I6, PROTOCOL 3."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock

from saleroom.actors.clock import Clock, EventClock
from saleroom.actors.mailbox import Envelope, Mailbox, MailboxFull, MailboxLimits
from saleroom.auction import commands as c
from saleroom.auction.roles import Role
from saleroom.protocol.messages import Ask
from tests.actors.stage import Told, settle

SMALL = MailboxLimits(commands=10, staff_reserve=3, user_share=4)


@attrs.define(eq=False)
class Box:
    """A mailbox whose commands are known by their ids."""

    mailbox: Mailbox

    def put(self, id: str, by: str = "ann", role: Role = Role.DONOR) -> Told:
        told = Told()
        self.mailbox.put(Ask(id, c.PlaceBid(1, 1_000), "digest"), by, role, told)
        return told

    def take(self) -> Envelope:
        envelope = self.mailbox.take()
        assert envelope is not None
        return envelope

    def take_all(self) -> list[str | None]:
        taken = []
        while (envelope := self.mailbox.take()) is not None:
            taken.append(envelope.asked.id)
        return taken


@asynccontextmanager
async def attended(
    limits: MailboxLimits | None = None,
    stands: Callable[[c.Command], Mapping[str, Any]] = lambda command: {},
) -> AsyncIterator[Box]:
    box = Box(Mailbox(EventClock(Clock(0)), limits or MailboxLimits(), lambda: 7, stands))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(box.mailbox.attend)
        await settle()
        yield box
        nursery.cancel_scope.cancel()


async def test_commands_come_out_as_they_went_in(autojump_clock: MockClock) -> None:
    async with attended() as box:
        for number in range(5):
            box.put(str(number), by=f"u{number % 2}")
            await trio.sleep(0.1)
        taken = [box.take() for _ in range(5)]
        assert [envelope.asked.id for envelope in taken] == ["0", "1", "2", "3", "4"]
        assert [envelope.asked.at for envelope in taken] == [0, 100, 200, 300, 400]
        assert box.mailbox.take() is None


async def test_an_arrival_wakes_and_an_empty_mailbox_waits(autojump_clock: MockClock) -> None:
    async with attended() as box:
        with trio.move_on_after(3) as patience:
            await box.mailbox.arrival()
        assert patience.cancelled_caught
        box.put("1")
        await box.mailbox.arrival()
        assert box.take_all() == ["1"]


async def test_one_donor_has_a_share(autojump_clock: MockClock) -> None:
    async with attended(SMALL) as box:
        told = [box.put(str(number)) for number in range(4)]
        with pytest.raises(MailboxFull) as full:
            box.put("one too many")
        assert full.value.retry_after_ms > 0
        box.put("of another", by="bob")
        box.put("of staff", by="ann", role=Role.CLERK)
        box.mailbox.answer(box.take(), b'{"type":"ack"}')
        assert told[0].answer == {"type": "ack"}
        with pytest.raises(MailboxFull):
            box.put("staff counts for the user too")
        box.mailbox.answer(box.take(), b"{}")
        box.put("room again")


async def test_staff_have_a_reserve(autojump_clock: MockClock) -> None:
    async with attended(SMALL) as box:
        for number in range(7):
            box.put(str(number), by=f"u{number}")
        with pytest.raises(MailboxFull):
            box.put("donor", by="late")
        for number in range(3):
            box.put(f"staff {number}", by="clerk", role=Role.CLERK)
        with pytest.raises(MailboxFull):
            box.put("staff 3", by="clerk", role=Role.ADMIN)
        statistics = box.mailbox.statistics()
        assert (statistics.unanswered, statistics.entered, statistics.refused) == (10, 10, 2)


async def test_the_operator_is_no_staff(autojump_clock: MockClock) -> None:
    async with attended(SMALL) as box:
        for number in range(7):
            box.put(str(number), by=f"u{number}")
        with pytest.raises(MailboxFull):
            box.put("operator", by="olga", role=Role.OPERATOR)


async def test_what_was_never_taken_is_overloaded_and_never_decided(
    autojump_clock: MockClock,
) -> None:
    async with attended() as box:
        told = box.put("1")
        await trio.sleep(4.9)
        late = box.put("2")
        assert told.answers == []
        await trio.sleep(0.2)
        assert told.answer == {
            "type": "nack",
            "re": "1",
            "code": "OVERLOADED",
            "message": "the server is busy; try again in a moment",
            "temporary": True,
            "server_time": 5_000,
            "as_of": 7,
            "retry_after_ms": 1_000,
        }
        assert late.answers == []
        assert box.take_all() == ["2"]


async def test_each_answer_of_its_own_says_how_the_lot_stands(autojump_clock: MockClock) -> None:
    def stands(command: c.Command) -> Mapping[str, Any]:
        assert isinstance(command, c.PlaceBid)
        return {"lot": command.lot, "price": 900}

    async with attended(stands=stands) as box:
        told = {"INTERNAL": box.put("1")}
        for _ in range(2):
            box.take()
            box.mailbox.redeliver()
        told["OUTCOME_UNKNOWN"] = box.put("2")
        box.take()
        box.mailbox.put_down()
        told["OVERLOADED"] = box.put("3")
        await trio.sleep(5.1)
        for code, each in told.items():
            assert (each.code, each.answer["lot"], each.answer["price"]) == (code, 1, 900)


async def test_what_was_taken_is_unknown_and_never_answered_twice(
    autojump_clock: MockClock,
) -> None:
    async with attended() as box:
        told = box.put("1")
        envelope = box.take()
        await trio.sleep(5)
        await settle()
        assert (told.code, told.answer["temporary"]) == ("OUTCOME_UNKNOWN", True)
        box.mailbox.answer(envelope, b'{"type":"ack"}')
        assert told.code == "OUTCOME_UNKNOWN"
        box.mailbox.redeliver()
        assert box.take_all() == []


async def test_what_any_incarnation_took_is_unknown(autojump_clock: MockClock) -> None:
    async with attended() as box:
        told = box.put("1")
        box.take()
        box.mailbox.redeliver()
        await trio.sleep(5.1)
        assert told.code == "OUTCOME_UNKNOWN"
        assert box.take_all() == []


@pytest.mark.parametrize("entered_s", [0.1, 0.3, 1 / 3, 2.7, 1e6 + 0.1])
async def test_expiry_comes_at_any_moment_of_entry(
    autojump_clock: MockClock, entered_s: float
) -> None:
    async with attended() as box:
        await trio.sleep(entered_s)
        told = box.put("1")
        await trio.sleep(5.001)
        assert told.code == "OVERLOADED"


async def test_redelivery_keeps_order_and_stamps(autojump_clock: MockClock) -> None:
    async with attended() as box:
        for number in range(4):
            box.put(str(number))
            await trio.sleep(0.1)
        first = box.take()
        assert box.take().asked.id == "1"
        box.mailbox.answer(first, b"{}")
        box.put("4")
        box.mailbox.redeliver()
        again = [box.take() for _ in range(4)]
        assert [envelope.asked.id for envelope in again] == ["1", "2", "3", "4"]
        assert [envelope.asked.at for envelope in again] == [100, 200, 300, 400]


async def test_only_the_culprit_of_two_crashes_is_given_up(autojump_clock: MockClock) -> None:
    async with attended() as box:
        told = {id: box.put(id) for id in ("before", "culprit", "after")}
        for _ in range(2):
            assert box.take().asked.id == "before"
            assert box.take().asked.id == "culprit"
            box.mailbox.redeliver()
        assert (told["culprit"].code, told["culprit"].answer["temporary"]) == ("INTERNAL", False)
        assert box.take_all() == ["before", "after"]
        assert told["before"].answers == told["after"].answers == []


async def test_a_crash_between_commands_has_no_culprit(autojump_clock: MockClock) -> None:
    async with attended() as box:
        for _ in range(3):
            told = box.put("1")
            box.take()
            box.mailbox.put_down()
            box.mailbox.redeliver()
            assert told.answers == []
        assert box.take_all() == ["1", "1", "1"]


async def test_a_mailbox_that_nobody_attends_answers_all_and_takes_nothing(
    autojump_clock: MockClock,
) -> None:
    async with attended() as box:
        taken, waiting = box.put("1"), box.put("2")
        box.take()
    assert (taken.code, waiting.code) == ("OUTCOME_UNKNOWN", "OVERLOADED")
    with pytest.raises(MailboxFull):
        box.put("3")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(box.mailbox.attend)
        await settle()
        told = box.put("4")
        assert box.take_all() == ["4"]
        assert told.answers == []
        nursery.cancel_scope.cancel()
