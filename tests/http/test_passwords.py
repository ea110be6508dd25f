"""Passwords: hashed, checked and judged, here and by a worker."""

from __future__ import annotations

import argon2
import pytest
import trio
import trio.testing

from saleroom.http.accounts import password_work
from saleroom.http.accounts.passwords import CREW, Passwords, PasswordWeak
from saleroom.supervisor import Child
from saleroom.workers.crew import Crew
from tests.workers.inline import InlineWorkers

PASSWORD = "violet harbor nine"
GUARD_S = 30.0


async def test_a_password_is_right_for_its_own_hash_alone() -> None:
    passwords = Passwords(InlineWorkers())
    kept, other = await passwords.hash(PASSWORD), await passwords.hash(PASSWORD)
    assert kept != other
    assert PASSWORD not in kept
    assert (await passwords.check(kept, PASSWORD)).is_right
    assert not (await passwords.check(kept, "violet harbor ten")).is_right
    assert (await passwords.check(kept, PASSWORD)).better is None


@pytest.mark.parametrize("kept", [None, "", "no hash", "$argon2id$v=19$m=19456,t=2,p=1$x$y"])
async def test_what_is_no_hash_is_never_right(kept: str | None) -> None:
    checked = await Passwords(InlineWorkers()).check(kept, PASSWORD)
    assert (checked.is_right, checked.better) == (False, None)


def test_an_unknown_account_costs_what_a_wrong_password_costs() -> None:
    nobodys = argon2.extract_parameters(password_work._NOBODYS)
    assert nobodys == argon2.extract_parameters(password_work.hash_password(PASSWORD, [])[0] or "")
    assert (nobodys.type, nobodys.memory_cost, nobodys.time_cost) == (
        argon2.Type.ID,
        19 * 1024,
        2,
    )


async def test_a_hash_of_other_parameters_is_made_anew() -> None:
    weaker = argon2.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    passwords = Passwords(InlineWorkers())
    checked = await passwords.check(weaker, PASSWORD)
    assert checked.is_right
    assert checked.better is not None
    assert (await passwords.check(checked.better, PASSWORD)).better is None
    assert (await passwords.check(weaker, "violet harbor ten")).better is None


@pytest.mark.parametrize(
    "password",
    ["password12", "1234567890", "qwertyuiop", "aaaaaaaaaaaa", "iloveyou123", "annleeannlee"],
)
async def test_what_is_guessed_soon_is_refused_with_a_reason(password: str) -> None:
    with pytest.raises(PasswordWeak) as weak:
        await Passwords(InlineWorkers()).hash(password, "ann@hall.example", "Ann Lee", None)
    assert str(weak.value)
    assert password not in str(weak.value)


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "xK9vQ2mPz1",
        "ни пуха ни пера",
        "the owl counts nine lamps while the harbour sleeps, and none is for the tide to keep",
    ],
)
async def test_no_composition_is_asked_for(password: str) -> None:
    assert await Passwords(InlineWorkers()).hash(password, "ann@hall.example")


async def test_a_worker_does_it() -> None:
    crew = Crew("passwords", CREW)
    child = Child("passwords", lambda reason: None)
    with trio.fail_after(GUARD_S):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(crew.serve, child)
            await trio.testing.wait_all_tasks_blocked()
            passwords = Passwords(crew)
            kept = await passwords.hash(PASSWORD, "Ann Lee")
            assert (await passwords.check(kept, PASSWORD)).is_right
            assert not (await passwords.check(None, PASSWORD)).is_right
            with pytest.raises(PasswordWeak):
                await passwords.hash("password12")
            child.stopping.set()
