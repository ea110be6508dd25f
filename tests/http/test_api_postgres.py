"""The API over PostgreSQL: what JSON columns and real transactions make of it."""

from __future__ import annotations

from typing import Any

import pytest

from saleroom.storage.ports import Stores
from tests.http.house import House, open_house


async def sale(house: House) -> str:
    """Take an event from its draft to a sold lot; give its path."""
    soft_close = {"window": 60_000, "extension": 30_000, "from": "end"}
    event = await house.event(draft=True, ladder=[[0, 5]], soft_close=soft_close)
    path = f"/api/v1/events/{event}"
    await house.done("PATCH", path, "admin", {"version": 1, "title": "Ball"})
    stale = await house.call("PATCH", path, "admin", {"version": 1, "title": "Fair"})
    assert (stale.status, stale.code) == (409, "STALE_VERSION")
    await house.lot(event, description="Hand-made.")
    guest = {"name": "Zoë", "email": "zoe@example.org"}
    assert (await house.done("POST", f"{path}/registrations", "clerk", guest))["paddle"] == 100
    await house.done("POST", f"{path}/publish", "admin")
    assert (await house.call("POST", f"{path}/publish", "admin")).code == "EVENT_PUBLISHED"
    paddle = await house.bidder(event, "ann")
    for who, name, fields in (
        ("auctioneer", "open_event", {}),
        ("auctioneer", "open_lot", {"lot": 1}),
        ("ann", "place_bid", {"lot": 1, "amount": 10_000}),
        ("auctioneer", "sell_lot", {"lot": 1, "expect_paddle": paddle}),
    ):
        reply = await house.command(event, who, name, **fields)
        assert reply.status == 200, reply
    return path


async def results(house: House, path: str, paddle: int) -> list[dict[str, Any]]:
    """Read the results, once a checkpoint has the sale to this paddle."""
    rows: list[dict[str, Any]] = []
    while [row["paddle"] for row in rows] != [paddle]:
        rows = (await house.done("GET", f"{path}/results", "clerk"))["results"]
    return rows


async def test_an_event_from_draft_to_results(pg_stores: Stores) -> None:
    async with open_house(pg_stores) as house:
        path = await sale(house)
        await house.done("POST", f"{path}/registrations/101/renumber", "admin", {"paddle": 7})
        people = await house.done("GET", f"{path}/registrations", "clerk")
        holders = [(row["paddle"], row["name"]) for row in people["registrations"]]
        assert holders == [(7, "Ann"), (100, "Zoë")]
        beyond = await house.call("GET", f"{path}/registrations?cursor={2**53 - 2}", "clerk")
        assert (beyond.status, beyond.code) == (400, "MALFORMED")
        (win,) = await results(house, path, 7)
        assert (win["paddle"], win["name"], win["total"]) == (7, "Ann", 10_000)
        journal = await house.done("GET", f"{path}/journal", "admin")
        assert journal["facts"][0]["event"]["ladder"] == [[0, 5]]
        read = await house.done("GET", path)
        assert (read["title"], read["version"]) == ("Ball", 2)
        assert read["soft_close"] == {"window": 60_000, "extension": 30_000, "from": "end"}
        assert (await house.done("GET", f"{path}/lots/1"))["description"] == "Hand-made."


async def test_what_was_sold_is_read_after_a_restart(pg_stores: Stores) -> None:
    async with open_house(pg_stores) as house:
        path = await sale(house)
    await pg_stores.hot.clear(path.rpartition("/")[2])
    async with open_house(pg_stores) as house:
        board = await house.done("GET", f"{path}/leaderboard")
        assert board["leaderboard"] == [{"paddle": 101, "total": 10_000, "standing": 0}]


@pytest.mark.parametrize("number", [7, None])
async def test_a_lots_number_is_given_once(pg_stores: Stores, number: int | None) -> None:
    async with open_house(pg_stores) as house:
        event = await house.event(draft=True)
        assert await house.lot(event, lot=number) == (number or 1)
        body = {"title": "Two", "mode": "live", "opening": 1, "lot": number or 1}
        taken = await house.call("POST", f"/api/v1/events/{event}/lots", "admin", body)
        assert (taken.status, taken.code, taken.json["field"]) == (422, "INVALID_LOT", "lot")
