"""The audit over HTTP: what is in it, for whom, and when it is away (PROTOCOL 7)."""

from __future__ import annotations

import logging

import pytest
from trio.testing import MockClock

from saleroom.storage.ports import StoreUnavailable
from tests.http.house import open_house
from tests.http.test_api_catalogue import audited, numbers

EVENTS = "/api/v1/events"


async def test_changes_are_in_the_audit_with_what_differs(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event(draft=True, contact="desk@hall.example")
        await house.lot(event, reserve=20_000)
        changes = {"version": 1, "title": "A rug", "reserve": 30_000}
        await house.done("PATCH", f"{EVENTS}/{event}/lots/1", "admin", changes)
        await house.done("PATCH", f"{EVENTS}/{event}", "admin", {"version": 1, "title": "Ball"})
        await house.done("POST", f"{EVENTS}/{event}/publish", "admin")
        assert (await house.call("DELETE", f"{EVENTS}/{event}/lots/1", "admin")).status == 204
        entries = await audited(house, event)
        assert [(entry["what"], entry["target"]) for entry in entries] == [
            ("event.add", None),
            ("lot.add", "lot 1"),
            ("lot.change", "lot 1"),
            ("event.change", None),
            ("event.publish", None),
            ("lot.remove", "lot 1"),
        ]
        assert {(entry["who"], entry["role"]) for entry in entries} == {("ada", "admin")}
        assert entries[2]["before"] == {"reserve": "(kept back)", "title": "A quilt"}
        assert entries[2]["after"] == {"reserve": "(kept back)", "title": "A rug"}
        assert (entries[3]["before"], entries[3]["after"]) == ({"title": "Gala"}, {"title": "Ball"})
        assert entries[0]["after"]["contact"] == "(kept back)"


async def test_the_audit_is_paged_and_filtered(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event, other = await house.event(draft=True), await house.event(draft=True)
        await house.done("POST", f"{EVENTS}/{event}/categories", "clerk", {"name": "Wine"})
        await house.done("POST", "/api/v1/operator/drain", "operator")
        first = await house.done("GET", "/api/v1/audit?limit=3", "admin")
        assert [entry["what"] for entry in first["entries"]] == [
            "server.drain",
            "category.add",
            "event.add",
        ]
        rest = await house.done("GET", f"/api/v1/audit?limit=3&cursor={first['next']}", "admin")
        assert [entry["event"] for entry in rest["entries"]] == [event]
        assert rest["next"] is None
        by_clara = await house.done("GET", "/api/v1/audit?who=clara", "admin")
        assert [entry["what"] for entry in by_clara["entries"]] == ["category.add"]
        strange = f"/api/v1/audit?event={other}&cursor={first['next']}"
        assert (await house.call("GET", strange, "admin")).code == "UNKNOWN_CURSOR"


async def test_a_change_stands_and_is_logged_when_the_audit_is_away(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def away(*_: object) -> None:
        raise StoreUnavailable("gone for a moment")

    async with open_house() as house:
        event = await house.event(draft=True)
        monkeypatch.setattr(house.stores.audit, "record", away)
        with caplog.at_level(logging.ERROR, logger="saleroom.audit"):
            await house.lot(event)
        (line,) = caplog.messages
        assert '"what":"lot.add"' in line
        assert await numbers(house, event, "", "clerk") == [1]
