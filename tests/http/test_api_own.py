"""One's own bids, wins and pledges over HTTP (PROTOCOL 7)."""

from __future__ import annotations

from typing import Any

from trio.testing import MockClock

from tests.http.house import House, open_house


async def own(house: House, what: str, who: str, query: str = "") -> Any:
    return await house.done("GET", f"/api/v1/me/{what}?{query}", who)


async def bid(house: House, event: str, who: str, name: str, **fields: Any) -> None:
    reply = await house.command(event, who, name, **fields)
    assert reply.status == 200, reply


async def test_bids_say_who_leads_and_what_still_stands(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale(mode="silent", ends_at=4_000_000_000_000)
        await house.lot(event)
        await house.bidder(event, "bob")
        await bid(house, event, "ann", "set_max_bid", lot=1, max=50_000)
        await bid(house, event, "bob", "place_bid", lot=1, amount=20_000)
        await bid(house, event, "bob", "set_max_bid", lot=2, max=30_000)
        ann, bob = await own(house, "bids", "ann"), await own(house, "bids", "bob")
        [of_ann] = ann["events"]
        assert (of_ann["event"], of_ann["paddle"], of_ann["status"]) == (event, 100, "open")
        [row] = of_ann["bids"]
        shown = ("lot", "price", "highest", "max", "standing")
        assert [row[name] for name in shown] == [1, 21_000, 50_000, 50_000, "leading"]
        assert of_ann["sums"] == {"leading": 50_000, "won": 0, "pledged": 0}
        [of_bob] = bob["events"]
        assert [[row[name] for name in shown] for row in of_bob["bids"]] == [
            [1, 21_000, 20_000, None, "outbid"],
            [2, None, 30_000, 30_000, "waiting"],
        ]
        assert of_bob["sums"]["leading"] == 0


async def test_what_was_won_and_lost(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        await house.bidder(event, "bob")
        await house.command(event, "auctioneer", "open_lot", lot=1)
        await bid(house, event, "bob", "place_bid", lot=1, amount=10_000)
        await bid(house, event, "ann", "place_bid", lot=1, amount=11_000)
        await bid(house, event, "auctioneer", "sell_lot", lot=1)
        await house.done(
            "POST", f"/api/v1/events/{event}/registrations/100/renumber", "admin", {"paddle": 300}
        )
        wins = (await own(house, "wins", "ann"))["events"]
        assert wins == [
            {
                "event": event,
                "title": "Gala",
                "currency": "USD",
                "paddle": 300,
                "wins": [
                    {
                        "lot": 1,
                        "title": "A quilt",
                        "units": 1,
                        "amount": 11_000,
                        "total": 11_000,
                        "how": "hammer",
                        "paid": False,
                    }
                ],
                "sum": 11_000,
            }
        ]
        [lost] = (await own(house, "bids", "bob"))["events"][0]["bids"]
        assert (lost["standing"], lost["highest"]) == ("lost", 10_000)
        [won] = (await own(house, "bids", "ann"))["events"][0]["bids"]
        assert won["standing"] == "won"
        assert (await own(house, "wins", "bob"))["events"][0]["wins"] == []


async def test_purchases_and_pledges(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale(mode="sale", opening=500, quantity=9)
        await house.lot(event, mode="pledge", levels=[2_500, 10_000], opening=1)
        await bid(house, event, "ann", "buy", lot=1, units=3)
        await bid(house, event, "ann", "pledge", lot=2, level=2_500, count=2)
        [wins] = (await own(house, "wins", "ann"))["events"]
        assert [(win["units"], win["total"]) for win in wins["wins"]] == [(3, 1_500)]
        [pledges] = (await own(house, "pledges", "ann"))["events"]
        assert pledges["sum"] == 5_000
        assert [(row["lot"], row["level"], row["count"]) for row in pledges["pledges"]] == [
            (2, 2_500, 2)
        ]
        [bids] = (await own(house, "bids", "ann"))["events"]
        assert bids["sums"] == {"leading": 0, "won": 1_500, "pledged": 5_000}
        assert [row["standing"] for row in bids["bids"]] == ["won"]


async def test_events_come_in_pages_and_drafts_are_left_out(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        events = [await house.sale() for _ in range(2)]
        draft = await house.event(draft=True)
        await house.done(
            "POST",
            f"/api/v1/events/{draft}/registrations",
            "clerk",
            {"name": "Ann", "user": "ann"},
        )
        seen: list[str] = []
        cursor: str | None = ""
        pages = 0
        while cursor is not None:
            page = await own(house, "bids", "ann", f"limit=1&cursor={cursor}")
            seen += [event["event"] for event in page["events"]]
            cursor, pages = page["next"], pages + 1
        assert (sorted(seen), pages) == (sorted(events), 3)
        assert await own(house, "bids", "bob") == {"events": [], "next": None}
