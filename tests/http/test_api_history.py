"""Bid histories, and tables of lots and bids (PROTOCOL 7, rules 5, 16 and 17)."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from saleroom.http.sale import api_exports
from tests.http.house import House, Reply, open_house

EVENTS = "/api/v1/events"


async def settled() -> None:
    """Let the checkpointer write (virtual time)."""
    await trio.sleep(1)


# Bids


async def bids(house: House, event: str, query: str = "") -> Any:
    return await house.done("GET", f"{EVENTS}/{event}/lots/1/bids{query}")


async def test_bids_are_shown_by_the_price_they_made_newest_first(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        event = await house.sale(mode="silent")
        await house.bidder(event, "bob")
        for who, name, fields in (
            ("ann", "set_max_bid", {"max": 50_000}),
            ("bob", "place_bid", {"amount": 20_000}),
            ("bob", "set_max_bid", {"max": 77_700}),
            ("bob", "set_max_bid", {"max": 99_900}),
        ):
            assert (await house.command(event, who, name, lot=1, **fields)).status == 200
        whole = await bids(house, event)
        shown = [(bid["bidder"], bid["amount"], bid["leader"]) for bid in whole["bids"]]
        assert shown == [(101, 55_000, 101), (101, 21_000, 100), (100, 10_000, 100)]
        assert whole["next"] is None
        reply = await house.call("GET", f"{EVENTS}/{event}/lots/1/bids", "admin")
        for secret in (b"50000", b"77700", b"99900", b"ann", b"bob"):
            assert secret not in reply.body
        first = await bids(house, event, "?limit=2")
        assert (await house.command(event, "ann", "place_bid", lot=1, amount=110_000)).status == 200
        rest = await bids(house, event, f"?limit=2&cursor={first['next']}")
        assert first["bids"] + rest["bids"] == whole["bids"]
        assert rest["next"] is None
        strange = f"{EVENTS}/{event}/lots/2/bids?cursor={first['next']}"
        assert (await house.call("GET", strange)).code == "UNKNOWN_CURSOR"
        assert (await house.call("GET", f"{EVENTS}/{event}/lots/2/bids")).code == "UNKNOWN_LOT"


async def test_bids_on_the_floor_before_the_opening_and_undone(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        await house.bidder(event, "bob")

        async def does(who: str, name: str, **fields: Any) -> None:
            reply = await house.command(event, who, name, lot=1, **fields)
            assert reply.status == 200, reply

        await does("ann", "set_max_bid", max=30_000)
        await does("auctioneer", "open_lot")
        await does("clerk", "floor_bid", amount=40_000)
        await does("clerk", "assign_floor", paddle=101)
        await does("ann", "place_bid", amount=42_500)
        await does("auctioneer", "undo")
        shown = [
            (bid["bidder"], bid["amount"], bid["source"], bid["seq"] is None)
            for bid in (await bids(house, event))["bids"]
        ]
        assert shown == [(101, 40_000, "floor", False), (100, 10_000, "absentee", True)]
        await does("auctioneer", "pass_lot")
        await does("auctioneer", "reopen_lot")
        await does("ann", "place_bid", amount=10_000)
        amounts = [bid["amount"] for bid in (await bids(house, event))["bids"]]
        assert amounts == [10_000, 40_000, 10_000]


async def test_a_lot_without_bids_has_an_empty_history(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale(mode="sale", opening=500)
        assert (await house.command(event, "ann", "buy", lot=1)).status == 200
        assert await bids(house, event) == {"bids": [], "next": None}


# Tables


def table(reply: Reply) -> list[dict[str, str]]:
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(reply.body.decode(), newline="")))


async def test_lots_leave_as_a_table_in_pages(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_exports, "PAGE_ROWS", 2)
    async with open_house() as house:
        event = await house.event()
        donors = f"{EVENTS}/{event}/donors"
        donor = (await house.done("POST", donors, "clerk", {"name": "Ann", "hidden": True}))["id"]
        await house.lot(event, title="=1+1", category="Wine", donor=donor, reserve=77_700)
        for _ in range(4):
            await house.lot(event)
        await settled()
        reply = await house.call("GET", f"{EVENTS}/{event}/lots.csv", "clerk")
        assert reply.headers["content-disposition"].endswith(f'"lots-{event}.csv"')
        rows = table(reply)
        assert [row["lot"] for row in rows] == ["1", "2", "3", "4", "5"]
        shown = ("title", "category", "donor_name", "opening_minor")
        assert [rows[0][name] for name in shown] == ["'=1+1", "Wine", "Ann", "10000"]
        assert b"77700" not in reply.body


async def test_bids_leave_as_a_table_without_a_max(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_exports, "PAGE_ROWS", 2)
    async with open_house() as house:
        event = await house.sale(mode="silent")
        for amount in (10_000, 20_000, 30_000):
            reply = await house.command(event, "ann", "place_bid", lot=1, amount=amount)
            assert reply.status == 200
        assert (await house.command(event, "ann", "set_max_bid", lot=1, max=77_700)).status == 200
        reply = await house.call("GET", f"{EVENTS}/{event}/bids.csv", "clerk")
        shown = [(row["lot"], row["bidder"], row["amount"]) for row in table(reply)]
        assert shown == [("1", "100", "10000"), ("1", "100", "20000"), ("1", "100", "30000")]
        assert b"77700" not in reply.body
