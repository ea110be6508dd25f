"""From a fact to a phone: told once, late enough to be true, and never in anybody's way."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from saleroom.messages.dispatcher import (
    ATTEMPTS_MAX,
    FIRST_WAIT_MS,
    LEASE_MS,
    LONGEST_WAIT_MS,
    SENDING_MAX,
    wait_after,
)
from saleroom.messages.kinds import CHANNELS, KINDS, MINUTE_MS
from saleroom.messages.owed import SETTLE_MS
from saleroom.messages.providers import Outgoing, Refused, Unreachable
from saleroom.messages.relay import KEPT_MS, Relay
from saleroom.storage.memory import memory_stores
from saleroom.storage.message_ports import NewDelivery, Preferences, PushDevice
from tests.actors.stage import EVENT, HOUR_MS, WALL_MS, live, settle, silent
from tests.actors.weather import refused
from tests.messages.post import PUBLIC_URL, Post, open_post, phone_of, seat

SETTLED_S = SETTLE_MS / 1000 + 3
"""By then what was owed has been told: two polls, and the time to settle."""


async def outbid(post: Post, *, lots: int = 1, after_s: float = SETTLED_S) -> None:
    """Seat 101 and 102, and have 102 overtake 101 on every lot."""
    await post.stage.begin(*(silent(lot, ladder="flat:1") for lot in range(1, lots + 1)))
    await seat(post.stage, 101, 102)
    for lot in range(1, lots + 1):
        post.stage.bid(101, 1_000, lot=lot)
        post.stage.bid(102, 2_000, lot=lot)
    await trio.sleep(after_s)


async def test_who_was_outbid_hears_of_it(autojump_clock: MockClock) -> None:
    async with open_post() as post:
        await outbid(post)
        text = (
            "The gala: you are outbid on lot 1, Lot 1. It stands at USD 20. "
            f"The next bid is USD 20.01. {PUBLIC_URL}/e/{EVENT} Reply STOP to end texts."
        )
        assert post.texts() == [(phone_of(101), text)]
        assert post.email.taken == []
        assert await post.counts() == {"sent": 1}


async def test_a_bidding_war_sends_one_message(autojump_clock: MockClock) -> None:
    async with open_post() as post:
        await post.stage.begin(silent(1, ladder="flat:1"))
        await seat(post.stage, 101, 102)
        for step in range(80):
            post.stage.bid(101 + step % 2, 1_000 + step)
            await trio.sleep(1)
        assert post.texts() == []
        await trio.sleep(600)
        ((to, text),) = post.texts()
        assert (to, "It stands at USD 10.79." in text) == (phone_of(101), True)


async def test_wars_one_after_the_other_keep_their_distance(autojump_clock: MockClock) -> None:
    async with open_post() as post:
        await outbid(post)
        assert len(post.texts()) == 1
        post.stage.bid(101, 3_000)
        post.stage.bid(102, 4_000)
        await trio.sleep(240)
        assert len(post.texts()) == 1
        await trio.sleep(60)
        assert [to for to, _ in post.texts()] == [phone_of(101), phone_of(101)]


async def test_who_leads_again_is_told_nothing(autojump_clock: MockClock) -> None:
    async with open_post() as post:
        await outbid(post, after_s=SETTLE_MS / 1000 - 1)
        post.stage.bid(101, 3_000)
        await trio.sleep(5)
        assert [to for to, _ in post.texts()] == []
        await trio.sleep(SETTLED_S)
        assert [to for to, _ in post.texts()] == [phone_of(102)]
        assert (await post.counts())["dropped"] == 1


async def test_nobody_hears_of_a_lot_that_has_ended(autojump_clock: MockClock) -> None:
    async with open_post() as post:
        await outbid(post, after_s=1)
        await post.stage.ask("close_event")
        await trio.sleep(60)
        assert {to for to, text in post.texts() if "outbid" in text} == set()


async def test_a_winner_hears_by_text_and_letter(autojump_clock: MockClock) -> None:
    async with open_post() as post:
        await post.stage.begin(live(1))
        await seat(post.stage, 101)
        await post.stage.ask("open_lot", lot=1)
        post.stage.bid(101, 1_550)
        await settle()
        await post.stage.ask("sell_lot", lot=1)
        await trio.sleep(40)
        said = "The gala: lot 1, Lot 1 is yours for USD 15.50. Congratulations!"
        assert [text.partition(" https")[0] for _, text in post.texts()] == [said]
        (letter,) = post.email.taken
        assert (letter.to, letter.subject) == ("g101@hall.example", "You won lot 1")
        assert letter.text == f"{said}\n\n{PUBLIC_URL}/e/{EVENT}"


async def test_a_hammer_that_is_taken_back_is_not_told(autojump_clock: MockClock) -> None:
    async with open_post() as post:
        await post.stage.begin(live(1))
        await seat(post.stage, 101)
        await post.stage.ask("open_lot", lot=1)
        post.stage.bid(101, 1_550)
        await settle()
        await post.stage.ask("sell_lot", lot=1)
        await trio.sleep(10)
        await post.stage.ask("undo", lot=1)
        await trio.sleep(60)
        assert post.texts() == []
        assert (await post.counts())["dropped"] == 2


async def test_bidders_hear_before_a_lot_ends_also_when_the_end_moved(
    autojump_clock: MockClock,
) -> None:
    async with open_post() as post:
        await post.stage.begin(silent(1, ends_in_ms=12 * MINUTE_MS))
        await seat(post.stage, 101, 102)
        post.stage.bid(101, 1_000)
        post.stage.bid(102, 2_000)
        await trio.sleep(60)
        post.sms.taken.clear()
        await post.stage.ask("extend_lot", lot=1, ends_at=WALL_MS + 14 * MINUTE_MS)
        await trio.sleep(2 * 60)
        assert post.texts() == []
        await trio.sleep(60 + 5)
        told = {to: text.partition("ends ")[2].partition(" https")[0] for to, text in post.texts()}
        assert told == {
            phone_of(101): "in 10 minutes. You do not lead. It stands at USD 20. "
            "The next bid is USD 25.",
            phone_of(102): "in 10 minutes. You lead.",
        }


async def test_the_end_of_the_sale_is_told_to_who_owes(autojump_clock: MockClock) -> None:
    async with open_post() as post:
        await post.stage.begin(silent(1), silent(2), live(3))
        await seat(post.stage, 101, 102)
        post.stage.bid(101, 1_000, lot=1)
        post.stage.bid(101, 2_000, lot=2)
        await settle()
        await post.stage.ask("close_event")
        await trio.sleep(90)
        said = [text.partition(" https")[0] for _, text in post.texts() if "over" in text]
        total = "Your bids and pledges come to USD 30."
        assert said == [f"The gala: the sale is over. You won lots 1, 2. {total}"]


async def test_a_pledge_is_thanked_for_unless_it_is_void(autojump_clock: MockClock) -> None:
    async with open_post() as post:
        await post.stage.begin({"lot": 1, "title": "Roof", "mode": "pledge", "opening": 100})
        await seat(post.stage, 101, 102)
        for paddle in (101, 102):
            told = post.stage.tell(
                "pledge", by="u101" if paddle == 101 else "u102", lot=1, level=5_000
            )
            await settle()
        await post.stage.ask("void_pledge", seq=told.answer["pledge"], reason="a slip")
        await trio.sleep(60)
        assert [letter.to for letter in post.email.taken] == ["g101@hall.example"]
        assert "your pledge of USD 50 to lot 1, Roof." in post.email.taken[0].text


async def test_quiet_hours_hold_a_text_back_and_then_it_must_still_hold(
    autojump_clock: MockClock,
) -> None:
    async with open_post() as post:
        minute = WALL_MS // 60_000 % 1_440
        quiet = Preferences({}, minute - 1, minute + 3, "UTC")
        await post.stage.kept.recipients.set_preferences("u101", quiet)
        await outbid(post)
        await trio.sleep(60)
        assert post.texts() == []
        await trio.sleep(2 * 60)
        assert [to for to, _ in post.texts()] == [phone_of(101)]


async def test_who_said_stop_and_who_wants_none_get_none(autojump_clock: MockClock) -> None:
    async with open_post() as post:
        await post.stage.begin(silent(1), silent(2, ladder="flat:1"))
        await seat(post.stage, 101, 102, 103)
        await post.stage.kept.recipients.silence(phone_of(101), 1)
        await post.stage.kept.recipients.set_preferences("u102", Preferences({"outbid": ()}))
        for step, paddle in enumerate((101, 102, 103), 1):
            post.stage.bid(paddle, step * 10_000)
        await trio.sleep(SETTLED_S)
        assert post.texts() == []
        assert await post.counts() == {"dropped": 1}


@pytest.mark.parametrize("said_stop", [False, True])
async def test_who_said_stop_gets_no_text_of_any_kind(
    autojump_clock: MockClock, said_stop: bool
) -> None:
    async with open_post() as post:
        await post.stage.begin(silent(1))
        await seat(post.stage, 101)
        kept, now_ms = post.stage.kept, post.stage.clock.now_ms()
        wants = Preferences({kind: CHANNELS for kind in KINDS})
        await kept.recipients.set_preferences("u101", wants)
        if said_stop:
            await kept.recipients.silence(phone_of(101), now_ms)
        words = {"subject": "News", "text": "News."}
        await kept.outbox.owe(EVENT, "hologram", {}, now_ms + HOUR_MS)
        (row,) = [r for r in await kept.outbox.owed(now_ms + HOUR_MS, 9) if r.topic == "hologram"]
        owed = [NewDelivery(kind, "sms", 101, None, words, now_ms) for kind in KINDS]
        await kept.outbox.settle(row.id, owed, now_ms)
        await trio.sleep(10)
        assert len(post.texts()) == (0 if said_stop else len(KINDS))
        assert await post.counts() == {("dropped" if said_stop else "sent"): len(KINDS)}


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_person_is_told_by_the_channel_they_chose_alone(
    autojump_clock: MockClock, channel: str
) -> None:
    async with open_post() as post:
        device = PushDevice("https://push.example/1", "key", "auth")
        await post.stage.kept.recipients.add_device("u101", device, 1, 9)
        chosen = Preferences({"outbid": (channel,), "closed": ()})
        await post.stage.kept.recipients.set_preferences("u101", chosen)
        await outbid(post)
        await post.stage.ask("close_event")
        await trio.sleep(90)
        mine = {
            name: [m for m in fake.taken if _is_of(m, 101)] for name, fake in post.fakes.items()
        }
        assert {name: len(messages) for name, messages in mine.items()} == {
            name: int(name == channel) for name in CHANNELS
        }


def _is_of(message: Outgoing, paddle: int) -> bool:
    return message.to in (phone_of(paddle), f"g{paddle}@hall.example") or bool(message.devices)


async def test_messages_follow_a_renumbered_paddle(autojump_clock: MockClock) -> None:
    async with open_post() as post:
        await outbid(post, after_s=3)
        await post.stage.ask("change_paddle", paddle=101, new_paddle=300)
        await seat(post.stage, 101)  # the number is somebody else's now
        await seat(post.stage, 300)
        await trio.sleep(SETTLED_S)
        assert [to for to, _ in post.texts()] == [phone_of(300)]


async def test_a_provider_that_hangs_holds_up_no_other_and_no_bid(
    autojump_clock: MockClock,
) -> None:
    async with open_post() as post:
        post.sms.hangs = True
        lots = 3 * SENDING_MAX
        await outbid(post, lots=lots)
        assert post.sms.begun == SENDING_MAX
        began = trio.current_time()
        for lot in range(1, lots + 1):
            post.stage.bid(101, 5_000, lot=lot)
        told = post.stage.bid(102, 6_000)
        await settle()
        assert (told.code, trio.current_time()) == (None, began)
        await post.stage.ask("close_event")
        await trio.sleep(70)
        assert {letter.to for letter in post.email.taken} == {
            "g101@hall.example",
            "g102@hall.example",
        }
        assert post.sms.taken == []
        counted = post.office.dispatchers["sms"].statistics()
        assert (counted.sending, counted.sent) == (SENDING_MAX, 0)


async def test_what_failed_is_tried_again_and_then_dead(autojump_clock: MockClock) -> None:
    def fail(message: Outgoing) -> None:
        raise Unreachable("the network: status 503")

    async with open_post() as post:
        post.sms.act = fail
        await outbid(post)
        assert (await post.counts())["waiting"] == 1
        await trio.sleep(700)
        assert post.sms.begun == ATTEMPTS_MAX
        (dead,) = await post.stage.kept.outbox.dead(None, 9)
        assert (dead.paddle, dead.note) == (101, "the network: status 503")
        post.sms.act = None
        assert await post.stage.kept.outbox.revive(dead.id, post.stage.clock.now_ms())
        await trio.sleep(2)
        assert [to for to, _ in post.texts()] == [phone_of(101)]
        assert await post.counts() == {"sent": 1}


async def test_what_is_refused_is_dead_at_once(autojump_clock: MockClock) -> None:
    def refuse(message: Outgoing) -> None:
        raise Refused("the network: error 21211")

    async with open_post() as post:
        post.sms.act = refuse
        await outbid(post)
        assert post.sms.begun == 1
        (dead,) = await post.stage.kept.outbox.dead(None, 9)
        assert (dead.attempts, dead.note) == (1, "the network: error 21211")


async def test_a_crash_before_the_mark_sends_again_under_the_same_key(
    autojump_clock: MockClock,
) -> None:
    stores = memory_stores()
    async with open_post(stores) as post:
        with post.stage.weather.strikes("outbox.end", refused):
            await outbid(post)
            assert len(post.sms.taken) == 1
            post.stage.kill()
    first = post.sms.taken[0].key
    async with open_post(stores) as post:
        await post.stage.resume()
        await trio.sleep(LEASE_MS / 1000 + 3)
        assert [message.key for message in post.sms.taken] == [first]
        assert (await post.counts())["sent"] == 1


async def test_a_message_that_kills_its_dispatcher_dies_in_the_end(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    def die(message: Outgoing) -> None:
        raise ZeroDivisionError

    async with open_post() as post:
        post.sms.act = die
        await outbid(post)
        await trio.sleep(LEASE_MS / 1000 * (ATTEMPTS_MAX + 2))
        (dead,) = await post.stage.kept.outbox.dead(None, 9)
        assert dead.attempts == ATTEMPTS_MAX + 1
        worker = post.stage.node("saleroom/messages/sms/worker")
        assert (worker.state.value, worker.restarts) == ("running", ATTEMPTS_MAX)


async def test_a_store_that_is_away_is_waited_for(autojump_clock: MockClock) -> None:
    async with open_post() as post:
        with post.stage.weather.strikes("outbox.", refused):
            await outbid(post)
            await trio.sleep(30)
            assert post.texts() == []
        await trio.sleep(SETTLED_S)
        assert [to for to, _ in post.texts()] == [phone_of(101)]
        node = post.stage.node("saleroom/messages/sms/worker")
        assert node.restarts == 0
        assert node.stats["failures"] > 0


async def test_what_comes_too_late_is_not_told(autojump_clock: MockClock) -> None:
    async with open_post() as post:
        await outbid(post)
        outbox, now_ms = post.stage.kept.outbox, post.stage.clock.now_ms()
        hour_on_ms = now_ms + 3_600_000
        late = NewDelivery("outbid", "sms", 101, 1, {}, now_ms)
        for age_ms in (KINDS["outbid"].lasts_ms, KINDS["outbid"].lasts_ms + SETTLE_MS + 1):
            await outbox.owe(EVENT, "hologram", {}, hour_on_ms)  # not yet for the relay
            owed = await outbox.owed(hour_on_ms, 9)
            (row,) = [row for row in owed if row.topic == "hologram"]
            await outbox.settle(row.id, [late], now_ms - age_ms)
        await trio.sleep(3)
        assert len(post.texts()) == 2
        assert await post.counts() == {"sent": 2, "dropped": 1}


async def test_a_browser_is_told_where_a_phone_is_not(autojump_clock: MockClock) -> None:
    async with open_post() as post:
        device = PushDevice("https://push.example/1", "key", "auth")
        await post.stage.kept.recipients.add_device("u101", device, 1, 9)
        await post.stage.kept.recipients.set_preferences("u101", Preferences({"outbid": ("push",)}))
        await outbid(post)
        (notice,) = post.fakes["push"].taken
        assert (list(notice.devices), notice.subject) == ([device], "Outbid on lot 1")
        assert notice.topic == "outbid-1"
        assert post.texts() == []


async def test_the_till_brings_its_own_words(autojump_clock: MockClock) -> None:
    async with open_post() as post:
        await post.stage.begin(silent(1))
        await seat(post.stage, 101)
        said = {"paddle": 101, "subject": "Your receipt", "text": "Thank you.", "html": "<p>Thanks"}
        await post.stage.kept.outbox.owe(EVENT, "receipt", said, post.stage.clock.now_ms())
        await trio.sleep(3)
        (letter,) = post.email.taken
        assert (letter.subject, letter.text, letter.html) == (
            "Your receipt",
            "Thank you.",
            "<p>Thanks",
        )


async def test_a_row_of_a_newer_release_holds_up_no_other(autojump_clock: MockClock) -> None:
    async with open_post() as post:
        await post.stage.kept.outbox.owe(EVENT, "hologram", {}, 0)
        await outbid(post)
        assert [to for to, _ in post.texts()] == [phone_of(101)]
        assert (await post.stage.kept.outbox.counts())["owed"] == 2  # it, and word of the end


async def test_old_messages_are_swept(autojump_clock: MockClock) -> None:
    async with open_post() as post:
        await outbid(post)
        kept, office = post.stage.kept, post.office
        for after_ms, left in ((KEPT_MS, {"sent": 1}), (KEPT_MS + HOUR_MS, {})):
            now_ms = post.stage.clock.now_ms() + after_ms - HOUR_MS // 2
            relay = Relay(kept.outbox, kept.recipients, office.relay.state_of, lambda: now_ms)  # noqa: B023
            await relay.sweep()
            assert await post.counts() == left


def test_waits_grow_and_are_left_to_chance() -> None:
    assert [wait_after(n, 1.0) for n in (1, 2, 3)] == [FIRST_WAIT_MS, 10_000, 20_000]
    assert wait_after(1, 0.0) == FIRST_WAIT_MS // 2
    assert wait_after(40, 1.0) == LONGEST_WAIT_MS


async def test_a_failure_of_a_store_costs_a_message_its_lease(autojump_clock: MockClock) -> None:
    async with open_post() as post:
        device = PushDevice("https://push.example/1", "key", "auth")
        await post.stage.kept.recipients.add_device("u101", device, 1, 9)
        with post.stage.weather.strikes("recipients.devices", refused):
            await outbid(post)
        assert post.fakes["push"].taken == []
        await trio.sleep(LEASE_MS / 1000)
        assert len(post.fakes["push"].taken) == 1
        assert post.office.dispatchers["push"].statistics().failures == 1
