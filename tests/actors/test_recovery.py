"""Rebuilding an event: time given back, snapshots, the past that a chain proves. Source: I3-I5, I8,
I10, rules 8 and 27.
"""

from __future__ import annotations

import itertools
import random
from typing import Any

import attrs
import orjson
import pytest
import trio
from trio.testing import MockClock

from saleroom.actors.checkpointer import CheckpointLimits
from saleroom.actors.clock import Clock
from saleroom.actors.recovery import Rebuilt, rebuild
from saleroom.actors.registry import RegistryLimits
from saleroom.actors.site import SiteLimits, new_site
from saleroom.auction.book import Book
from saleroom.auction.record import RecordDamaged
from saleroom.auction.roles import Role
from saleroom.protocol.feed import TailLimits
from saleroom.storage.memory import MemorySnapshots, memory_stores
from saleroom.storage.ports import Snapshot, Stores
from saleroom.supervisor import State
from tests.actors.stage import (
    EVENT,
    EVENT_PATH,
    WALL_MS,
    Stage,
    live,
    open_stage,
    poisoned,
    sale,
    settle,
    silent,
)

OFTEN = RegistryLimits(checkpoint=CheckpointLimits(snapshot_facts=40, chunk_facts=15))
NO_SOFT_CLOSE = {"cap": 0}


# Time that was lost (rule 27)


async def end_after_absence(alive_s: float, absent_s: float, ends_in_ms: int) -> int:
    """Run for a while, be killed, be away, come back: how far lot 1's end has moved, in ms."""
    kept = memory_stores()
    async with open_stage(kept=kept) as stage:
        await stage.begin(silent(1, ends_in_ms=ends_in_ms, soft_close=NO_SOFT_CLOSE))
        await trio.sleep(alive_s)
        stage.kill()
    await trio.sleep(absent_s)
    async with open_stage(kept=kept) as stage:
        await stage.resume()
        await settle()
        end = stage.state().lots[1].ends_at
        assert end is not None
        causes = [f["cause"] for f in await stage.facts() if f["type"] == "lot_extended"]
        assert set(causes) <= {"outage"}
        return end - WALL_MS - ends_in_ms


@pytest.mark.parametrize(
    ("alive_s", "absent_s", "ends_in_ms", "moved_ms"),
    [
        # the last sign of life is 50 ms old when the process dies
        (5.05, 0.149, 6_000, 0),  # under 200 ms moves nothing
        (5.05, 0.150, 60_000, 0),  # from 200 ms on: far ends stay,
        (5.05, 0.150, 10_200, 60_000 - 5_000),  # those within 5 s move,
        (5.05, 0.150, 10_201, 0),
        (5.05, 0.450, 5_300, 60_000 + 200),  # and those that fell inside it
        (5.05, 1.949, 60_000, 0),
        (5.05, 1.950, 90_000, 2_000),  # from 2 s on every end moves by it,
        (5.05, 9.950, 20_000, 55_000),  # and has at least 60 s left
        (5.05, 600.0, 10_000, 605_050 + 60_000 - 10_000),
    ],
)
async def test_an_outage_is_given_back(
    autojump_clock: MockClock, alive_s: float, absent_s: float, ends_in_ms: int, moved_ms: int
) -> None:
    assert await end_after_absence(alive_s, absent_s, ends_in_ms) == moved_ms


async def test_an_instant_crash_moves_nothing(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1, ends_in_ms=10_000, soft_close=NO_SOFT_CLOSE))
        await trio.sleep(5.9)
        with poisoned(monkeypatch, times=1):
            stage.tell("announce", text="poison")
            await trio.sleep(0.2)
        assert stage.node().restarts == 1
        await trio.sleep(3.89)
        assert stage.state().lots[1].standing.state == "open"
        await trio.sleep(0.02)
        assert stage.state().lots[1].standing.state == "passed"
        assert "lot_extended" not in [fact["type"] for fact in await stage.facts()]


async def test_a_rebuild_that_fails_is_no_sign_of_life(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that comes back after an outage and crashes while it rebuilds."""
    kept = memory_stores()
    async with open_stage(kept=kept) as stage:
        await stage.begin(silent(1, ends_in_ms=60_000))
        await trio.sleep(5)
        stage.kill()
    await trio.sleep(30)
    async with open_stage(kept=kept) as stage:
        newest, struck = kept.snapshots.newest, list[str]()

        async def failing(event: str) -> Snapshot | None:
            if not struck:
                struck.append(event)
                raise ZeroDivisionError("a bug while rebuilding")
            return await newest(event)

        monkeypatch.setattr(kept.snapshots, "newest", failing)
        await stage.resume()
        await trio.sleep(1)
        assert stage.node().restarts == 1
        end = stage.state().lots[1].ends_at
        assert end is not None
        assert end >= WALL_MS + 60_000 + 30_000


async def test_a_store_that_was_away_is_an_outage(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1, ends_in_ms=20_000, soft_close=NO_SOFT_CLOSE))
        await trio.sleep(5)
        with stage.weather.postgres_away():
            await trio.sleep(30)
        await trio.sleep(1)
        end, now = stage.state().lots[1].ends_at, stage.site().clock.now_ms()
        assert stage.state().lots[1].standing.state == "open"
        assert end is not None
        assert 58_000 < end - now <= 60_000


async def test_a_planned_stop_leaves_its_mark(autojump_clock: MockClock) -> None:
    kept = memory_stores()
    async with open_stage(kept=kept) as stage:
        await stage.begin(silent(1, ends_in_ms=600_000, soft_close=NO_SOFT_CLOSE))
        await trio.sleep(5.9)
    await trio.sleep(1.99)
    async with open_stage(kept=kept) as stage:
        await stage.resume()
        assert stage.state().lots[1].ends_at == WALL_MS + 600_000


async def test_signs_of_life_are_left_while_a_timed_lot_is_open(
    autojump_clock: MockClock,
) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1, ends_in_ms=3_500), live(2))
        await trio.sleep(10)
        assert stage.weather.count("journal.sign") == 3


async def test_the_clock_never_goes_back_over_a_restart(autojump_clock: MockClock) -> None:
    kept = memory_stores()
    async with open_stage(kept=kept) as stage:
        await stage.begin(silent(1))
        await trio.sleep(600.5)
        last_sign = WALL_MS + 600_000
        stage.kill()
    async with open_stage(kept=kept, wall_ms=WALL_MS - 3_600_000) as stage:
        await stage.resume()
        assert stage.site().clock.now_ms() >= last_sign
        told = await stage.ask("place_bid", by="u101", role=Role.DONOR, lot=1, amount=1_000)
        assert told.code is None
        times = [fact["at"] for fact in await stage.facts()]
        assert times == sorted(times)
        assert times[-1] >= last_sign


async def test_commands_that_come_before_the_rebuilt_clock_are_in_order(
    autojump_clock: MockClock,
) -> None:
    kept = memory_stores()
    async with open_stage(kept=kept) as stage:
        await stage.begin(silent(1))
        await trio.sleep(100)
        await stage.ask("announce", text="late")
        stage.kill()
    async with open_stage(kept=kept, wall_ms=WALL_MS) as stage:
        async with trio.open_nursery() as nursery:
            with stage.weather.postgres_away():
                nursery.start_soon(stage.resume)
                await settle()
                early = stage.bid(101, 1_000)
                await trio.sleep(1)
        await trio.sleep(1)
        assert early.code is None
        times = [fact["at"] for fact in await stage.facts()]
        assert times == sorted(times)


# Snapshots


async def play(stage: Stage, rng: random.Random, rounds: int) -> None:
    """Do a bit of everything, corrections of what is long past among them."""
    for number in range(rounds):
        paddle = rng.choice(list(stage.state().paddles))
        user = stage.state().paddles[paddle].user or "nobody"
        choices: list[tuple[str, dict[str, Any]]] = [
            ("place_bid", {"lot": rng.choice([1, 2]), "amount": 1_000 * (number + 1)}),
            ("place_bid", {"lot": rng.choice([1, 2]), "amount": 1_000 * (number + 1)}),
            ("set_max_bid", {"lot": 1, "max": 1_000 * (number + 3)}),
            ("buy", {"lot": 3}),
            ("place_bid", {"lot": 4, "amount": 1_000 * (number + 1)}),
            ("undo", {"lot": rng.choice([1, 2, 4])}),
            ("announce", {"text": str(number)}),
        ]
        kind, fields = rng.choice(choices)
        if kind in ("undo", "announce"):
            stage.tell(kind, id=f"{kind}-{number}", **fields)
        else:
            stage.tell(kind, by=user, role=Role.DONOR, id=f"{kind}-{number}", **fields)
        if number % 60 == 59:
            stage.tell("change_paddle", paddle=paddle, new_paddle=500 + stage.ids)
        if number % 50 == 49:
            stage.tell("retract_bids", lot=2, paddle=paddle, reason="asked to")
        await trio.sleep(0.06)


async def rebuilt_from(stores: Stores) -> Rebuilt:
    site = new_site(EVENT, Clock(WALL_MS), SiteLimits())
    return await rebuild(site, stores.journal, stores.snapshots)


def assert_same_book(book: Book, other: Book) -> None:
    assert book.state == other.state
    assert book.head == other.head
    assert book.answers == other.answers


@pytest.mark.parametrize("seed", range(4))
async def test_a_snapshot_and_the_rest_are_the_whole_journal(
    autojump_clock: MockClock, seed: int
) -> None:
    kept = memory_stores()
    async with open_stage(OFTEN, kept=kept) as stage:
        await stage.begin(
            silent(1, ladder="flat:1"), silent(2, ladder="flat:1"), sale(3, quantity=0), live(4)
        )
        await stage.ask("open_lot", lot=4)
        for part in range(5):
            await play(stage, random.Random(seed * 10 + part), 70)
            newest = await kept.snapshots.newest(EVENT)
            assert newest is not None, seed
            by_snapshot = await rebuilt_from(kept)
            by_journal = await rebuilt_from(attrs.evolve(kept, snapshots=MemorySnapshots()))
            assert by_snapshot.saved.position > 0, seed
            assert by_journal.saved.position == 0
            assert_same_book(by_snapshot.book, by_journal.book)
            assert by_snapshot.published == by_journal.published == stage.state()
            tails = [[fact.encoded() for fact in r.tail] for r in (by_snapshot, by_journal)]
            assert tails[0] == tails[1]
            # The terms taken above fence the actor; have it take the event back.
            await stage.supervisor.restart_child(f"{EVENT_PATH}/engine")


async def test_each_chunk_is_written_once(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    saves: list[tuple[int, int, int]] = []
    async with open_stage(OFTEN) as stage:
        save = stage.kept.snapshots.save

        async def noted(event: str, position: int, *rest: Any) -> bool:
            saves.append((position, len(rest[2]), rest[3]))
            return await save(event, position, *rest)

        monkeypatch.setattr(stage.kept.snapshots, "save", noted)
        await stage.begin(silent(1))
        for number in range(200):
            stage.tell("announce", text=str(number))
            await trio.sleep(0.06)
        await stage.supervisor.restart_child(f"{EVENT_PATH}/engine")
        for number in range(200):
            stage.tell("announce", text=str(number))
            await trio.sleep(0.06)
        assert len(saves) == 10
        gaps = [b[0] - a[0] for a, b in itertools.pairwise(saves)]
        assert set(gaps) == {40}
        firsts = [first for _, _, first in saves]
        assert firsts == [sum(new for _, new, _ in saves[:n]) for n in range(len(saves))]
        newest = await stage.kept.snapshots.newest(EVENT)
        assert newest is not None
        remembered = [len(orjson.loads(chunk)["answers"]) for chunk in newest.chunks]
        assert set(remembered[1:]) == {15}


async def test_what_a_stale_owner_saved_late_does_no_harm(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A snapshot lands after the next owner has read what there was."""
    kept, landing = memory_stores(), trio.Event()
    save = kept.snapshots.save
    async with open_stage(OFTEN, kept=kept) as stage:
        await stage.begin(silent(1, ladder="flat:1"))
        late: list[tuple[Any, ...]] = []

        async def held(*args: Any) -> bool:
            late.append(args)
            landing.set()
            await trio.sleep_forever()
            return False

        monkeypatch.setattr(kept.snapshots, "save", held)
        for number in range(60):
            stage.bid(101, 1_000 + number, id=f"first-{number}")
            await trio.sleep(0.06)
        await landing.wait()
        stage.kill()
    monkeypatch.setattr(kept.snapshots, "save", save)
    other = RegistryLimits(checkpoint=CheckpointLimits(snapshot_facts=70, chunk_facts=25))
    async with open_stage(other, kept=kept) as stage:
        await stage.resume()
        assert await save(*late[0])
        for number in range(150):
            stage.bid(102, 5_000 + number, id=f"second-{number}")
            await trio.sleep(0.06)
    newest = await kept.snapshots.newest(EVENT)
    assert newest is not None
    assert newest.position > 100
    by_snapshot = await rebuilt_from(kept)
    by_journal = await rebuilt_from(attrs.evolve(kept, snapshots=MemorySnapshots()))
    assert by_snapshot.saved.position == newest.position
    assert_same_book(by_snapshot.book, by_journal.book)


@pytest.mark.parametrize("damage", ["body", "chunk", "past"])
async def test_a_snapshot_that_does_not_hold_is_passed_over(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    async with open_stage(OFTEN) as stage:
        await stage.begin(silent(1))
        for number in range(60):
            stage.tell("announce", text=str(number), id=str(number))
            await trio.sleep(0.06)
        kept = await stage.kept.snapshots.newest(EVENT)
        assert kept is not None
        broken = {
            "body": attrs.evolve(kept, body=b'{"format":99}'),
            "chunk": attrs.evolve(kept, chunks=[b"[]"]),
            "past": attrs.evolve(
                kept, body=orjson.dumps({**orjson.loads(kept.body), "head": "00" * 32})
            ),
        }[damage]

        async def newest(event: str) -> Snapshot:
            await trio.lowlevel.checkpoint()
            return broken

        monkeypatch.setattr(stage.kept.snapshots, "newest", newest)
        await stage.supervisor.restart_child(f"{EVENT_PATH}/engine")
        assert (await stage.ask("announce", text="59", id="59")).answer["seq"] == 62
        assert stage.node().restarts == 0


async def test_a_damaged_chain_parks_the_event(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = memory_stores()
    async with open_stage(kept=kept) as stage:
        await stage.begin(silent(1))
        for number in range(3):
            await stage.ask("announce", text=str(number))
    records = await kept.journal.read(EVENT, 0, 100)
    records[-2] = attrs.evolve(records[-2], body=records[-2].body.replace(b'"1"', b'"9"'))

    async def read(event: str, after: int, limit: int) -> object:
        await trio.lowlevel.checkpoint()
        return records[after : after + limit]

    monkeypatch.setattr(kept.journal, "read", read)
    with pytest.raises(RecordDamaged):
        await rebuilt_from(kept)
    async with open_stage(kept=kept) as stage:
        await stage.resume()
        assert stage.node(EVENT_PATH).state is State.FAILED
        assert stage.site().published is None


async def test_the_tail_reaches_back_over_a_restart(autojump_clock: MockClock) -> None:
    kept = memory_stores()
    short = attrs.evolve(OFTEN, site=SiteLimits(tail=TailLimits(facts=50, age_ms=1)))
    async with open_stage(short, kept=kept) as stage:
        await stage.begin(silent(1))
        for number in range(100):
            stage.tell("announce", text=str(number))
            await trio.sleep(0.06)
        epoch, last = stage.published().epoch, stage.published().seq
    async with open_stage(short, kept=kept) as stage:
        await stage.resume()
        near, far = [
            await stage.connect(stage.token("u101"), resume={"epoch": epoch, "seq": seq})
            for seq in (last - 40, last - 60)
        ]
        assert near.messages()[0]["recovered"] is True
        assert near.seqs() == list(range(last - 39, last + 1))
        assert far.messages()[0]["recovered"] is False


async def test_one_who_was_fenced_and_comes_back_cuts_those_who_cannot_follow(
    autojump_clock: MockClock,
) -> None:
    """Another server ran the event for longer than the tail reaches."""
    kept = memory_stores()
    short = RegistryLimits(site=SiteLimits(tail=TailLimits(facts=20)))
    async with open_stage(short, kept=kept) as stage:
        await stage.begin(silent(1))
        donor = await stage.connect(stage.token("u101"))
        async with open_stage(kept=kept) as other:
            await other.resume()
            for number in range(50):
                told = await other.ask("announce", text=str(number), id=f"other-{number}")
                assert told.code is None
        await stage.supervisor.restart_child(f"{EVENT_PATH}/engine")
        await settle()
        assert donor.ended == 4201
        epoch = stage.published().epoch
        back, far, near = [
            await stage.connect(stage.token("u101"), resume={"epoch": epoch, "seq": seq})
            for seq in (2, 31, 32)
        ]
        assert [line.messages()[0]["recovered"] for line in (back, far, near)] == [
            False,
            False,
            True,
        ]
        assert near.seqs() == list(range(33, 53))
        assert back.messages()[0]["seq"] == 52
        await stage.ask("announce", text="goes on")
        assert back.seqs() == [53]
