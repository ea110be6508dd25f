"""What every desk does: guests found, changed, checked in, and moved with their numbers."""

from __future__ import annotations

import attrs
import pytest

from saleroom.storage.desk_ports import EVERYONE, Guest, Wanted
from saleroom.storage.people_search import PeopleQuery
from saleroom.storage.ports import Batch, NotFound, Registration, Stores
from tests.storage.records import records

ANN = Registration(101, "ann", "Ann O'Brien", "ann@example.org", "+1 (555) 010-0199", "7")
PEOPLE = (
    ANN,
    Registration(102, None, "Éva Müller-Schmidt", "Eva@Example.org", None, "7"),
    Registration(103, "ivan", "Иван Петров", None, "0049 30 1234567", "Ёлка"),
    Registration(110, "bob", "Bob", None, None, None),
    Registration(205, "cat", "Catherine Meyer", "cm@example.net", "5550100", "12"),
)


async def seated(stores: Stores) -> None:
    for row in PEOPLE:
        await stores.catalogue.put_registration("gala", row)
    await stores.catalogue.put_registration("ball", attrs.evolve(ANN, paddle=300))


async def found(stores: Stores, wanted: Wanted) -> list[int]:
    return [guest.paddle for guest in await stores.desk.guests("gala", wanted, 0, 9)]


async def test_a_guest_is_who_registered(stores: Stores) -> None:
    await seated(stores)
    guest = Guest(101, "ann", "Ann O'Brien", "ann@example.org", "+1 (555) 010-0199", "7")
    assert await stores.desk.guest("gala", 101) == guest
    for event, paddle in (("gala", 300), ("nowhere", 101)):
        with pytest.raises(NotFound):
            await stores.desk.guest(event, paddle)


async def test_guests_are_paged_by_paddle(stores: Stores) -> None:
    await seated(stores)
    first = await stores.desk.guests("gala", EVERYONE, 0, 3)
    rest = await stores.desk.guests("gala", EVERYONE, 103, 3)
    assert [guest.paddle for guest in first + rest] == [101, 102, 103, 110, 205]
    assert await stores.desk.guests("nowhere", EVERYONE, 0, 3) == []


@pytest.mark.parametrize(
    ("typed", "paddles"),
    [
        ("ann", [101]),
        ("AN", [101]),
        ("O`Brien", [101]),
        ("brien ann", [101]),
        ("eva", [102]),
        ("muller", [102]),
        ("Mueller", [102]),
        ("schmitt", [102]),
        ("ЖЩЫЮ", []),
        ("иван", [103]),
        ("Петрав", [103]),
        ("Katherine", [205]),
        ("meier", [205]),
        ("ann meier", []),
        ("10", [101, 102, 103]),
        ("205", [205]),
        ("555", [101, 205]),
        ("+1 555 010", [101]),
        ("0100-200", []),
        ("ANN@example.org", [101]),
        ("eva@exam", [102]),
        ("%", []),
        ("_", []),
        ("'; DROP TABLE registrations; --", []),
    ],
)
async def test_people_are_found_by_what_is_typed(
    stores: Stores, typed: str, paddles: list[int]
) -> None:
    await seated(stores)
    assert await found(stores, Wanted(PeopleQuery.read(typed))) == paddles


async def test_filters_add_up(stores: Stores) -> None:
    await seated(stores)
    await stores.desk.check_in("gala", 102, "clara", 5)
    assert await found(stores, Wanted(table="7")) == [101, 102]
    assert await found(stores, Wanted(table="7", is_checked_in=True)) == [102]
    assert await found(stores, Wanted(is_checked_in=False)) == [101, 103, 110, 205]
    assert await found(stores, Wanted(paddles=(103, 205, 999))) == [103, 205]
    assert await found(stores, Wanted(paddles=())) == []
    assert await found(stores, Wanted(PeopleQuery.read("ann"), table="12")) == []


async def test_only_the_named_fields_change(stores: Stores) -> None:
    await seated(stores)
    kept = await stores.desk.guest("gala", 101)
    other = Guest(101, None, "Anna", None, None, None, 5_000, True, "vegetarian", 9, "otto")
    changed = await stores.desk.put_guest("gala", other, {"name", "notes", "limit", "is_captain"})
    assert changed == attrs.evolve(
        kept, name="Anna", notes="vegetarian", limit=5_000, is_captain=True
    )
    assert await stores.desk.guest("gala", 101) == changed
    assert await found(stores, Wanted(PeopleQuery.read("anna"))) == [101]
    assert await found(stores, Wanted(PeopleQuery.read("brien"))) == []
    bare = await stores.desk.put_guest("gala", other, {"email", "phone", "table", "user"})
    assert (bare.email, bare.phone, bare.table, bare.user) == (None, None, None, None)
    with pytest.raises(NotFound):
        await stores.desk.put_guest("gala", attrs.evolve(other, paddle=999), {"name"})


async def test_a_guest_checks_in_once_and_it_can_be_undone(stores: Stores) -> None:
    await seated(stores)
    await stores.desk.check_in("gala", 101, "clara", 5)
    again = await stores.desk.check_in("gala", 101, "otto", 9)
    assert (again.checked_in_at_ms, again.checked_in_by) == (5, "clara")
    undone = await stores.desk.undo_check_in("gala", 101)
    assert (undone.checked_in_at_ms, undone.checked_in_by) == (None, None)
    later = await stores.desk.check_in("gala", 101, "otto", 9)
    assert (later.checked_in_at_ms, later.checked_in_by) == (9, "otto")
    with pytest.raises(NotFound):
        await stores.desk.check_in("gala", 999, "clara", 5)
    with pytest.raises(NotFound):
        await stores.desk.undo_check_in("gala", 999)


async def test_what_the_desk_keeps_moves_with_the_number(stores: Stores) -> None:
    first, second = records(1, 2)
    await stores.journal.create("gala", "ab", [first])
    await seated(stores)
    await stores.desk.check_in("gala", 101, "clara", 5)
    one = await stores.desk.put_guest(
        "gala", Guest(101, "ann", "Ann", notes="by the door"), {"notes"}
    )
    two = await stores.desk.check_in("gala", 102, "clara", 6)
    new = Registration(102, None, "Newcomer")
    moves = [(101, 400), (102, 101)]
    ownership = await stores.journal.take_term("gala")
    await stores.journal.append(
        "gala", ownership.term, Batch([second], registrations=[new], renumbered=moves)
    )
    assert await stores.desk.guest("gala", 400) == attrs.evolve(one, paddle=400)
    assert await stores.desk.guest("gala", 101) == attrs.evolve(two, paddle=101)
    assert await stores.desk.guest("gala", 102) == Guest(102, None, "Newcomer")
    assert await found(stores, Wanted(PeopleQuery.read("newc"))) == [102]
    assert await found(stores, Wanted(PeopleQuery.read("brien"))) == [400]


async def test_the_paddles_of_a_user(stores: Stores) -> None:
    await seated(stores)
    assert await stores.desk.paddles_of("ann", "", 9) == [("ball", 300), ("gala", 101)]
    assert await stores.desk.paddles_of("ann", "", 1) == [("ball", 300)]
    assert await stores.desk.paddles_of("ann", "ball", 9) == [("gala", 101)]
    assert await stores.desk.paddles_of("nobody", "", 9) == []
