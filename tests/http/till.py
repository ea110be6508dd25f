"""A closed event with something to pay: what tests of billing and of payments share.

Owns: the sale that those tests bill, and the check that the ledger is in balance. Invariant: each
step goes over HTTP as a client's would. Knows nothing of what is tested.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.http.house import House, Reply

GALA_TERMS = {"premium_ppm": 100_000, "tax_ppm": 72_500, "fee_ppm": 29_000, "fee_fixed": 30}
REASON = {"reason": "a mistake"}
FOLIO = "/api/v1/events/{event}/folios/100"
TOTAL = 22_161
"""What ann owes: a win of 10000, two units at 2500, and a pledge of 5000, with premium and tax."""


async def settled_sale(house: House, terms: dict[str, int] = GALA_TERMS) -> str:
    """A closed event of which ann's paddle 100 owes a win, a purchase and a pledge."""
    event = await house.event()
    await house.lot(event, fmv=4_000)
    await house.lot(event, mode="sale", opening=2_500, quantity=5)
    await house.lot(event, mode="pledge", opening=1_000)
    await house.bidder(event, "ann")
    await house.done("PUT", f"/api/v1/events/{event}/billing", "admin", {**terms, "version": 0})
    for who, name, fields in (
        ("auctioneer", "open_event", {}),
        ("auctioneer", "open_lot", {"lot": 1}),
        ("ann", "place_bid", {"lot": 1, "amount": 10_000}),
        ("auctioneer", "sell_lot", {"lot": 1}),
        ("ann", "buy", {"lot": 2, "units": 2}),
        ("ann", "pledge", {"lot": 3, "level": 5_000}),
        ("auctioneer", "close_event", {}),
    ):
        reply = await house.command(event, who, name, **fields)
        assert reply.status == 200, reply
    return event


async def billed_house(house: House) -> str:
    """The same, billed."""
    event = await settled_sale(house)
    made = await house.done("POST", f"/api/v1/events/{event}/invoices", "admin")
    assert [document["total"] for document in made["documents"]] == [TOTAL]
    return event


async def folio(house: House, event: str) -> Any:
    return await house.done("GET", FOLIO.format(event=event), "clerk")


async def adjust(house: House, event: str, kind: str, amount: int, key: str = "k") -> Reply:
    body = {"kind": kind, "amount": amount, **REASON}
    path = f"{FOLIO.format(event=event)}/adjustments"
    return await house.call("POST", path, "admin", body, key=key.replace(" ", "-"))


async def pay(house: House, event: str, key: str = "k1", **body: Any) -> Reply:
    """Pay at the desk."""
    path = f"{FOLIO.format(event=event)}/payments"
    return await house.call("POST", path, "clerk", body, key=key)


async def refund(house: House, event: str, payment: str, amount: int, key: str = "r1") -> Reply:
    path = f"{FOLIO.format(event=event)}/payments/{payment}/refunds"
    return await house.call("POST", path, "admin", {"amount": amount, **REASON}, key=key)


async def card_on_file(house: House, event: str, who: str = "ann") -> Any:
    path = f"/api/v1/events/{event}/card"
    setup = await house.done("POST", path, who, key=f"card-{who}")
    return await house.done("POST", f"{path}/confirm", who, {"setup": setup["setup"]})


async def link(house: House, event: str) -> str:
    """The API's address of a new checkout link."""
    made = await house.done("POST", f"{FOLIO.format(event=event)}/link", "clerk")
    return f"/api/v1/checkout/{made['url'].rpartition('/')[2]}"


async def balanced(house: House, event: str) -> bool:
    """Whether every balance told is the ledger's own, and all accounts add up to nothing."""
    page = await house.done("GET", f"/api/v1/events/{event}/ledger?limit=200", "admin")
    accounts: Counter[str] = Counter()
    owed: Counter[int] = Counter()
    for entry in page["entries"]:
        for transfer in entry["transfers"]:
            for account, amount in (
                (transfer["debit"], transfer["amount"]),
                (transfer["credit"], -transfer["amount"]),
            ):
                accounts[account] += amount
                if account == "receivable":
                    owed[entry["paddle"]] += amount
    rows = (await house.done("GET", f"/api/v1/events/{event}/folios", "clerk"))["folios"]
    assert {row["paddle"]: row["balance"] for row in rows} == {
        row["paddle"]: owed[row["paddle"]] for row in rows
    }
    money = sum(accounts[name] for name in ("clearing", "cash", "cheques", "other", "refunds"))
    assert sum(row["paid"] for row in rows) == money
    return sum(accounts.values()) == 0
