"""No earlier owner writes after a later one has read (I3), shown on a real PostgreSQL.

Each race is held still by a lock that another session takes, and goes on when that is let go.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio

from saleroom.storage.bridge import Bridge
from saleroom.storage.ports import Fenced, Ownership, Stores
from tests.storage.records import batch, records
from tests.storage.sessions import Session, until_waiting


@pytest.fixture
async def blocker(bridge: Bridge, postgres_dsn: str) -> AsyncIterator[Session]:
    async with Session.opened(bridge, postgres_dsn) as session:
        yield session


async def test_an_append_in_flight_is_seen_by_who_takes_the_term(
    pg_stores: Stores, blocker: Session
) -> None:
    journal = pg_stores.journal
    await journal.create("gala", "00", records(1, 1))
    old = await journal.take_term("gala")
    taken: list[Ownership] = []

    async def take() -> None:
        taken.append(await journal.take_term("gala"))

    # The append holds the term's row and waits, for another session holds its position.
    await blocker.run("BEGIN")
    await blocker.run(
        "INSERT INTO journal VALUES ('gala', 2, NULL, '', decode(repeat('00', 32), 'hex'))"
    )
    async with trio.open_nursery() as nursery:
        nursery.start_soon(journal.append, "gala", old.term, batch(2, 5))
        await until_waiting(blocker, 1)
        nursery.start_soon(take)
        await until_waiting(blocker, 2)
        assert taken == []
        await blocker.run("ROLLBACK")
    assert taken == [Ownership(2, "00", None)]
    assert await journal.read("gala", 0, 10) == records(1, 5)


async def test_an_append_that_comes_during_the_raise_fails(
    pg_stores: Stores, blocker: Session
) -> None:
    journal = pg_stores.journal
    await journal.create("gala", "00", records(1, 1))
    old = await journal.take_term("gala")

    async def append() -> None:
        with pytest.raises(Fenced):
            await journal.append("gala", old.term, batch(2))

    await blocker.run("BEGIN")
    await blocker.run("UPDATE journals SET term = term + 1 WHERE event_id = 'gala'")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(append)
        await until_waiting(blocker, 1)
        await blocker.run("COMMIT")
    assert await journal.read("gala", 0, 10) == records(1, 1)


async def test_an_append_that_comes_during_a_raise_that_fails_is_written(
    pg_stores: Stores, blocker: Session
) -> None:
    journal = pg_stores.journal
    await journal.create("gala", "00", records(1, 1))
    old = await journal.take_term("gala")
    await blocker.run("BEGIN")
    await blocker.run("UPDATE journals SET term = term + 1 WHERE event_id = 'gala'")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(journal.append, "gala", old.term, batch(2))
        await until_waiting(blocker, 1)
        await blocker.run("ROLLBACK")
    assert await journal.read("gala", 0, 10) == records(1, 2)


async def test_a_sign_of_life_delays_no_more_than_it_must(
    pg_stores: Stores, blocker: Session
) -> None:
    journal = pg_stores.journal
    await journal.create("gala", "00", records(1, 1))
    term = (await journal.take_term("gala")).term
    await blocker.run("BEGIN")
    await blocker.run("UPDATE journals SET alive_at_ms = 5 WHERE event_id = 'gala'")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(journal.append, "gala", term, batch(2))
        await until_waiting(blocker, 1)
        await blocker.run("COMMIT")
    assert await journal.read("gala", 0, 10) == records(1, 2)
    assert (await journal.take_term("gala")).alive_at_ms == 5


async def test_two_appends_of_one_term_never_share_a_position(
    pg_stores: Stores, blocker: Session
) -> None:
    journal = pg_stores.journal
    await journal.create("gala", "00", records(1, 1))
    term = (await journal.take_term("gala")).term
    outcomes: list[str] = []

    async def append(text: str) -> None:
        try:
            await journal.append("gala", term, batch(2, 3, text))
        except Fenced:
            outcomes.append("fenced")
        else:
            outcomes.append(text)

    await blocker.run("BEGIN")
    await blocker.run("UPDATE journals SET alive_at_ms = 5 WHERE event_id = 'gala'")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(append, "one")
        nursery.start_soon(append, "two")
        await until_waiting(blocker, 2)
        await blocker.run("COMMIT")
    assert len(outcomes) == 2
    assert "fenced" in outcomes
    outcomes.remove("fenced")
    assert await journal.read("gala", 1, 10) == records(2, 3, outcomes[0])


async def test_owners_in_a_race_leave_one_history(pg_stores: Stores) -> None:
    """Each owner appends until the next one, which comes at any moment, has taken the term."""
    journal = pg_stores.journal
    owners = 8
    await journal.create("gala", "00", [])
    confirmed: set[int] = set()

    async def own(is_last: bool, is_busy: trio.Event) -> None:
        term = (await journal.take_term("gala")).term
        position = len(await journal.read("gala", 0, 10_000))
        assert confirmed <= set(range(1, position + 1)), "a confirmed append was not read"
        for count in range(20 if is_last else 10_000):
            try:
                await journal.append("gala", term, batch(position + 1))
            except Fenced:
                assert not is_last
                return
            position += 1
            assert position not in confirmed, "two owners wrote one position"
            confirmed.add(position)
            if count == 5:
                is_busy.set()

    async with trio.open_nursery() as nursery:
        for number in range(1, owners + 1):
            is_busy = trio.Event()
            nursery.start_soon(own, number == owners, is_busy)
            await is_busy.wait()
    assert await journal.read("gala", 0, 10_000) == records(1, max(confirmed))
    assert confirmed == set(range(1, max(confirmed) + 1))
