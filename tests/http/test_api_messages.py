"""Messages over HTTP: preferences, browsers, dead messages and the sandbox."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from saleroom.messages.kinds import KINDS
from saleroom.messages.office import Keys
from saleroom.messages.providers import Outgoing, Refused, Sandbox
from saleroom.messages.web_push import VapidKey, encoded
from saleroom.storage.message_ports import NewDelivery
from tests.http.authorised import BROWSER
from tests.http.house import House, open_house

ME = "/api/v1/me/preferences"
DEVICES = "/api/v1/me/devices"
KEYS: dict[str, str] = BROWSER["keys"]  # type: ignore[assignment]
DEAD = "/api/v1/dead-messages"
SANDBOX = "/api/v1/sandbox/messages"
HOUSE = {kind: list(KINDS[kind].channels) for kind in KINDS}


async def test_a_person_chooses_how_to_be_told(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        assert await house.done("GET", ME, "ann") == {
            "choices": HOUSE,
            "quiet": None,
            "zone": "UTC",
        }
        quiet = {"start": "22:00", "end": "07:30"}
        wanted = {"choices": {"outbid": ["push"], "won": []}, "quiet": quiet}
        told = await house.done("PUT", ME, "ann", {**wanted, "zone": "Europe/Zurich"})
        assert told == {
            "choices": {**HOUSE, "outbid": ["push"], "won": []},
            "quiet": quiet,
            "zone": "Europe/Zurich",
        }
        assert await house.done("GET", ME, "ann") == told
        assert (await house.done("GET", ME, "bob"))["choices"] == HOUSE
        await house.done("PUT", ME, "ann", {"choices": {}})
        assert (await house.done("GET", ME, "ann"))["choices"] == HOUSE


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "choices"),
        ({"choices": {"outbid": ["fax"]}}, "choices.outbid"),
        ({"choices": {"outbid": ["sms", "sms"]}}, "choices.outbid"),
        ({"choices": {"gossip": ["sms"]}}, "choices.gossip"),
        ({"choices": {}, "quiet": {"start": "24:00", "end": "07:00"}}, "quiet.start"),
        ({"choices": {}, "quiet": {"start": "22:00"}}, "quiet.end"),
        ({"choices": {}, "zone": "Mars/Olympus"}, "zone"),
        ({"choices": {}, "zone": "../secret"}, "zone"),
    ],
)
async def test_what_does_not_hold_is_named(
    autojump_clock: MockClock, body: dict[str, Any], field: str
) -> None:
    async with open_house() as house:
        reply = await house.call("PUT", ME, "ann", body)
        assert (reply.code, reply.json["field"].partition("[")[0]) == ("INVALID_FIELD", field) or (
            reply.json["field"].startswith(field)
        )


async def test_a_browser_is_kept_listed_and_let_go(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        made = await house.done("POST", DEVICES, "ann", BROWSER)
        assert made["service"] == "fcm.googleapis.com"
        assert await house.done("POST", DEVICES, "ann", BROWSER) == made
        assert await house.done("GET", DEVICES, "ann") == {"devices": [made]}
        assert await house.done("GET", DEVICES, "bob") == {"devices": []}
        path = f"{DEVICES}/{made['device']}"
        assert (await house.call("DELETE", path, "bob")).code == "UNKNOWN_DEVICE"
        await house.done("DELETE", path, "ann")
        assert (await house.call("DELETE", path, "ann")).code == "UNKNOWN_DEVICE"
        assert await house.done("GET", DEVICES, "ann") == {"devices": []}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"endpoint": "https://169.254.169.254/latest/meta-data"}, "endpoint"),
        ({"endpoint": "https://fcm.googleapis.com.evil.example/x"}, "endpoint"),
        ({"endpoint": "http://fcm.googleapis.com/x"}, "endpoint"),
        ({"endpoint": "https://ann@fcm.googleapis.com/x"}, "endpoint"),
        ({"endpoint": "https://fcm.googleapis.com:8443/x"}, "endpoint"),
        ({"keys": {**KEYS, "p256dh": "AAAA"}}, "keys.p256dh"),
        ({"keys": {**KEYS, "p256dh": f"B{'A' * 86}"}}, "keys"),
        ({"keys": {**KEYS, "auth": "AAAA"}}, "keys.auth"),
    ],
)
async def test_only_browsers_are_told(
    autojump_clock: MockClock, changed: dict[str, Any], field: str
) -> None:
    async with open_house() as house:
        reply = await house.call("POST", DEVICES, "ann", {**BROWSER, **changed})
        assert (reply.status, reply.json["field"]) == (422, field)


async def test_pages_learn_the_key_of_notices(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        assert await house.done("GET", "/api/v1/push-key") == {"key": None}
    key = VapidKey.read(encoded(b"\x01" * 32), "mailto:gala@hall.example")
    async with open_house(keys=Keys(vapid=key)) as house:
        assert await house.done("GET", "/api/v1/push-key") == {"key": key.public}


async def _dead(house: House, count: int) -> None:
    """Leave so many messages dead."""
    outbox, now_ms = house.stores.outbox, house.services.clock.now_ms()
    for paddle in range(100, 100 + count):
        await outbox.owe("gala", "hologram", {}, 0)
        (row,) = await outbox.owed(0, 9)
        await outbox.settle(row.id, [NewDelivery("won", "push", paddle, 1, {}, now_ms)], now_ms)
    for delivery in await outbox.claim("push", now_ms, now_ms + 9, 99):
        await outbox.end(delivery.id, "dead", now_ms, "no such line")


async def test_an_admin_sees_the_dead_and_tries_them_again(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        await _dead(house, 3)
        first = await house.done("GET", f"{DEAD}?limit=2", "admin")
        rest = await house.done("GET", f"{DEAD}?limit=2&cursor={first['next']}", "admin")
        assert [each["paddle"] for each in first["messages"] + rest["messages"]] == [102, 101, 100]
        assert (first["messages"][0]["reason"], rest["next"]) == ("no such line", None)
        path = f"{DEAD}/{first['messages'][0]['message']}/retry"
        await house.done("POST", path, "admin")
        assert (await house.call("POST", path, "admin")).code == "UNKNOWN_MESSAGE"
        for other in ("0", "x", "9" * 20):
            reply = await house.call("POST", f"{DEAD}/{other}/retry", "admin")
            assert (reply.status, reply.code) == (404, "UNKNOWN_MESSAGE")
        assert len((await house.done("GET", DEAD, "admin"))["messages"]) == 2
        entry = (await house.done("GET", "/api/v1/audit", "admin"))["entries"][0]
        assert entry["what"] == "message.retry"


async def test_what_is_tried_again_is_delivered_once(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_refusing, keep = True, Sandbox.keep

    async def refuse_or_keep(self: Sandbox, message: Outgoing) -> None:
        if is_refusing:
            raise Refused("the network: error 30007")
        await keep(self, message)

    monkeypatch.setattr(Sandbox, "keep", refuse_or_keep)
    async with open_house() as house:
        event = await house.sale()
        path = f"/api/v1/events/{event}/registrations/100"
        await house.done("PATCH", path, "clerk", {"phone": "+12015550101"})
        await house.command(event, "clerk", "open_lot", lot=1)
        await house.command(event, "ann", "place_bid", lot=1, amount=10_000)
        await house.command(event, "clerk", "sell_lot", lot=1)
        await trio.sleep(40)
        (dead,) = (await house.done("GET", DEAD, "admin"))["messages"]
        assert (dead["kind"], dead["channel"], dead["reason"]) == (
            "won",
            "sms",
            "the network: error 30007",
        )
        assert (await house.done("GET", SANDBOX, "admin"))["messages"] == []
        is_refusing = False
        retry = f"{DEAD}/{dead['message']}/retry"
        statuses: list[int] = []

        async def press() -> None:
            statuses.append((await house.call("POST", retry, "admin")).status)

        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(press)
        await trio.sleep(15)
        assert sorted(statuses) == [204, 404, 404]
        (sent,) = (await house.done("GET", SANDBOX, "admin"))["messages"]
        assert (sent["to"], sent["subject"]) == ("+12015550101", "You won lot 1")
        assert (await house.done("GET", DEAD, "admin"))["messages"] == []
        assert (await house.call("POST", retry, "admin")).code == "UNKNOWN_MESSAGE"


async def test_the_sandbox_shows_what_would_be_sent(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        path = f"/api/v1/events/{event}/registrations/100"
        contact = {"email": "ann@hall.example", "phone": "+12015550101"}
        await house.done("PATCH", path, "clerk", contact)
        await house.command(event, "clerk", "open_lot", lot=1)
        await house.command(event, "ann", "place_bid", lot=1, amount=10_000)
        await house.command(event, "clerk", "sell_lot", lot=1)
        await trio.sleep(40)
        shown = await house.done("GET", SANDBOX, "admin")
        assert shown["channels"] == ["sms", "email", "push"]
        sent = {each["channel"]: (each["to"], each["subject"]) for each in shown["messages"]}
        assert sent == {
            "sms": ("+12015550101", "You won lot 1"),
            "email": ("ann@hall.example", "You won lot 1"),
        }
        texts = await house.done("GET", f"{SANDBOX}?channel=sms", "admin")
        assert [each["text"] for each in texts["messages"]] == [
            "Gala: lot 1, A quilt is yours for USD 100. Congratulations! Reply STOP to end texts."
        ]
