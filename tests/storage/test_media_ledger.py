"""What every ledger of pictures does: claims, and the three steps of removal."""

from __future__ import annotations

import attrs
import pytest

from saleroom.storage.media_ports import keys_of
from saleroom.storage.ports import Conflict, Stores
from tests.storage.test_catalogue import event_row, lot_row

SIZES = {"a.jpg": 100, "b.jpg": 200, "c.webp": 300}
DETAILS = {
    "title": "A quilt",
    "images": [{"key": "a.jpg", "thumbnails": [{"key": "b.jpg"}, {"key": "b.jpg"}]}],
}


def test_the_keys_of_a_lot() -> None:
    assert keys_of(DETAILS) == ["a.jpg", "b.jpg", "b.jpg"]
    assert keys_of({}) == []


async def test_what_no_lot_shows_is_doomed_once_it_is_old(stores: Stores) -> None:
    await stores.media.claim(SIZES, 1_000)
    assert await stores.media.doom(1_000, 10) == []
    assert await stores.media.doom(1_001, 10) == ["a.jpg", "b.jpg", "c.webp"]
    await stores.media.forget(["a.jpg", "b.jpg", "c.webp", "d.jpg"])
    assert await stores.media.doom(2_000, 10) == []


async def test_what_a_lot_shows_is_never_doomed(stores: Stores) -> None:
    await stores.media.claim(SIZES, 1_000)
    await stores.catalogue.add_event(event_row())
    await stores.catalogue.add_lot("gala", lot_row(details=DETAILS))
    assert await stores.media.doom(9_000, 10) == ["c.webp"]
    row = attrs.evolve(lot_row(), details={})
    await stores.catalogue.put_lot("gala", row)
    assert await stores.media.doom(9_000, 10) == ["a.jpg", "b.jpg", "c.webp"]


async def test_a_claim_or_a_touch_makes_young_again(stores: Stores) -> None:
    await stores.media.claim(SIZES, 1_000)
    await stores.media.claim({"a.jpg": 100}, 3_000)
    await stores.media.claim({"a.jpg": 100}, 2_000)
    await stores.media.touch(["b.jpg", "unknown.jpg"], 3_000)
    await stores.media.touch([], 3_000)
    assert await stores.media.doom(3_000, 10) == ["c.webp"]


async def test_what_is_doomed_cannot_be_claimed_until_it_is_forgotten(stores: Stores) -> None:
    await stores.media.claim({"a.jpg": 100}, 1_000)
    assert await stores.media.doom(2_000, 10) == ["a.jpg"]
    with pytest.raises(Conflict):
        await stores.media.claim({"a.jpg": 100, "new.jpg": 5}, 3_000)
    await stores.media.forget(["a.jpg"])
    await stores.media.claim({"a.jpg": 100}, 3_000)
    assert await stores.media.doom(9_000, 10) == ["a.jpg"]


async def test_a_removal_that_was_cut_short_is_given_again(stores: Stores) -> None:
    await stores.media.claim(SIZES, 1_000)
    assert await stores.media.doom(2_000, 1) == ["a.jpg"]
    assert await stores.media.doom(0, 10) == ["a.jpg"]


async def test_only_what_is_doomed_is_forgotten(stores: Stores) -> None:
    await stores.media.claim({"a.jpg": 100}, 1_000)
    await stores.media.forget(["a.jpg"])
    assert await stores.media.doom(2_000, 10) == ["a.jpg"]
