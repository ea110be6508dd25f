"""What every catalogue does: versions, listing, lots and registrations."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from saleroom.storage.index_ports import DonorRow
from saleroom.storage.ports import Conflict, EventRow, LotRow, NotFound, Registration, Stores


def event_row(event: str = "gala", created_at_ms: int = 1_000, **changes: Any) -> EventRow:
    settings = {"ladder": "gala", "soft_close": {"window": 120_000, "cap": None}}
    row = EventRow(event, "A Gala", "USD", "published", True, settings, created_at_ms)
    return attrs.evolve(row, **changes)


def lot_row(lot: int = 1, **changes: Any) -> LotRow:
    row = LotRow(lot, {"mode": "silent", "opening": 10_000}, {"title": "Dinner for two, 🍷"})
    return attrs.evolve(row, **changes)


async def test_an_event_is_read_as_added(stores: Stores) -> None:
    row = event_row(title="Gala d'été", public=False, status="draft")
    await stores.catalogue.add_event(row)
    assert await stores.catalogue.event("gala") == row


async def test_an_event_is_added_once(stores: Stores) -> None:
    await stores.catalogue.add_event(event_row())
    with pytest.raises(Conflict):
        await stores.catalogue.add_event(event_row(title="Another"))
    assert await stores.catalogue.event("gala") == event_row()


async def test_an_unknown_event(stores: Stores) -> None:
    with pytest.raises(NotFound):
        await stores.catalogue.event("gala")
    with pytest.raises(NotFound):
        await stores.catalogue.put_event(event_row())
    await stores.catalogue.set_status("gala", "open")
    assert await stores.catalogue.list_events(None, 10) == []


async def test_putting_an_event_raises_its_version(stores: Stores) -> None:
    await stores.catalogue.add_event(event_row())
    put = await stores.catalogue.put_event(
        event_row(title="Renamed", settings={"ladder": [[0, 5]]}, details={"venue": "The hall"})
    )
    assert put.version == 2
    assert (put.title, put.details) == ("Renamed", {"venue": "The hall"})
    assert await stores.catalogue.event("gala") == put


async def test_putting_an_event_leaves_what_the_journal_decided(stores: Stores) -> None:
    await stores.catalogue.add_event(event_row())
    await stores.catalogue.set_status("gala", "open")
    put = await stores.catalogue.put_event(event_row(title="Renamed", created_at_ms=7))
    assert (put.status, put.created_at_ms) == ("open", 1_000)
    assert await stores.catalogue.event("gala") == put


async def test_putting_over_another_version_is_a_conflict(stores: Stores) -> None:
    await stores.catalogue.add_event(event_row())
    second = await stores.catalogue.put_event(event_row(title="First writer"))
    with pytest.raises(Conflict):
        await stores.catalogue.put_event(event_row(title="Second writer"))
    with pytest.raises(Conflict):
        await stores.catalogue.put_event(event_row(version=3))
    assert await stores.catalogue.event("gala") == second


async def test_a_status_is_mirrored_and_the_version_stays(stores: Stores) -> None:
    await stores.catalogue.add_event(event_row())
    await stores.catalogue.set_status("gala", "open")
    assert await stores.catalogue.event("gala") == event_row(status="open")


async def test_events_are_listed_newest_first_in_pages(stores: Stores) -> None:
    for event, at in (("b", 10), ("a", 10), ("c", 30), ("B", 10), ("d", 20)):
        await stores.catalogue.add_event(event_row(event, at))
    listed: list[str] = []
    after: str | None = None
    while page := await stores.catalogue.list_events(after, 2):
        listed += [row.id for row in page]
        after = page[-1].id
    assert listed == ["c", "d", "b", "a", "B"]
    assert await stores.catalogue.list_events("unknown", 2) == []


async def test_lots_are_read_by_number(stores: Stores) -> None:
    await stores.catalogue.add_event(event_row())
    await stores.catalogue.add_event(event_row("ball"))
    await stores.catalogue.add_lot("ball", lot_row(7))
    for lot in (10, 2, 1):
        await stores.catalogue.add_lot("gala", lot_row(lot))
    assert await stores.catalogue.lots("gala") == [lot_row(1), lot_row(2), lot_row(10)]
    assert await stores.catalogue.lots("nowhere") == []


async def test_a_lot_needs_its_event_and_a_free_number(stores: Stores) -> None:
    with pytest.raises(NotFound):
        await stores.catalogue.add_lot("gala", lot_row())
    await stores.catalogue.add_event(event_row())
    await stores.catalogue.add_lot("gala", lot_row())
    with pytest.raises(Conflict):
        await stores.catalogue.add_lot("gala", lot_row(details={}))
    assert await stores.catalogue.lots("gala") == [lot_row()]


async def test_putting_a_lot_raises_its_version(stores: Stores) -> None:
    await stores.catalogue.add_event(event_row())
    with pytest.raises(NotFound):
        await stores.catalogue.put_lot("gala", lot_row())
    await stores.catalogue.add_lot("gala", lot_row())
    put = await stores.catalogue.put_lot("gala", lot_row(definition={"mode": "live"}))
    assert put == lot_row(definition={"mode": "live"}, version=2)
    with pytest.raises(Conflict):
        await stores.catalogue.put_lot("gala", lot_row(details={}))
    assert await stores.catalogue.lots("gala") == [put]


async def test_one_lot_is_read(stores: Stores) -> None:
    await stores.catalogue.add_event(event_row())
    for lot in (1, 2):
        await stores.catalogue.add_lot("gala", lot_row(lot))
    assert await stores.catalogue.lot("gala", 2) == lot_row(2)
    for event, lot in (("gala", 3), ("ball", 1)):
        with pytest.raises(NotFound):
            await stores.catalogue.lot(event, lot)


async def test_lots_are_placed_all_or_none(stores: Stores) -> None:
    await stores.catalogue.add_event(event_row())
    for lot in (1, 2, 5):
        await stores.catalogue.add_lot("gala", lot_row(lot))
    for wrong in ([1, 2], [1, 2, 5, 6], [1, 1, 2], []):
        with pytest.raises(Conflict):
            await stores.catalogue.order_lots("gala", wrong)
    await stores.catalogue.order_lots("gala", [5, 1, 2])
    await stores.catalogue.put_lot("gala", lot_row(2))
    await stores.catalogue.add_lot("gala", lot_row(3))
    places = [(row.lot, row.place) for row in await stores.catalogue.lots("gala")]
    assert places == [(1, 2), (2, 3), (3, None), (5, 1)]


async def test_a_copy_has_all_and_donors_of_its_own(stores: Stores) -> None:
    donor = DonorRow(77, "Ann", is_hidden=True, email="ann@example.org")
    row = event_row("ball", status="draft", details={"venue": "Hall"})
    lots = [lot_row(2, category="Wine", donor=77, place=1), lot_row(1, place=2)]
    await stores.catalogue.add_copy(row, lots, ["Trips", "Wine"], [donor])
    assert await stores.catalogue.event("ball") == row
    (given,) = await stores.index.donors("ball", 0, 10)
    assert attrs.evolve(given, id=77) == donor
    kept = await stores.catalogue.lots("ball")
    assert kept == [lots[1], attrs.evolve(lots[0], donor=given.id)]
    assert [c.name for c in await stores.index.categories("ball")] == ["Trips", "Wine"]
    with pytest.raises(Conflict):
        await stores.catalogue.add_copy(row, lots, ["Cars"], [donor])
    assert [c.name for c in await stores.index.categories("ball")] == ["Trips", "Wine"]


async def test_a_lot_is_removed_once(stores: Stores) -> None:
    await stores.catalogue.add_event(event_row())
    await stores.catalogue.add_lot("gala", lot_row())
    await stores.catalogue.remove_lot("gala", 1)
    assert await stores.catalogue.lots("gala") == []
    with pytest.raises(NotFound):
        await stores.catalogue.remove_lot("gala", 1)


async def test_registrations_are_replaced_and_paged(stores: Stores) -> None:
    ann = Registration(101, "ann", "Ann", "ann@example.org", "+1 555 0100", "7")
    bob, cid = Registration(205, None, "Bob"), Registration(102, None, "Cid")
    for row in (bob, Registration(101, None, "?"), ann, cid):
        await stores.catalogue.put_registration("gala", row)
    await stores.catalogue.put_registration("ball", bob)
    assert await stores.catalogue.registrations("gala", 0, 2) == [ann, cid]
    assert await stores.catalogue.registrations("gala", 102, 2) == [bob]
    assert await stores.catalogue.registrations("nowhere", 0, 2) == []


async def test_what_the_caller_changes_later_is_not_kept(stores: Stores) -> None:
    settings: dict[str, Any] = {"ladder": [[0, 5]]}
    await stores.catalogue.add_event(event_row(settings=settings))
    settings["ladder"].append([100, 10])
    read = await stores.catalogue.event("gala")
    assert read.settings == {"ladder": [[0, 5]]}
    dict.update(read.settings, ladder="spoilt")
    assert (await stores.catalogue.event("gala")).settings == {"ladder": [[0, 5]]}
