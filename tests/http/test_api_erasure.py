"""Erasure over HTTP: who somebody was goes, the journal stays and is proven (I5)."""

from __future__ import annotations

from typing import Any

import pytest
from trio.testing import MockClock

from saleroom.audit import audit
from saleroom.storage.ports import NotFound
from tests.http.house import House, Reply, open_house
from tests.http.people import EMAIL, PASSWORD, login, me, refresh, signed_in
from tests.payments.scripted import ScriptedProcessor

CONFIRMED = {"confirm": "erase my data", "password": PASSWORD}


async def erase(house: House, token: str, **body: Any) -> Reply:
    return await house.call("POST", "/api/v1/me/erase", token, {**CONFIRMED, **body})


async def bidding(house: House, token: str) -> str:
    """Give an event at which the holder of a token has left a bid, a name and a phone."""
    event = await house.sale()
    desk = f"/api/v1/events/{event}/registrations"
    given = {"name": "Ann Lee", "email": EMAIL, "phone": "555 0100"}
    made = await house.done("POST", desk, token, given)
    await house.done("POST", f"{desk}/{made['paddle']}/accept-terms", token)
    await house.done("PATCH", f"{desk}/{made['paddle']}", "clerk", {"notes": "vegan"})
    await house.command(event, "auctioneer", "open_lot", lot=1)
    placed = await house.command(event, token, "place_bid", lot=1, amount=10_000)
    assert placed.status == 200
    await house.done("PUT", f"/api/v1/events/{event}/watch/1", token)
    return event


async def test_a_person_is_erased_and_their_bid_stands(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        tokens = await signed_in(house)
        token = tokens["access_token"]
        event = await bidding(house, token)
        before = await audit(house.stores, event)
        reply = await erase(house, token)
        assert reply.status == 200
        assert reply.json == {"registrations": 1, "wish_lists": 0, "gifts": 0, "watches": 1}
        guest = await house.done("GET", f"/api/v1/events/{event}/registrations/101", "clerk")
        shown = [guest[name] for name in ("name", "email", "phone", "notes", "checked_in_at")]
        assert shown == ["Paddle 101", None, None, None, None]
        lot = await house.done("GET", f"/api/v1/events/{event}/lots/1")
        assert lot["leader"] == 101
        after = await audit(house.stores, event)
        assert (after.fault, after.head) == (None, before.head)
        site = house.registry.site(event)
        assert site is not None
        assert site.names[101] == "Paddle 101"


async def test_the_card_of_who_was_erased_is_gone_here_and_there(
    autojump_clock: MockClock,
) -> None:
    processor = ScriptedProcessor()
    async with open_house(processor=processor) as house:
        token = (await signed_in(house))["access_token"]
        event = await bidding(house, token)
        path = f"/api/v1/events/{event}/card"
        setup = (await house.done("POST", path, token, key="k"))["setup"]
        processor.complete(setup)
        await house.done("POST", f"{path}/confirm", token, {"setup": setup})
        assert (await erase(house, token)).status == 200
        with pytest.raises(NotFound):
            await house.stores.billing.card_by_setup(setup)
        assert processor.forgotten == [f"cus_{setup.removeprefix('seti_')}"]


async def test_who_was_erased_is_signed_out_everywhere(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        tokens = await signed_in(house)
        account = tokens["account"]["id"]
        assert (await erase(house, tokens["access_token"])).status == 200
        assert (await me(house, tokens["access_token"])).code == "UNAUTHENTICATED"
        assert (await refresh(house, tokens["refresh_token"])).code == "UNAUTHENTICATED"
        assert (await login(house)).code == "UNAUTHENTICATED"
        assert (account, None) in house.hung_up
        entries = await house.stores.audit.entries(event=None, who=account, before=None, limit=9)
        assert [kept.entry.what for kept in entries] == ["account.erase"]
        for private in (EMAIL, "Ann Lee"):
            assert private not in str(entries)


async def test_the_password_confirms_it(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        token = (await signed_in(house))["access_token"]
        for body in ({"password": None}, {"password": "another harbor nine"}):
            refused = await erase(house, token, **body)
            assert (refused.status, refused.code) == (401, "UNAUTHENTICATED")
        unsaid = await erase(house, token, confirm="yes")
        assert (unsaid.status, unsaid.json["field"]) == (422, "confirm")
        assert (await me(house, token)).status == 200


async def test_a_guest_without_a_password_asks_with_their_token(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        made = await house.done("POST", f"/api/v1/events/{event}/join-codes", "clerk", {})
        body = {"code": made["codes"][0]["code"], "name": "Zoe", "accept_terms": True}
        joined = await house.done("POST", "/api/v1/join", None, body)
        reply = await erase(house, joined["access_token"], password=None)
        assert reply.json["registrations"] == 1
        assert (await me(house, joined["access_token"])).code == "UNAUTHENTICATED"


async def test_an_admin_erases_others(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        tokens = await signed_in(house)
        event = await bidding(house, tokens["access_token"])
        path = f"/api/v1/accounts/{tokens['account']['id']}/erase"
        assert (await house.done("POST", path, "admin"))["registrations"] == 1
        guest = await house.done("GET", f"/api/v1/events/{event}/registrations/101", "clerk")
        assert guest["name"] == "Paddle 101"
        own = await house.call("POST", "/api/v1/accounts/ada/erase", "admin")
        assert (own.status, own.code) == (409, "OWN_ACCOUNT")
        unknown = await house.call("POST", "/api/v1/accounts/nobody/erase", "admin")
        assert (unknown.status, unknown.code) == (404, "UNKNOWN_ACCOUNT")
