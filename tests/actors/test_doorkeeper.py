"""What befalls sessions from outside: silence, expiry, a sixth socket, a drain.

Source: PROTOCOL 1, 2 and 5.
"""

from __future__ import annotations

import orjson
import trio
from trio.testing import MockClock

from saleroom.actors.doorkeeper import DRAIN_RATE, DoorkeeperLimits
from saleroom.auction.roles import Role
from saleroom.protocol.session import Bucket, Share
from tests.actors.line import PING, TEXT, split_frames
from tests.actors.stage import WALL_MS, open_stage, settle, silent
from tests.actors.weather import slow


async def test_a_heartbeat_is_a_ping_and_a_message_in_one_write(
    autojump_clock: MockClock,
) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        line = await stage.connect(stage.token("u101"))
        await trio.sleep(29.9)
        before = len(line.writes)
        await trio.sleep(0.5)
        (write,) = line.writes[before:]
        (ping, _), (text, payload) = split_frames(write)
        assert (ping, text) == (PING, TEXT)
        (heartbeat,) = orjson.loads(payload)
        assert heartbeat["type"] == "heartbeat"
        assert WALL_MS + 30_000 <= heartbeat["server_time"] <= WALL_MS + 30_250


async def test_the_silent_are_closed_after_three_heartbeats(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        silent_one, ponging, talking = [
            await stage.connect(stage.token(user)) for user in ("u101", "u102", "u103")
        ]
        for _ in range(8):
            await trio.sleep(11)
            ponging.pong()
            talking.say("ping", t0=1)
        assert silent_one.ended is None
        assert len(silent_one.of_type("heartbeat")) == 2
        await trio.sleep(3)
        assert silent_one.ended == 4203
        talking.say("ping", t0=1)
        for _ in range(20):
            await trio.sleep(29)
            ponging.pong()
            talking.say("ping", t0=1)
        assert ponging.ended is talking.ended is None
        assert talking.of_type("heartbeat") == []
        assert stage.doorkeeper.statistics().silent == 1


async def test_one_who_never_says_hello_is_no_session_for_long(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        stage.dial()
        await settle()
        assert stage.doorkeeper.statistics().sessions == 1
        await trio.sleep(6)
        assert stage.doorkeeper.statistics().sessions == 0


async def test_a_token_that_ends_ends_the_session(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        line = await stage.connect(stage.token("u101", ttl_s=60))
        for _ in range(5):
            await trio.sleep(11.9)
            line.pong()
        assert line.ended is None
        await trio.sleep(1)
        assert line.ended == 4202


async def test_a_refresh_goes_on_with_the_new_token(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        line = await stage.connect(stage.token("u101", ttl_s=60))
        await trio.sleep(50)
        line.say("refresh", id="r", token=stage.token("u101", ttl_s=100))
        await settle()
        (ack,) = line.of_type("ack")
        assert (ack["re"], ack["expires_at"]) == ("r", WALL_MS + 150_000)
        for _ in range(4):
            await trio.sleep(24)
            line.pong()
        assert line.ended is None
        await trio.sleep(5)
        assert line.ended == 4202


async def test_a_refresh_must_be_good_and_the_users_own(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        line = await stage.connect(stage.token("u101", ttl_s=60))
        line.say("refresh", id="forged", token="forged")
        line.say("refresh", id="other", token=stage.token("u102"))
        line.say("refresh", id="away", token="keys-away")
        spectator = await stage.connect()
        spectator.say("refresh", id="nobody", token=stage.token("u101"))
        await settle()
        assert [(n["re"], n["code"], n["temporary"]) for n in line.of_type("nack")] == [
            ("forged", "UNAUTHENTICATED", False),
            ("other", "FORBIDDEN", False),
            ("away", "OVERLOADED", True),
        ]
        assert spectator.of_type("nack")[0]["code"] == "FORBIDDEN"
        await trio.sleep(61)
        assert line.ended == 4202


async def test_a_refresh_takes_and_gives_roles(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        line = await stage.connect(stage.token("u101", Role.CLERK), feed="full")
        await trio.sleep(1.5)
        assert "paddles" in line.of_type("presence")[-1]
        line.say("announce", id="1", text="as a clerk")
        line.say("refresh", id="2", token=stage.token("u101"))
        line.say("announce", id="3", text="as a donor")
        await settle()
        assert {a["re"] for a in line.of_type("ack")} == {"1", "2"}
        assert line.of_type("nack")[0]["code"] == "FORBIDDEN"
        with stage.weather.strikes("journal.append", slow(0.1), times=1):
            stage.tell("announce", text="keeps the committer busy")
            await settle()
            for amount in (1_000, 2_000, 3_000):
                stage.bid(102, amount)
            await trio.sleep(0.2)
        assert line.of_type("feed")[-1]["events"][0]["bids"] == 3
        await stage.connect(stage.token("u102"))
        await trio.sleep(1.5)
        assert "paddles" not in line.of_type("presence")[-1]
        line.say("refresh", id="4", token=stage.token("u101", Role.AUCTIONEER))
        line.say("pause_event", id="5", reason="dinner")
        await settle()
        assert {a["re"] for a in line.of_type("ack")} == {"1", "2", "4", "5"}


async def test_a_sixth_socket_closes_the_oldest(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        await stage.begin(silent(1), event="ball")
        lines = [await stage.connect(stage.token("u101")) for _ in range(5)]
        elsewhere = await stage.connect(stage.token("u101"), event="ball")
        other = await stage.connect(stage.token("u102"))
        spectators = [await stage.connect() for _ in range(7)]
        assert [line.ended for line in lines] == [None] * 5
        lines[0].say("refresh", token=stage.token("u101"))
        lines += [await stage.connect(stage.token("u101")) for _ in range(2)]
        assert [line.ended for line in lines] == [4006, 4006, None, None, None, None, None]
        assert all(line.ended is None for line in (elsewhere, other, *spectators))
        lines[3].hang_up()
        await settle()
        lines.append(await stage.connect(stage.token("u101")))
        assert [line.ended for line in lines[4:]] == [None] * 4
        assert stage.doorkeeper.statistics().replaced == 2


async def test_a_drain_sends_everyone_elsewhere_spread_out(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        lines = [await stage.connect() for _ in range(40)]
        greeting = stage.dial()
        began = trio.current_time()
        await stage.doorkeeper.drain()
        assert [line.ended for line in (*lines, greeting)] == [4200] * 41
        ends = {line.write_times[-1] for line in lines}
        assert len(ends) == 40
        assert max(ends) <= began + 41 * 2 / DRAIN_RATE
        late = await stage.connect()
        assert (late.ended, late.messages()) == (4200, [])


async def test_a_drain_of_many_is_bounded(autojump_clock: MockClock) -> None:
    async with open_stage(door=DoorkeeperLimits(drain_s=0.01)) as stage:
        await stage.begin(silent(1))
        lines = [await stage.connect() for _ in range(60)]
        began = trio.current_time()
        await stage.doorkeeper.drain()
        assert trio.current_time() <= began + 2 * 0.01
        assert {line.ended for line in lines} == {4200}


async def test_a_banned_paddle_is_shown_out_after_the_news(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        banned, other = [await stage.connect(stage.token(user)) for user in ("u101", "u102")]
        locked = {"paddle": 101, "reason": "a bad cheque"}
        await stage.ask("lock_paddle", role=Role.AUCTIONEER, **locked)
        assert [banned.ended, other.ended] == [None, None]
        await stage.ask("lock_paddle", role=Role.AUCTIONEER, ban=True, **locked)
        await settle()
        assert banned.of_type("feed")[-1]["events"][-1]["type"] == "paddle_locked"
        assert [banned.ended, other.ended] == [4004, None]


async def test_a_user_who_signs_out_is_closed(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        await stage.begin(silent(1))
        await stage.begin(silent(1), event="ball")
        here, there = [
            await stage.connect(stage.token("u101"), event=event) for event in ("gala", "ball")
        ]
        other = await stage.connect(stage.token("u102"))
        stage.doorkeeper.hang_up("u101")
        assert (here.ended, there.ended, other.ended) == (4001, 4001, None)


async def test_nothing_is_kept_of_those_who_left(autojump_clock: MockClock) -> None:
    limits = DoorkeeperLimits()
    async with open_stage(door=limits) as stage:
        await stage.begin(silent(1))
        for _ in range(30):
            line = await stage.connect(stage.token("u101"))
            line.hang_up()
            await settle()
        assert stage.doorkeeper.statistics().sessions == 0
        assert stage.audience().statistics().members == 0
        await trio.sleep(limits.talk.heartbeat_ms / 1000 + 1)
        assert not stage.doorkeeper._due
        assert not stage.doorkeeper._of_user


async def test_odd_moments_do_not_hold_the_wheel(autojump_clock: MockClock) -> None:
    """Times that no float holds exactly: a session due now is due once."""
    async with open_stage() as stage:
        await stage.begin(silent(1))
        line = await stage.connect(stage.token("u101"))
        for number in range(200):
            line.last_seen = trio.current_time() - 30 + number / 7
            await trio.sleep(1 / 3)
            stage.doorkeeper.look_after(line.last_seen + 30)
        assert line.ended is None


async def test_the_sockets_of_one_user_draw_on_one_rate(autojump_clock: MockClock) -> None:
    async with open_stage() as stage:
        buckets: dict[tuple[str, bool], Bucket] = {}

        def share_of(user: str, is_staff: bool) -> Share:
            return lambda rate, burst: buckets.setdefault(
                (user, is_staff), Bucket(rate, burst, burst, trio.current_time())
            )

        stage.doorkeeper.share_of = share_of
        await stage.begin(silent(1))
        mine = [await stage.connect(stage.token("u101")) for _ in range(5)]
        other = await stage.connect(stage.token("u102"))
        for number in range(50):
            mine[number % 5].say("place_bid", id=str(number), lot=99, amount=1)
        other.say("place_bid", id="1", lot=99, amount=1)
        await settle()
        codes = [nack["code"] for line in mine for nack in line.of_type("nack")]
        assert codes.count("RATE_LIMITED") == 10
        assert codes.count("UNKNOWN_LOT") == 40
        assert [nack["code"] for nack in other.of_type("nack")] == ["UNKNOWN_LOT"]
