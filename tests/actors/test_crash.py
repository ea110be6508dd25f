"""What outlives an incarnation: sockets, commands, seqs. Source: I3, I4, I7, PROTOCOL 3 and 5."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from saleroom.actors.mailbox import MailboxFull
from saleroom.auction.roles import Role
from saleroom.supervisor import State
from tests.actors.stage import (
    EVENT,
    EVENT_PATH,
    Stage,
    Told,
    open_stage,
    poisoned,
    sale,
    settle,
    silent,
)
from tests.actors.weather import Fault, gated, landed_unknown, lost_unknown, refused


async def assert_whole(stage: Stage, event: str = EVENT) -> None:
    """Positions and seqs run without a gap, and what is published is what is durable."""
    records = await stage.journal(event)
    assert [record.position for record in records] == list(range(1, len(records) + 1))
    seqs = [record.seq for record in records if record.seq is not None]
    assert seqs == list(range(1, len(seqs) + 1))
    published = stage.published(event)
    assert (published.state.position, published.seq) == (len(records), len(seqs))
    assert published.head == records[-1].head


async def test_a_crash_keeps_sockets_commands_and_seqs(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = trio.Event()
    async with open_stage() as stage:
        await stage.begin(silent(1), silent(2))
        donor = await stage.connect(stage.token("u101"))
        staff = await stage.connect(stage.token("clerk", Role.CLERK), feed="full")
        seq = stage.published().seq
        with (
            poisoned(monkeypatch, times=1) as poison,
            stage.weather.strikes("journal.append", gated(gate), times=1),
        ):
            told = [stage.bid(101, 1_000), stage.bid(102, 2_000)]
            await settle()
            told += [stage.bid(103, 3_000), stage.bid(103, 3_000, id="low", lot=2)]
            told += [stage.bid(101, 100)]
            crasher = stage.tell("announce", text="poison")
            told += [stage.bid(102, 4_000)]
            await settle()
            assert poison.struck == 1
            gate.set()
            await trio.sleep(1)
        codes = [one.code for one in told]
        assert codes == [None, None, None, None, "BID_TOO_LOW", None]
        assert crasher.code is None
        assert stage.node().restarts == 1
        assert donor.ended is staff.ended is None
        expected = list(range(seq + 1, stage.published().seq + 1))
        assert donor.seqs() == staff.seqs() == expected
        assert [e["seq"] for m in staff.of_type("feed") for e in m["events"]] == expected
        await assert_whole(stage)


async def test_what_crashes_twice_is_internal_and_the_rest_goes_on(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        with poisoned(monkeypatch) as poison:
            before = stage.bid(101, 1_000)
            crasher = stage.tell("announce", text="poison")
            after = stage.bid(102, 2_000)
            await trio.sleep(3)
        assert poison.struck == 2
        assert (crasher.code, crasher.answer["temporary"]) == ("INTERNAL", False)
        assert (before.code, after.code) == (None, None)
        assert after.answer["price"] == 2_000
        assert stage.node().state is State.RUNNING
        await assert_whole(stage)


@pytest.mark.parametrize("fault", [refused, landed_unknown, lost_unknown])
async def test_a_commit_that_fails_loses_and_doubles_nothing(
    autojump_clock: MockClock, fault: Fault
) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1), sale(2, quantity=10))
        donor = await stage.connect(stage.token("u101"))
        seq = stage.published().seq
        with stage.weather.strikes("journal.append", fault, times=1):
            told = [
                stage.bid(101, 1_000, id="a"),
                stage.bid(102, 999, id="b"),
                stage.tell("buy", by="u103", role=Role.DONOR, id="c", lot=2, units=2),
                stage.tell("add_paddle", id="d", name="Dot", user="dot"),
            ]
            await trio.sleep(1)
        assert [one.code for one in told] == [None, "BID_TOO_LOW", None, None]
        again = [
            stage.bid(101, 1_000, id="a"),
            stage.tell("buy", by="u103", role=Role.DONOR, id="c", lot=2, units=2),
        ]
        await settle()
        assert [one.answer for one in again] == [told[0].answer, told[2].answer]
        assert stage.state().lots[2].units_sold == 2
        assert stage.state().lots[1].standing.bid_count == 1
        assert stage.site().names == {100: "Dot"}
        assert donor.ended is None
        assert donor.seqs() == list(range(seq + 1, stage.published().seq + 1))
        assert stage.node().stats["incarnations"] == 2
        assert stage.node().restarts == 0
        await assert_whole(stage)


async def test_facts_of_an_unknown_commit_reach_everyone(autojump_clock: MockClock) -> None:
    """Those that landed are told by the next incarnation, with the notices they bring about."""
    async with open_stage() as stage:
        await stage.begin(silent(1), silent(2))
        leader = await stage.connect(stage.token("u101"))
        leader.say("place_bid", id="1", lot=1, amount=1_000)
        await settle()
        leader.news()
        with stage.weather.strikes("journal.append", landed_unknown, times=1):
            stage.bid(102, 5_000)
            await trio.sleep(0.6)
        types = [message["type"] for message in leader.news()]
        assert types == ["feed", "outbid"]


async def test_postgres_away_for_long_is_waited_for(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        donor = await stage.connect(stage.token("u101"))
        seq = stage.published().seq
        with stage.weather.postgres_away():
            taken = stage.bid(101, 1_000, id="taken")
            await trio.sleep(1)
            waiting = stage.bid(102, 2_000, id="waiting")
            engine = stage.node()
            assert engine.state is State.STARTING
            assert "PostgreSQL" in (engine.last_error or "")
            await trio.sleep(4.2)
            assert taken.code == "OUTCOME_UNKNOWN"
            await trio.sleep(1)
            assert waiting.code == "OVERLOADED"
            stood = {"lot": 1, "price": None, "leader": None, "min_next": 1_000}
            assert [told.answer.items() >= stood.items() for told in (taken, waiting)] == [True] * 2
            await trio.sleep(22.8)
            late = stage.bid(103, 3_000, id="late")
            await trio.sleep(1)
        await trio.sleep(1)
        assert late.code is None
        assert stage.node().state is State.RUNNING
        assert (stage.node().restarts, stage.node(EVENT_PATH).restarts) == (0, 0)
        assert donor.ended is None
        resent = [stage.bid(101, 1_000, id="taken"), stage.bid(102, 5_000, id="waiting")]
        await settle()
        assert [one.code for one in resent] == ["BID_TOO_LOW", None]
        assert donor.seqs() == list(range(seq + 1, stage.published().seq + 1))
        await assert_whole(stage)


@pytest.mark.parametrize("fault", [refused, landed_unknown, lost_unknown])
async def test_failing_commits_never_park_an_event(autojump_clock: MockClock, fault: Fault) -> None:
    """PostgreSQL answers reads and terms, and fails every commit for a minute."""
    async with open_stage() as stage:
        await stage.begin(silent(1))
        told: list[Told] = []
        with stage.weather.strikes("journal.append", fault):
            for number in range(60):
                told.append(stage.tell("announce", text=str(number), id=str(number)))
                await trio.sleep(1)
        await trio.sleep(6)
        assert all(len(one.answers) == 1 for one in told)
        assert stage.node().stats["incarnations"] > 30
        assert stage.node().state is State.RUNNING
        assert stage.node(EVENT_PATH).state is State.RUNNING
        assert stage.node().restarts == 0
        assert (await stage.ask("announce", text="healed")).code is None
        texts = [fact["text"] for fact in await stage.facts() if fact["type"] == "announcement"]
        assert len(texts) == len(set(texts))
        acked = {number for number, one in enumerate(told) if one.code is None}
        assert acked <= {int(text) for text in texts[:-1]}
        await assert_whole(stage)


async def test_an_engine_that_waits_for_the_store_stops_at_once(
    autojump_clock: MockClock,
) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        with stage.weather.postgres_away():
            told = stage.bid(101, 1_000)
            await trio.sleep(2)
            began = trio.current_time()
            await stage.supervisor.remove_child(EVENT_PATH)
            assert trio.current_time() - began < 1
            assert told.code == "OUTCOME_UNKNOWN"


async def test_another_owner_is_not_robbed(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        donor = await stage.connect(stage.token("u101"))
        other = await stage.kept.journal.take_term(EVENT)
        told = stage.bid(101, 1_000)
        await trio.sleep(1)
        assert stage.site().is_lost
        engine = stage.node()
        assert (engine.state, engine.last_error) == (
            State.STARTING,
            "another server runs this event",
        )
        with pytest.raises(MailboxFull):
            stage.bid(102, 2_000)
        assert donor.ended == 4200
        assert (await stage.connect(stage.token("u102"))).ended == 4100
        await trio.sleep(60)
        assert told.code == "OUTCOME_UNKNOWN"
        assert (await stage.kept.journal.take_term(EVENT)).term == other.term + 1
        assert stage.state().lots[1].standing.price is None


async def test_an_operator_takes_a_lost_event_back(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        await stage.kept.journal.take_term(EVENT)
        stage.bid(101, 1_000)
        await trio.sleep(10)
        await stage.supervisor.restart_child(f"{EVENT_PATH}/engine")
        told = await stage.ask("place_bid", by="u102", role=Role.DONOR, lot=1, amount=2_000)
        assert told.code is None
        await assert_whole(stage)


async def test_a_journal_that_lost_what_was_told_is_not_gone_on_with(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        await stage.ask("announce", text="told to everyone")
        kept = await stage.journal()
        with monkeypatch.context() as patched, poisoned(monkeypatch, times=1):
            shorter = kept[:-1]

            async def read(event: str, after: int, limit: int) -> object:
                await trio.lowlevel.checkpoint()
                return shorter[after : after + limit]

            patched.setattr(stage.kept.journal, "read", read)
            stage.tell("announce", text="poison")
            await trio.sleep(60)
        assert stage.node(EVENT_PATH).state is State.FAILED
        assert "lacks facts that were told" in (stage.node().last_error or "")


async def test_every_command_is_answered_once_over_crashes_at_random(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commits fail in every way while donors bid; the last word agrees with the journal."""
    async with open_stage() as stage:
        await stage.begin(silent(1), sale(2, quantity=1_000), paddles=10)
        donor = await stage.connect(stage.token("u101"))
        first, told = stage.published().seq + 1, dict[str, Told]()
        for number in range(200):
            fault = [refused, landed_unknown, lost_unknown][number % 3]
            id = f"buy-{number}"
            told[id] = stage.tell("buy", by=f"u{101 + number % 10}", role=Role.DONOR, id=id, lot=2)
            if number % 7 == 3:
                with stage.weather.strikes("journal.append", fault, times=1):
                    await trio.sleep(0.1)
            else:
                await trio.sleep(0.02)
        await trio.sleep(6)
        assert {one.code for one in told.values()} <= {None, "OUTCOME_UNKNOWN"}
        bought = [f["command"] for f in await stage.facts() if f["type"] == "item_sold"]
        assert len(bought) == len(set(bought)) == stage.state().lots[2].units_sold
        assert {id for id, one in told.items() if one.code is None} <= set(bought)
        assert donor.seqs() == list(range(first, stage.published().seq + 1))
        await assert_whole(stage)
