"""Copies of events, and what changes in published ones (PROTOCOL 7, rule 7)."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from tests.http.house import open_house

EVENTS = "/api/v1/events"


async def settled() -> None:
    """Let the checkpointer write (virtual time)."""
    await trio.sleep(1)


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
