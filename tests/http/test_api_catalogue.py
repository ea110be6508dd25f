"""The catalogue over HTTP: search, order, donors, copies, bids, tables, the audit (PROTOCOL 7)."""

from __future__ import annotations

import csv
import io
import logging
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from saleroom.http import api_exports
from saleroom.storage.ports import Stores, StoreUnavailable
from tests.http.house import House, Reply, open_house

EVENTS = "/api/v1/events"


async def settled() -> None:
    """Let the checkpointer write (virtual time)."""
    await trio.sleep(1)


async def numbers(house: House, event: str, query: str, who: str | None = None) -> list[int]:
    page = await house.done("GET", f"{EVENTS}/{event}/lots?{query}", who)
    return [lot["lot"] for lot in page["lots"]]


async def audited(house: House, event: str) -> list[dict[str, Any]]:
    """Give an event's entries, the oldest first."""
    page = await house.done("GET", f"/api/v1/audit?event={event}&limit=200", "admin")
    entries: list[dict[str, Any]] = page["entries"]
    return entries[::-1]


# Search


@pytest.mark.parametrize("draft", [True, False], ids=["draft", "published"])
async def test_lots_are_found_by_words(autojump_clock: MockClock, draft: bool) -> None:
    async with open_house() as house:
        event = await house.event(draft=draft)
        await house.lot(event, title="Dîner à deux", description="With a quilt to take home.")
        await house.lot(event, title="A quilt", category="Textiles", mode="sale")
        await settled()
        assert await numbers(house, event, "q=quilt", "clerk") == [2, 1]
        assert await numbers(house, event, "q=diner", "clerk") == [1]
        assert await numbers(house, event, "q=qilt", "clerk") == [2, 1]
        assert await numbers(house, event, "q=textile", "clerk") == [2]
        assert await numbers(house, event, "q=quilt&mode=live", "clerk") == [1]
        assert await numbers(house, event, "q=quilt&sort=number", "clerk") == [1, 2]
        assert await numbers(house, event, "category=Textiles", "clerk") == [2]
        assert await numbers(house, event, "q=%2B%2B", "clerk") == []


async def test_a_lot_that_came_by_command_is_found_by_its_title(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event()
        await house.lot(event, title="A bowl")
        added = {"title": "A quilt", "mode": "live", "opening": 100}
        assert (await house.command(event, "admin", "add_lot", **added)).status == 200
        await settled()
        assert await numbers(house, event, "q=quilts") == [2]


async def test_lots_are_found_and_sorted_over_postgresql(pg_stores: Stores) -> None:
    async with open_house(pg_stores) as house:
        event = await house.event(draft=True)
        for title in ("Wine from Bern", "A guitar", "Bernese cheese"):
            await house.lot(event, title=title)
        assert await numbers(house, event, "q=bern", "clerk") == [1, 3]
        assert await numbers(house, event, "q=giutar", "clerk") == [2]
        assert await numbers(house, event, "sort=-title", "clerk") == [1, 3, 2]


async def test_a_sale_is_sorted_by_what_stands(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale(mode="silent", opening=1_000)
        await house.lot(event, mode="silent", opening=500)
        assert (await house.command(event, "ann", "place_bid", lot=2, amount=9_000)).status == 200
        await settled()
        assert await numbers(house, event, "sort=-price") == [2, 1]
        assert await numbers(house, event, "sort=bids") == [1, 2]


# The running order


async def test_a_draft_is_put_in_order_whole(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event(draft=True)
        for _ in range(3):
            await house.lot(event)
        path = f"{EVENTS}/{event}/lots/order"
        assert await house.done("PUT", path, "admin", {"lots": [3, 1, 2]}) == {"lots": [3, 1, 2]}
        assert await numbers(house, event, "", "clerk") == [3, 1, 2]
        for wrong in ([1, 2], [1, 2, 3, 4]):
            stale = await house.call("PUT", path, "admin", {"lots": wrong})
            assert (stale.status, stale.code) == (409, "STALE_VERSION")
        twice = await house.call("PUT", path, "admin", {"lots": [1, 1, 2]})
        assert (twice.status, twice.json["field"]) == (422, "lots")
        await house.lot(event)
        assert await numbers(house, event, "", "clerk") == [3, 1, 2, 4]
        assert (await audited(house, event))[-2]["after"] == {"lots": [3, 1, 2]}


async def test_lots_that_have_not_opened_change_places_among_themselves(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        event = await house.sale()
        await house.lot(event)
        added = {"title": "By command", "mode": "live", "opening": 100}
        assert (await house.command(event, "admin", "add_lot", **added)).status == 200
        assert (await house.command(event, "auctioneer", "open_lot", lot=2)).status == 200
        path = f"{EVENTS}/{event}/lots/order"
        stale = await house.call("PUT", path, "admin", {"lots": [3, 2, 1]})
        assert (stale.status, stale.code) == (409, "STALE_VERSION")
        assert await house.done("PUT", path, "admin", {"lots": [3, 1]}) == {"lots": [3, 2, 1]}
        await settled()
        assert await numbers(house, event, "") == [3, 2, 1]


# Categories and donors


async def test_categories_are_kept_in_order_and_renamed_with_their_lots(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        event = await house.event()
        path = f"{EVENTS}/{event}/categories"
        reply = await house.call("POST", path, "clerk", {"name": "Wine"})
        wine = reply.json
        assert (reply.status, reply.headers["location"]) == (201, f"{path}/{wine['id']}")
        taken = await house.call("POST", path, "clerk", {"name": "Wine"})
        assert (taken.status, taken.code) == (409, "NAME_TAKEN")
        await house.lot(event, category="Wine")
        await house.lot(event, category="Art")
        listed = (await house.done("GET", path))["categories"]
        assert [row["name"] for row in listed] == ["Wine", "Art"]
        turned = [row["id"] for row in listed[::-1]]
        ordered = await house.done("PUT", f"{path}/order", "clerk", {"categories": turned})
        assert [row["name"] for row in ordered["categories"]] == ["Art", "Wine"]
        rename = {"version": 1, "name": "Wines"}
        await house.done("PATCH", f"{path}/{wine['id']}", "clerk", rename)
        stale = await house.call("PATCH", f"{path}/{wine['id']}", "clerk", rename)
        assert (stale.status, stale.code) == (409, "STALE_VERSION")
        await settled()
        assert await numbers(house, event, "category=Wines") == [1]
        used = await house.call("DELETE", f"{path}/{wine['id']}", "clerk")
        assert (used.status, used.code) == (409, "IN_USE")
        what = [entry["what"] for entry in await audited(house, event)]
        assert what[-2:] == ["category.order", "category.rename"]


async def test_a_hidden_donor_is_a_name_for_staff_alone(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event()
        path = f"{EVENTS}/{event}/donors"
        secret = {"name": "Rockefeller", "hidden": True, "email": "r@hall.example", "phone": "1"}
        hidden = (await house.done("POST", path, "clerk", secret))["id"]
        shown = (await house.done("POST", path, "clerk", {"name": "Ann Lee", "phone": "2"}))["id"]
        await house.lot(event, donor=hidden)
        await house.lot(event, donor=shown)
        await settled()
        for where in ("donors", f"donors/{shown}", "lots", "lots/1", "lots?q=rockefeller"):
            for who in (None, "ann"):
                reply = await house.call("GET", f"{EVENTS}/{event}/{where}", who)
                assert reply.status == 200
                for private in (b"Rockefeller", b"hall.example", b'"phone"'):
                    assert private not in reply.body, (where, who)
        assert (await house.done("GET", path))["donors"] == [{"id": shown, "name": "Ann Lee"}]
        assert (await house.call("GET", f"{path}/{hidden}")).code == "UNKNOWN_DONOR"
        lot = await house.done("GET", f"{EVENTS}/{event}/lots/2")
        assert (lot["donor"], lot["donor_name"]) == (shown, "Ann Lee")
        kept = await house.done("GET", f"{EVENTS}/{event}/lots/1", "clerk")
        assert (kept["donor"], kept["donor_name"]) == (hidden, "Rockefeller")
        assert await numbers(house, event, "q=rockefeller") == []
        assert await numbers(house, event, "q=rockefeller", "clerk") == [1]


async def test_donors_are_changed_removed_and_never_named_in_the_audit(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        event = await house.event()
        path = f"{EVENTS}/{event}/donors"
        ann = await house.done("POST", path, "clerk", {"name": "Ann", "email": "a@b.example"})
        changes = {"version": 1, "hidden": True, "email": None}
        changed = await house.done("PATCH", f"{path}/{ann['id']}", "clerk", changes)
        assert (changed["name"], changed["hidden"], changed["email"]) == ("Ann", True, None)
        stale = await house.call("PATCH", f"{path}/{ann['id']}", "clerk", changes)
        assert (stale.status, stale.code) == (409, "STALE_VERSION")
        await house.lot(event, donor=ann["id"])
        used = await house.call("DELETE", f"{path}/{ann['id']}", "clerk")
        assert (used.status, used.code) == (409, "IN_USE")
        lot = {"version": 1, "donor": None}
        await house.done("PATCH", f"{EVENTS}/{event}/lots/1", "admin", lot)
        assert (await house.call("DELETE", f"{path}/{ann['id']}", "clerk")).status == 204
        gone = await house.call("DELETE", f"{path}/{ann['id']}", "clerk")
        assert (gone.status, gone.code) == (404, "UNKNOWN_DONOR")
        reply = await house.call("GET", f"/api/v1/audit?event={event}", "admin")
        assert b"donor.change" in reply.body
        for private in (b"Ann", b"b.example"):
            assert private not in reply.body


@pytest.mark.parametrize("draft", [True, False], ids=["draft", "published"])
async def test_a_lot_is_given_by_a_donor_of_its_event(
    autojump_clock: MockClock, draft: bool
) -> None:
    async with open_house() as house:
        event, other = await house.event(draft=draft), await house.event()
        path = f"{EVENTS}/{other}/donors"
        stranger = (await house.done("POST", path, "clerk", {"name": "Ann"}))["id"]
        body = {"title": "A rug", "mode": "live", "opening": 1, "donor": stranger}
        wrong = await house.call("POST", f"{EVENTS}/{event}/lots", "admin", body)
        assert (wrong.status, wrong.code, wrong.json["field"]) == (422, "INVALID_LOT", "donor")
        await house.lot(event)
        change = {"version": 1, "donor": stranger}
        wrong = await house.call("PATCH", f"{EVENTS}/{event}/lots/1", "admin", change)
        assert (wrong.status, wrong.json["field"]) == (422, "donor")
        await settled()
        assert len(await numbers(house, event, "", "clerk")) == 1


# Events


async def test_a_copy_is_a_draft_with_all_that_was_said_and_nothing_that_happened(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        ladder, details = "flat:100", {"venue": "Hall", "terms": "Pay at once."}
        event = await house.event(draft=True, starts_at=1_000, ladder=ladder, **details)
        donors = f"{EVENTS}/{event}/donors"
        donor = (await house.done("POST", donors, "clerk", {"name": "Ann", "hidden": True}))["id"]
        await house.lot(event, category="Wine", donor=donor, donor_paddle=999, reserve=20_000)
        await house.lot(event, mode="silent", starts_at=2_000, ends_at=4_000_000_000)
        await house.done("PUT", f"{EVENTS}/{event}/lots/order", "admin", {"lots": [2, 1]})
        await house.done("POST", f"{EVENTS}/{event}/publish", "admin")
        await house.bidder(event, "ann")
        assert (await house.command(event, "auctioneer", "open_event")).status == 200
        assert (await house.command(event, "ann", "set_max_bid", lot=1, max=30_000)).status == 200
        body = {"title": "Next year", "starts_at": 501_000}
        reply = await house.call("POST", f"{EVENTS}/{event}/duplicate", "admin", body)
        copy = reply.json
        assert (reply.status, reply.headers["location"]) == (201, f"{EVENTS}/{copy['id']}")
        assert (copy["title"], copy["status"], copy["starts_at"]) == ("Next year", "draft", 501_000)
        assert (copy["ladder"], copy["venue"], copy["version"]) == ([[0, 100]], "Hall", 1)
        lots = (await house.done("GET", f"{EVENTS}/{copy['id']}/lots", "admin"))["lots"]
        assert [(lot["lot"], lot["category"], lot["donor_name"]) for lot in lots] == [
            (2, None, None),
            (1, "Wine", "Ann"),
        ]
        assert (lots[0]["starts_at"], lots[0]["ends_at"]) == (502_000, 4_000_500_000)
        assert (lots[1]["reserve"], "donor_paddle" in lots[1]) == (20_000, False)
        assert lots[1]["bid_count"] == 0
        people = await house.done("GET", f"{EVENTS}/{copy['id']}/registrations", "clerk")
        assert people["registrations"] == []
        await house.done("POST", f"{EVENTS}/{copy['id']}/publish", "admin")


async def test_a_copy_whose_times_leave_their_bounds_is_not_made(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event(draft=True, starts_at=9_000)
        await house.lot(event, mode="silent", ends_at=5_000)
        wrong = await house.call("POST", f"{EVENTS}/{event}/duplicate", "admin", {"starts_at": 1})
        assert (wrong.status, wrong.code, wrong.json["field"]) == (422, "INVALID_EVENT", "ends_at")
        assert len((await house.done("GET", EVENTS, "admin"))["events"]) == 1


async def test_what_people_read_of_an_event(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        said = {
            "description": "An evening.",
            "venue": "The hall",
            "time_zone": "Europe/Zurich",
            "locale": "de-CH",
            "contact": "desk@hall.example",
            "terms": "Pay at once.",
        }
        event = await house.event(**said)
        read = await house.done("GET", f"{EVENTS}/{event}")
        assert {name: read[name] for name in said} == said
        (listed,) = (await house.done("GET", EVENTS))["events"]
        assert "terms" not in listed
        for field, value in (("time_zone", "1 o'clock"), ("locale", "deutsch "), ("venue", 7)):
            wrong = await house.call(
                "PATCH", f"{EVENTS}/{event}", "admin", {"version": 1, field: value}
            )
            assert (wrong.status, wrong.json["field"]) == (422, field)


async def test_other_terms_of_a_draft_are_another_version(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event(draft=True)
        path = f"{EVENTS}/{event}"
        versions = []
        for version, terms in enumerate(("Pay.", "Pay.", "Pay at once.", None), 1):
            changes = {"version": version, "terms": terms}
            versions.append((await house.done("PATCH", path, "admin", changes))["terms_version"])
        assert versions == [1, 1, 2, 3]
        await house.done("POST", f"{path}/publish", "admin")
        site = house.registry.site(event)
        assert site is not None
        assert site.published is not None
        assert site.published.state.definition.terms_version == 3


async def test_a_published_event_keeps_what_people_relied_on(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event(starts_at=5_000, terms="Pay.")
        path = f"{EVENTS}/{event}"
        for field, value in (("currency", "EUR"), ("ladder", "ebay"), ("terms", "Pay twice.")):
            kept = await house.call("PATCH", path, "admin", {"version": 1, field: value})
            assert (kept.status, kept.code, kept.json["field"]) == (409, "EVENT_PUBLISHED", field)
        changes = {"version": 1, "title": "Ball", "starts_at": 6_000, "currency": "USD"}
        changed = await house.done("PATCH", path, "admin", changes)
        assert (changed["title"], changed["starts_at"], changed["version"]) == ("Ball", 6_000, 2)
        stale = await house.call("PATCH", path, "admin", {"version": 1, "title": "Fair"})
        assert (stale.status, stale.code) == (409, "STALE_VERSION")
        assert (await house.command(event, "auctioneer", "open_event")).status == 200
        late = await house.call("PATCH", path, "admin", {"version": 2, "starts_at": 7_000})
        assert (late.status, late.code, late.json["field"]) == (
            409,
            "EVENT_PUBLISHED",
            "starts_at",
        )
        await house.done("PATCH", path, "admin", {"version": 2, "title": "Fair"})
        await settled()
        read = await house.done("GET", path)
        assert (read["title"], read["status"], read["version"]) == ("Fair", "open", 3)


async def test_a_published_soft_close_changes_by_its_command(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event()
        path, policy = f"{EVENTS}/{event}", {"window": 60_000, "extension": 30_000}
        changed = await house.done("PATCH", path, "admin", {"version": 1, "soft_close": policy})
        assert changed["soft_close"] == {**policy, "from": "bid"}
        site = house.registry.site(event)
        assert site is not None
        assert site.published is not None
        assert site.published.state.soft_close.window == 60_000
        records = await house.stores.journal.read(event, 0, 100)
        assert len(records) == 2
        await house.done("PATCH", path, "admin", {"version": 2, "soft_close": policy})
        assert len(await house.stores.journal.read(event, 0, 100)) == 2


async def test_a_published_event_is_closed_to_spectators(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event()
        path = f"{EVENTS}/{event}"
        await house.done("PATCH", path, "admin", {"version": 1, "public": False})
        assert (await house.call("GET", path)).code == "UNAUTHENTICATED"
        assert (await house.call("GET", path, "ann")).status == 200
        assert house.registry.find(event) == (house.registry.site(event), False)
        assert (await house.command(event, "auctioneer", "open_event")).status == 200


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
        assert (await house.call("GET", strange)).code == "MALFORMED"
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


# The audit


async def test_changes_are_in_the_audit_with_what_differs(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event(draft=True, contact="desk@hall.example")
        await house.lot(event, reserve=20_000)
        changes = {"version": 1, "title": "A rug", "reserve": 30_000}
        await house.done("PATCH", f"{EVENTS}/{event}/lots/1", "admin", changes)
        await house.done("PATCH", f"{EVENTS}/{event}", "admin", {"version": 1, "title": "Ball"})
        await house.done("POST", f"{EVENTS}/{event}/publish", "admin")
        assert (await house.call("DELETE", f"{EVENTS}/{event}/lots/1", "admin")).status == 204
        entries = await audited(house, event)
        assert [(entry["what"], entry["target"]) for entry in entries] == [
            ("event.add", None),
            ("lot.add", "lot 1"),
            ("lot.change", "lot 1"),
            ("event.change", None),
            ("event.publish", None),
            ("lot.remove", "lot 1"),
        ]
        assert {(entry["who"], entry["role"]) for entry in entries} == {("ada", "admin")}
        assert entries[2]["before"] == {"reserve": "(kept back)", "title": "A quilt"}
        assert entries[2]["after"] == {"reserve": "(kept back)", "title": "A rug"}
        assert (entries[3]["before"], entries[3]["after"]) == ({"title": "Gala"}, {"title": "Ball"})
        assert entries[0]["after"]["contact"] == "(kept back)"


async def test_the_audit_is_paged_and_filtered(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event, other = await house.event(draft=True), await house.event(draft=True)
        await house.done("POST", f"{EVENTS}/{event}/categories", "clerk", {"name": "Wine"})
        await house.done("POST", "/api/v1/operator/drain", "operator")
        first = await house.done("GET", "/api/v1/audit?limit=3", "admin")
        assert [entry["what"] for entry in first["entries"]] == [
            "server.drain",
            "category.add",
            "event.add",
        ]
        rest = await house.done("GET", f"/api/v1/audit?limit=3&cursor={first['next']}", "admin")
        assert [entry["event"] for entry in rest["entries"]] == [event]
        assert rest["next"] is None
        by_clara = await house.done("GET", "/api/v1/audit?who=clara", "admin")
        assert [entry["what"] for entry in by_clara["entries"]] == ["category.add"]
        strange = f"/api/v1/audit?event={other}&cursor={first['next']}"
        assert (await house.call("GET", strange, "admin")).code == "MALFORMED"


async def test_a_change_stands_and_is_logged_when_the_audit_is_away(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def away(*_: object) -> None:
        raise StoreUnavailable("gone for a moment")

    async with open_house() as house:
        event = await house.event(draft=True)
        monkeypatch.setattr(house.stores.audit, "record", away)
        with caplog.at_level(logging.ERROR, logger="saleroom.audit"):
            await house.lot(event)
        (line,) = caplog.messages
        assert '"what":"lot.add"' in line
        assert await numbers(house, event, "", "clerk") == [1]
