"""The demo's money: cards on file, and after the sale invoices, charges, a refund and the sums.

Owns: what the gala's treasurer does. Invariant: everything goes over HTTP, with tokens and keys as
any client's; no money moves but at localstripe or in the sandbox. Source: PROTOCOL 7, issue 8.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import attrs
import httpx
import trio

from saleroom import demo_gala
from saleroom.auction.roles import Role
from saleroom.demo_stripe import complete_setup
from saleroom.receipts.language import speak

TREASURER: Final = "tess.treasurer"
TERMS: Final = {"premium_ppm": 100_000, "tax_ppm": 72_500, "fee_ppm": 29_000, "fee_fixed": 30}
"""10 % for the house, 7.25 % tax; 2.9 % and 30 cents for the processor."""
ANSWER_S: Final = 30.0
TRIES: Final = 20
CASH_EVERY: Final = 7
"""Every so many a guest has no card and pays at the desk."""
COVERED_EVERY: Final = 3
"""Every so many a payer covers the processor's fee."""

Token = Callable[[str, Role], str]


@attrs.define(eq=False)
class Treasurer:
    """The gala's. token: signs one for a person. stripe: localstripe's address, if it runs."""

    base_url: str
    event: str
    token: Token
    tell: Callable[[str], None]
    stripe: str | None = None

    @property
    def path(self) -> str:
        return f"/api/v1/events/{self.event}"

    async def prepare(self) -> None:
        """Set the rates, and have the guests put their cards on file."""
        async with self._client() as client:
            terms = await self._ask(client, "GET", f"{self.path}/billing")
            wanted = {**TERMS, "version": terms["version"]}
            await self._ask(client, "PUT", f"{self.path}/billing", wanted)
            kept = [
                await self._keep_card(client, user)
                for place, (_, user, _) in enumerate(demo_gala.guests())
                if place % CASH_EVERY
            ]
        where = "in the sandbox" if self.stripe is None else "at localstripe"
        self.tell(f"        {sum(kept)} guests have put a card on file {where}")

    async def settle(self) -> None:
        """Charge what is owed once the sale is billed, give one payment back, and tell the sums."""
        async with self._client() as client:
            folios = await self._billed(client)
            paid = [await self._charge(client, place, row) for place, row in enumerate(folios)]
            cards = [(row, payment) for row, payment in paid if payment["method"] == "card"]
            if cards:
                await self._refund(client, *cards[0])
            await self._tell_sums(client)

    async def _keep_card(self, client: httpx.AsyncClient, user: str) -> bool:
        """Put a guest's card on file; at a processor that is not ours to play with, none is."""
        who, key = (user, Role.DONOR), f"card-{user}"
        setup = await self._ask(client, "POST", f"{self.path}/card", who=who, key=key)
        if self.stripe is not None:
            await complete_setup(self.stripe, setup["setup"], setup["client_secret"])
        elif not setup["sandbox"]:
            return False
        done = {"setup": setup["setup"]}
        await self._ask(client, "POST", f"{self.path}/card/confirm", done, who=who)
        return True

    async def _billed(self, client: httpx.AsyncClient) -> list[dict[str, Any]]:
        """Bill the sale, which it would be by itself within seconds, and give what is owed."""
        await self._ask(client, "POST", f"{self.path}/invoices")
        invoices = await self._ask(client, "GET", f"{self.path}/invoices?limit=200")
        billed = sum(document["total"] for document in invoices["documents"])
        self.tell(f"BILLED  {len(invoices['documents'])} invoices over {self._money(billed)}")
        page = await self._ask(client, "GET", f"{self.path}/folios?limit=200")
        return [row for row in page["folios"] if row["balance"] > 0]

    async def _charge(
        self, client: httpx.AsyncClient, place: int, row: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Take what a paddle owes, by card where there is one."""
        path = f"{self.path}/folios/{row['paddle']}"
        folio = await self._ask(client, "GET", path)
        body = {"method": "cash", "amount": folio["due"]}
        if folio["card"] is not None:
            is_covered = place % COVERED_EVERY == 0
            body = {"method": "card", "amount": folio["due"], "cover_fee": is_covered}
        payment = await self._ask(
            client, "POST", f"{path}/payments", body, key=f"settle-{row['paddle']}"
        )
        how = "in cash"
        if folio["card"] is not None:
            how = f"by {folio['card']['brand']} {folio['card']['last4']}"
        cover = f", {self._money(payment['fee_cover'])} for the fee" if payment["fee_cover"] else ""
        self.tell(
            f"PAID    paddle {row['paddle']}: {self._money(payment['charged'])} {how}{cover}"
            f" ({payment['state']})"
        )
        return row, payment

    async def _refund(
        self, client: httpx.AsyncClient, row: dict[str, Any], payment: dict[str, Any]
    ) -> None:
        path = f"{self.path}/folios/{row['paddle']}/payments/{payment['id']}/refunds"
        body = {"amount": max(1, payment["amount"] // 2), "reason": "the lighthouse is closed"}
        made = await self._ask(client, "POST", path, body, key=f"refund-{row['paddle']}")
        self.tell(
            f"REFUND  paddle {row['paddle']}: {self._money(made['amount'])} back ({made['state']})"
        )

    async def _tell_sums(self, client: httpx.AsyncClient) -> None:
        sums = await self._ask(client, "GET", f"{self.path}/summary")
        for name, words in (
            ("gross", "sold and pledged"),
            ("premium", "premium"),
            ("tax", "tax"),
            ("received_sum", "received"),
            ("refunded", "given back"),
            ("unpaid", "unpaid"),
            ("fees", "the processor's fees"),
            ("net", "left of what was received"),
        ):
            self.tell(f"SUMS    {words}: {self._money(sums[name])}")
        self.tell(f"        {self.base_url}{self.path}/invoices/1/receipt.pdf is a receipt,")
        self.tell(f"        {self.base_url}{self.path}/ledger.csv the ledger (as admin)")

    async def _ask(
        self,
        client: httpx.AsyncClient,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        who: tuple[str, Role] = (TREASURER, Role.ADMIN),
        key: str | None = None,
    ) -> dict[str, Any]:
        """Ask until there is a certain answer; keys make that harmless. Raises DemoFailed."""
        headers = {"Authorization": f"Bearer {self.token(*who)}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        for _ in range(TRIES):
            try:
                answer = await client.request(method, path, json=body, headers=headers)
            except httpx.HTTPError as error:
                raise DemoFailed(f"{method} {path}: {type(error).__name__}") from None
            if answer.status_code not in (429, 503):
                break
            await trio.sleep(float(answer.headers.get("Retry-After", "1")))
        if not answer.is_success:
            raise DemoFailed(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        given: dict[str, Any] = answer.json()
        return given

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.base_url, timeout=ANSWER_S)

    def _money(self, amount: int) -> str:
        return speak("en-US", None).money(amount, demo_gala.CURRENCY)


class DemoFailed(Exception):
    """The server declined what the demo asked."""
