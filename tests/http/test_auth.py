"""Registering, signing in and out, tokens that rotate, and the codes of letters."""

from __future__ import annotations

import logging
import re
import unicodedata

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from saleroom.http.accounts.sign_ins import ACCESS_S, SIGN_IN_S, SOCKET_S
from saleroom.storage.accounts_ports import Rights
from tests.http.house import House, open_house
from tests.http.people import EMAIL, PASSWORD, login, me, refresh, register, signed_in

AUTH = "/api/v1/auth"
NEW_PASSWORD = "nine violet harbours"


async def code_of(house: House, place: int = -1) -> str:
    """Give the code in a letter, once it is written."""
    await trio.testing.wait_all_tasks_blocked()
    found = re.search(r"^    (\S{20,})$", house.letters[place].text, re.MULTILINE)
    assert found
    return found[1]


# Registering


async def test_who_registers_is_a_donor_and_may_sign_in(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        reply = await register(house, phone="+1 555 0100")
        assert reply.status == 201
        account = reply.json
        assert account["roles"] == ["donor"]
        assert (account["email"], account["name"], account["phone"]) == (
            EMAIL,
            "Ann Lee",
            "+1 555 0100",
        )
        assert (account["verified"], account["disabled"], account["events"]) == (False, False, None)
        given = (await login(house, "ann@hall.EXAMPLE")).json
        assert given["account"] == account
        assert (given["token_type"], given["expires_in"]) == ("Bearer", ACCESS_S)
        assert (await me(house, given["access_token"])).json == account


async def test_a_taken_address_is_not_told_but_its_owner_is(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        first = await register(house)
        again = await register(house, "ANN@hall.example", name="Mallory", password=NEW_PASSWORD)
        assert again.status == first.status
        assert set(again.json) == set(first.json)
        assert again.json["name"] == "Mallory"
        assert (await login(house, password=NEW_PASSWORD)).status == 401
        assert (await login(house)).json["account"] == first.json
        await trio.testing.wait_all_tasks_blocked()
        assert [letter.to for letter in house.letters] == [EMAIL, EMAIL]
        assert "has an account already" in house.letters[1].text
        assert "Mallory" not in house.letters[1].text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "ann"),
        ("email", "ann lee@hall.example"),
        ("email", None),
        ("password", "short nin"),
        ("password", "x" * 129),
        ("password", "password12"),
        ("password", "1234567890"),
        ("password", "annleeannlee"),
        ("name", ""),
        ("phone", 5),
        ("roles", ["admin"]),
    ],
)
async def test_a_registration_that_does_not_hold_names_its_field(
    autojump_clock: MockClock, field: str, value: object
) -> None:
    async with open_house() as house:
        body = {"email": EMAIL, "password": PASSWORD, "name": "Ann Lee", field: value}
        reply = await house.call("POST", f"{AUTH}/register", body=body)
        assert (reply.status, reply.code) == (422, "INVALID_FIELD")
        assert reply.json["field"] == field
        assert await house.stores.accounts.list_accounts(None, None, None, 9) == []


async def test_a_password_may_be_written_in_any_script_and_typed_in_any_form(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        composed, decomposed = (
            unicodedata.normalize(form, "Käsekuchen über Łódź") for form in ("NFC", "NFD")
        )
        assert composed != decomposed
        assert (await register(house, password=composed)).status == 201
        assert (await login(house, password=decomposed)).status == 200


# Signing in


async def test_wrong_and_unknown_are_one_answer(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        await register(house)
        wrong = await login(house, password="violet harbor ten")
        unknown = await login(house, "bob@hall.example")
        assert (wrong.status, wrong.code) == (401, "UNAUTHENTICATED")
        assert wrong.json == unknown.json


async def test_a_disabled_account_learns_it_with_the_right_password_alone(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        account = (await signed_in(house))["account"]["id"]
        rights = Rights(frozenset({"donor"}), None, is_disabled=True)
        await house.stores.accounts.set_rights(account, rights)
        assert (await login(house, password="violet harbor ten")).code == "UNAUTHENTICATED"
        assert (await login(house)).code == "FORBIDDEN"


async def test_neither_passwords_nor_addresses_reach_the_log(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_house() as house:
        with caplog.at_level(logging.DEBUG):
            given = await signed_in(house)
            await login(house, password="violet harbor ten")
            await refresh(house, given["refresh_token"])
        for secret in (PASSWORD, "harbor ten", "Hall.example", "Ann Lee", given["refresh_token"]):
            assert secret not in caplog.text


# Tokens


async def test_a_refresh_token_gives_the_next_and_serves_once(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        first = await signed_in(house)
        second = (await refresh(house, first["refresh_token"])).json
        assert second["refresh_token"] != first["refresh_token"]
        assert (await me(house, second["access_token"])).status == 200
        assert (await refresh(house, second["refresh_token"])).status == 200


async def test_a_token_that_comes_again_ends_the_sign_in_at_once(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        first = await signed_in(house)
        other = (await login(house)).json
        second = (await refresh(house, first["refresh_token"])).json
        again = await refresh(house, first["refresh_token"])
        assert (again.status, again.code) == (401, "UNAUTHENTICATED")
        assert (await refresh(house, second["refresh_token"])).status == 401
        assert (await me(house, second["access_token"])).status == 401
        assert len(house.hung_up) == 1
        user, ended = house.hung_up[0]
        assert user == first["account"]["id"]
        assert ended == [first["refresh_token"].partition(".")[0]]
        assert (await me(house, other["access_token"])).status == 200
        assert (await refresh(house, other["refresh_token"])).status == 200


@pytest.mark.parametrize("token", ["x", "x.y", "é" * 60])
async def test_a_made_up_refresh_token_is_401(autojump_clock: MockClock, token: str) -> None:
    async with open_house() as house:
        reply = await refresh(house, token)
        assert (reply.status, reply.code) == (401, "UNAUTHENTICATED")


async def test_without_a_refresh_token_there_is_none_to_renew(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        for body in (None, {}, {"refresh_token": None}):
            reply = await house.call("POST", f"{AUTH}/refresh", body=body)
            assert (reply.status, reply.code) == (401, "UNAUTHENTICATED")


async def test_an_access_token_ends_after_a_quarter_of_an_hour_and_a_sign_in_after_a_month(
    autojump_clock: MockClock,
) -> None:
    async with open_house(guard_s=2 * SIGN_IN_S) as house:
        given = await signed_in(house)
        autojump_clock.jump(ACCESS_S - 2)
        assert (await me(house, given["access_token"])).status == 200
        await trio.sleep(3)
        assert (await me(house, given["access_token"])).status == 401
        given = (await refresh(house, given["refresh_token"])).json
        assert (await me(house, given["access_token"])).status == 200
        autojump_clock.jump(SIGN_IN_S)  # without a month of everybody's rounds
        assert (await refresh(house, given["refresh_token"])).status == 401


async def test_new_rights_stand_in_the_next_tokens_of_a_new_sign_in(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        given = await signed_in(house)
        account = await house.accounts.account(given["account"]["id"])
        rights = Rights(frozenset({"clerk"}), frozenset({"gala"}), is_disabled=False)
        await house.accounts.change_rights(account, rights)
        assert (await me(house, given["access_token"])).status == 401
        assert (await refresh(house, given["refresh_token"])).status == 401
        assert house.hung_up == [(account.id, None)]
        identity = await house.accounts.sign_ins.verify((await login(house)).json["access_token"])
        assert {role.value for role in identity.roles} == {"clerk"}
        assert identity.events == frozenset({"gala"})


async def test_a_token_for_a_websocket_is_short_and_of_the_same_sign_in(
    autojump_clock: MockClock,
) -> None:
    async with open_house(guard_s=300) as house:
        given = await signed_in(house)
        reply = await house.call("POST", f"{AUTH}/ws-token", given["access_token"])
        assert (reply.status, reply.json["expires_in"]) == (200, SOCKET_S)
        verify = house.accounts.sign_ins.verify
        whole, short = await verify(given["access_token"]), await verify(reply.json["token"])
        assert (short.user, short.roles, short.sign_in) == (whole.user, whole.roles, whole.sign_in)
        assert short.expires_at < whole.expires_at
        await house.call("POST", f"{AUTH}/logout", given["access_token"], {})
        assert (await me(house, reply.json["token"])).status == 401


# Signing out


@pytest.mark.parametrize("by", ["access_token", "refresh_token"])
async def test_signing_out_ends_one_sign_in_and_its_sockets(
    autojump_clock: MockClock, by: str
) -> None:
    async with open_house() as house:
        given, other = await signed_in(house), (await login(house)).json
        if by == "access_token":
            reply = await house.call("POST", f"{AUTH}/logout", given["access_token"], {})
        else:
            body = {"refresh_token": given["refresh_token"]}
            reply = await house.call("POST", f"{AUTH}/logout", body=body)
        assert (reply.status, reply.body) == (204, b"")
        assert (await me(house, given["access_token"])).status == 401
        assert (await refresh(house, given["refresh_token"])).status == 401
        assert (await me(house, other["access_token"])).status == 200
        assert house.hung_up == [
            (given["account"]["id"], [given["refresh_token"].partition(".")[0]])
        ]


@pytest.mark.parametrize("by", ["access_token", "refresh_token"])
async def test_signing_out_everywhere_ends_all(autojump_clock: MockClock, by: str) -> None:
    async with open_house() as house:
        given, other = await signed_in(house), (await login(house)).json
        body = {"everywhere": True}
        if by == "access_token":
            await house.done("POST", f"{AUTH}/logout", given["access_token"], body)
        else:
            body |= {"refresh_token": given["refresh_token"]}
            await house.done("POST", f"{AUTH}/logout", None, body)
        for tokens in (given, other):
            assert (await me(house, tokens["access_token"])).status == 401
            assert (await refresh(house, tokens["refresh_token"])).status == 401
        assert house.hung_up == [(given["account"]["id"], None)]


async def test_who_is_not_signed_in_has_signed_out(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        for body in (None, {}, {"refresh_token": "x.y"}, {"everywhere": True}):
            assert (await house.call("POST", f"{AUTH}/logout", body=body)).status == 204
        assert house.hung_up == []


# Passwords


async def test_a_changed_password_leaves_the_one_who_changed_it_signed_in(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        given, other = await signed_in(house), (await login(house)).json
        body = {"current": PASSWORD, "new": NEW_PASSWORD}
        await house.done("POST", f"{AUTH}/password", given["access_token"], body)
        assert (await me(house, given["access_token"])).status == 200
        assert (await refresh(house, given["refresh_token"])).status == 200
        assert (await me(house, other["access_token"])).status == 401
        assert (await login(house)).status == 401
        assert (await login(house, password=NEW_PASSWORD)).status == 200


@pytest.mark.parametrize(
    ("current", "new", "code", "field"),
    [
        ("violet harbor ten", NEW_PASSWORD, "UNAUTHENTICATED", None),
        (PASSWORD, "password12", "INVALID_FIELD", "new"),
        (PASSWORD, "short", "INVALID_FIELD", "new"),
    ],
)
async def test_a_change_of_password_that_does_not_hold(
    autojump_clock: MockClock, current: str, new: str, code: str, field: str | None
) -> None:
    async with open_house() as house:
        given = await signed_in(house)
        body = {"current": current, "new": new}
        reply = await house.call("POST", f"{AUTH}/password", given["access_token"], body)
        assert reply.code == code
        assert reply.json.get("field") == field
        assert (await login(house)).status == 200


async def test_a_guest_and_a_stranger_have_no_password_to_change(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        guest = await house.accounts.sign_ins.begin(await house.accounts.add_guest("Gus"))
        body = {"current": PASSWORD, "new": NEW_PASSWORD}
        reply = await house.call("POST", f"{AUTH}/password", guest.access, body)
        assert (reply.status, reply.code) == (409, "NO_PASSWORD")
        reply = await house.call("POST", f"{AUTH}/password", "ann", body)
        assert (reply.status, reply.code) == (404, "UNKNOWN_ACCOUNT")


# Letters


async def test_the_code_of_a_letter_confirms_the_address_once(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        given = await signed_in(house)
        code = await code_of(house)
        assert house.letters[0].to == EMAIL
        assert f"https://gala.example/verify#{code}" in house.letters[0].text
        await house.done("POST", f"{AUTH}/verify-email/confirm", None, {"token": code})
        assert (await me(house, given["access_token"])).json["verified"]
        again = await house.call("POST", f"{AUTH}/verify-email/confirm", body={"token": code})
        assert (again.status, again.code) == (404, "INVALID_CODE")


async def test_a_letter_is_asked_for_again_until_the_address_is_confirmed(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        given = await signed_in(house)
        first = await code_of(house)
        reply = await house.call("POST", f"{AUTH}/verify-email", given["access_token"])
        assert reply.status == 202
        second = await code_of(house)
        stale = await house.call("POST", f"{AUTH}/verify-email/confirm", body={"token": first})
        assert stale.code == "INVALID_CODE"
        await house.done("POST", f"{AUTH}/verify-email/confirm", None, {"token": second})
        await house.done("POST", f"{AUTH}/verify-email", given["access_token"])
        await trio.testing.wait_all_tasks_blocked()
        assert len(house.letters) == 2


async def test_a_forgotten_password_is_chosen_anew_and_all_sign_ins_end(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        given = await signed_in(house)
        reply = await house.call("POST", f"{AUTH}/reset", body={"email": "ann@hall.example"})
        assert (reply.status, reply.body) == (202, b"")
        code = await code_of(house)
        weak = await house.call(
            "POST", f"{AUTH}/reset/confirm", body={"token": code, "password": "password12"}
        )
        assert (weak.code, weak.json["field"]) == ("INVALID_FIELD", "password")
        body = {"token": code, "password": NEW_PASSWORD}
        await house.done("POST", f"{AUTH}/reset/confirm", None, body)
        assert (await me(house, given["access_token"])).status == 401
        assert (await refresh(house, given["refresh_token"])).status == 401
        assert house.hung_up == [(given["account"]["id"], None)]
        assert (await login(house)).status == 401
        assert (await login(house, password=NEW_PASSWORD)).json["account"]["verified"]
        assert (await house.call("POST", f"{AUTH}/reset/confirm", body=body)).code == "INVALID_CODE"


async def test_asking_for_a_new_password_tells_nothing(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        await register(house)
        known = await house.call("POST", f"{AUTH}/reset", body={"email": EMAIL})
        unknown = await house.call("POST", f"{AUTH}/reset", body={"email": "bob@hall.example"})
        assert (known.status, known.body) == (unknown.status, unknown.body)
        await trio.testing.wait_all_tasks_blocked()
        assert {letter.to for letter in house.letters} == {EMAIL}


async def test_a_code_of_one_kind_is_none_of_the_other(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        await register(house)
        code = await code_of(house)
        body = {"token": code, "password": NEW_PASSWORD}
        assert (await house.call("POST", f"{AUTH}/reset/confirm", body=body)).code == "INVALID_CODE"
        assert (await login(house)).status == 200


async def test_nobodys_box_is_filled_by_somebody_else(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        await register(house)
        body = {"email": "ann@hall.example"}
        replies = [await house.call("POST", f"{AUTH}/reset", body=body) for _ in range(4)]
        assert [reply.status for reply in replies] == [202, 202, 202, 429]
        assert replies[-1].json["retry_after_ms"] > 60_000
        other = await house.call("POST", f"{AUTH}/reset", body={"email": "bob@hall.example"})
        assert other.status == 202
        assert [(await register(house)).status for _ in range(6)] == [201] * 6
        await trio.testing.wait_all_tasks_blocked()
        assert len(house.letters) == 1 + 3 + 3
