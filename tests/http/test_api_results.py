"""Results over HTTP: the leaderboard, the wins, and a CSV that runs nothing."""

from __future__ import annotations

import csv
import io

import pytest
import trio
from trio.testing import MockClock

from saleroom.http.sale.api_results import csv_text
from tests.http.house import House, open_house

CHECKPOINT_S = 0.2
"""Reads follow the checkpoint, which follows the answer."""


async def sold(house: House) -> str:
    """Give an event with a hammer sale of lot 1 to ann and two purchases of lot 2 by bob."""
    event = await house.sale(title="=HYPERLINK(1)")
    await house.lot(event, title='Wine, "old"', mode="sale", opening=2_000, quantity=9)
    await house.bidder(event, "bob")
    for who, name, fields in (
        ("bob", "buy", {"lot": 2, "units": 3}),
        ("auctioneer", "open_lot", {"lot": 1}),
        ("ann", "place_bid", {"lot": 1, "amount": 12_000}),
        ("auctioneer", "sell_lot", {"lot": 1}),
        ("bob", "buy", {"lot": 2}),
    ):
        reply = await house.command(event, who, name, **fields)
        assert reply.status == 200, reply
    await trio.sleep(CHECKPOINT_S)
    return event


async def test_results_are_every_win_in_order_of_sale(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        path = f"/api/v1/events/{await sold(house)}/results"
        whole = await house.done("GET", path)
        wins = [
            (row["lot"], row["paddle"], row["units"], row["amount"], row["total"], row["how"])
            for row in whole["results"]
        ]
        assert wins == [
            (2, 101, 3, 2_000, 6_000, "purchase"),
            (1, 100, 1, 12_000, 12_000, "hammer"),
            (2, 101, 1, 2_000, 2_000, "purchase"),
        ]
        assert whole["next"] is None
        page = await house.done("GET", f"{path}?limit=2")
        rest = await house.done("GET", f"{path}?limit=2&cursor={page['next']}")
        assert page["results"] + rest["results"] == whole["results"]
        assert rest["next"] is None


async def test_names_are_for_staff(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        path = f"/api/v1/events/{await sold(house)}/results"
        for who in (None, "ann", "operator"):
            reply = await house.call("GET", path, who)
            assert b"Bob" not in reply.body
            assert b"Bob" not in (await house.call("GET", f"{path}.csv", who)).body
        staff = await house.done("GET", path, "clerk")
        assert [row["name"] for row in staff["results"]] == ["Bob", "Ann", "Bob"]


async def test_the_sheet_is_csv_with_quotes_and_without_formulas(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await sold(house)
        reply = await house.call("GET", f"/api/v1/events/{event}/results.csv", "clerk")
        assert reply.headers["content-type"] == "text/csv; charset=utf-8"
        disposition = reply.headers["content-disposition"]
        assert disposition == f'attachment; filename="results-{event}.csv"'
        assert reply.body.decode().splitlines() == [
            "lot,title,mode,paddle,units,amount,total,how,currency,name",
            '2,"Wine, ""old""",sale,101,3,2000,6000,purchase,USD,Bob',
            "1,'=HYPERLINK(1),live,100,1,12000,12000,hammer,USD,Ann",
            '2,"Wine, ""old""",sale,101,1,2000,2000,purchase,USD,Bob',
        ]
        public = await house.call("GET", f"/api/v1/events/{event}/results.csv")
        assert public.body.decode().splitlines()[0].endswith(",how,currency")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_a_spreadsheet_would_run_is_quoted(start: str) -> None:
    text = csv_text(["name"], [{"name": f"{start}1+1"}, {"name": f"a{start}"}, {"name": None}])
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows == [["name"], [f"'{start}1+1"], [f"a{start}"], [""]]


async def test_the_leaderboard_ranks_what_was_won(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await sold(house)
        await trio.sleep(1)  # virtual time: the view is written
        board = await house.done("GET", f"/api/v1/events/{event}/leaderboard")
        assert board["leaderboard"] == [
            {"paddle": 100, "total": 12_000, "standing": 0},
            {"paddle": 101, "total": 8_000, "standing": 0},
        ]
        assert board["raised"] == 20_000
