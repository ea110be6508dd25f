"""Bids by text over HTTP: signed or refused, matched to one paddle or told why not, taken once."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import attrs
import orjson
import pytest
from trio.testing import MockClock
from twilio.request_validator import RequestValidator

from saleroom.http.services import ApiLimits
from saleroom.messages import texts
from saleroom.messages.office import WEBHOOK, Keys
from saleroom.messages.twilio_sms import TwilioAccount
from saleroom.protocol.session import SessionLimits
from tests.http.house import House, Reply, open_house

URL = "https://gala.example"
ACCOUNT = TwilioAccount("AC" + "0" * 32, "a token", "+15550100000")
KEYS = Keys(twilio=ACCOUNT, public_url=URL)
ANN, GUEST = "+12015550101", "+12015550102"


@attrs.define
class Phones:
    """A house that texts come to, with an open sale of lot 1 at which ann and a guest have phones.

    event: the sale. ann, guest: their paddles; the guest has no account.
    """

    house: House
    event: str
    ann: int
    guest: int
    sent: int = 0

    async def post(
        self, fields: dict[str, str], signature: str | None = None, url: str = URL
    ) -> Reply:
        token = RequestValidator(ACCOUNT.token)
        made = token.compute_signature(url + WEBHOOK, fields) if signature is None else signature
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": made,
        }
        raw = urlencode(fields).encode()
        return await self.house.call("POST", WEBHOOK, raw=raw, headers=headers)

    async def text(
        self,
        body: str,
        sender: str = ANN,
        to: str = ACCOUNT.number,
        id: str | None = None,
        **more: str,
    ) -> str | None:
        """Send a text, and give the words of the answer."""
        self.sent += 1
        fields = {"Body": body, "From": sender, "To": to, **more}
        fields["MessageSid"] = id or f"SM{self.sent:032}"
        reply = await self.post(fields)
        assert (reply.status, reply.headers["content-type"]) == (200, "text/xml; charset=utf-8")
        found = re.search("<Message>(.*)</Message>", reply.body.decode())
        return None if found is None else html.unescape(found[1])

    async def facts(self) -> list[dict[str, Any]]:
        records = await self.house.stores.journal.read(self.event, 0, 999)
        facts = [orjson.loads(record.body) for record in records]
        return [fact for fact in facts if fact["type"] in ("bid_placed", "item_sold")]


@asynccontextmanager
async def open_phones(
    limits: ApiLimits | None = None, currency: str = "USD", **lot: Any
) -> AsyncIterator[Phones]:
    async with open_house(keys=KEYS, limits=limits) as house:
        event = await house.event(currency=currency)
        silent = {"mode": "silent", "opening": 10_000, "ends_at": 4_000_000_000_000, **lot}
        await house.lot(event, **silent)
        ann = await house.bidder(event, "ann")
        path = f"/api/v1/events/{event}/registrations"
        await house.done("PATCH", f"{path}/{ann}", "clerk", {"phone": "(201) 555-0101"})
        made = await house.done("POST", path, "clerk", {"name": "Guest", "phone": GUEST})
        await house.done("POST", f"{path}/{made['paddle']}/accept-terms", "clerk")
        assert (await house.command(event, "auctioneer", "open_event")).status == 200
        yield Phones(house, event, ann, made["paddle"])


async def test_a_text_bids_as_the_paddle_of_its_phone(autojump_clock: MockClock) -> None:
    async with open_phones() as phones:
        said = "Your bid of USD 250 leads lot 1. Thank you!"
        assert await phones.text("1 250") == said
        (fact,) = await phones.facts()
        assert (fact["bidder"], fact["by"], fact["bid"], fact["source"]) == (
            phones.ann,
            "ann",
            25_000,
            "sms",
        )
        assert fact["command"] == f"SM{1:032}"


async def test_a_guest_without_an_account_bids_by_text(autojump_clock: MockClock) -> None:
    async with open_phones() as phones:
        assert await phones.text("BID 1 $1,250.50", GUEST) is not None
        (fact,) = await phones.facts()
        assert (fact["bidder"], fact["bid"], fact["source"]) == (phones.guest, 125_050, "sms")


async def test_the_same_text_twice_bids_once(autojump_clock: MockClock) -> None:
    async with open_phones() as phones:
        first = await phones.text("1 250", id="SMsame")
        assert await phones.text("1 275", GUEST) is not None
        assert await phones.text("1 250", id="SMsame") == first
        assert [fact["bid"] for fact in await phones.facts()] == [25_000, 27_500]


async def test_every_outcome_has_its_answer(autojump_clock: MockClock) -> None:
    async with open_phones(buy_now=90_000) as phones:
        for body, sender, said in (
            ("1 99", ANN, "Not enough: the next bid on lot 1 is USD 100."),
            ("1 100", ANN, "Your bid of USD 100 leads lot 1. Thank you!"),
            ("1 100", GUEST, "Not enough: the next bid on lot 1 is USD 110."),
            ("2 100", GUEST, "There is no lot 2."),
            ("1 1.5.0", GUEST, "The bid 1.5.0 may mean more than one amount: write it as 1234.50."),
            ("1 €250", GUEST, "The bid €250 is in USD, the event's currency."),
            ("1 250.505", GUEST, None),
            ("1 0", GUEST, "That is no amount that can be bid."),
            ("250", GUEST, texts.NO_LOT),
            ("good evening", GUEST, texts.NOT_UNDERSTOOD),
            ("1 900", GUEST, "Lot 1 is yours for USD 900. Congratulations!"),
            ("1 950", ANN, "Lot 1 has ended. Your bid was not taken."),
        ):
            answer = await phones.text(body, sender)
            assert answer is not None
            if said is not None:
                assert answer.removesuffix(f" {texts.HOW}") == said.removesuffix(f" {texts.HOW}")
        assert [fact["type"] for fact in await phones.facts()] == ["bid_placed", "item_sold"]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "1",
        "17 250 300",
        "BID one",
        "\u0661 \u0662\u0665\u0660",
        "1 \u0662\u0665\u0660",
        "1 ²50",
        "1 -250",
        "1 250.505",
        "1 250,5",
        "1 1e3",
        "1 0",
        "1 " + "9" * 30,
        "x" * 2_000,
        "1 250" + "0" * 2_000,
    ],
)
async def test_a_text_without_one_meaning_bids_nothing(
    autojump_clock: MockClock, body: str
) -> None:
    async with open_phones() as phones:
        answer = await phones.text(body)
        assert answer
        assert "leads" not in answer
        assert await phones.facts() == []


@pytest.mark.parametrize(
    ("currency", "body", "amount"),
    [
        ("USD", "1 250", 25_000),
        ("USD", "1 250.5", 25_050),
        ("EUR", "1 250,50", 25_050),
        ("JPY", "1 10250", 10_250),
        ("JPY", "1 10250.5", None),
        ("KWD", "1 250", 250_000),
        ("KWD", "1 250.125", 250_125),
    ],
)
async def test_an_amount_is_in_whole_units_of_the_sales_currency(
    autojump_clock: MockClock, currency: str, body: str, amount: int | None
) -> None:
    async with open_phones(currency=currency) as phones:
        answer = await phones.text(body) or ""
        assert [fact["bid"] for fact in await phones.facts()] == ([amount] if amount else [])
        assert answer.startswith(f"Your bid of {currency} " if amount else "The bid 10250.5 has")


async def test_a_max_that_stands_above_is_told(autojump_clock: MockClock) -> None:
    async with open_phones() as phones:
        body = {"lot": 1, "max": 50_000}
        await phones.house.command(phones.event, "ann", "set_max_bid", **body)
        answer = await phones.text("1 200", GUEST)
        assert answer == (
            "Your bid of USD 200 on lot 1 was taken, but another bidder is ahead at USD 210. "
            "The next bid is USD 220."
        )


async def test_a_phone_that_nobody_has_bids_nothing(autojump_clock: MockClock) -> None:
    async with open_phones() as phones:
        for sender in ("+12015550199", "+442015550101", "22333", "", "anonymous"):
            assert await phones.text("1 250", sender) == texts.UNKNOWN_PHONE
        assert await phones.facts() == []


async def test_a_phone_of_two_paddles_bids_nothing(autojump_clock: MockClock) -> None:
    async with open_phones() as phones:
        path = f"/api/v1/events/{phones.event}/registrations"
        await phones.house.done("POST", path, "clerk", {"name": "Two", "phone": "1-201-555-0101"})
        said = texts.SHARED_PHONE.format(texts.ON_THE_PAGE)
        assert await phones.text("1 250") == said
        assert await phones.facts() == []


async def test_a_phone_at_two_sales_needs_the_sale_of_its_number(
    autojump_clock: MockClock,
) -> None:
    async with open_phones() as phones:
        house = phones.house
        other = await house.event(title="Ball")
        await house.lot(other)
        path = f"/api/v1/events/{other}/registrations"
        made = await house.done("POST", path, "clerk", {"name": "Ann", "phone": ANN})
        assert (await phones.text("1 100") or "").startswith("Your bid of USD 100")
        assert (await house.command(other, "auctioneer", "open_event")).status == 200
        said = texts.WHICH_SALE.format("Ball and Gala", texts.ON_THE_PAGE)
        assert await phones.text("1 250") == said
        number = {"number": "+15550100009"}
        await house.done("PUT", f"/api/v1/events/{other}/text-number", "admin", number)
        assert (await phones.text("1 300") or "").startswith("Your bid of USD 300")
        answer = await phones.text("1 250", to=number["number"])
        assert answer == "Lot 1 is not open yet."
        assert made["paddle"]
        assert [fact["bid"] for fact in await phones.facts()] == [10_000, 30_000]


async def test_a_locked_paddle_is_sent_to_the_desk(autojump_clock: MockClock) -> None:
    async with open_phones() as phones:
        locked = {"paddle": phones.ann, "reason": "a word"}
        await phones.house.command(phones.event, "clerk", "lock_paddle", **locked)
        assert await phones.text("1 250") == "Your paddle is locked. Please see the desk."
        await phones.house.command(phones.event, "auctioneer", "pause_event", reason="a break")
        assert (await phones.text("1 250", GUEST) or "").startswith("The sale is paused.")


async def test_stop_start_and_help_are_kept_and_answered(autojump_clock: MockClock) -> None:
    async with open_phones() as phones:
        recipients = phones.house.stores.recipients
        assert await phones.text("Stop") == texts.STOPPED
        assert await recipients.is_silenced(ANN)
        assert (await phones.text("1 250") or "").startswith("Your bid of USD 250")
        assert await phones.text("START") == texts.STARTED
        assert not await recipients.is_silenced(ANN)
        assert await phones.text("HELP") == texts.HELP_TEXT
        assert await phones.text("STOP", OptOutType="STOP") is None
        assert await recipients.is_silenced(ANN)


async def test_a_text_that_is_not_signed_for_us_is_refused(autojump_clock: MockClock) -> None:
    async with open_phones() as phones:
        fields = {"Body": "1 250", "From": ANN, "To": ACCOUNT.number, "MessageSid": "SM1"}
        good = RequestValidator(ACCOUNT.token).compute_signature(URL + WEBHOOK, fields)
        for reply in (
            await phones.post(fields, ""),
            await phones.post(fields, good.swapcase()),
            await phones.post({**fields, "Body": "1 999"}, good),
            await phones.post(fields, url="https://localhost"),
            await phones.house.call("POST", WEBHOOK, body=fields),
            await phones.house.call("POST", WEBHOOK),
        ):
            assert (reply.status, reply.code) == (403, "FORBIDDEN")
        assert await phones.facts() == []
        assert (await phones.post(fields, good)).status == 200


async def test_a_text_without_an_id_is_malformed(autojump_clock: MockClock) -> None:
    async with open_phones() as phones:
        for text_id in ({}, {"MessageSid": "a b"}, {"MessageSid": "x" * 65}):
            fields = {"Body": "1 250", "From": ANN, "To": ACCOUNT.number, **text_id}
            assert (await phones.post(fields)).code == "MALFORMED"


async def test_without_keys_nothing_is_believed(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        phones = Phones(house, "", 0, 0)
        assert (await phones.post({"MessageSid": "SM1"})).code == "FORBIDDEN"


async def test_texts_draw_on_the_bidders_own_rate(autojump_clock: MockClock) -> None:
    limits = ApiLimits(commands=SessionLimits(donor_rate=0.001, donor_burst=4))
    async with open_phones(limits) as phones:
        answers = [await phones.text(f"1 {amount}") for amount in (100, 200, 300, 400)]
        assert answers[-1] == texts.BUSY


@pytest.mark.parametrize("who", ["ann", "clerk"])
async def test_the_number_of_an_event_is_the_houses_or_its_own(
    autojump_clock: MockClock, who: str
) -> None:
    async with open_phones() as phones:
        path = f"/api/v1/events/{phones.event}/text-number"
        assert await phones.house.done("GET", path, who) == {
            "number": ACCOUNT.number,
            "own": False,
        }
        own = {"number": "+15550100009"}
        assert await phones.house.done("PUT", path, "admin", own) == {**own, "own": True}
        assert await phones.house.done("GET", path, who) == {**own, "own": True}
        await phones.house.done("DELETE", path, "admin")
        assert (await phones.house.done("GET", path, who))["own"] is False
        entries = (await phones.house.done("GET", "/api/v1/audit", "admin"))["entries"]
        assert [entry["what"] for entry in entries[:2]] == ["text_number.set"] * 2
        for number in ("5550100009", "+0", "+1 555", ""):
            reply = await phones.house.call("PUT", path, "admin", {"number": number})
            assert (reply.status, reply.code) == (422, "INVALID_FIELD")
