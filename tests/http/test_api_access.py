"""Who may do what: lists, what a token must be, and how often somebody may write (rule 29)."""

from __future__ import annotations

import pytest
from trio.testing import MockClock

from saleroom.http.services import ApiLimits
from saleroom.protocol.session import SessionLimits
from tests.http.house import House, open_house


async def _stage(house: House) -> dict[str, str]:
    draft = await house.event(draft=True)
    await house.lot(draft)
    private = await house.event(public=False)
    return {"sale": await house.sale(), "draft": draft, "private": private}


async def test_a_list_shows_drafts_to_staff_and_private_events_to_the_known(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        events = await _stage(house)
        for who, names in (
            (None, {"sale"}),
            ("ann", {"sale", "private"}),
            ("operator", {"sale", "private"}),
            ("clerk", {"sale", "private", "draft"}),
        ):
            listed = await house.done("GET", "/api/v1/events", who)
            assert {row["id"] for row in listed["events"]} == {events[name] for name in names}


@pytest.mark.parametrize("header", ["Basic YW5uOnB3", "Bearer", "Bearer ", "ann", "Bearer wrong"])
async def test_what_is_no_believed_bearer_token_is_401(
    autojump_clock: MockClock, header: str
) -> None:
    async with open_house() as house:
        reply = await house.call("GET", "/api/v1/events", headers={"Authorization": header})
        assert (reply.status, reply.code) == (401, "UNAUTHENTICATED")


async def test_keys_that_are_away_are_503(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        reply = await house.call("GET", "/api/v1/operator/tree", "elsewhere")
        assert (reply.status, reply.code) == (503, "OVERLOADED")
        assert reply.headers["retry-after"] == "1"


async def test_one_users_rate_is_their_own_and_refused_after_the_role(
    autojump_clock: MockClock,
) -> None:
    slow = ApiLimits(commands=SessionLimits(donor_rate=0.1, donor_burst=1))
    async with open_house(limits=slow) as house:
        event = await house.event()
        path = f"/api/v1/events/{event}/registrations"
        assert (await house.call("POST", path, "ann", {"name": "Ann"})).status == 201
        late = await house.call("POST", path, "ann", {"name": "Ann"})
        assert (late.status, late.code) == (429, "RATE_LIMITED")
        assert late.json["retry_after_ms"] > 9_000
        assert late.headers["retry-after"] == "11"
        assert (await house.command(event, "ann", "open_event")).code == "FORBIDDEN"
        assert (await house.command(event, "ann", "jump")).code == "MALFORMED"
        assert (await house.call("POST", path, "bob", {"name": "Bob"})).status == 201
