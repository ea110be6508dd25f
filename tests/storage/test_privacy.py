"""What erasure and retention do in every store: people go, numbers and the journal stay."""

from __future__ import annotations

import attrs
import orjson

from saleroom.storage.accounts_ports import Account, SignIn
from saleroom.storage.audit_ports import AuditEntry
from saleroom.storage.desk_ports import EVERYONE, Guest, Wanted
from saleroom.storage.people_search import PeopleQuery
from saleroom.storage.ports import Record, Registration, Stores
from saleroom.storage.privacy_ports import Forgotten
from saleroom.storage.watch_ports import Watch
from saleroom.storage.wish_ports import Gift, WishItem, WishList
from tests.storage.records import head
from tests.storage.test_catalogue import event_row

ANN = Registration(101, "ann", "Ann Lee", "ann@gala.example", "555 0100", "7")
BOB = Registration(102, "bob", "Bob", "bob@gala.example")


async def lived(stores: Stores) -> None:
    """Ann and Bob at two events, with all that people leave behind."""
    for event in ("gala", "ball"):
        for row in (ANN, BOB):
            await stores.catalogue.put_registration(event, row)
    await stores.desk.put_guest("gala", Guest(101, "ann", "Ann Lee", notes="vegan"), {"notes"})
    await stores.watching.watch("ann", Watch("gala", 1, 5), 9)
    await stores.wish_lists.add(WishList("l1", "t1", "ann", "Ann's", "USD", 5), 9)
    await stores.wish_lists.add(WishList("l2", "t2", "bob", "Bob's", "USD", 5), 9)
    for list_id, giver in (("l1", "bob"), ("l2", "ann")):
        await stores.wish_lists.add_item(list_id, WishItem(0, "A wish", 100), 9)
        gift = Gift(f"g-{giver}", list_id, 1, giver, "k", 40, giver.title(), "With love", 5)
        await stores.wish_lists.give(gift, is_whole=False)


async def test_a_person_is_forgotten_whole_and_others_are_not(stores: Stores) -> None:
    await lived(stores)
    bobs = await stores.desk.guest("gala", 102)
    forgotten = await stores.privacy.forget("ann")
    assert forgotten == Forgotten([("ball", 101), ("gala", 101)], 1, 1, 1)
    assert await stores.desk.guest("gala", 101) == Guest(101, "ann", "Paddle 101", table="7")
    assert await stores.desk.guest("gala", 102) == bobs
    found = await stores.desk.guests("gala", Wanted(PeopleQuery.read("ann")), 0, 9)
    assert found == []
    assert await stores.watching.counts("gala") == {}
    assert await stores.wish_lists.lists("ann", "", 9) == []
    assert await stores.wish_lists.gifts("l1") == []
    [gift] = await stores.wish_lists.gifts("l2")
    assert (gift.amount, gift.name, gift.message) == (40, None, None)


async def test_who_was_forgotten_is_forgotten_again(stores: Stores) -> None:
    await lived(stores)
    await stores.privacy.forget("ann")
    again = await stores.privacy.forget("ann")
    assert (again.wish_lists, again.watches) == (0, 0)
    assert (await stores.privacy.forget("nobody")).is_nothing


async def closed(stores: Stores, event: str, status: str, at_ms: int) -> None:
    await stores.catalogue.add_event(event_row(event, status=status))
    bodies = [orjson.dumps({"at": at}) for at in (1, at_ms)]
    records = [Record(n, None, body, head(n)) for n, body in enumerate(bodies, 1)]
    await stores.journal.create(event, "ab", records)


async def test_contacts_go_when_an_event_has_been_closed_for_long(stores: Stores) -> None:
    await lived(stores)
    await closed(stores, "gala", "closed", 1_000)
    await closed(stores, "ball", "open", 1_000)
    assert await stores.privacy.drop_contacts(1_000, 9) == 0
    assert await stores.privacy.drop_contacts(1_001, 1) == 1
    assert await stores.privacy.drop_contacts(1_001, 9) == 1
    assert await stores.privacy.drop_contacts(1_001, 9) == 0
    gala = await stores.desk.guests("gala", EVERYONE, 0, 9)
    assert [(row.name, row.email, row.notes) for row in gala] == [
        ("Paddle 101", None, None),
        ("Paddle 102", None, None),
    ]
    ball = await stores.desk.guests("ball", EVERYONE, 0, 9)
    assert [row.name for row in ball] == ["Ann Lee", "Bob"]


async def test_sign_ins_and_audit_go_by_age(stores: Stores) -> None:
    await stores.accounts.add(Account("u1", "Ann", 5))
    for name, expires in (("old", 100), ("new", 200)):
        row = SignIn(name, "u1", 50, expires)
        await stores.sign_ins.begin(row, name.encode().ljust(32, b"\0"), 9)
    assert await stores.privacy.drop_sign_ins(200, 9) == 1
    assert await stores.sign_ins.end_all("u1") == ["new"]
    entry = AuditEntry(100, "ada", "admin", "lot.change")
    for at_ms in (100, 200, 300):
        await stores.audit.record(attrs.evolve(entry, at_ms=at_ms))
    assert await stores.privacy.drop_audit(300, 1) == 1
    assert await stores.privacy.drop_audit(300, 9) == 1
    kept = await stores.audit.entries(event=None, who=None, before=None, limit=9)
    assert [(row.number, row.entry.at_ms) for row in kept] == [(3, 300)]
