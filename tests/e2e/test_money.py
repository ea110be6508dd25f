"""From the hammer to the receipt as a stranger sees it: a real server, over the wire alone.

Around it stand a second implementation of Stripe, a stand-in for Twilio and a mail server.
"""

from __future__ import annotations

import html
import json
import re
import time
from collections import Counter
from typing import Any

import attrs
import httpx
import stripe
import trio
from twilio.request_validator import RequestValidator

from saleroom.auction.roles import Role
from saleroom.demo_post import DemoPost, open_post
from saleroom.demo_stripe import (
    PUBLISHABLE_KEY,
    SECRET_KEY,
    complete_setup,
    localstripe_python,
    open_localstripe,
)
from saleroom.messages.office import WEBHOOK
from tests.e2e.progress import Progress
from tests.e2e.server import START_S, ServerProcess, running_server

GUARD_S = 120.0
URL = "https://gala.example"
TWILIO_TOKEN, NUMBER = "a-token-of-tests", "+12025550100"
STRIPE_SECRET = "whsec_a_secret_of_tests"
STRANGER, PHONE, PASSWORD = "ann@hall.example", "+12015550101", "violet harbor nine"
TERMS = {"premium_ppm": 100_000, "tax_ppm": 72_500, "fee_ppm": 29_000, "fee_fixed": 30}
TOTAL = 41_291
"""Of a hammer price of 35000: 10 % premium, and 7.25 % tax on both."""


@attrs.define(eq=False)
class Hall:
    """Everything that runs. base: localstripe's address. progress: of the post."""

    server: ServerProcess
    post: DemoPost
    base: str
    progress: Progress
    token: str = ""
    event: str = ""
    keys: int = 0

    async def call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Ask as the stranger."""
        self.keys += 1
        headers = {"Idempotency-Key": f"ann-{self.keys}"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        async with httpx.AsyncClient(base_url=self.server.url, timeout=START_S) as http:
            return await http.request(method, f"/api/v1{path}", json=body, headers=headers)

    async def done(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self.call(method, path, body)
        assert answer.is_success, (path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    async def staff(self, path: str, body: Any) -> Any:
        return await self.server.post(f"/events/{self.event}{path}", body, "root", Role.ADMIN)

    async def text(self, body: str) -> str:
        """Send a text from the stranger's phone by way of Twilio, and give the answer."""
        self.keys += 1
        fields = {"Body": body, "From": PHONE, "To": NUMBER, "MessageSid": f"SM{self.keys:032}"}
        signature = RequestValidator(TWILIO_TOKEN).compute_signature(URL + WEBHOOK, fields)
        headers = {"X-Twilio-Signature": signature}
        async with httpx.AsyncClient(timeout=START_S) as http:
            answer = await http.post(self.server.url + WEBHOOK, data=fields, headers=headers)
        assert answer.status_code == 200, answer.text
        found = re.search("<Message>(.*)</Message>", answer.text)
        assert found is not None
        return html.unescape(found[1])

    async def hear(self, event: dict[str, Any], secret: str = STRIPE_SECRET) -> httpx.Response:
        """Deliver one of Stripe's webhooks."""
        body = json.dumps(event)
        signature = stripe.WebhookSignature.generate_signature_header(
            body, secret, int(time.time())
        )
        async with httpx.AsyncClient(base_url=self.server.url, timeout=START_S) as http:
            return await http.post(
                "/api/v1/webhooks/stripe", content=body, headers={"Stripe-Signature": signature}
            )

    async def at_stripe(self, method: str, path: str, form: dict[str, Any] | None = None) -> Any:
        """Ask Stripe, as somebody at its own desk."""
        async with httpx.AsyncClient(base_url=self.base, auth=(SECRET_KEY, "")) as http:
            answer = await http.request(method, f"/v1{path}", data=form)
        assert answer.is_success, answer.text
        return answer.json()

    async def come_in(self) -> int:
        """Register, confirm the address by its letter, put a card on file; give the paddle."""
        mine = {"email": STRANGER, "password": PASSWORD, "name": "Ann Archer", "phone": PHONE}
        await self.done("POST", "/auth/register", mine)
        await self.progress.until(lambda: bool(self.post.letters))
        code = re.search(r"/verify#(\S+)", self.post.letters[0].text)
        assert code is not None
        await self.done("POST", "/auth/verify-email/confirm", {"token": code[1]})
        sign_in = {"email": STRANGER, "password": PASSWORD}
        self.token = (await self.done("POST", "/auth/login", sign_in))["access_token"]
        path = f"/events/{self.event}"
        paddle: int = (await self.done("POST", f"{path}/registrations", {"name": "Ann Archer"}))[
            "paddle"
        ]
        await self.done("POST", f"{path}/registrations/{paddle}/accept-terms", {})
        setup = await self.done("POST", f"{path}/card")
        await complete_setup(self.base, setup["setup"], setup["client_secret"])
        card = await self.done("POST", f"{path}/card/confirm", {"setup": setup["setup"]})
        assert (card["brand"], card["last4"]) == ("visa", "4242")
        return paddle

    async def accounts(self) -> Counter[str]:
        """Add up the ledger's accounts."""
        page = await self.server.get(f"/events/{self.event}/ledger?limit=200", "root", Role.ADMIN)
        sums: Counter[str] = Counter()
        for entry in page["entries"]:
            for transfer in entry["transfers"]:
                sums[transfer["debit"]] += transfer["amount"]
                sums[transfer["credit"]] -= transfer["amount"]
        return sums


async def test_a_stranger_bids_by_text_pays_and_is_given_back() -> None:
    python = localstripe_python()
    assert python is not None, "localstripe is missing: run make install-tests"
    progress = Progress()
    with trio.fail_after(GUARD_S):
        async with (
            open_localstripe(python) as base,
            open_post(lambda _: progress.made()) as post,
        ):
            settings = {
                "SALEROOM_PUBLIC_URL": URL,
                "SALEROOM_SMTP_URL": post.smtp_url,
                "SALEROOM_MAIL_FROM": "Gala <desk@gala.example>",
                "SALEROOM_TWILIO_ACCOUNT": "AC" + "0" * 32,
                "SALEROOM_TWILIO_TOKEN": TWILIO_TOKEN,
                "SALEROOM_TWILIO_NUMBER": NUMBER,
                "SALEROOM_TWILIO_API_BASE": post.twilio_base,
                "SALEROOM_STRIPE_SECRET_KEY": SECRET_KEY,
                "SALEROOM_STRIPE_PUBLISHABLE_KEY": PUBLISHABLE_KEY,
                "SALEROOM_STRIPE_WEBHOOK_SECRET": STRIPE_SECRET,
                "SALEROOM_STRIPE_API_BASE": base,
            }
            async with running_server("tests.e2e.hasty", **settings) as (server, _):
                await _evening(Hall(server, post, base, progress))


async def _evening(hall: Hall) -> None:
    lot = {"lot": 1, "title": "A quilt", "mode": "silent", "opening": 10_000}
    ends_at = int(time.time() * 1000) + 24 * 3_600_000
    hall.event = await hall.server.create_event([{**lot, "ends_at": ends_at}], ["bob"])
    path = f"{hall.server.url}/api/v1/events/{hall.event}/billing"
    headers = {"Authorization": f"Bearer {hall.server.token('root', Role.ADMIN)}"}
    async with httpx.AsyncClient(timeout=START_S) as http:
        kept = await http.put(path, json={**TERMS, "version": 0}, headers=headers)
    assert kept.status_code == 200, kept.text
    paddle = await hall.come_in()
    await hall.staff("/commands", {"type": "open_event"})

    assert await hall.text("1 250") == "Your bid of USD 250 leads lot 1. Thank you!"
    bid = {"event": hall.event, "lot": 1, "amount": 30_000}
    assert (await hall.server.post("/bids", bid, "bob", Role.DONOR))["leading"]
    await hall.progress.until(lambda: bool(hall.post.texts))
    outbid = hall.post.texts[0]
    assert outbid.to == PHONE
    assert "you are outbid on lot 1, A quilt. It stands at USD 300." in outbid.text
    assert await hall.text("BID 1 350") == "Your bid of USD 350 leads lot 1. Thank you!"

    await hall.staff("/commands", {"type": "close_event"})
    await hall.progress.until(lambda: any("is yours" in text.text for text in hall.post.texts))
    await hall.staff("/invoices", {})
    folio = f"/folios/{paddle}"
    owed = await hall.done("GET", f"/events/{hall.event}{folio}")
    assert (owed["due"], owed["documents"][0]["label"]) == (TOTAL, "INV-000001")

    paid = await hall.staff(f"{folio}/payments", {"method": "card", "amount": TOTAL})
    assert paid["state"] == "captured"
    letters = hall.post.letters
    await hall.progress.until(lambda: any(letter.papers for letter in letters))
    receipt = next(letter for letter in letters if letter.papers)
    assert (receipt.to, receipt.papers) == (STRANGER, ("INV-000001.pdf",))

    given = {"amount": 1_291, "reason": "a loose thread"}
    refund = await hall.staff(f"{folio}/payments/{paid['id']}/refunds", given)
    assert refund["state"] == "paid"
    await _heard_from_stripe(hall)

    (payment,) = (await hall.done("GET", f"/events/{hall.event}{folio}"))["payments"]
    assert payment["refunded"] == 2_291
    sums = await hall.accounts()
    assert sum(sums.values()) == 0
    assert sums["receivable"] == sums["refunds"] == 0
    charges = (await hall.at_stripe("GET", "/charges"))["data"]
    in_hand = sum(charge["amount"] - charge["amount_refunded"] for charge in charges)
    assert sums["clearing"] == in_hand == TOTAL - 2_291


async def _heard_from_stripe(hall: Hall) -> None:
    """Give a part back at Stripe's own desk; word of it is taken in once, and only from Stripe."""
    (charge,) = (await hall.at_stripe("GET", "/charges"))["data"]
    made = await hall.at_stripe("POST", "/refunds", {"charge": charge["id"], "amount": 1_000})
    subject = {**made, "payment_intent": charge["payment_intent"]}
    event = {
        "id": "evt_1",
        "object": "event",
        "type": "refund.created",
        "data": {"object": subject},
    }
    forged = await hall.hear(event, "whsec_another")
    assert (forged.status_code, forged.json()["code"]) == (403, "FORBIDDEN")
    assert [(await hall.hear(event)).json() for _ in range(2)] == [
        {"taken": True},
        {"taken": False},
    ]
