"""The demo's pictures: drawn alike each time, and hung on the lots as an organiser's are."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from saleroom import demo_gala, demo_paint
from saleroom.app import Server
from saleroom.demo_pictures import hang
from saleroom.intake.pictures import rewritten
from tests.http.house import open_house


def test_a_number_gives_its_picture() -> None:
    assert demo_paint.drawn(3) == demo_paint.drawn(3)
    assert demo_paint.drawn(3) != demo_paint.drawn(4)
    said, *_ = rewritten(demo_paint.drawn(3))
    shapes = said["shapes"]
    assert (shapes[0]["width"], shapes[0]["height"]) == (demo_paint.WIDTH, demo_paint.HEIGHT)


async def test_pictures_hang_on_the_lots(monkeypatch: pytest.MonkeyPatch) -> None:
    lots: list[dict[str, Any]] = [{"lot": 1, "title": "A quilt"}]
    monkeypatch.setattr(demo_gala, "lots", lambda now_ms: lots)
    async with open_house() as house:
        event = await house.event()
        await house.lot(event)
        await hang(cast(Server, SimpleNamespace(services=house.services)), event)
        shown = await house.done("GET", f"/api/v1/events/{event}/lots/1")
        (image,) = shown["images"]
        assert image["alt"] == "A quilt: a harbour, drawn for the demonstration"
        assert (await house.call("GET", f"/api/v1/media/{image['key']}")).status == 200


async def test_pictures_end_where_a_lot_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    lots: list[dict[str, Any]] = [{"lot": 9, "title": "Withdrawn"}, {"lot": 1, "title": "A quilt"}]
    monkeypatch.setattr(demo_gala, "lots", lambda now_ms: lots)
    async with open_house() as house:
        event = await house.event()
        await house.lot(event)
        await hang(cast(Server, SimpleNamespace(services=house.services)), event)
        assert (await house.done("GET", f"/api/v1/events/{event}/lots/1"))["images"] == []
