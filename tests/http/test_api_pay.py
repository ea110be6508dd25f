"""The page behind a checkout link: it works without a script, and pays what it says, once."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from trio.testing import MockClock

from tests.http.house import House, Reply, open_house
from tests.http.till import TOTAL, adjust, balanced, billed_house, card_on_file, folio, link
from tests.payments.scripted import ScriptedProcessor

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def page_of(house: House, event: str) -> str:
    """The path of a new link's page."""
    return f"/pay/{(await link(house, event)).rpartition('/')[2]}"


async def press(house: House, path: str, **fields: str | int) -> Reply:
    raw = urlencode(fields).encode()
    return await house.call("POST", path, raw=raw, headers=FORM)


def key_of(reply: Reply) -> str:
    found = re.search(r'name="key" value="([0-9a-f]{32})"', reply.body.decode())
    assert found is not None
    return found[1]


async def test_the_page_tells_what_is_owed_and_takes_it_once(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await billed_house(house)
        await card_on_file(house, event)
        path = await page_of(house, event)
        shown = await house.call("GET", path)
        text = shown.body.decode()
        assert shown.headers["content-type"] == "text/html; charset=utf-8"
        assert "script" not in text
        for words in ("INV-000001", "$221.61", "$6.93", "visa ending in 4242", "another card"):
            assert words in text
        pressed: dict[str, str | int] = {
            "amount": TOTAL,
            "key": key_of(shown),
            "method": "card",
            "cover_fee": "yes",
        }
        for _ in range(2):
            paid = await press(house, path, **pressed)
            assert "the payment has been received" in paid.body.decode()
            assert "<form" not in paid.body.decode()
        seen = await folio(house, event)
        assert (seen["balance"], seen["paid"]) == (0, TOTAL + 693)
        assert await balanced(house, event)


async def test_a_page_that_went_stale_pays_nothing(autojump_clock: MockClock) -> None:
    processor = ScriptedProcessor()
    async with open_house(processor=processor) as house:
        event = await billed_house(house)
        path = await page_of(house, event)
        shown = await house.call("GET", path)
        await adjust(house, event, "credit", 161)
        stale = await press(house, path, amount=TOTAL, key=key_of(shown), method="checkout")
        assert "The amount has changed" in stale.body.decode()
        assert 'value="22000"' in stale.body.decode()
        assert processor.taken == {}


async def test_a_lost_answer_keeps_the_key_of_the_form(autojump_clock: MockClock) -> None:
    processor = ScriptedProcessor(loses=1)
    async with open_house(processor=processor) as house:
        event = await billed_house(house)
        path = await page_of(house, event)
        shown = await house.call("GET", path)
        key = key_of(shown)
        lost = await press(house, path, amount=TOTAL, key=key, method="checkout")
        assert "nothing is charged twice" in lost.body.decode()
        found = await press(house, path, amount=TOTAL, key=key, method="checkout")
        assert 'href="https://pay.example/cs_' in found.body.decode()
        assert len((await folio(house, event))["payments"]) == 1


async def test_hostile_texts_are_escaped(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event(title="<b>Gala</b>")
        await house.bidder(event, "ann")
        for name in ("open_event", "close_event"):
            assert (await house.command(event, "auctioneer", name)).status == 200
        shown = (await house.call("GET", await page_of(house, event))).body.decode()
        assert "<h1>&lt;b&gt;Gala&lt;/b&gt;: paddle 100</h1>" in shown
        assert "<form" not in shown


async def test_what_is_no_form_is_refused(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await billed_house(house)
        path = await page_of(house, event)
        other = await house.call("POST", path, body={})
        assert (other.status, other.code) == (415, "UNSUPPORTED_MEDIA_TYPE")
        good = {"amount": "1", "key": "k", "method": "card"}
        for wrong in (
            {"amount": "1.5"},
            {"amount": "-1"},
            {"amount": "9" * 14},
            {"key": ""},
            {"key": "x" * 65},
            {"method": "cash"},
        ):
            reply = await press(house, path, **{**good, **wrong})
            assert (reply.status, reply.code) == (422, "INVALID_FIELD"), wrong
        assert (await house.call("GET", f"/pay/{'y' * 43}")).status == 404


async def test_before_the_event_has_closed_the_page_says_so(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        shown = await house.call("GET", await page_of(house, await house.sale()))
        assert (shown.status, "has not closed yet" in shown.body.decode()) == (200, True)
