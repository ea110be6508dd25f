"""What every journal does: order, terms, positions, and what is written together with facts."""

from __future__ import annotations

import attrs
import pytest

from saleroom.storage.ports import (
    Batch,
    Conflict,
    Fenced,
    NotFound,
    OutboxRow,
    Ownership,
    Registration,
    Stores,
)
from tests.storage.records import batch, record, records


async def test_what_is_written_is_read(stores: Stores) -> None:
    journal = stores.journal
    first = [record(1, "opened"), record(2, "käse", seq=1)]
    await journal.create("gala", "c0ffee", first)
    term = (await journal.take_term("gala")).term
    second = [record(3), record(4, seq=2)]
    await journal.append("gala", term, Batch(second))
    assert await journal.read("gala", 0, 100) == first + second


@pytest.mark.parametrize(
    ("after", "limit", "positions"),
    [(0, 3, [1, 2, 3]), (3, 3, [4, 5]), (4, 1, [5]), (5, 3, []), (9, 3, []), (0, 0, [])],
)
async def test_reading_pages(stores: Stores, after: int, limit: int, positions: list[int]) -> None:
    await stores.journal.create("gala", "00", records(1, 5))
    page = await stores.journal.read("gala", after, limit)
    assert [entry.position for entry in page] == positions


async def test_an_unknown_event_reads_empty(stores: Stores) -> None:
    assert await stores.journal.read("gala", 0, 10) == []


async def test_journals_do_not_mix(stores: Stores) -> None:
    await stores.journal.create("gala", "00", records(1, 2, "gala"))
    await stores.journal.create("ball", "00", records(1, 3, "ball"))
    assert await stores.journal.read("gala", 0, 10) == records(1, 2, "gala")
    assert await stores.journal.read("ball", 0, 10) == records(1, 3, "ball")


async def test_a_journal_is_created_once(stores: Stores) -> None:
    await stores.journal.create("gala", "00", records(1, 2, "first"))
    with pytest.raises(Conflict):
        await stores.journal.create("gala", "11", records(1, 3, "second"))
    assert await stores.journal.read("gala", 0, 10) == records(1, 2, "first")
    assert (await stores.journal.take_term("gala")).epoch == "00"


async def test_a_journal_may_start_empty(stores: Stores) -> None:
    await stores.journal.create("gala", "00", [])
    await stores.journal.append("gala", (await stores.journal.take_term("gala")).term, batch(1))
    assert await stores.journal.read("gala", 0, 10) == records(1, 1)


async def test_events_are_named_oldest_first(stores: Stores) -> None:
    assert await stores.journal.events() == []
    for event in ("zebra", "ant", "mole"):
        await stores.journal.create(event, "00", [])
    assert await stores.journal.events() == ["zebra", "ant", "mole"]


async def test_each_incarnation_gets_the_next_term(stores: Stores) -> None:
    await stores.journal.create("gala", "c0ffee", [])
    assert await stores.journal.take_term("gala") == Ownership(1, "c0ffee", None)
    assert await stores.journal.take_term("gala") == Ownership(2, "c0ffee", None)


async def test_no_term_of_an_unknown_event(stores: Stores) -> None:
    with pytest.raises(NotFound):
        await stores.journal.take_term("gala")


@pytest.mark.parametrize("term", [0, 1, 3])
async def test_another_term_than_the_current_is_fenced(stores: Stores, term: int) -> None:
    await stores.journal.create("gala", "00", [])
    await stores.journal.take_term("gala")
    await stores.journal.take_term("gala")
    owed = OutboxRow(1, "mail", {})
    with pytest.raises(Fenced):
        await stores.journal.append(
            "gala", term, Batch(records(1, 1), [owed], [Registration(101, None, "Ann")])
        )
    assert await stores.journal.read("gala", 0, 10) == []
    assert await stores.catalogue.registrations("gala", 0, 10) == []


async def test_an_append_to_an_unknown_event_is_fenced(stores: Stores) -> None:
    with pytest.raises(Fenced):
        await stores.journal.append("gala", 1, batch(1))


@pytest.mark.parametrize("first", [1, 2, 4, 9])
async def test_another_position_than_the_next_is_fenced(stores: Stores, first: int) -> None:
    await stores.journal.create("gala", "00", records(1, 2))
    term = (await stores.journal.take_term("gala")).term
    with pytest.raises(Fenced):
        await stores.journal.append("gala", term, batch(first, first + 1, "late"))
    assert await stores.journal.read("gala", 0, 10) == records(1, 2)
    await stores.journal.append("gala", term, batch(3))
    assert await stores.journal.read("gala", 0, 10) == records(1, 3)


async def test_a_batch_with_a_gap_is_a_bug(stores: Stores) -> None:
    await stores.journal.create("gala", "00", [])
    term = (await stores.journal.take_term("gala")).term
    with pytest.raises(ValueError, match="position 3 stands where 2 belongs"):
        await stores.journal.append("gala", term, Batch([record(1), record(3)]))
    with pytest.raises(ValueError, match="position 2 stands where 1 belongs"):
        await stores.journal.create("ball", "00", [record(2)])


async def test_a_large_batch_is_kept_whole(stores: Stores) -> None:
    await stores.journal.create("gala", "00", [])
    term = (await stores.journal.take_term("gala")).term
    await stores.journal.append("gala", term, batch(1, 3000))
    assert await stores.journal.read("gala", 0, 5000) == records(1, 3000)


async def test_registrations_come_with_their_facts(stores: Stores) -> None:
    await stores.journal.create("gala", "00", [])
    term = (await stores.journal.take_term("gala")).term
    ann = Registration(101, "ann", "Ann", "ann@example.org", "+1 555 0100", "7")
    await stores.journal.append("gala", term, Batch(records(1, 1), (), [ann]))
    bob, cid = Registration(102, None, "Bob"), Registration(101, None, "Cid")
    dot = Registration(102, "dot", "Dot")
    await stores.journal.append("gala", term, Batch(records(2, 3), (), [bob, cid, dot]))
    assert await stores.catalogue.registrations("gala", 0, 10) == [cid, dot]


ANN = Registration(101, "ann", "Ann", "ann@example.org", "+1 555 0100", "7")
BOB = Registration(102, None, "Bob")
CID = Registration(103, "cid", "Cid")


@pytest.mark.parametrize(
    ("renumbered", "registered", "kept"),
    [
        ([(101, 205)], [], {102: "Bob", 103: "Cid", 205: "Ann"}),
        ([(101, 102), (102, 101)], [], {101: "Bob", 102: "Ann", 103: "Cid"}),
        ([(101, 102), (102, 103), (103, 101)], [], {101: "Cid", 102: "Ann", 103: "Bob"}),
        ([(103, 104), (102, 103), (101, 102)], [], {102: "Ann", 103: "Bob", 104: "Cid"}),
        (
            [(101, 205)],
            [Registration(101, None, "Dot")],
            {101: "Dot", 102: "Bob", 103: "Cid", 205: "Ann"},
        ),
        ([(999, 205)], [], {101: "Ann", 102: "Bob", 103: "Cid"}),
        ([(101, 103)], [], {102: "Bob", 103: "Ann"}),
    ],
)
async def test_holders_follow_their_paddles(
    stores: Stores,
    renumbered: list[tuple[int, int]],
    registered: list[Registration],
    kept: dict[int, str],
) -> None:
    await stores.journal.create("gala", "00", [])
    term = (await stores.journal.take_term("gala")).term
    await stores.journal.append("gala", term, Batch(records(1, 1), (), [ANN, BOB, CID]))
    await stores.journal.append("gala", term, Batch(records(2, 2), (), registered, renumbered))
    rows = await stores.catalogue.registrations("gala", 0, 10)
    assert {row.paddle: row.name for row in rows} == kept
    assert ANN in [attrs.evolve(row, paddle=101) for row in rows]


async def test_a_fenced_batch_moves_no_holder(stores: Stores) -> None:
    await stores.journal.create("gala", "00", [])
    term = (await stores.journal.take_term("gala")).term
    await stores.journal.append("gala", term, Batch(records(1, 1), (), [ANN]))
    with pytest.raises(Fenced):
        await stores.journal.append("gala", term, Batch(records(1, 1), (), [BOB], [(101, 205)]))
    assert await stores.catalogue.registrations("gala", 0, 10) == [ANN]


async def test_a_sign_of_life_is_told_to_the_next_owner(stores: Stores) -> None:
    await stores.journal.create("gala", "00", [])
    term = (await stores.journal.take_term("gala")).term
    await stores.journal.sign("gala", term, 1_000)
    await stores.journal.sign("gala", term, 2_000)
    assert (await stores.journal.take_term("gala")).alive_at_ms == 2_000


async def test_a_stale_sign_of_life_writes_nothing(stores: Stores) -> None:
    await stores.journal.create("gala", "00", [])
    old = (await stores.journal.take_term("gala")).term
    new = (await stores.journal.take_term("gala")).term
    await stores.journal.sign("gala", new, 1_000)
    await stores.journal.sign("gala", old, 9_000)
    await stores.journal.sign("nowhere", new, 9_000)
    assert (await stores.journal.take_term("gala")).alive_at_ms == 1_000
