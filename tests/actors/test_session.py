"""One conversation, from hello to its end. Source: PROTOCOL 2, 3 and 5."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from saleroom.actors.mailbox import MailboxLimits
from saleroom.actors.registry import RegistryLimits
from saleroom.actors.site import SiteLimits
from saleroom.auction.roles import Role
from saleroom.protocol.feed import TailLimits
from tests.actors.stage import EVENT, WALL_MS, live, open_stage, settle, silent
from tests.actors.weather import gated

LOT_FIELDS = {
    "lot",
    "title",
    "mode",
    "state",
    "price",
    "leader",
    "min_next",
    "bid_count",
    "ends_at",
    "ask",
    "reserve_met",
    "buy_now",
    "remaining",
    "total",
    "match",
    "donors",
}


async def test_a_welcome_says_what_the_protocol_says(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1, reserve=30_000, buy_now=90_000), live(2))
        stage.tell("set_max_bid", by="u101", role=Role.DONOR, lot=1, max=20_000)
        stage.tell("set_max_bid", by="u101", role=Role.DONOR, lot=2, max=7_000)
        await trio.sleep(2)
        line = await stage.connect(stage.token("u101", name="Ann of the token"))
        (welcome,) = line.messages()
        snapshot, you = welcome.pop("snapshot"), welcome.pop("you")
        assert welcome == {
            "type": "welcome",
            "event": EVENT,
            "epoch": stage.published().epoch,
            "seq": stage.published().seq,
            "server_time": WALL_MS + 2_000,
            "recovered": False,
            "heartbeat_ms": 30_000,
        }
        own = {
            "paddle": 101,
            "locked": False,
            "maxes": {"1": 20_000, "2": 7_000},
            "leading": [1],
            "won": [],
        }
        assert you == {"role": "donor", "name": "Ann of the token", **own}
        assert snapshot["event"] == {
            "id": EVENT,
            "title": "The gala",
            "status": "open",
            "currency": "USD",
            "server_time": WALL_MS + 2_000,
        }
        assert set(snapshot) == {"event", "lots", "leaderboard", "raised", "you"}
        assert snapshot["you"] == own
        fields = [set(lot) for lot in snapshot["lots"]]
        assert fields == [LOT_FIELDS, LOT_FIELDS | {"remote_locked"}]
        assert (snapshot["lots"][0]["reserve_met"], snapshot["lots"][0]["price"]) == (False, 1_000)
        rival = await stage.connect(stage.token("u102"))
        assert rival.messages()[0]["you"]["maxes"] == {}
        assert b"20000" not in rival.text_frames()[0]
        assert b"30000" not in rival.text_frames()[0].replace(b'"heartbeat_ms":30000', b"")


@pytest.mark.parametrize(
    ("roles", "named"),
    [
        ([Role.DONOR], "donor"),
        ([Role.DONOR, Role.CLERK], "clerk"),
        ([Role.CLERK, Role.ADMIN], "admin"),
        ([Role.OPERATOR, Role.DONOR], "donor"),
    ],
)
async def test_you_are_your_highest_role(
    autojump_clock: MockClock, roles: list[Role], named: str
) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        line = await stage.connect(stage.token("x", *roles))
        assert line.messages()[0]["you"]["role"] == named


async def test_a_staff_role_may_be_narrowed_to_other_events(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        elsewhere = frozenset({"ball"})
        token = stage.token("x", Role.CLERK, Role.DONOR, events=elsewhere)
        line = await stage.connect(token, feed="full")
        assert line.messages()[0]["you"]["role"] == "donor"
        line.say("open_lot", id="1", lot=1)
        await settle()
        assert line.of_type("nack")[0]["code"] == "FORBIDDEN"


async def test_nobody_who_says_nothing_stays(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        line = stage.dial()
        await trio.sleep(4.9)
        line.say("ping", t0=1)
        await settle()
        assert line.ended is None
        await trio.sleep(0.2)
        assert line.ended == 4000


@pytest.mark.parametrize(
    ("token", "code"), [("forged", 4001), ("keys-away", 4100), ("expired", 4001)]
)
async def test_a_bad_token_ends_it(autojump_clock: MockClock, token: str, code: int) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        if token == "expired":
            token = stage.token("u101", ttl_s=0)
        line = await stage.connect(token)
        assert (line.ended, line.messages()) == (code, [])


async def test_an_unknown_event_ends_it(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        line = await stage.connect(stage.token("u101"), event="ball")
        assert line.ended == 4003


async def test_the_banned_stay_out(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        stage.tell("lock_paddle", paddle=101, reason="shouting")
        stage.tell("lock_paddle", paddle=102, reason="theft", ban=True)
        await settle()
        locked = await stage.connect(stage.token("u101"))
        assert locked.messages()[0]["you"]["locked"] is True
        banned = await stage.connect(stage.token("u102"))
        assert (banned.ended, banned.messages()) == (4004, [])


async def test_why_a_paddle_was_locked_is_told_to_staff_alone(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        clerk = stage.token("cleo", Role.CLERK)
        staff = [await stage.connect(clerk, feed=feed) for feed in ("full", "conflated")]
        others = [await stage.connect(stage.token("u101"), feed="full"), await stage.connect()]
        welcome = staff[0].messages()[0]
        stage.tell("lock_paddle", paddle=101, reason="shouting")
        await settle()
        resume = {"epoch": welcome["epoch"], "seq": welcome["seq"]}
        staff.append(await stage.connect(clerk, resume=resume))
        others.append(await stage.connect(stage.token("u102"), resume=resume))
        told = {"seq": resume["seq"] + 1, "type": "paddle_locked", "at": WALL_MS, "paddle": 101}
        for line in staff:
            assert line.of_type("feed")[-1]["events"] == [{**told, "reason": "shouting"}]
        for line in others:
            assert line.of_type("feed")[-1]["events"] == [told]


async def test_a_spectator_reads_and_asks_nothing(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        line = await stage.connect(feed="full")
        assert line.messages()[0]["you"] == {
            "role": None,
            "name": None,
            "paddle": None,
            "locked": False,
            "maxes": {},
            "leading": [],
            "won": [],
        }
        line.say("place_bid", id="1", lot=1, amount=1_000)
        line.say("ping", t0=5.5, id="p")
        await settle()
        nack, pong = line.of_type("nack", "pong")
        assert (nack["re"], nack["code"]) == ("1", "UNAUTHENTICATED")
        assert pong == {"type": "pong", "re": "p", "t0": 5.5, "server_time": WALL_MS}
        stage.bid(101, 1_000)
        await settle()
        assert len(line.seqs()) == 1


async def test_a_private_event_has_no_spectators(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        stage.registry.event_spec(EVENT, is_public=False)
        assert (await stage.connect()).ended == 4001
        assert (await stage.connect(stage.token("anybody"))).ended is None


async def test_commands_before_hello_are_refused(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        line = stage.dial()
        line.say("place_bid", id="early", lot=1, amount=1_000)
        line.say("refresh", token="x", id="r")
        await settle()
        assert [(m["re"], m["code"]) for m in line.of_type("nack")] == [
            ("early", "UNAUTHENTICATED"),
            ("r", "UNAUTHENTICATED"),
        ]
        line.say("hello", token=stage.token("u101"))
        line.say("place_bid", id="early", lot=1, amount=1_000)
        await settle()
        assert line.of_type("ack")[0]["re"] == "early"


@pytest.mark.parametrize("is_greeted", [True, False])
async def test_the_tenth_malformed_frame_ends_it(
    autojump_clock: MockClock, is_greeted: bool
) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        line = stage.dial()
        if is_greeted:
            line.say("hello", token=stage.token("u101"))
        for text in ("", "[]", "{", '{"type":"place_bid"}', '{"type":"hello","token":1}', "7"):
            line.say_text(text)
        line.say("place_bid", id="x", lot=1, amount=1.5)
        line.say("no_such_thing", id="y")
        line.say_text("null")
        await settle()
        nacks = line.of_type("nack")
        assert [nack["code"] for nack in nacks] == ["MALFORMED"] * 9
        assert [nack["re"] for nack in nacks] == [None] * 6 + ["x", "y", None]
        assert line.ended is None
        line.say_text("one more")
        await settle()
        assert line.ended == 4005


async def test_an_answer_carries_what_a_bidder_needs(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        line = await stage.connect(stage.token("u101"))
        line.say("place_bid", id="1", lot=1, amount=1_000)
        line.say("place_bid", id="2", lot=1, amount=1_100)
        line.say("place_bid", id="1", lot=1, amount=1_000)
        line.say("set_max_bid", id="3", lot=1, max=9_000)
        await settle()
        first, low, again, raised = line.of_type("ack", "nack")
        assert first == again
        head = stage.published().head.hex()
        assert raised == {
            "type": "ack",
            "re": "3",
            "as_of": first["seq"],
            "hash": head,
            "lot": 1,
            "price": 1_000,
            "leader": 101,
            "min_next": 1_500,
            "leading": True,
        }
        assert (low["code"], low["min_next"], low["as_of"]) == (
            "BID_TOO_LOW",
            1_500,
            first["seq"],
        )
        assert "feed" in [message["type"] for message in line.messages()]


async def test_too_many_commands_are_limited_and_told_when(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        line = await stage.connect(stage.token("u101"))
        for number in range(45):
            line.say("place_bid", id=str(number), lot=1, amount=1)
        await settle()
        codes = [nack["code"] for nack in line.of_type("nack")]
        assert codes.count("RATE_LIMITED") == 5
        limited = [nack for nack in line.of_type("nack") if nack["code"] == "RATE_LIMITED"]
        assert all(nack["temporary"] and nack["retry_after_ms"] > 0 for nack in limited)


async def test_a_full_mailbox_is_told(autojump_clock: MockClock) -> None:
    limits = RegistryLimits(site=SiteLimits(mailbox=MailboxLimits(user_share=2)))
    gate = trio.Event()
    async with open_stage(limits) as stage:
        await stage.begin(silent(1))
        line = await stage.connect(stage.token("u101"))
        with stage.weather.strikes("journal.append", gated(gate)):
            for number in range(3):
                line.say("place_bid", id=str(number), lot=1, amount=1_000 * (number + 1))
            await settle()
            (nack,) = line.of_type("nack")
            assert (nack["re"], nack["code"], nack["temporary"]) == ("2", "OVERLOADED", True)
            assert nack["retry_after_ms"] == 1_000
            gate.set()
            await settle()
        assert [ack["re"] for ack in line.of_type("ack")] == ["0", "1"]


# Resuming


async def test_one_who_comes_back_gets_what_was_missed(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        seq, epoch = stage.published().seq, stage.published().epoch
        for number in range(30):
            await stage.ask("announce", text=str(number))
        line = await stage.connect(
            stage.token("u101"), resume={"epoch": epoch, "seq": seq + 10}, feed="full"
        )
        welcome = line.messages()[0]
        assert (welcome["recovered"], welcome["seq"]) == (True, seq + 30)
        assert "snapshot" not in welcome
        assert welcome["you"]["paddle"] == 101
        assert line.seqs() == list(range(seq + 11, seq + 31))
        await stage.ask("announce", text="next")
        assert line.seqs()[-1] == seq + 31


async def test_one_who_missed_nothing_resumes_too(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        resume = {"epoch": stage.published().epoch, "seq": stage.published().seq}
        line = await stage.connect(stage.token("u101"), resume=resume)
        assert line.messages()[0]["recovered"] is True
        assert line.seqs() == []


@pytest.mark.parametrize(
    ("epoch", "seq"),
    [("other", 0), ("0", 3), (None, 10**6), (None, -1), (None, 10), (None, 9)],
)
async def test_who_cannot_resume_gets_a_snapshot(
    autojump_clock: MockClock, epoch: str | None, seq: int
) -> None:
    """Another epoch, the future, what is no longer held: 20 facts are, of 31."""
    limits = RegistryLimits(site=SiteLimits(tail=TailLimits(facts=20, age_ms=-1)))
    async with open_stage(limits) as stage:
        await stage.begin(silent(1))
        for number in range(29):
            await stage.ask("announce", text=str(number))
        assert stage.published().seq == 31
        resume = {"epoch": stage.published().epoch if epoch is None else epoch, "seq": seq}
        line = await stage.connect(stage.token("u101"), resume=resume)
        welcome = line.messages()[0]
        assert (welcome["recovered"], welcome["seq"]) == (False, 31)
        assert "snapshot" in welcome
        await stage.ask("announce", text="next")
        assert line.seqs() == [32]
        back = await stage.connect(
            stage.token("u101"), resume={"epoch": stage.published().epoch, "seq": 12}
        )
        assert back.messages()[0]["recovered"] is True
        assert back.seqs() == list(range(13, 33))


async def test_who_is_half_a_mebibyte_behind_gets_a_snapshot(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        seq, epoch = stage.published().seq, stage.published().epoch
        for _ in range(1_000):
            stage.tell("announce", text="x" * 500)
        await settle()
        for after, recovered in ((seq, False), (seq + 400, True)):
            line = await stage.connect(stage.token("u101"), resume={"epoch": epoch, "seq": after})
            assert line.messages()[0]["recovered"] is recovered


async def test_many_bids_for_one_lot_are_not_much_when_conflated(
    autojump_clock: MockClock,
) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1, ladder="flat:1"))
        seq, epoch = stage.published().seq, stage.published().epoch
        for number in range(4_000):
            stage.bid(101 + number % 3, 1_000 + number)
            if number % 100 == 99:
                await settle()
        resume = {"epoch": epoch, "seq": seq}
        donor = await stage.connect(stage.token("u101"), resume=resume)
        clerk = await stage.connect(stage.token("clerk", Role.CLERK), resume=resume, feed="full")
        assert donor.messages()[0]["recovered"] is True
        assert clerk.messages()[0]["recovered"] is False
        assert donor.seqs() == list(range(seq + 1, seq + 4_001))


# Under a burst


async def test_between_welcome_and_feed_there_is_neither_gap_nor_repeat(
    autojump_clock: MockClock,
) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1, ladder="flat:1"))
        lines = []
        for number in range(120):
            stage.bid(101 + number % 3, 1_000 + number)
            token = stage.token("u101") if number < 5 else None
            line = stage.dial()
            hello: dict[str, Any] = {} if token is None else {"token": token}
            if number % 2:
                hello["resume"] = {
                    "epoch": stage.published().epoch,
                    "seq": max(0, stage.published().seq - number % 5),
                }
            line.say("hello", **hello)
            lines.append((line, hello.get("resume")))
            for _ in range(number % 7):
                await trio.lowlevel.checkpoint()
        await trio.sleep(2)
        last = stage.published().seq
        for line, resume in lines:
            welcome = line.messages()[0]
            assert welcome["type"] == "welcome"
            start = welcome["seq"] if resume is None else resume["seq"]
            assert line.seqs() == list(range(start + 1, last + 1))
            assert welcome["recovered"] == (resume is not None)
            if not welcome["recovered"]:
                lot = welcome["snapshot"]["lots"][0]
                assert lot["bid_count"] == welcome["seq"] - 2


# An event that is not up


async def test_an_event_that_comes_up_in_time_is_waited_for(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1), event="ball")
        kept = stage.kept
    async with open_stage(kept=kept) as stage, trio.open_nursery() as nursery:
        with stage.weather.postgres_away():
            nursery.start_soon(stage.resume, "ball")
            await settle()
            early = await stage.connect(stage.token("u101"), event="ball")
            early.say("place_bid", id="1", lot=1, amount=1_000)
            await trio.sleep(5.1)
            late = await stage.connect(stage.token("u102"), event="ball")
            await trio.sleep(2)
        await trio.sleep(1)
        assert (early.ended, early.messages()) == (4100, [])
        assert late.messages()[0]["type"] == "welcome"
