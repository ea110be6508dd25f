"""One's own account, what admins do with others', and how tries at passwords are held up."""

from __future__ import annotations

import logging

import attrs
import pytest
import trio
import trio.testing
from trio.testing import MockClock

from saleroom.http.accounts.letters import WAITING_MAX
from saleroom.http.accounts.sign_in_tries import ACCOUNT, ADDRESS, PAIR, SignInTries
from saleroom.http.requests.problems import Problem
from saleroom.http.requests.throttle import Rate, Throttle
from saleroom.mail import Letter, LogMail
from saleroom.storage.ports import StoreUnavailable
from saleroom.workers.crew import WorkersBusy
from tests.http.house import open_house
from tests.http.people import EMAIL, PASSWORD, login, me, refresh, register, signed_in

ACCOUNTS = "/api/v1/accounts"


# One's own


async def test_a_person_changes_what_they_are_called(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        token = (await signed_in(house))["access_token"]
        changed = await house.done("PATCH", "/api/v1/me", token, {"name": "Zoë", "phone": "5"})
        assert (changed["name"], changed["phone"]) == ("Zoë", "5")
        changed = await house.done("PATCH", "/api/v1/me", token, {"phone": None})
        assert (changed["name"], changed["phone"]) == ("Zoë", None)
        assert (await me(house, token)).json == changed


@pytest.mark.parametrize(
    ("body", "field"),
    [({"name": None}, "name"), ({"name": ""}, "name"), ({"roles": ["admin"]}, "roles")],
)
async def test_a_person_changes_nothing_else(
    autojump_clock: MockClock, body: dict[str, object], field: str
) -> None:
    async with open_house() as house:
        token = (await signed_in(house))["access_token"]
        reply = await house.call("PATCH", "/api/v1/me", token, body)
        assert (reply.status, reply.json["field"]) == (422, field)


async def test_whom_another_service_vouches_for_is_shown_as_the_token_says(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        shown = (await me(house, "narrow-admin")).json
        assert shown["id"] == "nick"
        assert (shown["roles"], shown["events"]) == (["admin", "operator"], ["elsewhere"])
        assert (shown["email"], shown["created_at"], shown["verified"]) == (None, None, False)


# Admins


async def test_an_admin_finds_accounts_in_pages(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        for name in ("ann", "bob", "cid"):
            await register(house, f"{name}@hall.example", name=name.title())
            await trio.sleep(1)
        found: list[str] = []
        cursor = ""
        while True:
            page = await house.done("GET", f"{ACCOUNTS}?limit=2{cursor}", "admin")
            found += [account["name"] for account in page["accounts"]]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert found == ["Cid", "Bob", "Ann"]
        page = await house.done("GET", f"{ACCOUNTS}?q=BOB%40", "admin")
        assert [account["name"] for account in page["accounts"]] == ["Bob"]
        assert (await house.done("GET", f"{ACCOUNTS}?role=clerk", "admin"))["accounts"] == []
        reply = await house.call("GET", f"{ACCOUNTS}?role=king", "admin")
        assert (reply.status, reply.code) == (400, "MALFORMED")


async def test_an_admin_gives_rights_and_it_is_recorded_without_names(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        given = await signed_in(house)
        path = f"{ACCOUNTS}/{given['account']['id']}"
        body = {"roles": ["clerk", "donor"], "events": ["gala"]}
        changed = await house.done("PATCH", path, "admin", body)
        assert (changed["roles"], changed["events"]) == (["clerk", "donor"], ["gala"])
        assert await house.done("GET", path, "admin") == changed
        assert (await me(house, given["access_token"])).status == 401
        assert (await refresh(house, given["refresh_token"])).status == 401
        assert house.hung_up == [(given["account"]["id"], None)]
        again = await house.done("PATCH", path, "admin", {"events": None})
        assert (again["roles"], again["events"]) == (["clerk", "donor"], None)
        entries = await house.stores.audit.entries(event=None, who="ada", before=None, limit=9)
        first = entries[-1].entry
        assert (first.what, first.role, first.target) == (
            "account.change",
            "admin",
            f"account {given['account']['id']}",
        )
        assert first.before == {"roles": ["donor"], "events": None, "disabled": False}
        assert first.after == {"roles": ["clerk", "donor"], "events": ["gala"], "disabled": False}
        assert "Ann" not in repr(entries)


async def test_a_disabled_account_is_out_until_it_is_enabled(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        given = await signed_in(house)
        path = f"{ACCOUNTS}/{given['account']['id']}"
        assert (await house.done("PATCH", path, "admin", {"disabled": True}))["disabled"]
        assert (await refresh(house, given["refresh_token"])).status == 401
        assert (await login(house)).code == "FORBIDDEN"
        await house.done("PATCH", path, "admin", {"disabled": False})
        assert (await login(house)).status == 200


async def test_an_admin_signs_somebody_out_everywhere(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        given = await signed_in(house)
        account = given["account"]["id"]
        await house.done("POST", f"{ACCOUNTS}/{account}/sign-out", "admin")
        assert (await me(house, given["access_token"])).status == 401
        assert house.hung_up == [(account, None)]
        (kept,) = await house.stores.audit.entries(event=None, who=None, before=None, limit=9)
        assert kept.entry.what == "account.sign_out"


async def test_no_admin_changes_their_own_rights(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        reply = await house.call("PATCH", f"{ACCOUNTS}/ada", "admin", {"roles": ["donor"]})
        assert (reply.status, reply.code) == (409, "OWN_ACCOUNT")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"roles": []}, "roles"),
        ({"roles": ["king"]}, "roles.0"),
        ({"roles": ["clerk", "clerk"]}, "roles"),
        ({"roles": None}, "roles"),
        ({"events": ["no such!"]}, "events.0"),
        ({"disabled": "yes"}, "disabled"),
        ({"name": "Ann"}, "name"),
    ],
)
async def test_rights_that_do_not_hold_name_their_field(
    autojump_clock: MockClock, body: dict[str, object], field: str
) -> None:
    async with open_house() as house:
        account = (await signed_in(house))["account"]["id"]
        reply = await house.call("PATCH", f"{ACCOUNTS}/{account}", "admin", body)
        assert (reply.status, reply.code) == (422, "INVALID_FIELD")
        assert reply.json["field"] == field


# Tries at a password


async def test_guesses_at_one_account_from_one_address_are_held_up(
    autojump_clock: MockClock,
) -> None:
    async with open_house(guard_s=600) as house:
        await register(house)
        for _ in range(PAIR.burst):
            assert (await login(house, password="violet harbor ten")).status == 401
        held = await login(house)
        assert (held.status, held.code) == (429, "RATE_LIMITED")
        assert 0 < held.json["retry_after_ms"] <= PAIR.every_s * 1000 + 1
        await trio.sleep(held.json["retry_after_ms"] / 1000)
        assert (await login(house)).status == 200


async def test_a_right_password_costs_no_try(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        await register(house)
        for _ in range(PAIR.burst + 1):
            assert (await login(house)).status == 200


@pytest.mark.parametrize("error", [WorkersBusy("busy"), StoreUnavailable("away")])
async def test_what_nobody_looked_at_costs_no_try(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def fail(*_: object) -> None:
        raise error

    async with open_house() as house:
        await register(house)
        with monkeypatch.context() as patch:
            patch.setattr(type(house.accounts.passwords), "check", fail)
            for _ in range(PAIR.burst + 1):
                assert (await login(house)).code == "OVERLOADED"
        assert (await login(house)).status == 200


async def test_who_has_signed_in_from_where_they_are_is_not_held_up_by_others(
    autojump_clock: MockClock,
) -> None:
    tries = SignInTries()
    tries.take("ann", "home")
    tries.right("ann", "home")
    for number in range(ACCOUNT.burst):
        tries.take("ann", f"zombie {number}")
    with pytest.raises(Problem):
        tries.take("ann", "another zombie")
    for _ in range(PAIR.burst):
        tries.take("ann", "home")
    with pytest.raises(Problem) as held:
        tries.take("ann", "home")
    assert held.value.extras["retry_after_ms"] <= PAIR.every_s * 1000 + 1
    tries.take("bob", "home")


async def test_an_address_that_guesses_at_everybody_is_held_up(autojump_clock: MockClock) -> None:
    tries = SignInTries()
    for number in range(ADDRESS.burst):
        tries.take(f"account {number}", "hall")
    with pytest.raises(Problem):
        tries.take("one more", "hall")
    tries.take("one more", "home")
    await trio.sleep(ADDRESS.every_s)
    tries.take("and another", "hall")


async def test_how_often_an_address_guesses_is_the_operators_to_say(
    autojump_clock: MockClock,
) -> None:
    tries = SignInTries(attrs.evolve(ADDRESS, burst=1))
    tries.take("ann", "hall")
    with pytest.raises(Problem):
        tries.take("bob", "hall")
    tries.take("bob", "home")


async def test_only_so_many_keys_are_remembered(autojump_clock: MockClock) -> None:
    throttle = Throttle(Rate(burst=1, every_s=60), keys_max=2)
    for key in ("a", "b", "c"):
        throttle.take(key)
    for key in ("b", "c"):
        with pytest.raises(Problem):
            throttle.take(key)
    throttle.take("a")


async def test_registrations_of_one_address_are_held_up(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house() as house:
        monkeypatch.setattr(house.accounts, "_registered", Throttle(Rate(1, 60.0)))
        assert (await register(house)).status == 201
        assert (await register(house, "bob@hall.example")).code == "RATE_LIMITED"


# Letters


async def test_a_letter_that_cannot_be_written_holds_up_no_other(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def away(*_: object) -> None:
        raise StoreUnavailable("away")

    async with open_house() as house:
        await signed_in(house)
        await trio.testing.wait_all_tasks_blocked()
        with monkeypatch.context() as patch:
            patch.setattr(house.accounts.store, "by_email", away)
            house.accounts.letters.ask(EMAIL, "verify")
            await trio.testing.wait_all_tasks_blocked()
        assert "a letter was not written" in caplog.text
        house.accounts.letters.ask(EMAIL, "verify")
        await trio.testing.wait_all_tasks_blocked()
        assert len(house.letters) == 2


async def test_only_so_many_letters_wait(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        for _ in range(1 + WAITING_MAX):  # the writer has taken the first in hand
            house.accounts.letters.ask("nobody@hall.example", "reset")
        with pytest.raises(Problem) as full:
            house.accounts.letters.ask(EMAIL, "reset")
        assert full.value.code == "OVERLOADED"


async def test_without_a_mail_server_a_letter_is_printed_to_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO, "saleroom.mail"):
        await LogMail().send(Letter(EMAIL, "Choose", "the code"))
    assert EMAIL in caplog.text
    assert "the code" in caplog.text


def test_a_letter_and_a_password_stand_in_no_representation() -> None:
    assert "the code" not in repr(Letter(EMAIL, "Choose", "the code"))
    assert PASSWORD not in repr(Letter(EMAIL, "Choose", PASSWORD))
