"""What one paddle alone is told, and what everyone is told once a second. Source: PROTOCOL 4."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
import trio
from trio.testing import MockClock

from saleroom.auction.roles import Role
from tests.actors.line import Line, Message
from tests.actors.stage import Stage, Told, live, open_stage, sale, settle, silent
from tests.actors.weather import gated

PERSONAL = ("outbid", "won", "max_changed")


def personal(line: Line) -> list[Message]:
    return [message for message in line.news() if message["type"] in PERSONAL]


async def three(stage: Stage) -> list[Line]:
    """Connect the users of paddles 101, 102, 103, and let the room come to rest."""
    lines = [await stage.connect(stage.token(f"u{paddle}")) for paddle in (101, 102, 103)]
    await trio.sleep(2)
    for line in lines:
        line.news()
    return lines


async def together(stage: Stage, *tells: Any) -> None:
    """Put commands that become one feed: they gather while an earlier commit is held up."""
    gate = trio.Event()
    with stage.weather.strikes("journal.append", gated(gate)):
        stage.tell("announce", text="keeps the committer busy")
        await settle()
        for tell in tells:
            tell()
        await settle()
        gate.set()
        await settle()


async def test_each_hears_of_their_own(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1, reserve=90_000))
        ann, bob, cid = await three(stage)
        stage.tell("set_max_bid", by="u101", role=Role.DONOR, lot=1, max=50_000)
        await settle()
        assert personal(ann) == [{"type": "max_changed", "lot": 1, "max": 50_000}]
        stage.bid(102, 20_000)
        await settle()
        assert personal(bob) == [{"type": "outbid", "lot": 1, "price": 21_000, "min_next": 22_000}]
        stage.tell("set_max_bid", by="u101", role=Role.DONOR, lot=1, max=80_000)
        await settle()
        seq = stage.published().seq
        assert personal(ann) == [{"type": "max_changed", "lot": 1, "max": 80_000}]
        stage.bid(102, 100_000)
        await settle()
        assert personal(ann) == [
            {"type": "outbid", "lot": 1, "price": 100_000, "min_next": 110_000}
        ]
        assert personal(bob) == personal(cid) == []
        assert stage.published().seq == seq + 1
        for line, secrets in ((bob, (b"50000", b"80000", b"90000")), (ann, (b"90000",))):
            everything = b"".join(line.text_frames())
            assert not any(secret in everything for secret in secrets)


async def test_a_winner_is_told_after_the_feed(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1, ends_in_ms=10_000, soft_close={"cap": 0}))
        ann, bob, _ = await three(stage)
        stage.bid(101, 1_000)
        await settle()
        ann.news(), bob.news()
        await trio.sleep(9)
        types = [m["type"] for m in ann.news() if m["type"] != "leaderboard_update"]
        assert types == ["feed", "won"]
        assert [m["type"] for m in bob.news() if m["type"] != "leaderboard_update"] == ["feed"]


async def test_at_most_one_per_lot_and_kind(autojump_clock: MockClock) -> None:
    def buy(paddle: int) -> Told:
        return stage.tell("buy", by=f"u{paddle}", role=Role.DONOR, lot=2)

    async with open_stage() as stage:
        await stage.begin(silent(1, ladder="flat:1"), sale(2, quantity=9))
        ann, bob, cid = await three(stage)
        await together(
            stage,
            *[lambda n=n: stage.bid(101 + n % 2, 1_000 + n) for n in range(21)],
            lambda: buy(103),
            lambda: buy(103),
            lambda: buy(101),
        )
        assert personal(ann) == [{"type": "won", "lot": 2, "amount": 1_000}]
        assert personal(bob) == [{"type": "outbid", "lot": 1, "price": 1_020, "min_next": 1_021}]
        assert personal(cid) == [{"type": "won", "lot": 2, "amount": 1_000}]
        buy(102)
        await settle()
        assert [message["type"] for message in personal(bob)] == ["won"]
        assert personal(ann) == personal(cid) == []


async def test_who_leads_in_the_end_was_not_outbid(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        ann, bob, _ = await three(stage)
        stage.bid(101, 1_000)
        await settle()
        ann.news()
        await together(stage, lambda: stage.bid(102, 2_000), lambda: stage.bid(101, 3_000))
        assert personal(ann) == []
        assert [message["type"] for message in personal(bob)] == ["outbid"]


async def test_a_lot_sold_again_after_an_undo_has_a_winner(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(live(1))
        ann, bob, _ = await three(stage)
        stage.tell("open_lot", lot=1)
        stage.bid(101, 1_000)
        stage.tell("sell_lot", lot=1)
        await settle()
        assert [message["type"] for message in personal(ann)] == ["won"]
        await together(
            stage,
            lambda: stage.tell("undo", lot=1),
            lambda: stage.bid(102, 2_000),
            lambda: stage.tell("sell_lot", lot=1),
        )
        assert [message["type"] for message in personal(bob)] == ["won"]


async def test_every_socket_of_the_paddle_hears(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        lines = [await stage.connect(stage.token("u101")) for _ in range(3)]
        stage.bid(101, 1_000)
        stage.bid(102, 2_000)
        await settle()
        for line in lines:
            assert [message["type"] for message in personal(line)] == ["outbid"]


async def test_a_renumbered_paddle_takes_its_notices_along(autojump_clock: MockClock) -> None:
    """The number goes to somebody else, who must hear nothing of the first holder's secrets."""
    async with open_stage() as stage:
        await stage.begin(silent(1))
        ann = await stage.connect(stage.token("u101"))
        dot = await stage.connect(stage.token("dot"))
        await together(
            stage,
            lambda: stage.tell("change_paddle", paddle=101, new_paddle=300),
            lambda: stage.tell("add_paddle", paddle=101, user="dot", name="Dot"),
            lambda: stage.tell("change_paddle", paddle=101, terms_version=1),
        )
        ann.news(), dot.news()
        stage.tell("set_max_bid", by="u101", role=Role.DONOR, lot=1, max=50_000)
        await settle()
        assert personal(ann) == [{"type": "max_changed", "lot": 1, "max": 50_000}]
        assert personal(dot) == []
        stage.tell("set_max_bid", by="dot", role=Role.DONOR, lot=1, max=70_000)
        await settle()
        assert personal(dot) == [{"type": "max_changed", "lot": 1, "max": 70_000}]
        assert [message["type"] for message in personal(ann)] == ["outbid"]


async def test_one_who_registers_while_connected_hears(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        dot = await stage.connect(stage.token("dot"))
        staff = await stage.connect(stage.token("clerk", Role.CLERK))
        await trio.sleep(1.5)
        assert dot.of_type("presence")[-1] == {"type": "presence", "bidders": 0, "spectators": 1}
        stage.tell("add_paddle", paddle=400, user="dot", name="Dot")
        stage.tell("change_paddle", paddle=400, terms_version=1)
        dot.say("place_bid", id="1", lot=1, amount=1_000)
        await settle()
        assert dot.of_type("ack")
        stage.bid(101, 2_000)
        await settle()
        assert [message["type"] for message in personal(dot)] == ["outbid"]
        await trio.sleep(1.5)
        assert staff.of_type("presence")[-1] == {
            "type": "presence",
            "bidders": 1,
            "spectators": 0,
            "paddles": [400],
        }


async def test_notices_for_a_slow_one_wait_and_the_last_one_counts(
    autojump_clock: MockClock,
) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1, ladder="flat:1"), silent(2))
        ann = await stage.connect(stage.token("u101"))
        ann.stop_reading()
        stage.bid(101, 1_000)
        await trio.sleep(6.5)
        for amount in range(2_000, 2_010):
            stage.bid(102, amount)
            await settle()
            stage.bid(101, amount + 100)
            await settle()
            amount += 1
        stage.bid(102, 5_000)
        await settle()
        ann.news()
        ann.read_on()
        await settle()
        messages = ann.news()
        assert [m for m in messages if m["type"] == "outbid"] == [
            {"type": "outbid", "lot": 1, "price": 5_000, "min_next": 5_001}
        ]
        assert messages[-1]["type"] == "outbid"
        assert ann.ended is None


async def test_the_board_and_presence_come_once_a_second_and_only_when_changed(
    autojump_clock: MockClock,
) -> None:
    async with open_stage() as stage:
        await stage.begin(sale(1, quantity=0), silent(2))
        ann = await stage.connect(stage.token("u101"))
        watcher = await stage.connect()
        await trio.sleep(3)
        assert len(ann.of_type("presence")) == 1
        ann.news(), watcher.news()
        await trio.sleep(20)
        assert ann.news() == watcher.news() == []
        for _ in range(30):
            stage.tell("buy", by="u102", role=Role.DONOR, lot=1)
            await trio.sleep(0.1)
        await trio.sleep(1)
        boards = watcher.of_type("leaderboard_update")[1:]
        assert 3 <= len(boards) <= 4
        assert boards[-1] == {
            "type": "leaderboard_update",
            "top": [{"paddle": 102, "total": 30_000, "standing": 0}],
            "raised": 30_000,
        }
        stage.bid(103, 1_000, lot=2)
        stage.tell("announce", text="moves no money")
        await trio.sleep(2)
        assert len(watcher.of_type("leaderboard_update")[1:]) == len(boards)
        assert len(watcher.of_type("presence")) == 1


async def test_one_who_was_behind_hears_the_board_of_now(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(sale(1, quantity=0))
        ann = await stage.connect(stage.token("u101"))
        await trio.sleep(2)
        ann.stop_reading()
        stage.tell("announce", text="unread")
        await trio.sleep(6.5)
        assert stage.audience().statistics().behind == 1
        stage.tell("buy", by="u102", role=Role.DONOR, lot=1)
        await trio.sleep(2)
        ann.read_on()
        await trio.sleep(2)
        assert ann.of_type("leaderboard_update")[-1]["raised"] == 1_000
        assert ann.ended is None


async def test_the_board_has_ten_places(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(sale(1, quantity=0), paddles=15)
        watcher = await stage.connect()
        for paddle in range(101, 116):
            stage.tell("buy", by=f"u{paddle}", role=Role.DONOR, lot=1, units=paddle - 100)
        await trio.sleep(2)
        top = watcher.of_type("leaderboard_update")[-1]["top"]
        assert [row["paddle"] for row in top] == list(range(115, 105, -1))


async def test_presence_counts_paddles_and_spectators(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        ann, again = [await stage.connect(stage.token("u101")) for _ in range(2)]
        bob = await stage.connect(stage.token("u102"))
        await stage.connect(), await stage.connect(stage.token("nobody"))
        clerk = await stage.connect(stage.token("clerk", Role.CLERK))
        await trio.sleep(1.5)
        assert ann.of_type("presence") == [{"type": "presence", "bidders": 2, "spectators": 2}]
        assert clerk.of_type("presence") == [
            {"type": "presence", "bidders": 2, "spectators": 2, "paddles": [101, 102]}
        ]
        again.hang_up()
        await trio.sleep(2)
        assert len(ann.of_type("presence")) == 1
        bob.hang_up()
        await stage.connect(stage.token("u103"))
        await trio.sleep(2)
        assert len(ann.of_type("presence")) == 1
        assert clerk.of_type("presence")[1:] == [
            {"type": "presence", "bidders": 2, "spectators": 2, "paddles": [101, 103]}
        ]


@pytest.mark.parametrize("role", [Role.CLERK, Role.AUCTIONEER, Role.ADMIN])
async def test_a_newcomer_to_a_quiet_room_learns_who_is_there(
    autojump_clock: MockClock, role: Role
) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        ann = await stage.connect(stage.token("u101"))
        await trio.sleep(10)
        staff = await stage.connect(stage.token("boss", role))
        await trio.sleep(1.5)
        (presence,) = staff.of_type("presence")
        assert presence["paddles"] == [101]
        assert len(ann.of_type("presence")) == 1


async def test_frames_are_arrays_of_messages(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        ann = await stage.connect(stage.token("u101"))
        ann.say("place_bid", id="1", lot=1, amount=1_000)
        await trio.sleep(40)
        for payload in ann.text_frames():
            messages = orjson.loads(payload)
            assert isinstance(messages, list)
            assert all(isinstance(message["type"], str) for message in messages)
