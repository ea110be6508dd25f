"""Rows of the table of what clients may say: a good request for each route that takes a body.

Owns: how each route is prepared, and where what it was told is shown again. Invariant: a row's
`body` is taken as it stands. What is tested with the rows stands in `test_every_text.py`.
"""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import attrs
from PIL import Image

from tests.http.authorised import BROWSER
from tests.http.forms import multipart, send
from tests.http.house import House
from tests.http.people import EMAIL, PASSWORD, signed_in
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
SECRET: Final = "a secret is shown to nobody"
ONLY_A_KEY: Final = "it is looked up, and never kept"
OF_STAFF: Final = "the journal alone keeps it"


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


VERSION: Final = "<version>"


def _asked(kind: str, who: str = "admin", **more: Any) -> Row:
    """Make the row of a command; what it was told stands in the journal, if anywhere."""
    fields = {name: more.pop(name) for name in tuple(more) if name not in ROW_FIELDS}
    journal = (f"{EVENT}/journal?limit=1000",)
    return Row("POST", COMMANDS, who, {"type": kind, **fields}, **{"shown": journal, **more})


ROW_FIELDS: Final = frozenset({"shown", "unseen", "stage", "status", "reader", "is_once"})
WHY: Final = {"reason": "because"}
ABOUT: Final = {
    "description": "Good",
    "venue": "Pier",
    "contact": "desk",
    "terms": "Pay",
    "organisation": "Friends",
    "address": "1 Pier",
    "tax_number": "12",
    "time_zone": "Europe/Zurich",
    "locale": "de-CH",
    "ladder": "gala",
}
LOT_ABOUT: Final = {
    "description": "Warm",
    "category": "Craft",
    "group": "a",
    "ring": "b",
    "ladder": "gala",
}
GIVER: Final = {"contact": "Zoe", "email": "zoe@hall.example", "phone": "+1 555"}
NEW_GUEST: Final = {"name": "Zoe", "email": "zoe@hall.example", "phone": "+1 555"}
CREDENTIALS: Final = {"email": EMAIL, "password": PASSWORD}

ROWS: Final = (
    Row(
        "POST",
        f"{API}/auth/register",
        None,
        {"email": "{n}@hall.example", "password": PASSWORD, "name": "Ann", "phone": "+1 555"},
        (f"{API}/accounts?limit=200",),
        {"password": SECRET},
        stage=nothing,
        status=201,
    ),
    Row("POST", f"{API}/auth/login", None, CREDENTIALS, unseen={"password": SECRET}, stage=account),
    Row(
        "POST",
        f"{API}/auth/refresh",
        None,
        {"refresh_token": "x"},
        unseen={"refresh_token": SECRET},
        stage=nothing,
        status=401,
    ),
    Row(
        "POST",
        f"{API}/auth/logout",
        None,
        {"refresh_token": "x"},
        unseen={"refresh_token": SECRET},
        stage=nothing,
        status=204,
    ),
    Row(
        "POST",
        f"{API}/auth/password",
        ACCOUNT,
        {"current": PASSWORD, "new": "another harbor nine"},
        unseen={"current": SECRET, "new": SECRET},
        stage=account,
        status=204,
    ),
    Row("POST", f"{API}/auth/reset", None, {"email": EMAIL}, stage=account, status=202),
    Row(
        "POST",
        f"{API}/auth/reset/confirm",
        None,
        {"token": "x", "password": PASSWORD},
        unseen={"token": SECRET, "password": SECRET},
        stage=nothing,
        status=404,
    ),
    Row(
        "POST",
        f"{API}/auth/verify-email/confirm",
        None,
        {"token": "x"},
        unseen={"token": SECRET},
        stage=nothing,
        status=404,
    ),
    Row(
        "PATCH",
        f"{API}/me",
        ACCOUNT,
        {"name": "Ann", "phone": "+1 555"},
        (f"{API}/me",),
        stage=account,
        reader=ACCOUNT,
    ),
    Row(
        "POST",
        f"{API}/me/erase",
        "ann",
        {"confirm": "erase my data", "password": "x"},
        unseen={"password": SECRET},
        is_once=True,
    ),
    Row(
        "PATCH",
        f"{API}/accounts/{{account}}",
        "admin",
        {"roles": ["clerk"], "events": ["gala"]},
        (f"{API}/accounts/{{account}}",),
        stage=account,
    ),
    Row(
        "PUT",
        f"{API}/me/preferences",
        "ann",
        {"choices": {}, "quiet": {"start": "22:00", "end": "07:00"}, "zone": "Europe/Zurich"},
        stage=nothing,
    ),
    Row("POST", f"{API}/me/devices", "ann", BROWSER, stage=nothing, status=201),
    Row(
        "POST",
        f"{API}/events",
        "admin",
        {"title": "Gala", "currency": "USD", **ABOUT},
        (f"{API}/events/{{id}}",),
        stage=nothing,
        status=201,
    ),
    Row(
        "PATCH",
        EVENT,
        "admin",
        {"version": VERSION, "title": "Gala", "currency": "USD", **ABOUT},
        (EVENT,),
        stage=draft,
    ),
    Row(
        "POST",
        f"{EVENT}/duplicate",
        "admin",
        {"title": "Gala"},
        (f"{API}/events/{{id}}",),
        status=201,
    ),
    Row(
        "POST",
        f"{EVENT}/categories",
        "clerk",
        {"name": "Wine"},
        (f"{EVENT}/categories",),
        status=201,
    ),
    Row(
        "PATCH",
        f"{EVENT}/categories/{{category}}",
        "clerk",
        {"version": VERSION, "name": "Wine"},
        (f"{EVENT}/categories",),
    ),
    Row(
        "POST",
        f"{EVENT}/donors",
        "clerk",
        {"name": "Vintner", **GIVER},
        (f"{EVENT}/donors",),
        status=201,
    ),
    Row(
        "PATCH",
        f"{EVENT}/donors/{{donor}}",
        "clerk",
        {"version": VERSION, "name": "Vintner", **GIVER},
        (f"{EVENT}/donors/{{donor}}",),
    ),
    Row(
        "POST",
        f"{EVENT}/lots",
        "admin",
        {"title": "A quilt", "mode": "live", "opening": 500, **LOT_ABOUT},
        (f"{EVENT}/lots/{{lot}}",),
        status=201,
    ),
    Row("PATCH", LOT, "admin", {"version": VERSION, "title": "A quilt", **LOT_ABOUT}, (LOT,)),
    Row(
        "POST",
        f"{LOT}/images",
        "clerk",
        {"alt": "Red"},
        (LOT,),
        status=201,
        is_once=True,
        is_form=True,
    ),
    Row("PATCH", f"{LOT}/images/{{key}}", "clerk", {"alt": "Red"}, (LOT,), stage=pictured),
    Row("PUT", f"{LOT}/images/order", "clerk", {"keys": ["{key}"]}, stage=pictured),
    Row(
        "POST",
        f"{EVENT}/registrations",
        "clerk",
        {"user": "zoe-{n}", **NEW_GUEST},
        (f"{EVENT}/registrations/{{paddle}}",),
        status=201,
    ),
    Row("PATCH", GUEST, "clerk", {"notes": "Late", "table": "7", **NEW_GUEST}, (GUEST,)),
    Row(
        "POST",
        f"{EVENT}/join-codes",
        "clerk",
        {"table": "7"},
        (f"{EVENT}/join-codes?limit=200",),
        status=201,
    ),
    Row(
        "POST",
        f"{API}/join/invitation",
        None,
        {"code": "00000-00000"},
        unseen={"code": ONLY_A_KEY},
        stage=nothing,
        status=404,
    ),
    Row(
        "POST",
        f"{API}/join",
        None,
        {"code": "00000-00000", "accept_terms": True, **NEW_GUEST},
        unseen=dict.fromkeys(("code", "name", "phone"), "the code is nobody's"),
        stage=nothing,
        status=404,
    ),
    Row(
        "PUT",
        f"{EVENT}/text-number",
        "admin",
        {"number": "+15550100000"},
        (f"{EVENT}/text-number",),
    ),
    Row(
        "POST",
        BIDS,
        "ann",
        {"event": "{event}", "lot": 2, "max": 20_000},
        is_once=True,
        refused=("UNKNOWN_EVENT", "MALFORMED"),
    ),
    Row(
        "POST",
        f"{FOLIO}/adjustments",
        "admin",
        {"kind": "charge", "amount": 100, **WHY},
        (f"{EVENT}/ledger",),
        stage=paid,
    ),
    Row(
        "POST",
        f"{FOLIO}/payments",
        "clerk",
        {"method": "cash", "amount": 100, "note": "envelope"},
        (FOLIO,),
        stage=paid,
        status=201,
    ),
    Row(
        "POST",
        f"{FOLIO}/payments/{{payment}}/refunds",
        "admin",
        {"amount": 100, **WHY},
        (FOLIO,),
        stage=paid,
        status=201,
    ),
    Row(
        "POST",
        f"{EVENT}/invoices/{{number}}/credit",
        "admin",
        {"lines": ["{line}"], **WHY},
        (FOLIO,),
        stage=paid,
        status=201,
        is_once=True,
    ),
    Row(
        "POST",
        f"{EVENT}/card/confirm",
        "ann",
        {"setup": "seti_1"},
        unseen={"setup": ONLY_A_KEY},
        status=404,
    ),
    Row(
        "POST",
        f"{API}/me/wishlists",
        "ann",
        {"title": "Wishes", "currency": "USD"},
        (f"{API}/me/wishlists/{{id}}",),
        stage=nothing,
        status=201,
        reader="ann",
    ),
    Row(
        "PATCH",
        f"{API}/me/wishlists/{{list}}",
        "ann",
        {"title": "Wishes"},
        (f"{API}/me/wishlists/{{list}}", f"{API}/wishlists/{{link}}"),
        stage=wishes,
        reader="ann",
    ),
    Row(
        "POST",
        f"{API}/me/wishlists/{{list}}/items",
        "ann",
        {"title": "A bench", "amount": 100},
        (f"{API}/wishlists/{{link}}",),
        stage=wishes,
        status=201,
        reader="bob",
    ),
    Row(
        "POST",
        f"{API}/me/wishlists/{{list}}/lots",
        "ann",
        {"event": "{event}", "lot": 2, "title": "A bench"},
        (f"{API}/wishlists/{{link}}",),
        stage=wishes,
        status=201,
        reader="bob",
    ),
    Row(
        "POST",
        f"{API}/wishlists/{{link}}/items/{{item}}/gifts",
        "bob",
        {"amount": 100, "name": "Bob", "message": "Love"},
        unseen=dict.fromkeys(("name", "message"), "for the list's owner: test_texts_shown.py"),
        stage=wishes,
        status=201,
        reader="bob",
    ),
    _asked("announce", text="Dinner is served"),
    _asked("pause_event", **WHY, is_once=True),
    _asked("withdraw_lot", lot=2, **WHY, is_once=True),
    _asked("reopen_lot", lot=4, **WHY, is_once=True),
    _asked("retract_bids", lot=1, paddle=101, **WHY, is_once=True),
    _asked("offer_runner_up", lot=2, **WHY, stage=sold, is_once=True),
    _asked("void_pledge", seq="{seq}", **WHY, is_once=True),
    _asked("lock_paddle", paddle=100, **WHY, is_once=True),
    _asked(
        "add_paddle",
        user="zoe-{n}",
        table="7",
        **NEW_GUEST,
        shown=(f"{EVENT}/registrations/{{paddle}}",),
    ),
    _asked(
        "change_paddle",
        paddle="{guest}",
        table="7",
        user="zoe",
        shown=(f"{EVENT}/registrations/{{guest}}",),
        is_once=True,
    ),
    _asked(
        "add_lot",
        title="A quilt",
        mode="live",
        opening=500,
        group="a",
        ring="b",
        ladder="gala",
    ),
    _asked("change_lot", lot=2, title="A quilt", group="a", ring="b", ladder="gala"),
)
"""Every route, and every command, that takes a text; the others take numbers and known words."""

OF_NO_FORM: Final = {
    ("POST", f"{API}/webhooks/stripe"): "signed, and read by Stripe's own library",
    ("POST", f"{API}/webhooks/twilio/sms"): "signed by Twilio: test_api_texts.py",
    ("POST", "/pay/{token}"): "a page's own form: test_api_pay.py",
}
"""{operation: what it takes in place of declared fields, and who tests it}"""
