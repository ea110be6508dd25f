"""What the keeper removes, and when (decision 0010)."""

from __future__ import annotations

import random

import attrs
import pytest
import trio
from trio.testing import MockClock

from saleroom.media_keeper import GRACE_MS, ROUND_S, MediaKeeper
from saleroom.storage.import_ports import ImportRow
from saleroom.storage.memory import memory_stores
from saleroom.storage.memory_media import MemoryObjects
from saleroom.storage.ports import NotFound, Stores, StoreUnavailable
from saleroom.supervisor import Child, ChildSpec, Strategy, Supervisor, SupervisorSpec
from tests.storage.test_catalogue import event_row, lot_row

SHOWN = {"images": [{"key": "shown.jpg", "thumbnails": []}]}


@attrs.define
class Hall:
    """Stores with a shown and an unshown object, and an import."""

    stores: Stores = attrs.field(factory=memory_stores)
    objects: MemoryObjects = attrs.field(factory=MemoryObjects)
    at_ms: int = 1_000

    async def keeper(self) -> MediaKeeper:
        await self.stores.catalogue.add_event(event_row())
        await self.stores.catalogue.add_lot("gala", lot_row(details=SHOWN))
        await self.stores.media.claim({"shown.jpg": 1, "orphan.jpg": 1}, self.at_ms)
        for key in ("shown.jpg", "orphan.jpg"):
            await self.objects.put(key, b"x")
        row = ImportRow("i1", "gala", "lots", "ada", 1_000, 5_000, {}, b"")
        await self.stores.imports.add(row)
        return MediaKeeper(self.stores, self.objects, lambda: self.at_ms)


async def test_a_picture_that_no_lot_shows_goes_after_its_grace() -> None:
    hall = Hall()
    keeper = await hall.keeper()
    hall.at_ms += GRACE_MS
    await keeper.go_round()
    assert set(hall.objects.kept) == {"shown.jpg", "orphan.jpg"}
    hall.at_ms += 1
    await keeper.go_round()
    assert set(hall.objects.kept) == {"shown.jpg"}
    assert (keeper.statistics().objects_removed, keeper.statistics().rounds) == (1, 2)


async def test_a_removal_cut_short_is_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(self: MemoryObjects, key: str) -> None:
        raise StoreUnavailable("away")

    hall = Hall()
    keeper = await hall.keeper()
    hall.at_ms += GRACE_MS + 1
    with monkeypatch.context() as patched:
        patched.setattr(MemoryObjects, "delete", away)
        with pytest.raises(StoreUnavailable):
            await keeper.go_round()
    assert "orphan.jpg" in hall.objects.kept
    await keeper.go_round()
    assert set(hall.objects.kept) == {"shown.jpg"}


async def test_an_import_goes_when_it_expires() -> None:
    hall = Hall()
    keeper = await hall.keeper()
    hall.at_ms = 4_999
    await keeper.go_round()
    assert (await hall.stores.imports.get("gala", "i1")).id == "i1"
    hall.at_ms = 5_000
    await keeper.go_round()
    with pytest.raises(NotFound):
        await hall.stores.imports.get("gala", "i1")
    assert keeper.statistics().imports_expired == 1


async def test_a_store_that_is_away_costs_one_round(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    hall = Hall()
    keeper = await hall.keeper()
    hall.at_ms += GRACE_MS + 1

    async def away(now_ms: int) -> int:
        raise StoreUnavailable("away")

    async def run(child: Child) -> None:
        await keeper.run(child)

    tree = SupervisorSpec("hall", Strategy.ONE_FOR_ONE, [ChildSpec("media", run)])
    supervisor = Supervisor(tree, rng=random.Random(0))
    async with trio.open_nursery() as nursery:
        await nursery.start(supervisor.run)
        monkeypatch.setattr(hall.stores.imports, "expire", away)
        await trio.sleep(ROUND_S + 1)
        assert (keeper.statistics().failures, keeper.statistics().rounds) == (1, 0)
        monkeypatch.undo()
        await trio.sleep(ROUND_S)
        assert (keeper.statistics().failures, keeper.statistics().rounds) == (1, 1)
        supervisor.stop()
    assert set(hall.objects.kept) == {"shown.jpg"}
