"""What pages, papers, tables and letters make of hostile texts: text, and nothing but text.

One evening in which everything that can be named is named so. What comes back as JSON stands in
`test_every_text.py`; what a browser makes of it in `tests/browser/test_hostile_title.py`.
"""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest
import trio
from trio.testing import MockClock

from saleroom.http.sale.api_results import FORMULA_STARTS
from tests.http.forms import multipart, send
from tests.http.house import House, Reply, open_house
from tests.http.test_api_messages import SANDBOX
from tests.http.test_api_wishes import changed, give, own, wished
from tests.http.test_every_text import HOSTILE
from tests.http.till import FOLIO
from tests.receipts.test_papers import words_of

API = "/api/v1"
RUN = re.compile(r"[ -~]+")
"""What paper has glyphs for in every font."""


class Page(HTMLParser):
    """A page's words and the elements that it is made of."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.words, self.elements = "", set[str]()
        assert reply.status == 200, reply
        self.feed(reply.body.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        assert not any(name.startswith("on") for name, _ in attrs), attrs

    def handle_data(self, data: str) -> None:
        self.words += data


async def evening(house: House, text: str) -> str:
    """A billed evening of which ann's paddle 100 has paid all; give its path."""
    about = dict.fromkeys(("title", "description", "organisation", "address", "contact"), text)
    event = await house.event(**about, tax_number=text)
    path = f"{API}/events/{event}"
    await house.lot(event, title=text, description=text, category=text, group=text)
    guest = {"name": text, "email": "ann@hall.example", "phone": "+12015550101"}
    await house.done("POST", f"{path}/registrations", "ann", guest)
    await house.done("POST", f"{path}/registrations/100/accept-terms", "ann")
    await house.done("PATCH", f"{path}/registrations/100", "clerk", {"table": text, "notes": text})
    for who, name, fields in (
        ("auctioneer", "open_event", {}),
        ("auctioneer", "open_lot", {"lot": 1}),
        ("ann", "place_bid", {"lot": 1, "amount": 10_000}),
        ("auctioneer", "sell_lot", {"lot": 1}),
        ("auctioneer", "close_event", {}),
    ):
        reply = await house.command(event, who, name, **fields)
        assert reply.status == 200, reply
    await house.done("POST", f"{path}/invoices", "admin")
    charge = {"kind": "charge", "amount": 500, "reason": text}
    await house.done("POST", f"{FOLIO.format(event=event)}/adjustments", "admin", charge, key="c")
    paid = {"method": "cash", "amount": 10_500, "note": text}
    await house.done("POST", f"{FOLIO.format(event=event)}/payments", "clerk", paid, key="p")
    return path


def cells_of(reply: Reply) -> set[str]:
    assert reply.status == 200, reply
    table = io.StringIO(reply.body.decode(), newline="")
    return {cell for row in csv.reader(table) for cell in row}


def evened(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("text", HOSTILE)
async def test_everything_is_shown_as_it_was_named(autojump_clock: MockClock, text: str) -> None:
    async with open_house() as house:
        path = await evening(house, text)
        await trio.sleep(1)  # virtual time: the views are written
        for table in ("lots", "results", "ledger"):
            cells = cells_of(await house.call("GET", f"{path}/{table}.csv", "admin"))
            assert (f"'{text}" if text.startswith(FORMULA_STARTS) else text) in cells, table
        for table in ("bids", "summary"):
            cells = cells_of(await house.call("GET", f"{path}/{table}.csv", "admin"))
            assert not any(cell.startswith(FORMULA_STARTS) for cell in cells), table
        for asked in ("lots", "registrations"):
            query = urlencode({"q": text})
            assert (await house.call("GET", f"{path}/{asked}?{query}", "clerk")).status == 200
        category = urlencode({"category": text})
        (lot,) = (await house.done("GET", f"{path}/lots?{category}", "clerk"))["lots"]
        assert lot["title"] == text
        receipt = f"{path}/invoices/1/receipt"
        paper = words_of((await house.call("GET", f"{receipt}.pdf", "ann")).body)
        for run in RUN.findall(text) if text.isascii() else ():
            assert evened(run) in paper
        await house.done("POST", f"{receipt}/mail", "clerk")
        await trio.sleep(40)  # and the letters
        sent = (await house.done("GET", SANDBOX, "admin"))["messages"]
        assert any(evened(text) in evened(each["text"]) for each in sent)
        assert all("\n" not in each["subject"] for each in sent)


@pytest.mark.parametrize("text", [text for text in HOSTILE if set(text) & set("<>&'\"{%")])
async def test_pages_are_made_of_their_own_elements_alone(
    autojump_clock: MockClock, text: str
) -> None:
    async with open_house() as house:
        plain, hostile = [await pages(house, await evening(house, name)) for name in ("Gala", text)]
        assert [page.elements for page in hostile] == [page.elements for page in plain]
        for page in hostile[:2]:
            assert evened(text) in evened(page.words)


async def pages(house: House, path: str) -> list[Page]:
    """Give the pages that are written here: the first two name the event."""
    link = await house.done("POST", f"{path}/folios/100/link", "clerk")
    event = path.rpartition("/")[2]
    addresses = (
        f"{path}/invoices/1/receipt.html",
        f"/pay/{link['url'].rpartition('/')[2]}",
        f"/e/{event}",
        f"/e/{event}/auctioneer",
        f"/e/{event}/display",
    )
    return [Page(await house.call("GET", address, "ann")) for address in addresses]


@pytest.mark.parametrize("text", HOSTILE)
async def test_a_table_of_them_is_taken_over(autojump_clock: MockClock, text: str) -> None:
    async with open_house() as house:
        event = await house.event()
        path = f"{API}/events/{event}"
        table = io.StringIO()
        csv.writer(table).writerows([["Title", "Mode", "Opening bid"], [text, "live", "5"]])
        form = multipart(table.getvalue().encode(), {"kind": "lots"}, "table.csv")
        made = await send(house, f"{path}/imports", "admin", form)
        assert made.status == 201, made
        await house.done("POST", f"{path}/imports/{made.json['id']}/confirm", "admin")
        await trio.sleep(1)
        (lot,) = (await house.done("GET", f"{path}/lots", "clerk"))["lots"]
        assert evened(lot["title"]) == evened(text)


@pytest.mark.parametrize("text", HOSTILE)
async def test_a_giver_says_it_to_the_lists_owner(autojump_clock: MockClock, text: str) -> None:
    async with open_house() as house:
        row = await wished(house, 10_000)
        given = await give(house, row, name=text, message=text)
        assert given.status == 201, given
        await changed(house, row, open=False)
        (giver,) = (await changed(house, row, revealed=True))["givers"]
        assert (giver["name"], giver["message"]) == (text, text)
        assert (await own(house, row["id"]))["givers"] == [giver]
