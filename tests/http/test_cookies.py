"""Pages that are signed in by cookie, and forged requests in their name."""

from __future__ import annotations

import pytest
from quart import Response
from trio.testing import MockClock

from saleroom.http.accounts.cookies import Cookies
from saleroom.http.accounts.sign_ins import ACCESS_S, SIGN_IN_S, Granted
from saleroom.storage.accounts_ports import Account
from tests.http.house import open_house
from tests.http.people import EMAIL, Browser, me, refresh, register, signed_in

AUTH = "/api/v1/auth"
ME = "/api/v1/me"


async def test_a_page_holds_no_token_that_its_scripts_can_read(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        await register(house)
        page = Browser(house)
        reply = await page.sign_in()
        assert set(reply.json) == {"account", "expires_in", "csrf_token"}
        assert reply.json["csrf_token"] == page.jar["saleroom_csrf"]
        seen = page.attributes
        assert {name for name, of in seen.items() if of["httponly"]} == {
            "saleroom_access",
            "saleroom_refresh",
        }
        assert {of["samesite"] for name, of in seen.items() if name != "saleroom_refresh"} == {
            "Lax"
        }
        assert seen["saleroom_refresh"]["samesite"] == "Strict"
        assert seen["saleroom_refresh"]["path"] == AUTH
        assert [seen[f"saleroom_{name}"]["max-age"] for name in ("access", "refresh", "csrf")] == [
            str(ACCESS_S),
            str(SIGN_IN_S),
            str(SIGN_IN_S),
        ]
        assert (await page.call("GET", ME)).json["email"] == EMAIL


def test_by_https_cookies_are_secure_and_nobody_else_can_plant_them() -> None:
    response = Response(b"")
    granted = Granted(Account("u1", "Ann", 0), "s1", "access", "refresh")
    Cookies(b"key", is_secure=True).put(response, granted)
    lines = response.headers.getlist("Set-Cookie")
    assert [line.partition("=")[0] for line in lines] == [
        "__Host-saleroom_access",
        "__Secure-saleroom_refresh",
        "__Host-saleroom_csrf",
    ]
    assert all("; Secure" in line for line in lines)


@pytest.mark.parametrize("proof", [None, "", "x", "é", "0" * 64])
async def test_a_change_needs_more_than_the_cookie(
    autojump_clock: MockClock, proof: str | None
) -> None:
    async with open_house() as house:
        await register(house)
        page = Browser(house)
        await page.sign_in()
        for method, path, body in (
            ("PATCH", ME, {"name": "Mallory"}),
            ("POST", f"{AUTH}/ws-token", None),
            ("POST", f"{AUTH}/refresh", {}),
            ("POST", f"{AUTH}/logout", {}),
        ):
            reply = await page.call(method, path, body, proof=proof)
            assert (reply.status, reply.code) == (403, "FORBIDDEN")
        assert (await page.call("PATCH", ME, {"name": "Ann"})).json["name"] == "Ann"


async def test_the_proof_of_one_sign_in_is_none_of_another(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        await register(house)
        mallory, page = Browser(house), Browser(house)
        await mallory.sign_in()
        await page.sign_in()
        planted = mallory.jar["saleroom_csrf"]
        page.jar["saleroom_csrf"] = planted
        assert (await page.call("PATCH", ME, {"name": "M"}, proof=planted)).code == "FORBIDDEN"


async def test_a_bearer_token_needs_no_proof_and_goes_before_a_cookie(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        given = await signed_in(house)
        await register(house, "bob@hall.example")
        page = Browser(house)
        await page.sign_in("bob@hall.example")
        headers = {
            "Cookie": f"saleroom_access={page.jar['saleroom_access']}",
            "Authorization": f"Bearer {given['access_token']}",
        }
        reply = await house.call("PATCH", ME, body={"name": "Ann"}, headers=headers)
        assert (reply.status, reply.json["email"]) == (200, EMAIL)


async def test_a_page_goes_on_by_its_refresh_cookie(autojump_clock: MockClock) -> None:
    async with open_house(guard_s=2 * ACCESS_S) as house:
        await register(house)
        page = Browser(house)
        await page.sign_in()
        first = dict(page.jar)
        autojump_clock.jump(ACCESS_S + 1)
        assert (await page.call("GET", ME)).status == 401
        assert (await page.call("GET", "/api/v1/events")).status == 200
        reply = await page.call("POST", f"{AUTH}/refresh", {})
        assert set(reply.json) == {"account", "expires_in", "csrf_token"}
        assert page.jar["saleroom_refresh"] != first["saleroom_refresh"]
        assert (await page.call("GET", ME)).status == 200
        page.jar["saleroom_refresh"] = first["saleroom_refresh"]
        assert (await page.call("POST", f"{AUTH}/refresh", {})).status == 401
        assert (await page.call("GET", ME)).status == 401


async def test_a_page_that_signs_out_keeps_no_cookie(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        await register(house)
        page = Browser(house)
        await page.sign_in()
        before = dict(page.jar)
        reply = await page.call("POST", f"{AUTH}/logout", {})
        assert (reply.status, page.jar) == (204, {})
        page.jar = before
        assert (await page.call("GET", ME)).status == 401
        assert (await refresh(house, before["saleroom_refresh"])).status == 401
        assert (await me(house, before["saleroom_access"])).status == 401


async def test_a_page_gets_a_token_for_its_socket(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        await register(house)
        page = Browser(house)
        account = (await page.sign_in()).json["account"]
        token = (await page.call("POST", f"{AUTH}/ws-token")).json["token"]
        assert (await house.accounts.sign_ins.verify(token)).user == account["id"]


async def test_a_token_of_nobodys_sign_in_is_no_cookie(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        page = Browser(house)
        page.jar = {"saleroom_access": "ann"}
        assert (await page.call("GET", ME)).status == 401
