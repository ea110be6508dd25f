"""What is told, when, and in which order. Source: I2, ARCHITECTURE 2, rules 8 and 28."""

from __future__ import annotations

from typing import Any

import attrs
import orjson
import pytest
import trio
from trio.testing import MockClock

from saleroom.actors.committer import CommitLimits
from saleroom.actors.event import EventLimits
from saleroom.actors.registry import RegistryLimits
from saleroom.auction.roles import Role
from saleroom.storage.ports import Batch
from tests.actors.line import Message
from tests.actors.stage import EVENT, Stage, Told, live, open_stage, sale, settle, silent
from tests.actors.weather import gated, slow


@attrs.define(eq=False)
class Batches:
    """The sizes of the batches of facts that were committed, as a fault that lets all pass."""

    sizes: list[int] = attrs.field(factory=list)

    def watch(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        append = stage.kept.journal.append

        async def watched(event: str, term: int, batch: Batch) -> None:
            await append(event, term, batch)
            self.sizes.append(len(batch.records))

        monkeypatch.setattr(stage.kept.journal, "append", watched)


async def test_nothing_is_told_before_it_is_durable(autojump_clock: MockClock) -> None:
    gate = trio.Event()
    async with open_stage() as stage:
        await stage.begin(silent(1))
        donor, rival = [await stage.connect(stage.token(user)) for user in ("u101", "u102")]
        first = await stage.ask("place_bid", by="u102", role=Role.DONOR, lot=1, amount=1_000)
        await trio.sleep(2)
        donor.news(), rival.news()
        seq, head = first.answer["seq"], stage.published().head
        with stage.weather.strikes("journal.append", gated(gate)):
            donor.say("set_max_bid", id="mine", lot=1, max=50_000)
            await trio.sleep(0.9)
            assert donor.news() == rival.news() == []
            assert (stage.published().seq, stage.published().head) == (seq, head)
            view = await stage.kept.hot.read(EVENT, ["event", "lot:1"])
            assert orjson.loads(view["event"])["seq"] == seq
            assert orjson.loads(view["lot:1"])["leader"] == 102
            gate.set()
            await settle()
        assert [message["type"] for message in donor.news()] == ["ack", "feed", "max_changed"]
        assert [message["type"] for message in rival.news()] == ["feed", "outbid"]
        await trio.sleep(0.1)
        view = await stage.kept.hot.read(EVENT, ["event", "lot:1"])
        assert orjson.loads(view["event"])["seq"] == seq + 1
        assert orjson.loads(view["lot:1"])["leader"] == 101


async def test_a_welcome_speaks_of_what_is_durable(autojump_clock: MockClock) -> None:
    gate = trio.Event()
    async with open_stage() as stage:
        await stage.begin(silent(1))
        with stage.weather.strikes("journal.append", gated(gate)):
            stage.bid(101, 1_000)
            await settle()
            line = await stage.connect(stage.token("u101"))
            welcome = line.messages()[0]
            assert welcome["snapshot"]["lots"][0]["price"] is None
            assert welcome["you"]["leading"] == []
            gate.set()
            await settle()
        assert line.seqs() == [welcome["seq"] + 1]


async def test_answers_come_in_the_order_of_decision(autojump_clock: MockClock) -> None:
    gate, answered = trio.Event(), list[Any]()
    async with open_stage() as stage:
        await stage.begin(silent(1), silent(2))

        def note(message: Message) -> None:
            answered.append((message["re"], message.get("code")))

        def bid(id: str, user: str, amount: int, lot: int = 1) -> Told:
            return stage.tell(
                "place_bid",
                by=user,
                role=Role.DONOR,
                id=id,
                on_answer=note,
                lot=lot,
                amount=amount,
            )

        with stage.weather.strikes("journal.append", gated(gate)):
            first = bid("a", "u101", 1_000)
            await settle()
            low = bid("b", "u102", 1_000)
            bid("a", "u101", 1_000)
            bid("c", "u103", 5_000, lot=2)
            bid("d", "stranger", 9_000)
            await settle()
            assert answered == []
            gate.set()
            await settle()
        assert answered == [
            ("a", None),
            ("b", "BID_TOO_LOW"),
            ("a", None),
            ("c", None),
            ("d", "NO_PADDLE"),
        ]
        assert low.answer["as_of"] == first.answer["seq"]
        assert low.answer["min_next"] == 1_500


async def test_a_refusal_on_durable_facts_waits_for_nobody(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        appends = stage.weather.count("journal.append")
        told = await stage.ask("place_bid", by="u101", role=Role.DONOR, lot=1, amount=999)
        assert told.code == "BID_TOO_LOW"
        assert told.answer["as_of"] == stage.published().seq
        assert stage.weather.count("journal.append") == appends


async def test_what_gathers_during_a_commit_is_one_batch(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = Batches()
    async with open_stage() as stage:
        await stage.begin(silent(1, ladder="flat:1"), paddles=60)
        batches.watch(stage, monkeypatch)
        donor = await stage.connect(stage.token("u101"))
        staff = await stage.connect(stage.token("clerk", Role.CLERK), feed="full")
        donor.news(), staff.news()
        with stage.weather.strikes("journal.append", slow(0.5), times=2):
            told = []
            for number in range(50):
                told.append(stage.bid(101 + number, 1_000 * (number + 1)))
                await trio.sleep(0.01)
            await trio.sleep(1)
        assert batches.sizes == [1, 49]
        seqs = [one.answer["seq"] for one in told]
        assert seqs == list(range(seqs[0], seqs[0] + 50))
        feeds = donor.of_type("feed")
        assert [len(feed["events"]) for feed in feeds] == [1, 1]
        assert feeds[1]["events"][0]["bids"] == 49
        assert [len(feed["events"]) for feed in staff.of_type("feed")] == [1, 49]
        assert donor.seqs() == staff.seqs() == seqs


async def test_a_quiet_room_commits_at_once(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        began = trio.current_time()
        assert (await stage.ask("announce", text="hello")).code is None
        assert trio.current_time() == began


async def test_a_slow_commit_stops_deciding_after_a_second(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches, gate = Batches(), trio.Event()
    async with open_stage() as stage:
        await stage.begin(silent(1))
        batches.watch(stage, monkeypatch)
        with stage.weather.strikes("journal.append", gated(gate), times=1):
            early = stage.tell("announce", text="early")
            await trio.sleep(0.5)
            second = stage.tell("announce", text="second")
            await trio.sleep(0.6)
            late = stage.tell("announce", text="late")
            await settle()
            assert stage.site().mailbox.statistics().waiting == 1
            gate.set()
            await settle()
        assert [told.code for told in (early, second, late)] == [None] * 3
        assert batches.sizes == [1, 1, 1]


async def test_so_many_uncommitted_facts_stop_deciding(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches, gate = Batches(), trio.Event()
    limits = RegistryLimits(event=EventLimits(commit=CommitLimits(facts=200)))
    async with open_stage(limits) as stage:
        await stage.begin(silent(1))
        batches.watch(stage, monkeypatch)
        with stage.weather.strikes("journal.append", gated(gate), times=1):
            told = [stage.tell("announce", text=str(number)) for number in range(500)]
            await settle()
            assert stage.site().mailbox.statistics().waiting >= 500 - 200 - 100
            assert stage.node().stats["pending_facts"] <= 200 + 100
            gate.set()
            await settle()
        assert [one.code for one in told] == [None] * 500
        assert sum(batches.sizes) == 500
        assert max(batches.sizes) <= 300
        texts = [fact["text"] for fact in await stage.facts() if fact["type"] == "announcement"]
        assert texts == [str(number) for number in range(500)]


async def test_registrations_are_written_with_their_facts(autojump_clock: MockClock) -> None:
    gate = trio.Event()
    async with open_stage() as stage:
        await stage.begin(silent(1), paddles=0)
        with stage.weather.strikes("journal.append", gated(gate)):
            stage.tell("add_paddle", paddle=100, name="Ann", user="ann", email="a@example.org")
            stage.tell("change_paddle", paddle=100, new_paddle=205)
            stage.tell("add_paddle", paddle=100, name="Bob", user="bob")
            stage.tell("add_paddle", user="cid")
            await settle()
            gate.set()
            await settle()
        expected = {100: "Bob", 101: "cid", 205: "Ann"}
        assert await people(stage) == stage.site().names == expected

        stage.tell("change_paddle", paddle=101, new_paddle=300)
        stage.tell("change_paddle", paddle=205, new_paddle=101)
        stage.tell("change_paddle", paddle=300, new_paddle=205)
        await settle()
        expected = {100: "Bob", 101: "Ann", 205: "cid"}
        assert await people(stage) == stage.site().names == expected
        line = await stage.connect(stage.token("cid"))
        assert (line.messages()[0]["you"]["paddle"], line.messages()[0]["you"]["name"]) == (
            205,
            "cid",
        )


async def test_no_name_stands_in_the_journal(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        await stage.ask("add_paddle", name="Xerxes", email="x@example.org", phone="+1 555 0199")
        bodies = b"".join(record.body for record in await stage.journal())
        assert b"paddle_added" in bodies
        assert not any(word in bodies for word in (b"Xerxes", b"example.org", b"0199"))


async def test_a_deadline_comes_before_the_command_it_precedes(autojump_clock: MockClock) -> None:
    gate = trio.Event()
    async with open_stage() as stage:
        await stage.begin(silent(1, ends_in_ms=10_000, soft_close={"window": 1_000, "cap": 0}))
        stage.bid(101, 1_000)
        with stage.weather.strikes("journal.append", gated(gate)):
            await trio.sleep(9.2)
            stage.tell("announce", text="keeps the committer busy")
            await trio.sleep(0.799)
            in_time = stage.bid(102, 2_000)
            await trio.sleep(0.001)
            late = stage.bid(103, 3_000)
            gate.set()
            await settle()
        assert (in_time.code, late.code) == (None, "LOT_CLOSED")
        tail = [(fact["type"], fact["at"] % 1_000_000) for fact in await stage.facts()][-3:]
        assert tail == [("announcement", 9_200), ("bid_placed", 9_999), ("item_sold", 10_000)]


async def test_a_late_timer_changes_nothing(autojump_clock: MockClock) -> None:
    """The actor is held up over two ends; both fire at their own time, in order."""
    gate = trio.Event()
    async with open_stage() as stage:
        cap = {"cap": 0}
        await stage.begin(
            silent(1, ends_in_ms=3_000, soft_close=cap),
            silent(2, ends_in_ms=2_500, soft_close=cap),
        )
        stage.bid(101, 1_000, lot=1)
        stage.bid(102, 1_000, lot=2)
        await settle()
        with stage.weather.strikes("journal.append", gated(gate)):
            await trio.sleep(1)
            stage.tell("announce", text="is not durable for seconds")
            await trio.sleep(1.4)
            in_time = stage.bid(103, 5_000, lot=2)
            await trio.sleep(1.6)
            gate.set()
            await settle()
        assert in_time.code is None
        sold = [fact for fact in await stage.facts() if fact["type"] == "item_sold"]
        assert [(fact["lot"], fact["at"] % 1_000_000) for fact in sold] == [(2, 2_500), (1, 3_000)]
        assert sold[0]["paddle"] == 103


@pytest.mark.parametrize("role", [None, Role.OPERATOR, Role.DONOR])
async def test_who_may_not_ask_is_refused_in_the_mailbox_too(
    autojump_clock: MockClock, role: Role | None
) -> None:
    async with open_stage() as stage:
        await stage.begin(live(1))
        told = await stage.ask("open_lot", by="u101", role=role, lot=1)
        assert told.code in ("UNAUTHENTICATED", "FORBIDDEN")


async def test_two_sends_of_one_id_in_one_batch_act_once(autojump_clock: MockClock) -> None:
    gate = trio.Event()
    async with open_stage() as stage:
        await stage.begin(sale(1, quantity=10))
        with stage.weather.strikes("journal.append", gated(gate)):
            tells = [
                stage.tell("buy", by="u101", role=Role.DONOR, id="once", lot=1) for _ in range(3)
            ]
            other = stage.tell("buy", by="u101", role=Role.DONOR, id="once", lot=1, units=2)
            await settle()
            gate.set()
            await settle()
        assert tells[0].answer == tells[1].answer == tells[2].answer
        assert other.code == "ID_REUSED"
        assert stage.state().lots[1].units_sold == 1


async def people(stage: Stage) -> dict[int, str]:
    rows = await stage.kept.catalogue.registrations(EVENT, 0, 1_000)
    return {row.paddle: row.name for row in rows}


@pytest.mark.parametrize(
    ("before", "bid", "code", "stands"),
    [
        ("", {"lot": 1, "amount": 1}, "BID_TOO_LOW", (1, 1_000, 101, 1_500)),
        ("", {"lot": 9, "amount": 1}, "UNKNOWN_LOT", (9, None, None, None)),
        ("", {"lot": 1, "amount": 2_000, "paddle": 101}, "FORBIDDEN", (1, 1_000, 101, 1_500)),
        ("pause_event", {"lot": 1, "amount": 2_000}, "EVENT_PAUSED", (1, 1_000, 101, 1_500)),
    ],
)
async def test_every_answer_to_a_bid_says_how_its_lot_stands(
    autojump_clock: MockClock,
    before: str,
    bid: dict[str, int],
    code: str,
    stands: tuple[int | None, ...],
) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        first = await stage.ask("place_bid", by="u101", lot=1, amount=1_000)
        assert [first.answer[name] for name in ("price", "leader", "min_next")] == [1000, 101, 1500]
        if before:
            await stage.ask(before, role=Role.AUCTIONEER, reason="a speech")
        told = await stage.ask("place_bid", by="u102", role=Role.DONOR, **bid)
        assert told.code == code
        carried = tuple(told.answer[name] for name in ("lot", "price", "leader", "min_next"))
        assert carried == stands
