"""The desk over HTTP: guests, check-in, search and tables (PROTOCOL 7, rules 19, 24 and 25)."""

from __future__ import annotations

from typing import Any

import pytest
from trio.testing import MockClock

from tests.http.house import House, open_house


def desk_of(event: str) -> str:
    return f"/api/v1/events/{event}/registrations"


async def registered(house: House, event: str, name: str, **changes: Any) -> int:
    made = await house.done("POST", desk_of(event), "clerk", {"name": name})
    if changes:
        await house.done("PATCH", f"{desk_of(event)}/{made['paddle']}", "clerk", changes)
    paddle: int = made["paddle"]
    return paddle


async def found(house: House, event: str, query: str) -> list[int]:
    page = await house.done("GET", f"{desk_of(event)}?{query}", "clerk")
    return [row["paddle"] for row in page["registrations"]]


async def test_what_the_rules_know_of_a_guest_is_changed_by_command(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        event = await house.sale()
        path = f"{desk_of(event)}/100"
        rules = {"limit": 20_000, "table": "7", "captain": True, "opted_in": True}
        people = {"name": "Ann Lee", "email": "ann@gala.example", "phone": None, "notes": "vegan"}
        changed = await house.done("PATCH", path, "clerk", {**rules, **people})
        assert {name: changed[name] for name in {**rules, **people}} == {**rules, **people}
        assert await house.done("GET", path, "clerk") == changed
        journal = await house.stores.journal.read(event, 0, 99)
        told = b"".join(record.body for record in journal)
        assert b'"limit":20000' in told
        for secret in (b"Ann Lee", b"gala.example", b"vegan"):
            assert secret not in told
        await house.command(event, "auctioneer", "open_lot", lot=1)
        over = await house.command(event, "ann", "place_bid", lot=1, amount=20_001)
        assert (over.status, over.code) == (409, "OVER_LIMIT")


async def test_a_guest_sees_themself_but_not_what_staff_note(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        await house.bidder(event, "bob")
        path = f"{desk_of(event)}/100"
        await house.done("PATCH", path, "clerk", {"notes": "pays late"})
        await house.command(event, "clerk", "lock_paddle", paddle=100, reason="card refused")
        own = await house.done("GET", path, "ann")
        assert (own["paddle"], own["locked"]) == (100, True)
        assert own.keys().isdisjoint({"notes", "lock_reason", "checked_in_by", "banned"})
        theirs = await house.done("GET", path, "clerk")
        assert (theirs["notes"], theirs["lock_reason"]) == ("pays late", "card refused")
        assert (await house.call("GET", path, "bob")).code == "FORBIDDEN"
        assert (await house.call("GET", f"{desk_of(event)}/999", "bob")).code == "FORBIDDEN"
        assert (await house.call("GET", f"{desk_of(event)}/999", "clerk")).code == "UNKNOWN_PADDLE"
        await house.command(event, "clerk", "unlock_paddle", paddle=100)
        assert (await house.done("GET", path, "clerk"))["lock_reason"] is None


async def test_a_guest_checks_in_once_and_it_can_be_undone(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        await house.bidder(event, "bob")
        path = f"{desk_of(event)}/100/check-in"
        first = await house.done("POST", path, "clerk")
        assert first["checked_in_by"] == "clara"
        assert await house.done("POST", path, "auctioneer") == first
        assert await found(house, event, "checked_in=true") == [100]
        assert await found(house, event, "checked_in=false") == [101]
        undone = await house.done("DELETE", path, "clerk")
        assert (undone["checked_in_at"], undone["checked_in_by"]) == (None, None)
        for method in ("POST", "DELETE"):
            gone = await house.call(method, f"{desk_of(event)}/999/check-in", "clerk")
            assert (gone.status, gone.code) == (404, "UNKNOWN_PADDLE")


async def test_a_check_in_moves_with_the_number(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        await house.done("PATCH", f"{desk_of(event)}/100", "clerk", {"notes": "vegan"})
        await house.done("POST", f"{desk_of(event)}/100/check-in", "clerk")
        await house.done("POST", f"{desk_of(event)}/100/renumber", "admin", {"paddle": 250})
        moved = await house.done("GET", f"{desk_of(event)}/250", "clerk")
        assert (moved["notes"], moved["checked_in_by"], moved["user"]) == ("vegan", "clara", "ann")


async def test_guests_are_found_by_what_is_typed(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event()
        await registered(house, event, "Zoë Müller", phone="+49 30 123-4567", table="2")
        await registered(house, event, "Bob Schmidt", email="bob@gala.example", table="10")
        for query, paddles in (
            ("q=zoe", [100]),
            ("q=muler", [100]),
            ("q=schmitt", [101]),
            ("q=4930123", [100]),
            ("q=101", [101]),
            ("q=bob@gala", [101]),
            ("q=nobody", []),
            ("table=2", [100]),
            ("table=3", []),
            ("q=bob&table=2", []),
        ):
            assert await found(house, event, query) == paddles, query


async def test_a_draft_keeps_limits_tables_and_captains_for_its_journal(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        event = await house.event(draft=True)
        paddle = await registered(
            house, event, "Zoe", limit=5_000, table="7", captain=True, notes="vegan"
        )
        path = f"{desk_of(event)}/{paddle}"
        early = await house.call("PATCH", path, "clerk", {"opted_in": True})
        assert (early.status, early.code) == (409, "EVENT_NOT_OPEN")
        draft = await house.done("GET", path, "clerk")
        assert (draft["limit"], draft["table"], draft["captain"]) == (5_000, "7", True)
        assert await found(house, event, "table=7") == [100]
        tables = await house.done("GET", f"/api/v1/events/{event}/tables", "clerk")
        assert [table["captains"] for table in tables["tables"]] == [[100]]
        await house.done("POST", f"/api/v1/events/{event}/publish", "admin")
        assert await house.done("GET", path, "clerk") == draft
        state = await house.stores.journal.read(event, 0, 1)
        assert b'"limit":5000' in state[0].body
        assert b'"is_captain":true' in state[0].body


async def test_tables_are_listed_as_people_count(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event()
        for name, table in (("Ann", "10"), ("Bob", "2"), ("Cat", "2"), ("Dan", "Patrons")):
            await registered(house, event, name, table=table)
        await registered(house, event, "Eve")
        await house.done("PATCH", f"{desk_of(event)}/102", "clerk", {"captain": True})
        await house.done("POST", f"{desk_of(event)}/101/check-in", "clerk")
        path = f"/api/v1/events/{event}/tables"
        page = await house.done("GET", f"{path}?limit=2", "clerk")
        assert [table["table"] for table in page["tables"]] == ["2", "10"]
        assert (page["unseated"], page["next"]) == (1, "10")
        assert page["tables"][0] == {
            "table": "2",
            "captains": [102],
            "guests": [
                {"paddle": 101, "name": "Bob", "captain": False, "checked_in": True},
                {"paddle": 102, "name": "Cat", "captain": True, "checked_in": False},
            ],
        }
        rest = await house.done("GET", f"{path}?limit=2&cursor=10", "clerk")
        assert ([table["table"] for table in rest["tables"]], rest["next"]) == (["Patrons"], None)


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("name", {"name": None}),
        ("name", {"name": ""}),
        ("limit", {"limit": 0}),
        ("limit", {"limit": None}),
        ("table", {"table": None}),
        ("email", {"email": "nobody"}),
        ("captain", {"captain": "yes"}),
        ("notes", {"notes": "x" * 2_001}),
        ("user", {"user": "eve"}),
    ],
)
async def test_a_change_that_does_not_hold_is_422(
    autojump_clock: MockClock, field: str, body: dict[str, object]
) -> None:
    async with open_house() as house:
        event = await house.sale()
        reply = await house.call("PATCH", f"{desk_of(event)}/100", "clerk", body)
        assert (reply.status, reply.code) == (422, "INVALID_REGISTRATION")
        assert reply.json["field"] == field


async def test_what_is_private_is_in_the_audit_by_name_alone(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        changes = {"phone": "5550100", "table": "7"}
        await house.done("PATCH", f"{desk_of(event)}/100", "clerk", changes)
        entries = await house.stores.audit.entries(event=event, who="clara", before=None, limit=9)
        [entry] = [kept.entry for kept in entries]
        assert (entry.what, entry.target) == ("registration.change", "paddle 100")
        assert entry.before == {"phone": None, "table": None}
        assert entry.after == {"phone": "(kept back)", "table": "7"}
