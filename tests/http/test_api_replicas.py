"""Replicas: exact, one catch-up at a time, and begun from a snapshot (I2, I10)."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from saleroom.auction.roles import Role
from saleroom.auction.snapshot import encode_body
from saleroom.auction.state import EventState
from saleroom.http.requests.api_asking import ask_event, house_command
from saleroom.http.sale.api_replicas import Replicas
from saleroom.storage.memory import memory_stores
from saleroom.storage.ports import Journal, NotFound, Record, Snapshot, Snapshots
from tests.http.house import House, open_house


@attrs.define
class CountedJournal:
    """A journal's reads, counted, and held while `gate` is shut."""

    journal: Journal
    reads: list[int] = attrs.field(factory=list)
    at_once: int = 0
    most_at_once: int = 0
    gate: trio.Event | None = None

    async def read(self, event: str, after: int, limit: int) -> list[Record]:
        self.reads.append(after)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        if self.gate is not None:
            await self.gate.wait()
        records = await self.journal.read(event, after, limit)
        self.at_once -= 1
        return records

    def __getattr__(self, name: str) -> Any:
        return getattr(self.journal, name)


@attrs.define
class OneSnapshot:
    """Snapshots that have this one."""

    snapshots: Snapshots
    kept: Snapshot | None = None

    async def newest(self, event: str) -> Snapshot | None:
        await trio.lowlevel.checkpoint()
        return self.kept

    def __getattr__(self, name: str) -> Any:
        return getattr(self.snapshots, name)


def replicas_of(
    house: House, most: int = 8, snapshot: Snapshot | None = None
) -> tuple[Replicas, CountedJournal]:
    journal = CountedJournal(house.stores.journal)
    return Replicas(journal, OneSnapshot(house.stores.snapshots, snapshot), most), journal


def published(house: House, event: str) -> EventState:
    site = house.registry.site(event)
    assert site is not None
    assert site.published is not None
    return site.published.state


async def announce(house: House, event: str, times: int) -> None:
    for _ in range(times):
        assert (await house.command(event, "clerk", "announce", text="Dinner.")).status == 200


async def test_a_replica_is_the_events_state_and_reads_only_what_is_new(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        event = await house.sale()
        replicas, journal = replicas_of(house)
        first = await replicas.state(event)
        assert first == published(house, event)
        position = first.position
        await announce(house, event, 3)
        second = await replicas.state(event)
        assert second == published(house, event)
        assert second.position == position + 3
        assert journal.reads == [0, position]


async def test_readers_who_come_together_share_one_catch_up(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        replicas, journal = replicas_of(house)
        async with trio.open_nursery() as nursery:
            for _ in range(50):
                nursery.start_soon(replicas.state, event)
        assert (len(journal.reads), journal.most_at_once) == (1, 1)


async def test_who_comes_during_a_catch_up_gets_what_was_durable_by_then(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        event = await house.sale()
        replicas, journal = replicas_of(house)
        journal.gate = trio.Event()
        found = []

        async def read() -> None:
            found.append((await replicas.state(event)).position)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            await wait_all_tasks_blocked()
            await announce(house, event, 2)
            for _ in range(9):
                nursery.start_soon(read)
            await wait_all_tasks_blocked()
            assert (len(journal.reads), found) == (1, [])
            journal.gate.set()
        assert len(journal.reads) == 2
        assert journal.most_at_once == 1
        assert set(found[1:]) == {published(house, event).position}


async def test_a_replica_begins_at_a_snapshot(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        await announce(house, event, 5)
        snapshot = snapshot_of(house, event)
        await announce(house, event, 1)
        replicas, journal = replicas_of(house, snapshot=snapshot)
        assert await replicas.state(event) == published(house, event)
        assert journal.reads == [snapshot.position]


async def test_a_damaged_snapshot_is_not_needed(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_house() as house:
        event = await house.sale()
        replicas, journal = replicas_of(house, snapshot=Snapshot(2, bytes(32), b"{}", []))
        assert await replicas.state(event) == published(house, event)
        assert journal.reads == [0]
        assert "reading the whole journal" in caplog.text


def snapshot_of(house: House, event: str) -> Snapshot:
    site = house.registry.site(event)
    assert site is not None
    assert site.published is not None
    assert site.book is not None
    state, head = site.published.state, site.published.head
    return Snapshot(state.position, head, encode_body(state, head, site.book, 0), [])


async def test_a_journal_longer_than_a_page_is_read_to_its_end(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        async with trio.open_nursery() as nursery:
            for number in range(1_200):
                nursery.start_soon(_announce, house, event, number)
        replicas, journal = replicas_of(house)
        state = await replicas.state(event)
        assert state.position == published(house, event).position > 1_200
        assert journal.reads == [0, 1_000]


async def _announce(house: House, event: str, number: int) -> None:
    site = house.registry.site(event)
    assert site is not None
    ask = house_command("announce", {"text": "Dinner."}, f"a{number}")
    await ask_event(site, ask, "clara", Role.CLERK, 5.0)


async def test_only_so_many_replicas_are_kept(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        first, second = await house.event(), await house.event()
        replicas, journal = replicas_of(house, most=1)
        for event in (first, second, first):
            await replicas.state(event)
        assert journal.reads == [0, 0, 0]


async def test_an_event_without_a_journal_is_not_found(autojump_clock: MockClock) -> None:
    stores = memory_stores()
    replicas = Replicas(stores.journal, stores.snapshots, 8)
    with pytest.raises(NotFound):
        await replicas.state("nowhere")
