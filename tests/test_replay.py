"""A replay shows how things stood at any moment, tells the story, and keeps every secret."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from saleroom.auction import commands as c
from saleroom.auction.record import RecordDamaged
from saleroom.replay import Moment, read_moment, replay, state_lines, story_lines
from saleroom.storage.memory import memory_stores
from saleroom.storage.ports import NotFound
from tests.auction.book import fixed, live, pledge, run, sale, silent
from tests.history import (
    EVENT,
    SECRET_ABSENTEE,
    SECRET_MAX,
    SECRET_RESERVE,
    evening,
    rechained,
    records_of,
    rewritten,
    stores_of,
)


async def prices_at(moment: Moment) -> dict[int, tuple[int | None, str]]:
    stores = await stores_of(records_of(evening()))
    state, _ = await replay(stores.journal, EVENT, moment)
    return {n: (lot.standing.price, lot.standing.state) for n, lot in state.lots.items()}


async def test_without_a_moment_the_whole_journal_is_replayed() -> None:
    played = evening()
    stores = await stores_of(records_of(played))
    state, facts = await replay(stores.journal, EVENT, Moment())
    assert state == played.book.state
    assert [entry.seq for entry in facts] == list(range(1, state.seq + 1))


@pytest.mark.parametrize(
    ("seq", "silent_lot", "live_lot"),
    [
        (0, (None, "queued"), (None, "queued")),
        (1, (None, "queued"), (None, "queued")),
        (2, (None, "open"), (None, "queued")),
        (4, (10_000, "open"), (None, "queued")),
        (5, (21_000, "open"), (None, "queued")),
        (8, (21_000, "open"), (10_000, "open")),
        (9, (21_000, "open"), (32_500, "open")),
        (10, (21_000, "open"), (32_500, "sold")),
        (99, (21_000, "open"), (32_500, "sold")),
    ],
)
async def test_a_seq_shows_what_stood_then(
    seq: int, silent_lot: tuple[int | None, str], live_lot: tuple[int | None, str]
) -> None:
    prices = await prices_at(Moment(seq=seq))
    assert (prices[1], prices[2]) == (silent_lot, live_lot)


@pytest.mark.parametrize(
    ("at_ms", "silent_lot", "live_lot"),
    [
        (0, (None, "open"), (None, "queued")),
        (99, (None, "open"), (None, "queued")),
        (100, (10_000, "open"), (None, "queued")),
        (200, (21_000, "open"), (None, "queued")),
        (699, (21_000, "open"), (32_500, "open")),
        (10_000, (21_000, "open"), (32_500, "sold")),
    ],
)
async def test_a_time_shows_what_stood_then(
    at_ms: int, silent_lot: tuple[int | None, str], live_lot: tuple[int | None, str]
) -> None:
    prices = await prices_at(Moment(at_ms=at_ms))
    assert (prices[1], prices[2]) == (silent_lot, live_lot)


async def test_the_facts_end_at_the_moment() -> None:
    stores = await stores_of(records_of(evening()))
    _, facts = await replay(stores.journal, EVENT, Moment(seq=4))
    assert [entry.seq for entry in facts] == [1, 2, 3, 4]


async def test_an_event_without_a_journal_is_not_found() -> None:
    with pytest.raises(NotFound):
        await replay(memory_stores().journal, "nowhere", Moment())


@pytest.mark.parametrize("fields", [{"lot": 99}, {"amount": "much"}, {"v": 7}])
async def test_a_fact_that_does_not_replay_is_named(fields: dict[str, object]) -> None:
    records = records_of(evening())
    assert b"item_sold" in records[11].body
    records[11] = rewritten(records[11], **fields)
    stores = await stores_of(rechained(records))
    with pytest.raises(RecordDamaged, match=r"^position 12"):
        await replay(stores.journal, EVENT, Moment())


# Moments


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("0", Moment(seq=0)),
        ("1040", Moment(seq=1040)),
        ("2026-05-01T20:15:00+02:00", Moment(at_ms=1_777_659_300_000)),
        ("2026-05-01T18:15:00Z", Moment(at_ms=1_777_659_300_000)),
        ("2026-05-01T18:15:00.250Z", Moment(at_ms=1_777_659_300_250)),
    ],
)
def test_a_moment_is_a_seq_or_a_time(text: str, moment: Moment) -> None:
    assert read_moment(text) == moment


def test_a_time_without_a_zone_is_local() -> None:
    local = datetime(2026, 5, 1, 20, 15).astimezone(UTC)
    assert read_moment("2026-05-01T20:15:00") == Moment(at_ms=int(local.timestamp() * 1000))


@pytest.mark.parametrize(
    "text", ["", "-1", "1.5", "yesterday", "20:15", "٣", "9" * 5_000, "0001-01-01T00:00:00+14:00"]
)
def test_anything_else_is_no_moment(text: str) -> None:
    with pytest.raises(ValueError, match=r"(?i)invalid|exceeds|out of range"):
        read_moment(text)


# What is told


async def test_the_state_is_told_lot_by_lot() -> None:
    stores = await stores_of(records_of(evening()))
    state, _ = await replay(stores.journal, EVENT, Moment())
    first, *rest = state_lines(state)
    assert first.startswith("Spring gala (gala), open, seq 10, ")
    assert [" ".join(line.split()) for line in rest] == [
        "lot 1 silent open 210.00 USD paddle 101 A week by the sea",
        "lot 2 live sold 325.00 USD paddle 103 A painting",
        "lot 3 pledge open - - A week by the sea",
        "raised 325.00 USD",
        "1. paddle 103 325.00 USD",
    ]


async def test_the_story_is_told_lot_by_lot() -> None:
    stores = await stores_of(records_of(evening()))
    state, facts = await replay(stores.journal, EVENT, Moment())
    told = [line if not line.startswith("  ") else line[12:] for line in story_lines(state, facts)]
    assert told == [
        "Spring gala",
        "event opened",
        "paddle locked {'paddle': 104}",
        "lot 1 A week by the sea",
        "lot 1 A week by the sea: open",
        "lot 1 A week by the sea: 100.00 USD paddle 101 (online)",
        "lot 1 A week by the sea: 210.00 USD paddle 101 (online)",
        "lot 2 A painting",
        "lot 2 A painting: open",
        "lot 2 A painting: 100.00 USD paddle 103 (absentee)",
        "lot 2 A painting: 325.00 USD paddle 103 (floor)",
        "lot 2 A painting: SOLD 325.00 USD to paddle 103",
        "lot 3 A week by the sea",
        "lot 3 A week by the sea: open",
    ]


async def test_no_maximum_and_no_reserve_is_told() -> None:
    played = evening()
    added = {k: v for k, v in silent(reserve=SECRET_RESERVE).items() if k != "lot"}
    played.must(c.AddLot(7, added))
    stores = await stores_of(records_of(played))
    bodies = b"".join(record.body for record in records_of(played))
    for seq in range(played.book.state.seq + 1):
        state, facts = await replay(stores.journal, EVENT, Moment(seq=seq))
        told = "\n".join([*state_lines(state), *story_lines(state, facts)])
        for secret in (SECRET_MAX, SECRET_ABSENTEE, SECRET_RESERVE):
            assert str(secret).encode() in bodies
            assert str(secret) not in told
            assert f"{secret / 100:,.2f}" not in told
        assert "unpaid" not in told, "the reason for a lock is the house's"


async def test_a_sale_of_every_mode_is_told() -> None:
    played = sale(silent(1, ends_at=5_000), live(2), fixed(3), pledge(4))
    run(
        played,
        """
        100 A bids 10000            => 10000 A
        200 #3 B buys 2             => state=open
        300 auctioneer pauses       => state=open
        400 auctioneer resumes      => state=open
        500 #2 auctioneer withdraws => state=withdrawn
        600 auctioneer closes       => state=sold
        """,
    )
    stores = await stores_of(records_of(played))
    state, facts = await replay(stores.journal, EVENT, Moment())
    told = "\n".join(story_lines(state, facts))
    assert "SOLD 2 x 25.00 USD to paddle 102" in told
    assert "SOLD 100.00 USD to paddle 101" in told
    assert len(told.splitlines()) == state.seq + 1 + len(state.lots)
