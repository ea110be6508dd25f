"""Pictures over HTTP (PROTOCOL 7, images)."""

from __future__ import annotations

import io
from typing import Any

import pytest
import trio
from PIL import Image
from trio.testing import MockClock

from saleroom.http.catalogue import pictures
from saleroom.storage.memory_media import MemoryObjects
from saleroom.storage.ports import StoreUnavailable
from tests.http.forms import BOUNDARY, multipart, send
from tests.http.house import House, open_house
from tests.workers.inline import InlineWorkers


def picture(color: str = "red", form: str = "PNG", size: tuple[int, int] = (800, 400)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, color).save(out, form)
    return out.getvalue()


TWO_PICTURES = (
    multipart(picture()).removesuffix(b"--\r\n") + multipart(picture())[len(f"--{BOUNDARY}") :]
)


async def add(house: House, lot: str, color: str = "red", **fields: str) -> dict[str, Any]:
    reply = await send(house, f"{lot}/images", "clerk", multipart(picture(color), fields))
    assert reply.status == 201, reply
    made: dict[str, Any] = reply.json
    return made


async def lot_of(house: House, **event: Any) -> str:
    identifier = await house.event(**event)
    await house.lot(identifier)
    return f"/api/v1/events/{identifier}/lots/1"


@pytest.mark.parametrize("draft", [True, False], ids=["draft", "published"])
async def test_a_picture_is_shown_with_its_lot(autojump_clock: MockClock, draft: bool) -> None:
    async with open_house() as house:
        lot = await lot_of(house, draft=draft)
        assert (await house.done("GET", lot, "clerk"))["images"] == []
        made = await add(house, lot, alt="A red quilt")
        assert (made["width"], made["height"], made["alt"]) == (800, 400, "A red quilt")
        assert (made["lot"], made["version"]) == (1, 2)
        assert [(t["width"], t["height"]) for t in made["thumbnails"]] == [
            (320, 160),
            (640, 320),
            (800, 400),
        ]
        del made["lot"], made["version"]
        await trio.sleep(1)  # virtual time: the view is written
        read = await house.done("GET", lot, "clerk")
        assert (read["images"], read["version"]) == ([made], 2)
        (listed,) = (await house.done("GET", lot.rpartition("/")[0], "clerk"))["lots"]
        assert listed["images"] == [made]


async def test_an_object_is_sent_once_and_for_ever(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        made = await add(house, await lot_of(house, draft=True))
        for shown in (made, *made["thumbnails"]):
            reply = await house.call("GET", f"/api/v1/media/{shown['key']}")
            assert reply.status == 200
            assert reply.headers["content-type"] == "image/jpeg"
            assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert reply.headers["content-disposition"].startswith("inline; filename=")
            assert reply.headers["x-content-type-options"] == "nosniff"
            assert Image.open(io.BytesIO(reply.body)).size == (shown["width"], shown["height"])
            held = {"If-None-Match": reply.headers["etag"]}
            again = await house.call("GET", f"/api/v1/media/{shown['key']}", headers=held)
            assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    "key",
    ["x", "0" * 64, f"{'0' * 64}.png", f"{'0' * 64}.jpg", "..%2f..%2fsecret", f"{'G' * 64}.jpg"],
)
async def test_an_unknown_picture(autojump_clock: MockClock, key: str) -> None:
    async with open_house() as house:
        reply = await house.call("GET", f"/api/v1/media/{key}")
        assert (reply.status, reply.code in ("UNKNOWN_IMAGE", "NOT_FOUND")) == (404, True)


async def test_pictures_are_put_in_order_and_taken_away(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        lot = await lot_of(house)
        keys = [(await add(house, lot, color))["key"] for color in ("red", "green", "blue")]
        order = [keys[2], keys[0], keys[1]]
        put = await house.done("PUT", f"{lot}/images/order", "clerk", {"keys": order})
        assert [image["key"] for image in put["images"]] == order
        for wrong in (keys[:2], [*keys, "0" * 64 + ".jpg"]):
            stale = await house.call("PUT", f"{lot}/images/order", "clerk", {"keys": wrong})
            assert (stale.status, stale.code) == (409, "STALE_VERSION")
        gone = await house.call("DELETE", f"{lot}/images/{keys[0]}", "clerk")
        assert gone.status == 204
        again = await house.call("DELETE", f"{lot}/images/{keys[0]}", "clerk")
        assert (again.status, again.code) == (404, "UNKNOWN_IMAGE")
        read = await house.done("GET", lot, "clerk")
        assert [image["key"] for image in read["images"]] == [keys[2], keys[1]]


async def test_the_same_picture_is_shown_once_with_its_newest_words(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        lot = await lot_of(house, draft=True)
        await add(house, lot, alt="Red")
        await add(house, lot, "blue")
        await add(house, lot, alt="Still red")
        images = (await house.done("GET", lot, "clerk"))["images"]
        assert [image["alt"] for image in images] == ["Still red", None]


async def test_what_a_picture_shows_is_said_anew(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        lot = await lot_of(house, draft=True)
        red, blue = await add(house, lot, alt="Red"), await add(house, lot, "blue")
        path = f"{lot}/images/{blue['key']}"
        told = await house.done("PATCH", path, "clerk", {"alt": "A blue quilt"})
        assert (told["key"], told["alt"]) == (blue["key"], "A blue quilt")
        images = (await house.done("GET", lot, "clerk"))["images"]
        assert [image["alt"] for image in images] == ["Red", "A blue quilt"]
        assert (await house.done("PATCH", path, "clerk", {"alt": None}))["alt"] is None
        (entry, *_) = (await house.done("GET", "/api/v1/audit", "admin"))["entries"]
        assert (entry["what"], entry["after"]) == ("image.describe", {"image": blue["key"]})
        await house.done("DELETE", f"{lot}/images/{red['key']}", "clerk")
        gone = await house.call("PATCH", f"{lot}/images/{red['key']}", "clerk", {"alt": "Red"})
        assert gone.code == "UNKNOWN_IMAGE"


async def test_a_lots_own_fields_and_its_pictures_leave_each_other_alone(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        lot = await lot_of(house, draft=True)
        await add(house, lot)
        changed = await house.done("PATCH", lot, "admin", {"version": 2, "description": "Warm."})
        assert (len(changed["images"]), changed["description"]) == (1, "Warm.")
        await add(house, lot, "blue")
        read = await house.done("GET", lot, "clerk")
        assert (len(read["images"]), read["description"], read["version"]) == (2, "Warm.", 4)


async def test_a_lot_that_its_journal_alone_knows_is_shown_too(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event()
        fields = {"title": "A quilt", "mode": "live", "opening": 500}
        await house.command(event, "admin", "add_lot", **fields)
        await trio.sleep(1)  # virtual time: the view is written
        made = await add(house, f"/api/v1/events/{event}/lots/1")
        assert made["version"] == 1
        read = await house.done("GET", f"/api/v1/events/{event}/lots/1", "clerk")
        assert (len(read["images"]), read["title"]) == (1, "A quilt")


async def test_a_lot_shows_so_many_and_no_more(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "IMAGES_MAX", 1)
    async with open_house() as house:
        lot = await lot_of(house, draft=True)
        await add(house, lot)
        full = await send(house, f"{lot}/images", "clerk", multipart(picture("blue")))
        assert (full.status, full.code) == (409, "TOO_MANY_IMAGES")
        await add(house, lot, alt="The same")


async def test_who_may_send_pictures(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        lot = await lot_of(house)
        for who, status in ((None, 401), ("ann", 403), ("narrow", 403), ("operator", 403)):
            reply = await send(house, f"{lot}/images", who, multipart(picture()))
            assert reply.status == status
        assert house.objects.kept == {}


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"{}", "application/json", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (picture(), "image/png", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (multipart(picture()), "multipart/form-data", 400, "MALFORMED"),
        (multipart(picture())[:-20], None, 400, "MALFORMED"),
        (b"", None, 400, "MALFORMED"),
        (f"--{BOUNDARY}--\r\n".encode(), None, 400, "MALFORMED"),
        (multipart(picture(), {"colour": "red"}), None, 400, "MALFORMED"),
        (multipart(picture(), {"alt": "x" * 9_000}), None, 400, "MALFORMED"),
        (multipart(picture(), {"alt": "x" * 501}), None, 422, "INVALID_IMAGE"),
        (multipart(b"no picture"), None, 422, "INVALID_IMAGE"),
        (multipart(b""), None, 422, "INVALID_IMAGE"),
        (TWO_PICTURES, None, 400, "MALFORMED"),
        (multipart(b"x" * (10 * 1024**2 + 1)), None, 413, "TOO_LARGE"),
        (multipart(b"x" * (11 * 1024**2)), None, 413, "TOO_LARGE"),
    ],
)
async def test_what_is_no_picture_is_refused_and_leaves_nothing(
    autojump_clock: MockClock, body: bytes, kind: str | None, status: int, code: str
) -> None:
    async with open_house() as house:
        lot = await lot_of(house, draft=True)
        reply = await send(house, f"{lot}/images", "clerk", body, kind)
        assert (reply.status, reply.code) == (status, code)
        assert house.objects.kept == {}
        assert (await house.done("GET", lot, "clerk"))["version"] == 1


async def test_a_picture_is_taken_by_whatever_name_its_part_has(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        lot = await lot_of(house, draft=True)
        for part in ("image", "file", "upload[]"):
            reply = await send(house, f"{lot}/images", "clerk", multipart(picture(), part=part))
            assert reply.status == 201


async def test_a_picture_of_no_lot(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        for draft in (True, False):
            event = await house.event(draft=draft)
            path = f"/api/v1/events/{event}/lots/7/images"
            reply = await send(house, path, "clerk", multipart(picture()))
            assert (reply.status, reply.code) == (404, "UNKNOWN_LOT")
        assert house.objects.kept == {}


async def test_a_store_that_is_away_leaves_the_lot_as_it_was(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(self: MemoryObjects, key: str, data: bytes) -> None:
        raise StoreUnavailable("away")

    async with open_house() as house:
        lot = await lot_of(house, draft=True)
        monkeypatch.setattr(MemoryObjects, "put", away)
        reply = await send(house, f"{lot}/images", "clerk", multipart(picture()))
        assert (reply.status, reply.code) == (503, "OVERLOADED")
        assert (await house.done("GET", lot, "clerk"))["images"] == []


async def test_who_changed_a_lots_pictures_is_on_record(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        lot = await lot_of(house, draft=True)
        key = (await add(house, lot))["key"]
        await house.call("DELETE", f"{lot}/images/{key}", "admin")
        found = await house.stores.audit.entries(event=None, who=None, before=None, limit=10)
        told = [(kept.entry.what, kept.entry.who, kept.entry.target) for kept in found]
        assert told[:2] == [("image.remove", "ada", "lot 1"), ("image.add", "clara", "lot 1")]


@pytest.mark.parametrize("key", ["../secret", "secret.jpg", f"{'0' * 64}.html"])
async def test_a_worker_that_lies_names_no_other_place(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    async def lie(self: InlineWorkers, *args: Any, **named: Any) -> Any:
        return {"shapes": [{"key": key, "width": 1, "height": 1}]}, b"bytes"

    async with open_house() as house:
        lot = await lot_of(house, draft=True)
        monkeypatch.setattr(InlineWorkers, "run", lie)
        reply = await send(house, f"{lot}/images", "clerk", multipart(picture()))
        assert (reply.status, reply.code) == (422, "INVALID_IMAGE")
        assert house.objects.kept == {}
