"""Pictures and imports over PostgreSQL and a folder, with a worker process behind them."""

from __future__ import annotations

import random
from pathlib import Path

import attrs
import trio

from saleroom.http.catalogue.pictures import REWRITE
from saleroom.media_keeper import GRACE_MS, MediaKeeper
from saleroom.storage.objects import open_objects
from saleroom.storage.ports import Stores
from saleroom.supervisor import ChildSpec, Strategy, Supervisor, SupervisorSpec
from saleroom.workers.crew import Crew
from tests.http.forms import multipart, send
from tests.http.house import open_house
from tests.http.test_api_media import picture

TABLE = "Lot,Title,Mode,Opening bid,Category\n3,A quilt,live,$50,Craft\n,A trip,live,60,Craft\n"


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_a_table_is_taken_over_and_its_lots_are_shown(pg_stores: Stores) -> None:
    async with open_house(pg_stores) as house:
        for draft in (True, False):
            event = await house.event(draft=draft)
            path = f"/api/v1/events/{event}"
            body = multipart(TABLE.encode(), {"kind": "lots"})
            made = await send(house, f"{path}/imports", "admin", body)
            assert made.status == 201, made
            for _ in range(2):
                where = f"{path}/imports/{made.json['id']}/confirm"
                assert (await house.done("POST", where, "admin"))["added"] == 2
            rows = await pg_stores.catalogue.lots(event)
            assert [(row.lot, row.category) for row in rows] == [(3, "Craft"), (4, "Craft")]
            added = await send(house, f"{path}/lots/3/images", "clerk", multipart(picture()))
            assert added.status == 201, added
            (image,) = (await house.done("GET", f"{path}/lots/3", "clerk"))["images"]
            assert image["key"] == added.json["key"]


async def test_a_picture_goes_through_a_worker_and_a_folder_and_is_collected(
    pg_stores: Stores, tmp_path: Path
) -> None:
    crew, objects = Crew("workers"), open_objects(None, tmp_path)
    tree = SupervisorSpec("hall", Strategy.ONE_FOR_ONE, [ChildSpec("workers", crew.serve)])
    supervisor = Supervisor(tree, rng=random.Random(0))
    async with trio.open_nursery() as nursery:
        await nursery.start(supervisor.run)
        head, *pieces = await crew.run(REWRITE, picture())
        refused = await crew.run(REWRITE, b"no picture")
        supervisor.stop()
    assert "PNG" in refused[0]["refused"]
    keys = [shape["key"] for shape in head["shapes"]]
    sizes = {key: len(data) for key, data in zip(keys, pieces, strict=True)}
    await pg_stores.media.claim(sizes, 1_000)
    for key, data in zip(keys, pieces, strict=True):
        await objects.put(key, data)
    assert names(tmp_path) == set(keys)
    keeper = MediaKeeper(pg_stores, objects, lambda: 1_001 + GRACE_MS)
    await keeper.go_round()
    assert names(tmp_path) == set()
    assert attrs.asdict(keeper.statistics())["objects_removed"] == len(sizes)
