"""What every index of a catalogue does: categories, donors, and the search for lots."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from saleroom.storage.index_ports import CATEGORIES_MAX, CategoryRow, DonorRow
from saleroom.storage.lot_search import typed_words
from saleroom.storage.ports import Conflict, Full, LotRow, NotFound, Stores
from tests.storage.test_catalogue import event_row, lot_row


@pytest.fixture
async def gala(stores: Stores) -> Stores:
    """Stores with the events gala and ball."""
    for event in ("gala", "ball"):
        await stores.catalogue.add_event(event_row(event))
    return stores


async def names(stores: Stores, event: str = "gala") -> list[str]:
    return [row.name for row in await stores.index.categories(event)]


async def add(stores: Stores, lot: int, title: str, **about: Any) -> None:
    description = about.pop("description", None)
    details = {} if description is None else {"description": description}
    row = LotRow(lot, {"title": title, "mode": "live", "opening": 1}, details)
    await stores.catalogue.add_lot("gala", attrs.evolve(row, **about))


async def found(stores: Stores, text: str, *, is_house: bool = False) -> list[int]:
    return await stores.index.find_lots("gala", typed_words(text), is_house=is_house)


async def test_categories_stand_in_the_order_they_are_given(gala: Stores) -> None:
    made = [await gala.index.add_category("gala", name) for name in ("Wine", "Art", "Trips")]
    assert await gala.index.categories("gala") == made
    wine, art, trips = (row.id for row in made)
    for wrong in ([wine, art], [wine, art, art], []):
        with pytest.raises(Conflict):
            await gala.index.order_categories("gala", wrong)
    await gala.index.order_categories("gala", [trips, wine, art])
    await gala.index.add_category("gala", "Books")
    assert await names(gala) == ["Trips", "Wine", "Art", "Books"]
    assert await names(gala, "ball") == []
    await gala.index.order_categories("ball", [])


async def test_a_category_is_added_once_to_an_event_that_is_there(gala: Stores) -> None:
    await gala.index.add_category("gala", "Wine")
    await gala.index.add_category("ball", "Wine")
    with pytest.raises(Conflict):
        await gala.index.add_category("gala", "Wine")
    with pytest.raises(NotFound):
        await gala.index.add_category("nowhere", "Wine")


async def test_a_lot_makes_its_category_and_follows_its_name(gala: Stores) -> None:
    await gala.catalogue.add_lot("gala", lot_row(1, category="Wine"))
    await gala.catalogue.add_lot("gala", lot_row(2, category="Wine"))
    (wine,) = await gala.index.categories("gala")
    put = await gala.index.put_category("gala", attrs.evolve(wine, name="Wines"))
    assert put == CategoryRow(wine.id, "Wines", 2)
    assert [row.category for row in await gala.catalogue.lots("gala")] == ["Wines", "Wines"]
    changed = attrs.evolve(await gala.catalogue.lot("gala", 1), category="Art")
    await gala.catalogue.put_lot("gala", changed)
    assert await names(gala) == ["Wines", "Art"]


async def test_a_category_is_renamed_under_its_version_to_a_free_name(gala: Stores) -> None:
    wine = await gala.index.add_category("gala", "Wine")
    await gala.index.add_category("gala", "Art")
    with pytest.raises(Conflict):
        await gala.index.put_category("gala", attrs.evolve(wine, name="Art"))
    with pytest.raises(Conflict):
        await gala.index.put_category("gala", attrs.evolve(wine, name="Wines", version=2))
    for event, row in (("gala", attrs.evolve(wine, id=wine.id + 99)), ("ball", wine)):
        with pytest.raises(NotFound):
            await gala.index.put_category(event, row)
    assert await names(gala) == ["Wine", "Art"]


async def test_a_category_without_lots_is_removed(gala: Stores) -> None:
    await gala.catalogue.add_lot("gala", lot_row(1, category="Wine"))
    (wine,) = await gala.index.categories("gala")
    with pytest.raises(Conflict):
        await gala.index.remove_category("gala", wine.id)
    await gala.catalogue.remove_lot("gala", 1)
    await gala.index.remove_category("gala", wine.id)
    assert await names(gala) == []
    with pytest.raises(NotFound):
        await gala.index.remove_category("gala", wine.id)


async def test_an_event_has_only_so_many_categories(gala: Stores) -> None:
    every = [f"Category {number}" for number in range(CATEGORIES_MAX)]
    row = event_row("fair", status="draft")
    await gala.catalogue.add_copy(row, [lot_row(1)], every, [])
    with pytest.raises(Full):
        await gala.index.add_category("fair", "One more")
    with pytest.raises(Full):
        await gala.catalogue.add_lot("fair", lot_row(2, category="One more"))
    with pytest.raises(Full):
        await gala.catalogue.put_lot("fair", lot_row(1, category="One more"))
    await gala.catalogue.put_lot("fair", lot_row(1, category=every[0]))


async def test_donors_are_kept_under_versions_and_paged(gala: Stores) -> None:
    ann = DonorRow(0, "Ann", True, "by the door", "ann@example.org", "+1 555 0100")
    made = [await gala.index.add_donor("gala", row) for row in (ann, DonorRow(0, "Bob"))]
    assert [attrs.evolve(row, id=0) for row in made] == [ann, DonorRow(0, "Bob")]
    assert await gala.index.donors("gala", 0, 1) == made[:1]
    assert await gala.index.donors("gala", made[0].id, 5) == made[1:]
    assert await gala.index.donors("ball", 0, 5) == []
    assert await gala.index.donors_of("gala", [made[1].id, 99_999]) == {made[1].id: made[1]}
    put = await gala.index.put_donor("gala", attrs.evolve(made[1], name="Bob & Co", phone="1"))
    assert (put.name, put.phone, put.version) == ("Bob & Co", "1", 2)
    assert await gala.index.donors("gala", made[0].id, 5) == [put]
    with pytest.raises(Conflict):
        await gala.index.put_donor("gala", made[1])
    with pytest.raises(NotFound):
        await gala.index.put_donor("ball", put)
    with pytest.raises(NotFound):
        await gala.index.add_donor("nowhere", ann)


async def test_a_lots_donor_is_of_its_event_and_stays(gala: Stores) -> None:
    donor = await gala.index.add_donor("gala", DonorRow(0, "Ann"))
    await gala.catalogue.add_lot("gala", lot_row(1, donor=donor.id))
    with pytest.raises(NotFound):
        await gala.catalogue.add_lot("ball", lot_row(1, donor=donor.id))
    with pytest.raises(NotFound):
        await gala.catalogue.put_lot("gala", lot_row(1, donor=donor.id + 99))
    with pytest.raises(Conflict):
        await gala.index.remove_donor("gala", donor.id)
    await gala.catalogue.put_lot("gala", lot_row(1))
    await gala.index.remove_donor("gala", donor.id)
    with pytest.raises(NotFound):
        await gala.index.remove_donor("gala", donor.id)


async def test_lots_are_found_in_every_text_best_first(gala: Stores) -> None:
    donor = await gala.index.add_donor("gala", DonorRow(0, "Quilters of Bern"))
    await add(gala, 1, "A bowl", description="Wrapped in a quilt.")
    await add(gala, 2, "A quilt")
    await add(gala, 3, "A rug", category="Quilts")
    await add(gala, 4, "A lamp", donor=donor.id)
    await add(gala, 5, "A chair")
    for is_house in (False, True):
        assert await found(gala, "quilt", is_house=is_house) == [2, 3, 4, 1]
    assert await found(gala, "QUILT bowl") == [1]
    assert await found(gala, "bern") == [4]
    assert await found(gala, "zebra") == []
    assert await gala.index.find_lots("ball", ["quilt"], is_house=True) == []


async def test_case_accents_and_punctuation_tell_nothing_apart(gala: Stores) -> None:
    await add(gala, 1, "Dîner à l'ÉTOILE, für zwei")
    for text in ("diner", "etoile", "Étoile", "FUR", "dîner; l'étoile"):
        assert await found(gala, text) == [1], text


async def test_a_word_that_stands_nowhere_means_those_like_it(gala: Stores) -> None:
    await add(gala, 1, "Signed guitar")
    await add(gala, 2, "A week in Tuscany")
    for text, expected in (
        ("giutar", [1]),
        ("guitarr", [1]),
        ("tuscanny", [2]),
        ("toscany week", [2]),
        ("tuscanny guitarr", []),
    ):
        assert await found(gala, text) == expected, text


async def test_what_is_found_as_typed_hides_what_is_only_like_it(gala: Stores) -> None:
    await add(gala, 1, "Wind chimes")
    await add(gala, 2, "Wine tasting")
    assert await found(gala, "wine") == [2]
    assert await found(gala, "win") == [1, 2]


async def test_a_hidden_donor_is_found_by_the_house_alone(gala: Stores) -> None:
    donor = await gala.index.add_donor("gala", DonorRow(0, "Rockefeller", is_hidden=True))
    await add(gala, 1, "A lamp", donor=donor.id)
    for text in ("rockefeller", "rockefeler"):
        assert await found(gala, text) == []
        assert await found(gala, text, is_house=True) == [1]


async def test_what_changes_is_found_anew(gala: Stores) -> None:
    donor = await gala.index.add_donor("gala", DonorRow(0, "Ann"))
    await add(gala, 1, "A lamp", category="Light", donor=donor.id)
    (light,) = await gala.index.categories("gala")
    await gala.index.put_category("gala", attrs.evolve(light, name="Home"))
    await gala.index.put_donor("gala", attrs.evolve(donor, name="Beatrix"))
    lot = await gala.catalogue.lot("gala", 1)
    await gala.catalogue.put_lot(
        "gala", attrs.evolve(lot, definition={**lot.definition, "title": "A chandelier"})
    )
    for text, expected in (
        ("home", [1]),
        ("beatrix", [1]),
        ("chandelier", [1]),
        ("light", []),
        ("ann", []),
        ("lamp", []),
    ):
        assert await found(gala, text) == expected, text


@pytest.mark.parametrize("text", ["'; DROP TABLE lots; --", "a & !b | (c:*)", "\\' \\\\", "%_"])
async def test_what_is_typed_is_only_words(gala: Stores, text: str) -> None:
    await add(gala, 1, "A lamp")
    assert await found(gala, text) == []
    assert [row.lot for row in await gala.catalogue.lots("gala")] == [1]
