"""Lots over HTTP, of drafts and of published events (PROTOCOL 7, RULES "Events and lots")."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from saleroom.storage.ports import StoreUnavailable
from tests.http.house import open_house

QUILT = {"title": "A quilt", "mode": "live", "opening": 10_000}


async def never(*_: object) -> None:
    """Be a write that does not end."""
    await trio.sleep_forever()


def lots_of(event: str) -> str:
    return f"/api/v1/events/{event}/lots"


@pytest.mark.parametrize("draft", [True, False], ids=["draft", "published"])
async def test_lots_are_numbered_in_running_order_unless_they_say(
    autojump_clock: MockClock, draft: bool
) -> None:
    async with open_house() as house:
        event = await house.event(draft=draft)
        reply = await house.call("POST", lots_of(event), "admin", QUILT)
        assert (reply.status, reply.json["lot"], reply.json["state"]) == (201, 1, "queued")
        assert reply.headers["location"] == f"{lots_of(event)}/1"
        assert await house.lot(event, lot=9) == 9
        assert await house.lot(event) == 10
        taken = await house.call("POST", lots_of(event), "admin", {**QUILT, "lot": 9})
        assert (taken.status, taken.code, taken.json["field"]) == (422, "INVALID_LOT", "lot")
        assert [row.lot for row in await house.stores.catalogue.lots(event)] == [1, 9, 10]


@pytest.mark.parametrize("draft", [True, False], ids=["draft", "published"])
@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("title", {"title": None}),
        ("mode", {"mode": "dutch"}),
        ("opening", {"opening": 0}),
        ("opening", {"opening": 99.5}),
        ("reserve", {"reserve": 9_999}),
        ("buy_now", {"buy_now": 1}),
        ("ladder", {"ladder": "steep"}),
        ("lot", {"lot": "one"}),
        ("colour", {"colour": "red"}),
        ("description", {"description": 7}),
        ("category", {"category": "x" * 101}),
        ("description", {"description": "\ud800"}),
    ],
)
async def test_a_lot_that_does_not_hold_is_422_and_names_the_field(
    autojump_clock: MockClock, draft: bool, field: str, changes: dict[str, Any]
) -> None:
    async with open_house() as house:
        event = await house.event(draft=draft)
        body = {**QUILT, **changes}
        raw = None
        if changes == {"description": "\ud800"}:
            raw = b'{"title":"t","mode":"live","opening":1,"description":"\\ud800"}'
        reply = await house.call("POST", lots_of(event), "admin", None if raw else body, raw=raw)
        assert (reply.status, reply.code) == (422, "INVALID_LOT")
        assert reply.json["field"] == field
        assert await house.stores.catalogue.lots(event) == []


@pytest.mark.parametrize("draft", [True, False], ids=["draft", "published"])
async def test_a_lot_is_changed_under_its_version(autojump_clock: MockClock, draft: bool) -> None:
    async with open_house() as house:
        event = await house.event(draft=draft)
        await house.lot(event, description="Hand-made.", fmv=30_000)
        path = f"{lots_of(event)}/1"
        changes = {"version": 1, "title": "Two quilts", "fmv": None, "category": "Textiles"}
        changed = await house.done("PATCH", path, "admin", changes)
        assert changed["version"] == 2
        stale = await house.call("PATCH", path, "admin", {"version": 1, "title": "Three"})
        assert (stale.status, stale.code) == (409, "STALE_VERSION")
        await trio.sleep(1)  # virtual time: the view is written
        read = await house.done("GET", path, "clerk")
        assert (read["title"], read["category"]) == ("Two quilts", "Textiles")
        assert (read["description"], read.get("fmv")) == ("Hand-made.", None)
        renamed = await house.call("PATCH", path, "admin", {"version": 2, "lot": 5})
        assert (renamed.status, renamed.json["field"]) == (422, "lot")
        unknown = await house.call("PATCH", f"{path}2", "admin", {"version": 1})
        assert (unknown.status, unknown.code) == (404, "UNKNOWN_LOT")


async def test_a_published_lot_is_decided_by_its_journal(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event()
        await house.lot(event)
        await house.done("PATCH", f"{lots_of(event)}/1", "admin", {"version": 1, "opening": 500})
        site = house.registry.site(event)
        assert site is not None
        assert site.published is not None
        assert site.published.state.lots[1].definition.opening == 500
        await house.command(event, "auctioneer", "open_event")
        await house.command(event, "auctioneer", "open_lot", lot=1)
        late = await house.call(
            "PATCH", f"{lots_of(event)}/1", "admin", {"version": 2, "opening": 700}
        )
        assert (late.status, late.code) == (409, "LOT_CLOSED")
        words = {"version": 2, "description": "Warm."}
        assert (await house.done("PATCH", f"{lots_of(event)}/1", "admin", words))["version"] == 3


async def test_a_lot_that_came_by_command_has_its_row_with_its_first_change(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        event = await house.event()
        await house.command(event, "admin", "add_lot", **QUILT)
        read = await house.done("GET", f"{lots_of(event)}/1")
        assert (read["title"], read["version"], read["description"]) == ("A quilt", 0, None)
        words = {"version": 0, "description": "Warm."}
        assert (await house.done("PATCH", f"{lots_of(event)}/1", "admin", words))["version"] == 1
        assert (await house.done("GET", f"{lots_of(event)}/1"))["description"] == "Warm."


async def test_a_repeated_request_mends_a_catalogue_left_behind(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise StoreUnavailable("gone for a moment")

    async with open_house() as house:
        event = await house.event()
        with monkeypatch.context() as patch:
            patch.setattr(house.stores.catalogue, "add_lot", away)
            lost = await house.call("POST", lots_of(event), "admin", QUILT, key="quilt")
            assert (lost.status, lost.code) == (503, "OVERLOADED")
        for _ in range(2):
            again = await house.call("POST", lots_of(event), "admin", QUILT, key="quilt")
            assert (again.status, again.json["lot"]) == (201, 1)
        assert [row.lot for row in await house.stores.catalogue.lots(event)] == [1]
        other = await house.call(
            "POST", lots_of(event), "admin", {**QUILT, "title": "A rug"}, key="quilt"
        )
        assert (other.status, other.code) == (409, "ID_REUSED")


async def test_a_drafts_lot_is_removed(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event(draft=True)
        await house.lot(event)
        gone = await house.call("DELETE", f"{lots_of(event)}/1", "admin")
        assert (gone.status, gone.body) == (204, b"")
        again = await house.call("DELETE", f"{lots_of(event)}/1", "admin")
        assert (again.status, again.code) == (404, "UNKNOWN_LOT")


async def test_a_published_lot_is_withdrawn_while_it_is_queued(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        await house.lot(event)
        path = f"{lots_of(event)}/1?reason=Moths"
        assert (await house.call("DELETE", path, "admin")).status == 204
        records = await house.stores.journal.read(event, 0, 100)
        assert b'"reason":"Moths"' in records[-1].body
        await house.command(event, "auctioneer", "open_lot", lot=2)
        await trio.sleep(1)  # virtual time: the view is written
        late = await house.call("DELETE", f"{lots_of(event)}/2", "admin")
        assert (late.status, late.code) == (409, "LOT_CLOSED")
        assert (await house.call("DELETE", f"{lots_of(event)}/3", "admin")).code == "UNKNOWN_LOT"


async def test_a_lot_that_has_just_opened_is_not_taken_out(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house() as house:
        event = await house.event()
        await house.lot(event)
        await house.command(event, "auctioneer", "open_event")
        await house.done("GET", f"{lots_of(event)}/1")
        monkeypatch.setattr(house.stores.hot, "write", never)
        await house.command(event, "auctioneer", "open_lot", lot=1)
        late = await house.call("DELETE", f"{lots_of(event)}/1", "admin")
        assert (late.status, late.code) == (409, "LOT_CLOSED")


@pytest.mark.parametrize("draft", [True, False], ids=["draft", "published"])
async def test_a_list_of_lots_is_filtered_and_paged(autojump_clock: MockClock, draft: bool) -> None:
    async with open_house() as house:
        event = await house.event(draft=draft)
        for number in range(1, 6):
            await house.lot(event, mode="sale" if number % 2 else "live")
        await trio.sleep(1)  # virtual time: the view is written
        path = lots_of(event)

        async def numbers(query: str) -> tuple[list[int], str | None]:
            page = await house.done("GET", f"{path}?{query}", "clerk")
            return [lot["lot"] for lot in page["lots"]], page["next"]

        assert await numbers("") == ([1, 2, 3, 4, 5], None)
        assert await numbers("mode=sale") == ([1, 3, 5], None)
        first, following = await numbers("mode=sale&limit=2")
        assert first == [1, 3]
        assert await numbers(f"mode=sale&limit=2&cursor={following}") == ([5], None)
        assert await numbers("state=open") == ([], None)
        assert await numbers("state=queued&limit=5") == ([1, 2, 3, 4, 5], None)
        for query in ("mode=dutch", "state=lost", "cursor=~", "limit=0"):
            assert (await house.call("GET", f"{path}?{query}", "clerk")).code == "MALFORMED"


async def test_a_reserve_and_its_donor_stay_in_the_house(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        secret = {"reserve": 20_000, "donor_paddle": 123}
        draft, event = await house.event(draft=True), await house.event()
        for where in (draft, event):
            await house.lot(where, **secret)
        assert (await house.done("GET", f"{lots_of(draft)}/1", "admin"))["reserve"] == 20_000
        for suffix in ("", "/1"):
            reply = await house.call("GET", lots_of(event) + suffix, "admin")
            assert reply.status == 200
            assert b"20000" not in reply.body
            assert b"donor_paddle" not in reply.body


@pytest.mark.parametrize("lot", ["0", "01", "-1", "x", "1.0", "99999999"])
async def test_what_is_no_lots_number_is_an_unknown_lot(
    autojump_clock: MockClock, lot: str
) -> None:
    async with open_house() as house:
        reply = await house.call("GET", f"{lots_of(await house.event())}/{lot}")
        assert (reply.status, reply.code) == (404, "UNKNOWN_LOT")
