"""One event's trouble is its own. Source: I9, ARCHITECTURE 4, PROTOCOL 8."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from saleroom.actors.mailbox import MailboxFull
from saleroom.auction.roles import Role
from saleroom.supervisor import State
from tests.actors.stage import EVENT, EVENT_PATH, Stage, open_stage, poisoned, settle, silent
from tests.actors.weather import slow

BALL = "ball"
BALL_ENGINE = "saleroom/events/event:ball/engine"


async def crash_until_parked(stage: Stage) -> None:
    """Each poisoned command crashes the actor twice before it is given up."""
    for _ in range(30):
        if stage.node(EVENT_PATH).state is State.FAILED:
            return
        try:
            stage.tell("announce", text="poison")
        except MailboxFull:
            continue
        await trio.sleep(0.5)
    pytest.fail("the event was never parked")


async def test_an_event_that_always_crashes_is_parked_and_another_sells_on(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        await stage.begin(silent(1), event=BALL)
        guest = await stage.connect(stage.token("u101"), event=BALL)
        first = stage.published(BALL).seq + 1
        sold = 0
        with poisoned(monkeypatch):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(crash_until_parked, stage)
                while stage.node(EVENT_PATH).state is not State.FAILED:
                    began = trio.current_time()
                    told = await stage.ask("announce", event=BALL, text=str(sold))
                    assert told.code is None
                    assert trio.current_time() == began
                    sold += 1
                    await trio.sleep(0.1)
        assert sold > 5
        assert guest.seqs() == list(range(first, first + sold))
        assert (stage.node(BALL_ENGINE).state, stage.node(BALL_ENGINE).restarts) == (
            State.RUNNING,
            0,
        )
        assert stage.node("saleroom/events").restarts == 0
        assert stage.node(EVENT_PATH).restarts == 0
        assert "poisoned" in (stage.node(EVENT_PATH).last_error or "")


async def test_a_parked_event_keeps_its_sockets_and_leaves_nobody_waiting(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        donor = await stage.connect(stage.token("u101"))
        with poisoned(monkeypatch):
            await crash_until_parked(stage)
            stranded = stage.site().mailbox.statistics()
            assert stranded.unanswered == 0
            donor.say("place_bid", id="1", lot=1, amount=1_000)
            await settle()
        (nack,) = donor.of_type("nack")
        assert (nack["re"], nack["code"], nack["retry_after_ms"]) == ("1", "OVERLOADED", 1_000)
        assert (nack["lot"], nack["price"], nack["leader"], nack["min_next"]) == (
            1,
            None,
            None,
            1_000,
        )
        assert donor.ended is None
        newcomer = await stage.connect(stage.token("u102"))
        assert newcomer.messages()[0]["type"] == "welcome"


async def test_every_command_of_a_parked_event_was_answered(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        told = []
        with poisoned(monkeypatch):
            for number in range(10):
                told.append(stage.tell("announce", text="poison"))
                told.append(stage.tell("announce", text=str(number), id=str(number)))
            await trio.sleep(60)
        assert stage.node(EVENT_PATH).state is State.FAILED
        codes = [one.code for one in told]
        assert set(codes) <= {None, "INTERNAL", "OUTCOME_UNKNOWN", "OVERLOADED"}
        texts = [fact["text"] for fact in await stage.facts() if fact["type"] == "announcement"]
        assert [one for one in told if one.code is None] == [
            one for one in told if one.answer["re"] in texts
        ]


async def test_an_operator_revives_a_parked_event(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        donor = await stage.connect(stage.token("u101"))
        seq = stage.published().seq
        with poisoned(monkeypatch):
            await crash_until_parked(stage)
        await trio.sleep(60)
        await stage.supervisor.restart_child(EVENT_PATH)
        assert stage.node(EVENT_PATH).state is State.RUNNING
        donor.say("place_bid", id="1", lot=1, amount=1_000)
        await settle()
        assert donor.of_type("ack")[0]["re"] == "1"
        assert donor.seqs() == list(range(seq + 1, stage.published().seq + 1))
        await trio.sleep(2)
        assert donor.of_type("presence")[-1]["bidders"] == 1


async def test_a_restart_of_the_engine_by_hand_is_planned(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        donor = await stage.connect(stage.token("u101"))
        told = [stage.bid(101, 1_000)]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stage.supervisor.restart_child, f"{EVENT_PATH}/engine")
            for amount in range(2_000, 30_000, 1_000):
                told.append(stage.bid(102, amount))
                await trio.lowlevel.checkpoint()
        await trio.sleep(1)
        assert {one.code for one in told} <= {None, "BID_TOO_LOW"}
        assert donor.ended is None
        assert donor.seqs()[-1] == stage.published().seq
        assert "lot_extended" not in [fact["type"] for fact in await stage.facts()]


async def test_a_planned_stop_commits_what_was_decided(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        with stage.weather.strikes("journal.append", slow(0.5)):
            told = [stage.bid(101, 1_000)]
            await settle()
            told.append(stage.bid(102, 2_000))
            await stage.supervisor.remove_child(EVENT_PATH)
        assert [one.code for one in told] == [None, None]


async def test_one_that_crashes_takes_its_audience_along_to_where_it_was(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The audience itself crashes once: nobody is cut, nobody misses a fact."""
    async with open_stage() as stage:
        await stage.begin(silent(1))
        lines = [await stage.connect(stage.token(f"u{n}")) for n in (101, 102, 103)]
        seq = stage.published().seq
        audience, struck = stage.audience(), list[int]()
        take_notices = audience._take_notices

        def failing() -> object:
            if not struck:
                struck.append(1)
                raise ZeroDivisionError("a bug in a broadcast")
            return take_notices()

        monkeypatch.setattr(type(audience), "_take_notices", lambda self: failing())
        stage.bid(101, 1_000)
        await trio.sleep(1)
        stage.bid(102, 2_000)
        await trio.sleep(1)
        assert struck
        assert stage.node(f"{EVENT_PATH}/audience").restarts == 1
        for line in lines:
            assert line.seqs() == list(range(seq + 1, stage.published().seq + 1))


async def test_an_event_is_begun_once(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        site = stage.site()
        found = stage.registry.find(EVENT)
        assert found == (site, True)
        assert stage.registry.find("nowhere") is None
        assert stage.registry.sites() == [site]
        told = await stage.ask("open_event", role=Role.AUCTIONEER)
        assert told.code == "EVENT_ALREADY_OPEN"
