"""Registrations over HTTP (PROTOCOL 7, rules 19, 24 and 25)."""

from __future__ import annotations

import pytest
from trio.testing import MockClock

from tests.http.house import House, open_house


def desk_of(event: str) -> str:
    return f"/api/v1/events/{event}/registrations"


async def test_a_donor_registers_themself_agrees_and_bids(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event()
        await house.lot(event)
        body = {"name": "Ann", "email": "ann@example.org", "phone": "+1 555"}
        reply = await house.call("POST", desk_of(event), "ann", body)
        assert reply.status == 201
        assert reply.headers["location"] == f"{desk_of(event)}/100"
        assert reply.json == {**body, "paddle": 100, "user": "ann", "table": None}
        assert await house.stores.catalogue.registrations(event, 0, 9) != []
        await house.command(event, "auctioneer", "open_event")
        await house.command(event, "auctioneer", "open_lot", lot=1)
        early = await house.command(event, "ann", "place_bid", lot=1, amount=10_000)
        assert (early.status, early.code) == (409, "TERMS_NOT_ACCEPTED")
        agreed = await house.done("POST", f"{desk_of(event)}/100/accept-terms", "ann")
        assert agreed == {"paddle": 100, "terms_version": 1}
        assert (await house.command(event, "ann", "place_bid", lot=1, amount=10_000)).status == 200


async def test_a_donor_has_one_paddle_and_a_repeated_key_gives_it_again(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        path = desk_of(await house.event())
        for _ in range(2):
            reply = await house.call("POST", path, "ann", {"name": "Ann"}, key="me")
            assert (reply.status, reply.json["paddle"]) == (201, 100)
        again = await house.call("POST", path, "ann", {"name": "Ann"})
        assert (again.status, again.code, again.json["paddle"]) == (409, "PADDLE_TAKEN", 100)


async def test_a_donor_may_ask_for_a_free_number_of_those_that_are_given(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        path = desk_of(await house.event())
        for paddle in (99, 1_000):
            refused = await house.call("POST", path, "ann", {"name": "Ann", "paddle": paddle})
            assert (refused.status, refused.code) == (403, "FORBIDDEN")
        made = await house.done("POST", path, "ann", {"name": "Ann", "paddle": 214})
        assert (made["paddle"], made["user"]) == (214, "ann")
        taken = await house.call("POST", path, "bob", {"name": "Bob", "paddle": 214})
        assert (taken.status, taken.code) == (409, "PADDLE_TAKEN")


async def test_staff_register_anyone_under_any_free_number(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event()
        for body, paddle in (
            ({"name": "Guest"}, 100),
            ({"name": "Zoe", "user": "zoe", "paddle": 250}, 250),
            ({"name": "Guest"}, 101),
        ):
            made = await house.done("POST", desk_of(event), "clerk", body)
            assert (made["paddle"], made["user"]) == (paddle, body.get("user"))
        taken = await house.call("POST", desk_of(event), "clerk", {"name": "X", "paddle": 250})
        assert (taken.status, taken.code) == (409, "PADDLE_TAKEN")
        journal = await house.stores.journal.read(event, 0, 9)
        assert b"Zoe" not in b"".join(record.body for record in journal)


async def test_a_draft_takes_registrations_from_the_desk(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event(draft=True)
        made = [
            await house.done("POST", desk_of(event), "clerk", body)
            for body in (
                {"name": "Zoe", "user": "zoe", "paddle": 100},
                {"name": "Guest"},
            )
        ]
        assert [row["paddle"] for row in made] == [100, 101]
        for body in ({"name": "X", "paddle": 101}, {"name": "X", "user": "zoe"}):
            taken = await house.call("POST", desk_of(event), "clerk", body)
            assert (taken.status, taken.code) == (409, "PADDLE_TAKEN")
        early = await house.call("POST", f"{desk_of(event)}/100/accept-terms", "clerk")
        assert (early.status, early.code) == (409, "EVENT_NOT_OPEN")


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("name", {}),
        ("name", {"name": ""}),
        ("name", {"name": "x" * 501}),
        ("name", {"name": "a\0b"}),
        ("email", {"name": "Ann", "email": 7}),
        ("phone", {"name": "Ann", "phone": "1" * 33}),
        ("email", {"name": "Ann", "email": "to\r\nBcc: eve@gala.example"}),
        ("email", {"name": "Ann", "email": "ann"}),
        ("paddle", {"name": "Ann", "paddle": 0}),
        ("paddle", {"name": "Ann", "paddle": True}),
        ("user", {"name": "Ann", "user": "x" * 256}),
        ("limit", {"name": "Ann", "limit": 5}),
    ],
)
async def test_a_registration_that_does_not_hold_is_422(
    autojump_clock: MockClock, field: str, body: dict[str, object]
) -> None:
    async with open_house() as house:
        reply = await house.call("POST", desk_of(await house.event()), "clerk", body)
        assert (reply.status, reply.code) == (422, "INVALID_REGISTRATION")
        assert reply.json["field"] == field


async def test_a_paddle_is_renumbered_with_its_holder(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        await house.bidder(event, "bob")
        path = f"{desk_of(event)}/100/renumber"
        moved = await house.done("POST", path, "admin", {"paddle": 200})
        assert moved == {"paddle": 200, "moved_to": None}
        listed = await house.done("GET", desk_of(event), "clerk")
        holders = [(row["paddle"], row["user"], row["name"]) for row in listed["registrations"]]
        assert holders == [(101, "bob", "Bob"), (200, "ann", "Ann")]
        await house.done("POST", f"{desk_of(event)}/200/accept-terms", "ann")
        assert (await house.call("POST", f"{desk_of(event)}/200/accept-terms", "bob")).status == 403
        gone = await house.call("POST", f"{desk_of(event)}/999/renumber", "admin", {"paddle": 300})
        assert (gone.status, gone.code) == (404, "UNKNOWN_PADDLE")
        for body in ({}, {"paddle": "7"}, {"paddle": 7, "name": "x"}):
            bad = await house.call("POST", path, "admin", body)
            assert (bad.status, bad.code) == (422, "INVALID_REGISTRATION")


async def test_a_taken_number_moves_its_former_holder(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        await house.bidder(event, "bob")
        await house.command(event, "auctioneer", "open_lot", lot=1)
        assert (await house.command(event, "bob", "place_bid", lot=1, amount=10_000)).status == 200
        path = f"{desk_of(event)}/100/renumber"
        for _ in range(2):
            moved = await house.done("POST", path, "admin", {"paddle": 101}, key="swap")
            assert moved["paddle"] == 101
        listed = await house.done("GET", desk_of(event), "clerk")
        holders = [(row["paddle"], row["user"]) for row in listed["registrations"]]
        assert holders == [(101, "ann"), (102, "bob")]
        lot = await house.done("GET", f"/api/v1/events/{event}/lots/1", "ann")
        assert lot["leader"] == 102
        newcomer = await house.done("POST", desk_of(event), "clerk", {"name": "Guest"})
        assert newcomer["paddle"] == 100


async def test_the_list_is_paged_by_paddle(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event()
        for _ in range(3):
            await house.done("POST", desk_of(event), "clerk", {"name": "Guest"})
        assert await _page(house, event, "limit=2") == ([100, 101], 101)
        assert await _page(house, event, "limit=2&cursor=101") == ([102], None)


async def _page(house: House, event: str, query: str) -> tuple[list[int], int | None]:
    page = await house.done("GET", f"{desk_of(event)}?{query}", "clerk")
    return [row["paddle"] for row in page["registrations"]], page["next"]


async def test_the_terms_of_a_paddle_that_does_not_exist_are_nobodys(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        path = f"{desk_of(await house.event())}/500/accept-terms"
        assert (await house.call("POST", path, "ann")).code == "FORBIDDEN"
        assert (await house.call("POST", path, "clerk")).code == "UNKNOWN_PADDLE"


async def test_the_list_of_an_event_that_does_not_exist_is_404(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        reply = await house.call("GET", desk_of("nowhere"), "clerk")
        assert (reply.status, reply.code) == (404, "UNKNOWN_EVENT")
