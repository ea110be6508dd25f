"""What every store of accounts and sign-ins does."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
import trio

from saleroom.storage.accounts_ports import Account, Reused, Rights, Rotated, SignIn
from saleroom.storage.ports import Conflict, NotFound, Stores

NOW = 1_000_000
DAY = 86_400_000


def account(number: int = 1, **changes: Any) -> Account:
    row = Account(
        id=f"u{number}",
        name=f"Person {number}",
        created_at_ms=NOW + number,
        email=f"Person.{number}@Example.org",
        phone="+1 555 0100",
        password="$argon2id$1",
    )
    return attrs.evolve(row, **changes)


def sign_in(number: int = 1, of: str = "u1", at: int = NOW) -> SignIn:
    return SignIn(f"s{number}", of, at, at + DAY)


def digest(number: int) -> bytes:
    return bytes([number]) * 32


async def begin(stores: Stores, number: int = 1, of: str = "u1", at: int = NOW) -> list[str]:
    """Begin sign-in `number` with the token of that number."""
    return await stores.sign_ins.begin(sign_in(number, of, at), digest(number), most=3)


async def is_signed_in(stores: Stores, number: int) -> bool:
    return await stores.sign_ins.of_token(digest(number)) is not None


async def test_an_account_is_read_as_added(stores: Stores) -> None:
    full = account(
        roles=frozenset({"clerk", "donor"}),
        events=frozenset({"gala", "ball"}),
        is_disabled=True,
        verified_at_ms=NOW,
    )
    guest = Account(id="g1", name="Zoë 🍷", created_at_ms=NOW)
    for row in (full, guest):
        await stores.accounts.add(row)
        assert await stores.accounts.account(row.id) == row


async def test_an_address_is_one_whatever_the_case_of_its_letters(stores: Stores) -> None:
    await stores.accounts.add(account())
    assert await stores.accounts.by_email("PERSON.1@example.ORG") == account()
    assert await stores.accounts.by_email("person.2@example.org") is None
    with pytest.raises(Conflict):
        await stores.accounts.add(account(2, email="person.1@example.org"))
    with pytest.raises(Conflict):
        await stores.accounts.add(account(email="another@example.org"))
    assert len(await stores.accounts.list_accounts(None, None, None, 10)) == 1


async def test_guests_without_an_address_are_many(stores: Stores) -> None:
    for number in (1, 2):
        await stores.accounts.add(account(number, email=None, password=None))
    assert len(await stores.accounts.list_accounts(None, None, None, 10)) == 2


async def test_what_a_person_is_called_stands_in_no_representation() -> None:
    shown = repr(account())
    for secret in ("Person", "example", "555", "argon2id"):
        assert secret not in shown


async def test_accounts_are_listed_newest_first_in_pages(stores: Stores) -> None:
    for number, at in ((1, 10), (2, 10), (3, 30), (4, 20)):
        await stores.accounts.add(account(number, created_at_ms=at))
    listed: list[str] = []
    after: str | None = None
    while page := await stores.accounts.list_accounts(None, None, after, 3):
        listed += [row.id for row in page]
        after = page[-1].id
    assert listed == ["u3", "u4", "u2", "u1"]
    assert await stores.accounts.list_accounts(None, None, "unknown", 3) == []


async def test_accounts_are_found_by_part_of_name_or_address(stores: Stores) -> None:
    await stores.accounts.add(account(1, name="Ann Lee", email="lee@hall.example"))
    await stores.accounts.add(
        account(2, name="Bob", email="BOB@HALL.example", roles=frozenset({"admin"}))
    )
    await stores.accounts.add(account(3, name="The 100_", email=None))
    for search, role, found in (
        ("ANN", None, ["u1"]),
        ("@hall.example", None, ["u2", "u1"]),
        (None, "admin", ["u2"]),
        ("ann", "admin", []),
        ("%", None, []),
        ("100_", None, ["u3"]),
        ("", None, ["u3", "u2", "u1"]),
    ):
        listed = await stores.accounts.list_accounts(search, role, None, 10)
        assert [row.id for row in listed] == found, (search, role)


async def test_an_unknown_account(stores: Stores) -> None:
    accounts = stores.accounts
    with pytest.raises(NotFound):
        await accounts.account("u1")
    with pytest.raises(NotFound):
        await accounts.set_profile("u1", "Ann", None)
    with pytest.raises(NotFound):
        await accounts.set_rights("u1", Rights(frozenset(), None, True))
    with pytest.raises(NotFound):
        await accounts.set_password("u1", "hash", None)
    with pytest.raises(NotFound):
        await accounts.erase("u1")
    with pytest.raises(NotFound):
        await accounts.give_mail_token("u1", "reset", digest(1), NOW)
    with pytest.raises(NotFound):
        await begin(stores)
    await accounts.replace_hash("u1", "old", "new")
    assert await stores.sign_ins.end_all("u1") == []


async def test_a_profile_is_changed(stores: Stores) -> None:
    await stores.accounts.add(account())
    changed = await stores.accounts.set_profile("u1", "Ann", None)
    assert changed == account(name="Ann", phone=None)
    assert await stores.accounts.account("u1") == changed


async def test_changed_rights_end_all_sign_ins(stores: Stores) -> None:
    for number in (1, 2):
        await stores.accounts.add(account(number))
    for number, of in ((1, "u1"), (2, "u1"), (3, "u2")):
        await begin(stores, number, of)
    rights = Rights(frozenset({"clerk"}), frozenset({"gala"}), False)
    assert await stores.accounts.set_rights("u1", rights) == ["s1", "s2"]
    assert await stores.accounts.account("u1") == account(roles=rights.roles, events=rights.events)
    assert [await is_signed_in(stores, number) for number in (1, 2, 3)] == [False, False, True]


async def test_a_new_password_ends_all_sign_ins_but_one(stores: Stores) -> None:
    await stores.accounts.add(account())
    await begin(stores, 1)
    await begin(stores, 2)
    assert await stores.accounts.set_password("u1", "$argon2id$2", "s2") == ["s1"]
    assert (await stores.accounts.account("u1")).password == "$argon2id$2"
    assert [await is_signed_in(stores, number) for number in (1, 2)] == [False, True]


async def test_a_better_hash_takes_the_place_of_the_one_it_was_made_for(stores: Stores) -> None:
    await stores.accounts.add(account())
    await stores.accounts.replace_hash("u1", "$argon2id$1", "$argon2id$better")
    await stores.accounts.replace_hash("u1", "$argon2id$1", "$argon2id$late")
    assert (await stores.accounts.account("u1")).password == "$argon2id$better"


async def test_an_erased_person_leaves_an_id_alone(stores: Stores) -> None:
    await stores.accounts.add(account(roles=frozenset({"admin"}), verified_at_ms=NOW))
    await begin(stores)
    await stores.accounts.give_mail_token("u1", "reset", digest(9), NOW + DAY)
    assert await stores.accounts.erase("u1") == ["s1"]
    erased = Account(id="u1", name="", created_at_ms=NOW + 1, roles=frozenset(), is_disabled=True)
    assert await stores.accounts.account("u1") == erased
    assert await stores.accounts.by_email("person.1@example.org") is None
    assert await stores.accounts.reset(digest(9), "hash", NOW) is None
    assert not await is_signed_in(stores, 1)
    await stores.accounts.add(account(2, email="person.1@example.org"))


# Sign-ins


async def test_a_token_gives_the_next_one_once(stores: Stores) -> None:
    await stores.accounts.add(account())
    assert await begin(stores) == []
    rotated = await stores.sign_ins.rotate(digest(1), digest(11), NOW)
    assert rotated == Rotated(account(), sign_in())
    again = await stores.sign_ins.rotate(digest(11), digest(12), NOW)
    assert again == Rotated(account(), sign_in())
    assert await stores.sign_ins.of_token(digest(12)) == sign_in()


async def test_a_token_that_comes_again_ends_its_sign_in_and_no_other(stores: Stores) -> None:
    await stores.accounts.add(account())
    await begin(stores, 1)
    await begin(stores, 2)
    await stores.sign_ins.rotate(digest(1), digest(11), NOW)
    assert await stores.sign_ins.rotate(digest(1), digest(12), NOW) == Reused(sign_in())
    for token in (1, 11, 12):
        assert await stores.sign_ins.rotate(digest(token), digest(13), NOW) is None
    assert await is_signed_in(stores, 2)


async def test_of_two_with_one_token_at_once_one_is_a_copy(stores: Stores) -> None:
    await stores.accounts.add(account())
    await begin(stores)
    results: list[Rotated | Reused | None] = []

    async def rotate(new: int) -> None:
        results.append(await stores.sign_ins.rotate(digest(1), digest(new), NOW))

    async with trio.open_nursery() as nursery:
        for new in range(2, 6):
            nursery.start_soon(rotate, new)
    kinds = sorted(type(result).__name__ for result in results)
    assert kinds == ["NoneType", "NoneType", "Reused", "Rotated"]
    assert not await is_signed_in(stores, 1)


async def test_an_expired_sign_in_gives_nothing(stores: Stores) -> None:
    await stores.accounts.add(account())
    await begin(stores)
    assert await stores.sign_ins.rotate(digest(1), digest(2), NOW + DAY) is None
    assert isinstance(await stores.sign_ins.rotate(digest(1), digest(2), NOW + DAY - 1), Rotated)


async def test_a_disabled_account_gets_no_token(stores: Stores) -> None:
    await stores.accounts.add(account(is_disabled=True))
    await begin(stores)
    assert await stores.sign_ins.rotate(digest(1), digest(2), NOW) is None


async def test_an_account_keeps_its_newest_sign_ins(stores: Stores) -> None:
    await stores.accounts.add(account())
    for number in (1, 2, 3):
        assert await begin(stores, number, at=NOW + number) == []
    assert await begin(stores, 4, at=NOW + 4) == ["s1"]
    assert sorted(await begin(stores, 5, at=NOW + 2 * DAY)) == ["s2", "s3", "s4"]
    assert await stores.sign_ins.end_all("u1") == ["s5"]


async def test_a_sign_in_begins_once(stores: Stores) -> None:
    await stores.accounts.add(account())
    await begin(stores)
    with pytest.raises(Conflict):
        await begin(stores)
    with pytest.raises(Conflict):
        await stores.sign_ins.begin(sign_in(2), digest(1), most=3)
    assert await stores.sign_ins.end_all("u1") == ["s1"]


async def test_a_sign_in_ends_once(stores: Stores) -> None:
    await stores.accounts.add(account())
    await begin(stores)
    assert await stores.sign_ins.end("s1")
    assert not await stores.sign_ins.end("s1")
    assert await stores.sign_ins.rotate(digest(1), digest(2), NOW) is None


# The tokens of mails


async def test_a_mailed_token_verifies_once(stores: Stores) -> None:
    await stores.accounts.add(account())
    await stores.accounts.give_mail_token("u1", "verify", digest(1), NOW + DAY)
    assert await stores.accounts.holder("verify", digest(1), NOW) == account()
    verified = account(verified_at_ms=NOW)
    assert await stores.accounts.verify(digest(1), NOW) == verified
    assert await stores.accounts.account("u1") == verified
    assert await stores.accounts.verify(digest(1), NOW) is None


async def test_a_mailed_token_resets_the_password_once(stores: Stores) -> None:
    await stores.accounts.add(account())
    await begin(stores)
    await stores.accounts.give_mail_token("u1", "reset", digest(2), NOW + DAY)
    changed = account(password="new", verified_at_ms=NOW)
    assert await stores.accounts.reset(digest(2), "new", NOW) == (changed, ["s1"])
    assert await stores.accounts.account("u1") == changed
    assert await stores.accounts.reset(digest(2), "newer", NOW) is None


async def test_a_reset_leaves_the_time_of_an_earlier_check(stores: Stores) -> None:
    await stores.accounts.add(account(verified_at_ms=7))
    await stores.accounts.give_mail_token("u1", "reset", digest(2), NOW + DAY)
    changed = account(password="new", verified_at_ms=7)
    assert await stores.accounts.reset(digest(2), "new", NOW) == (changed, [])


async def test_a_mailed_token_serves_its_purpose_in_its_time_alone(stores: Stores) -> None:
    await stores.accounts.add(account())
    await stores.accounts.give_mail_token("u1", "verify", digest(1), NOW + DAY)
    await stores.accounts.give_mail_token("u1", "reset", digest(2), NOW + DAY)
    assert await stores.accounts.reset(digest(1), "new", NOW) is None
    assert await stores.accounts.verify(digest(2), NOW) is None
    assert await stores.accounts.verify(digest(1), NOW + DAY) is None
    assert await stores.accounts.reset(digest(2), "new", NOW + DAY) is None
    assert await stores.accounts.account("u1") == account()


async def test_a_later_mail_voids_the_earlier(stores: Stores) -> None:
    await stores.accounts.add(account())
    for token in (1, 2):
        await stores.accounts.give_mail_token("u1", "verify", digest(token), NOW + DAY)
    assert await stores.accounts.verify(digest(1), NOW) is None
    assert await stores.accounts.verify(digest(2), NOW) is not None


async def test_a_disabled_account_uses_no_mailed_token(stores: Stores) -> None:
    await stores.accounts.add(account(is_disabled=True))
    await stores.accounts.give_mail_token("u1", "verify", digest(1), NOW + DAY)
    await stores.accounts.give_mail_token("u1", "reset", digest(2), NOW + DAY)
    assert await stores.accounts.holder("reset", digest(2), NOW) is None
    assert await stores.accounts.verify(digest(1), NOW) is None
    assert await stores.accounts.reset(digest(2), "new", NOW) is None
