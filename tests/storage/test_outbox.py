"""What every outbox does: what is owed is settled once, claimed by one, merged, and never lost."""

from __future__ import annotations

import attrs
import pytest
import trio

from saleroom.storage.message_ports import Delivery, NewDelivery
from saleroom.storage.ports import Batch, OutboxRow, Stores
from tests.storage.records import record

NOW = 4_000_000_000_000  # later than any database's clock, so that what a fact owes is due
WON = NewDelivery("won", "sms", 101, 17, {"amount": 500}, NOW)
OUTBID = NewDelivery("outbid", "sms", 101, 17, {}, NOW, is_once=False, interval_ms=1_000)


async def settled(stores: Stores, *deliveries: NewDelivery, now_ms: int = NOW) -> int:
    """Owe something and settle it as these; give the row's id."""
    await stores.outbox.owe("gala", "some", {}, now_ms)
    (row,) = await stores.outbox.owed(now_ms, 9)
    await stores.outbox.settle(row.id, deliveries, now_ms)
    return row.id


async def claimed(stores: Stores, now_ms: int = NOW, limit: int = 9) -> list[Delivery]:
    return await stores.outbox.claim("sms", now_ms, now_ms + 60, limit)


async def test_a_fact_is_written_with_what_it_owes(stores: Stores) -> None:
    await stores.journal.create("gala", "abc", [record(1)])
    ownership = await stores.journal.take_term("gala")
    owed = [OutboxRow(2, "won", {"won": [[17, 101, 500, 1]]}), OutboxRow(2, "closed", {})]
    await stores.journal.append("gala", ownership.term, Batch([record(2)], owed))
    rows = await stores.outbox.owed(NOW, 9)
    assert [(row.event, row.position, row.topic, row.payload) for row in rows] == [
        ("gala", 2, "won", {"won": [[17, 101, 500, 1]]}),
        ("gala", 2, "closed", {}),
    ]


async def test_what_is_owed_comes_up_when_it_is_due(stores: Stores) -> None:
    await stores.outbox.owe("gala", "late", {"a": 1}, NOW + 10)
    await stores.outbox.owe("gala", "early", {}, NOW)
    assert [row.topic for row in await stores.outbox.owed(NOW, 9)] == ["early"]
    rows = await stores.outbox.owed(NOW + 10, 9)
    assert [row.topic for row in rows] == ["early", "late"]
    assert [row.topic for row in await stores.outbox.owed(NOW + 10, 1)] == ["early"]
    await stores.outbox.postpone(rows[0].id, NOW + 20)
    assert [row.topic for row in await stores.outbox.owed(NOW + 10, 9)] == ["late"]
    assert (await stores.outbox.counts())["owed"] == 2


async def test_a_row_is_settled_once(stores: Stores) -> None:
    row = await settled(stores, WON)
    await stores.outbox.settle(row, [WON, attrs.evolve(WON, channel="email")], NOW)
    assert await stores.outbox.owed(NOW, 9) == []
    (delivery,) = await claimed(stores)
    assert (delivery.kind, delivery.paddle, delivery.lot) == ("won", 101, 17)
    assert (delivery.payload, delivery.state, delivery.attempts) == ({"amount": 500}, "sending", 1)
    assert (await stores.outbox.counts()) == {"sending": 1, "owed": 0}


async def test_a_claim_lasts_until_its_time_is_over(stores: Stores) -> None:
    await settled(stores, WON, attrs.evolve(WON, channel="email"))
    (first,) = await claimed(stores)
    assert await claimed(stores, NOW + 59) == []
    (again,) = await claimed(stores, NOW + 60)
    assert (again.id, again.attempts) == (first.id, 2)
    await stores.outbox.end(again.id, "sent", NOW + 61)
    await stores.outbox.end(again.id, "dead", NOW + 62)
    assert await claimed(stores, NOW + 999) == []
    assert await stores.outbox.dead(None, 9) == []


async def test_no_delivery_is_claimed_by_two(stores: Stores) -> None:
    await settled(stores, *(attrs.evolve(WON, paddle=paddle) for paddle in range(101, 141)))
    found: list[Delivery] = []

    async def claim() -> None:
        for _ in range(5):
            found.extend(await claimed(stores, limit=3))

    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(claim)
    assert sorted(each.paddle for each in found) == list(range(101, 141))


async def test_claims_are_bounded_and_oldest_first(stores: Stores) -> None:
    later = attrs.evolve(WON, paddle=102, due_at_ms=NOW + 5)
    await settled(stores, later, WON, attrs.evolve(WON, paddle=103))
    assert [each.paddle for each in await claimed(stores, NOW + 5, limit=2)] == [101, 103]
    assert [each.paddle for each in await claimed(stores, NOW + 5)] == [102]


async def test_what_is_merged_waits_as_one(stores: Stores) -> None:
    for _ in range(3):
        await settled(stores, OUTBID)
    await settled(stores, attrs.evolve(OUTBID, lot=18), attrs.evolve(OUTBID, paddle=102))
    found = await claimed(stores)
    assert sorted((each.paddle, each.lot) for each in found) == [(101, 17), (101, 18), (102, 17)]


async def test_what_is_merged_is_put_off_and_says_the_newest(stores: Stores) -> None:
    await settled(stores, attrs.evolve(OUTBID, payload={"old": 1}))
    later = attrs.evolve(OUTBID, payload={"new": 1}, due_at_ms=NOW + 50)
    await settled(stores, later, now_ms=NOW + 40)
    await settled(stores, attrs.evolve(later, due_at_ms=NOW + 45), now_ms=NOW + 41)
    assert await claimed(stores, NOW + 49) == []
    (delivery,) = await claimed(stores, NOW + 50)
    assert (delivery.payload, delivery.created_at_ms) == ({"new": 1}, NOW + 41)


async def test_what_is_never_merged_stands_beside_the_other(stores: Stores) -> None:
    for _ in range(2):
        await settled(stores, WON)
    assert len(await claimed(stores)) == 2


async def test_what_is_merged_keeps_its_distance(stores: Stores) -> None:
    await settled(stores, OUTBID)
    (first,) = await claimed(stores)
    await settled(stores, OUTBID, now_ms=NOW + 10)
    assert await claimed(stores, NOW + 30) == []
    await stores.outbox.end(first.id, "sent", NOW + 40)
    assert await claimed(stores, NOW + 1_009) == []
    assert len(await claimed(stores, NOW + 1_010)) == 1


@pytest.mark.parametrize(("is_attempt", "attempts"), [(True, 2), (False, 1)])
async def test_what_is_put_back_comes_up_again(
    stores: Stores, is_attempt: bool, attempts: int
) -> None:
    await settled(stores, WON)
    (delivery,) = await claimed(stores)
    await stores.outbox.put_back(delivery.id, NOW + 9, NOW, "no answer", is_attempt=is_attempt)
    assert await claimed(stores, NOW + 8) == []
    (again,) = await claimed(stores, NOW + 9)
    assert (again.attempts, again.note) == (attempts, "no answer")


async def test_what_is_put_back_gives_way_to_a_newer_one(stores: Stores) -> None:
    await settled(stores, attrs.evolve(OUTBID, interval_ms=0))
    (old,) = await claimed(stores)
    await settled(stores, attrs.evolve(OUTBID, interval_ms=0, payload={"new": 1}))
    await stores.outbox.put_back(old.id, NOW + 9, NOW, None, is_attempt=True)
    (left,) = await claimed(stores, NOW + 9)
    assert left.payload == {"new": 1}
    assert (await stores.outbox.counts()) == {"sending": 1, "dropped": 1, "owed": 0}


async def test_the_dead_give_way_to_a_newer_one(stores: Stores) -> None:
    await settled(stores, attrs.evolve(OUTBID, interval_ms=0))
    (old,) = await claimed(stores)
    await stores.outbox.end(old.id, "dead", NOW + 1, "refused")
    await settled(stores, attrs.evolve(OUTBID, interval_ms=0, payload={"new": 1}))
    assert await stores.outbox.revive(old.id, NOW + 2)
    assert await stores.outbox.dead(None, 9) == []
    (left,) = await claimed(stores, NOW + 2)
    assert left.payload == {"new": 1}
    assert (await stores.outbox.counts()) == {"sending": 1, "dropped": 1, "owed": 0}


async def test_the_dead_are_listed_and_revived(stores: Stores) -> None:
    for paddle in (101, 102, 103):
        await settled(stores, attrs.evolve(WON, paddle=paddle))
    for delivery in await claimed(stores):
        await stores.outbox.end(delivery.id, "dead", NOW + 1, "refused")
    dead = await stores.outbox.dead(None, 2)
    assert [(each.paddle, each.note) for each in dead] == [(103, "refused"), (102, "refused")]
    assert [each.paddle for each in await stores.outbox.dead(dead[-1].id, 2)] == [101]
    assert await stores.outbox.revive(dead[0].id, NOW + 5)
    assert not await stores.outbox.revive(dead[0].id, NOW + 5)
    assert not await stores.outbox.revive(10**9, NOW + 5)
    (again,) = await claimed(stores, NOW + 5)
    assert (again.paddle, again.attempts, again.state) == (103, 1, "sending")


async def test_messages_follow_a_paddle_to_its_new_number(stores: Stores) -> None:
    await settled(stores, WON, attrs.evolve(WON, paddle=102))
    await stores.outbox.owe("gala", "moved", {}, NOW)
    await stores.outbox.owe("ball", "moved", {}, NOW)
    here, elsewhere = await stores.outbox.owed(NOW, 9)
    await stores.outbox.move(elsewhere.id, 102, 400, NOW)
    await stores.outbox.move(here.id, 101, 300, NOW)
    await stores.outbox.move(here.id, 102, 500, NOW)
    assert [each.paddle for each in await claimed(stores)] == [300, 102]


async def test_what_has_ended_is_removed_in_parts(stores: Stores) -> None:
    for _ in range(3):
        await settled(stores, WON)
    await stores.outbox.owe("gala", "waits", {}, NOW)
    for delivery in await claimed(stores):
        await stores.outbox.end(delivery.id, "sent", NOW + 1)
    assert await stores.outbox.drop_ended(NOW, 9) == 0
    counts = [await stores.outbox.drop_ended(NOW + 2, 2) for _ in range(3)]
    assert counts == [4, 2, 0]
    assert await stores.outbox.counts() == {"owed": 1}
