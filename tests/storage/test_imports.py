"""What every store of imports does: their rows are added once, and whole."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from saleroom.storage.import_ports import CHECKED, CONFIRMED, CONFIRMING, ImportRow
from saleroom.storage.index_ports import CATEGORIES_MAX
from saleroom.storage.ports import Conflict, Full, LotRow, NotFound, Registration, Stores
from tests.storage.test_catalogue import event_row, lot_row

ROWS = b'{"row":2,"lot":1}\n{"row":3,"lot":2}'
ANN, BOB = Registration(100, None, "Ann", "ann@gala.example"), Registration(101, None, "Bob")


def import_row(**changes: Any) -> ImportRow:
    row = ImportRow("i1", "gala", "lots", "ada", 1_000, 5_000, {"rows": 2}, ROWS)
    return attrs.evolve(row, **changes)


def titled(lot: int, title: str, category: str | None = None) -> LotRow:
    return attrs.evolve(lot_row(lot), details={"description": title}, category=category)


@pytest.fixture
async def kept(stores: Stores) -> Stores:
    """Stores with an event and a checked import."""
    await stores.catalogue.add_event(event_row())
    await stores.imports.add(import_row())
    return stores


async def test_an_import_is_read_as_added(kept: Stores) -> None:
    assert await kept.imports.get("gala", "i1") == import_row()
    for event, identifier in (("gala", "i2"), ("ball", "i1")):
        with pytest.raises(NotFound):
            await kept.imports.get(event, identifier)


async def test_an_import_needs_its_event(stores: Stores) -> None:
    with pytest.raises(NotFound):
        await stores.imports.add(import_row())


async def test_the_first_confirmation_gives_the_numbers(kept: Stores) -> None:
    begun = await kept.imports.begin("gala", "i1", b"numbered", "ada")
    assert (begun.status, begun.rows, begun.confirmed_by) == (CONFIRMING, b"numbered", "ada")
    again = await kept.imports.begin("gala", "i1", b"otherwise", "nick")
    assert again == begun == await kept.imports.get("gala", "i1")
    with pytest.raises(NotFound):
        await kept.imports.begin("gala", "i2", b"", "ada")


async def test_a_confirmation_of_which_nothing_came_is_taken_back(kept: Stores) -> None:
    await kept.imports.step_back("gala", "i1", b"otherwise")
    assert await kept.imports.get("gala", "i1") == import_row()
    await kept.imports.begin("gala", "i1", b"numbered", "ada")
    await kept.imports.step_back("gala", "i1", ROWS)
    await kept.imports.step_back("gala", "i2", ROWS)
    assert await kept.imports.get("gala", "i1") == import_row()
    begun = await kept.imports.begin("gala", "i1", b"again", "nick")
    assert (begun.rows, begun.confirmed_by) == (b"again", "nick")
    await kept.imports.finish("gala", "i1", {}, is_first=False)
    await kept.imports.step_back("gala", "i1", ROWS)
    assert (await kept.imports.get("gala", "i1")).status == CONFIRMED


async def test_lots_are_added_with_the_confirmation(kept: Stores) -> None:
    lots = [titled(2, "Two", "Art"), titled(1, "One", "Art")]
    await kept.imports.finish("gala", "i1", {"rows": 0}, lots, is_first=True)
    assert [row.details for row in await kept.catalogue.lots("gala")] == [
        {"description": "One"},
        {"description": "Two"},
    ]
    assert [row.name for row in await kept.index.categories("gala")] == ["Art"]
    done = await kept.imports.get("gala", "i1")
    assert (done.status, done.rows, done.report) == (CONFIRMED, b"", {"rows": 0})
    with pytest.raises(Conflict):
        await kept.imports.finish("gala", "i1", {}, lots, is_first=False)


async def test_registrations_are_added_with_the_confirmation(kept: Stores) -> None:
    await kept.imports.finish("gala", "i1", {}, registrations=[BOB, ANN], is_first=True)
    assert await kept.catalogue.registrations("gala", 0, 10) == [ANN, BOB]


async def test_one_row_that_is_there_keeps_out_all(kept: Stores) -> None:
    await kept.catalogue.add_lot("gala", titled(2, "Before"))
    await kept.catalogue.put_registration("gala", BOB)
    with pytest.raises(Conflict):
        await kept.imports.finish(
            "gala", "i1", {}, [titled(1, "One"), titled(2, "Two")], is_first=True
        )
    with pytest.raises(Conflict):
        await kept.imports.finish("gala", "i1", {}, registrations=[ANN, BOB], is_first=True)
    assert [row.lot for row in await kept.catalogue.lots("gala")] == [2]
    assert await kept.catalogue.registrations("gala", 0, 10) == [BOB]
    assert (await kept.imports.get("gala", "i1")).status == CHECKED


async def test_rows_that_their_events_commands_wrote_stay(kept: Stores) -> None:
    await kept.catalogue.add_lot("gala", titled(2, "Before"))
    await kept.catalogue.put_registration("gala", BOB)
    lots, people = [titled(1, "One"), titled(2, "Two")], [ANN, attrs.evolve(BOB, name="Other")]
    await kept.imports.finish("gala", "i1", {}, lots, people, is_first=False)
    found = [row.details["description"] for row in await kept.catalogue.lots("gala")]
    assert found == ["One", "Before"]
    assert await kept.catalogue.registrations("gala", 0, 10) == [ANN, BOB]


async def test_too_many_categories_keep_out_all(kept: Stores) -> None:
    lots = [titled(lot, "", f"Category {lot}") for lot in range(1, CATEGORIES_MAX + 2)]
    with pytest.raises(Full):
        await kept.imports.finish("gala", "i1", {}, lots, is_first=True)
    assert await kept.catalogue.lots("gala") == []
    assert await kept.index.categories("gala") == []


async def test_an_import_is_dropped_unless_its_commands_are_on_their_way(kept: Stores) -> None:
    await kept.imports.begin("gala", "i1", ROWS, "ada")
    with pytest.raises(Conflict):
        await kept.imports.remove("gala", "i1")
    await kept.imports.finish("gala", "i1", {}, is_first=False)
    await kept.imports.remove("gala", "i1")
    with pytest.raises(NotFound):
        await kept.imports.remove("gala", "i1")


async def test_imports_expire(kept: Stores) -> None:
    await kept.imports.add(import_row(id="i2", expires_at_ms=5_001))
    assert await kept.imports.expire(4_999) == 0
    assert await kept.imports.expire(5_000) == 1
    with pytest.raises(NotFound):
        await kept.imports.get("gala", "i1")
    assert (await kept.imports.get("gala", "i2")).id == "i2"
