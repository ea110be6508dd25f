"""What clients may say, and the house that it is said to.

Owns: how a row of that table is written, and how each row's house is prepared. Invariant: a stage
leaves a house in which its rows' requests are taken as they stand. The rows stand in
`spoken_rows.py`, what is tested with them in `test_every_text.py`.
"""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import attrs
from PIL import Image

from tests.http.forms import multipart, send
from tests.http.house import House
from tests.http.people import signed_in
from tests.http.till import billed_house, pay

Names = dict[str, Any]
Stage = Callable[[House], Awaitable[Names]]

API: Final = "/api/v1"
EVENT: Final = f"{API}/events/{{event}}"
LOT: Final = f"{EVENT}/lots/{{lot}}"
GUEST: Final = f"{EVENT}/registrations/{{paddle}}"
FOLIO: Final = f"{EVENT}/folios/{{paddle}}"
BIDS: Final = f"{API}/bids"
COMMANDS: Final = f"{EVENT}/commands"
ACCOUNT: Final = "token"
"""Who speaks for the account that a stage signs in: the stage has its token under this name."""
VERSION: Final = "<version>"
"""Stands for the version that is read where a row is shown."""


async def nothing(house: House) -> Names:
    return {}


async def draft(house: House) -> Names:
    event = await house.event(draft=True)
    return {"event": event, "lot": await house.lot(event)}


async def sale(house: House) -> Names:
    """An open sale: bids on lot 1, lot 2 has not opened, 3 is a fund, 4 was passed."""
    event = await house.sale(mode="silent")
    for mode in ("live", "pledge", "live"):
        await house.lot(event, mode=mode)
    await house.bidder(event, "bob")
    path = f"{API}/events/{event}"
    category = await house.done("POST", f"{path}/categories", "admin", {"name": "Craft"})
    donor = await house.done("POST", f"{path}/donors", "admin", {"name": "Vintner"})
    names: Names = {"event": event, "lot": 2, "paddle": 100, "category": category["id"]}
    guest = await house.done("POST", f"{path}/registrations", "clerk", {"name": "Zoe"})
    names |= {"donor": donor["id"], "guest": guest["paddle"]}
    for who, name, fields in (
        ("ann", "place_bid", {"lot": 1, "amount": 10_000}),
        ("bob", "place_bid", {"lot": 1, "amount": 20_000}),
        ("ann", "pledge", {"lot": 3, "level": 10_000}),
        ("auctioneer", "open_lot", {"lot": 4}),
        ("auctioneer", "pass_lot", {"lot": 4}),
    ):
        reply = await house.command(event, who, name, **fields)
        assert reply.status == 200, reply
        if name == "pledge":
            names["seq"] = reply.json["seq"]
    return names


async def sold(house: House) -> Names:
    """A live lot that ann has won, and bob bid on."""
    names = await sale(house)
    for who, name, fields in (
        ("auctioneer", "open_lot", {}),
        ("bob", "place_bid", {"amount": 10_000}),
        ("ann", "place_bid", {"amount": 11_000}),
        ("auctioneer", "sell_lot", {}),
    ):
        reply = await house.command(names["event"], who, name, lot=2, **fields)
        assert reply.status == 200, reply
    return names


async def pictured(house: House) -> Names:
    names = await sale(house)
    form = multipart(picture())
    added = await send(house, LOT.format(**names) + "/images", "clerk", form)
    return {**names, "key": added.json["key"]}


async def paid(house: House) -> Names:
    event = await billed_house(house)
    made = await pay(house, event, method="cash", amount=10_000)
    bill = await house.done("GET", f"{API}/events/{event}/invoices/1", "clerk")
    line = bill["lines"][0]["key"]
    return {"event": event, "paddle": 100, "number": 1, "payment": made.json["id"], "line": line}


async def account(house: House) -> Names:
    token = (await signed_in(house))["access_token"]
    return {ACCOUNT: token, "account": (await house.done("GET", f"{API}/me", token))["id"]}


async def wishes(house: House) -> Names:
    names = await sale(house)
    mine = f"{API}/me/wishlists"
    made = await house.done("POST", mine, "ann", {"title": "Wishes", "currency": "USD"})
    body = {"title": "A bench", "amount": 1_000_000}
    item = await house.done("POST", f"{mine}/{made['id']}/items", "ann", body)
    return {**names, "list": made["id"], "link": made["link"], "item": item["item"]}


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "PNG")
    return out.getvalue()


@attrs.frozen
class Row:
    """One request that is taken. `{name}` stands for what the stage, or the answer, names so.

    shown: addresses that show what was said, to `reader`; the answer itself where there are none.
    unseen: {field: why it is shown nowhere}. status: of the answer. is_once: the stage is made anew
    for each request. A field whose value is `VERSION` is read where the row is shown.
    """

    method: str
    path: str
    who: str | None
    body: Mapping[str, Any]
    shown: tuple[str, ...] = ()
    unseen: Mapping[str, str] = attrs.field(factory=dict)
    stage: Stage = sale
    status: int = 200
    reader: str = "admin"
    is_once: bool = False
    is_form: bool = False
    refused: tuple[str, ...] = ("INVALID_", "MALFORMED")

    def of(self, texts: Sequence[str]) -> Sequence[str]:
        """Give the texts that the row says: one in three where each needs a stage of its own."""
        return texts[::3] if self.is_once else texts

    @property
    def is_naming(self) -> bool:
        """Whether the refusal of a text names its field; that of a command follows rule 29."""
        return self.path not in (COMMANDS, BIDS)

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells a row from others: commands have one address in common."""
        kind = self.body["type"] if self.path == COMMANDS else ""
        return self.method, self.path, kind
