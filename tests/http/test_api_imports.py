"""Imports over HTTP: checked, shown, and taken over whole or not at all (decision 0010)."""

from __future__ import annotations

import io
from typing import Any

import orjson
import pytest
import trio
from openpyxl import load_workbook
from trio.testing import MockClock

from saleroom.actors.mailbox import MailboxFull
from saleroom.actors.site import Site
from saleroom.http.catalogue import imports as importing
from saleroom.storage.memory_media import MemoryImports
from saleroom.storage.ports import StoreUnavailable
from saleroom.workers.crew import WorkFailed
from tests.http.forms import multipart, send
from tests.http.house import House, Reply, open_house
from tests.workers.inline import InlineWorkers

LOTS = "Lot,Title,Mode,Opening bid,Category,Description\n"
TWO_LOTS = LOTS + '1,A quilt,live,"$1,250.00",Craft,Warm.\n,A trip,silent,500,,\n'
GUESTS = "Name,Email,Paddle\nAnn,ann@gala.example,\nBob,bob@gala.example,200\n"


async def check(
    house: House, event: str, table: str | bytes, kind: str = "lots", who: str = "admin"
) -> Reply:
    data = table.encode() if isinstance(table, str) else table
    path = f"/api/v1/events/{event}/imports"
    return await send(house, path, who, multipart(data, {"kind": kind}, "table.csv"))


async def checked(house: House, event: str, table: str | bytes, kind: str = "lots") -> Any:
    reply = await check(house, event, table, kind)
    assert reply.status == 201, reply
    assert reply.headers["location"] == path_of(reply.json)
    return reply.json


def path_of(made: dict[str, Any]) -> str:
    return f"/api/v1/events/{made['event']}/imports/{made['id']}"


async def confirm(house: House, made: dict[str, Any], who: str = "admin") -> Reply:
    return await house.call("POST", f"{path_of(made)}/confirm", who)


async def titles(house: House, event: str) -> list[tuple[int, str, int | None]]:
    await trio.sleep(1)  # virtual time: the view is written
    lots = (await house.done("GET", f"/api/v1/events/{event}/lots", "clerk"))["lots"]
    return [(lot["lot"], lot["title"], lot.get("opening")) for lot in lots]


async def paddles(house: House, event: str) -> list[tuple[int, str]]:
    path = f"/api/v1/events/{event}/registrations"
    rows = (await house.done("GET", path, "clerk"))["registrations"]
    return [(row["paddle"], row["name"]) for row in rows]


@pytest.mark.parametrize("draft", [True, False], ids=["draft", "published"])
async def test_lots_are_shown_before_they_are_taken_over(
    autojump_clock: MockClock, draft: bool
) -> None:
    async with open_house() as house:
        event = await house.event(draft=draft)
        made = await checked(house, event, TWO_LOTS)
        assert (made["status"], made["rows"], made["additions"]) == ("checked", 2, 2)
        assert (made["problems"], made["duplicates"]) == ([], [])
        assert [(row["lot"], row["fields"]["opening"]) for row in made["preview"]] == [
            (1, 125_000),
            (2, 50_000),
        ]
        assert await titles(house, event) == []
        assert await house.done("GET", path_of(made), "admin") == made
        done = await confirm(house, made)
        assert done.status == 200, done
        assert (done.json["status"], done.json["added"], done.json["skipped"]) == (
            "confirmed",
            2,
            0,
        )
        assert await titles(house, event) == [(1, "A quilt", 125_000), (2, "A trip", 50_000)]
        quilt = await house.done("GET", f"/api/v1/events/{event}/lots/1", "clerk")
        assert (quilt["category"], quilt["description"]) == ("Craft", "Warm.")


@pytest.mark.parametrize("draft", [True, False], ids=["draft", "published"])
async def test_registrations_take_the_lowest_gaps(autojump_clock: MockClock, draft: bool) -> None:
    async with open_house() as house:
        event = await house.event(draft=draft)
        path = f"/api/v1/events/{event}/registrations"
        await house.done("POST", path, "clerk", {"name": "First"})
        made = await checked(house, event, GUESTS, "registrations")
        assert [(row["paddle"], row["name"]) for row in made["preview"]] == [
            (101, "Ann"),
            (200, "Bob"),
        ]
        done = await confirm(house, made)
        assert (done.status, done.json["added"], done.json["preview"]) == (200, 2, [])
        assert await paddles(house, event) == [(100, "First"), (101, "Ann"), (200, "Bob")]


@pytest.mark.parametrize("draft", [True, False], ids=["draft", "published"])
async def test_confirming_again_adds_nothing(autojump_clock: MockClock, draft: bool) -> None:
    async with open_house() as house:
        event = await house.event(draft=draft)
        made = await checked(house, event, TWO_LOTS)
        first, second = await confirm(house, made), await confirm(house, made)
        assert (first.status, second.status) == (200, 200)
        assert first.json == second.json
        assert len(await titles(house, event)) == 2
        again = await checked(house, event, TWO_LOTS)
        assert (again["additions"], again["duplicate_count"]) == (0, 2)
        assert (await confirm(house, again)).json["added"] == 0
        assert len(await titles(house, event)) == 2


async def test_a_table_with_a_problem_changes_nothing(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event(draft=True)
        made = await checked(house, event, TWO_LOTS + "3,A pen,live,1.234,,\n")
        (problem,) = made["problems"]
        assert problem["text"]
        assert (problem["row"], problem["column"]) == (4, "Opening bid")
        assert (problem["code"], made["problem_count"], made["additions"]) == ("AMBIGUOUS", 1, 2)
        refused = await confirm(house, made)
        assert (refused.status, refused.code) == (409, "IMPORT_HAS_PROBLEMS")
        assert await titles(house, event) == []


@pytest.mark.parametrize("draft", [True, False], ids=["draft", "published"])
async def test_a_number_that_was_taken_since_keeps_out_all(
    autojump_clock: MockClock, draft: bool
) -> None:
    async with open_house() as house:
        event = await house.event(draft=draft)
        made = await checked(house, event, TWO_LOTS)
        await house.lot(event, lot=1, title="Another", opening=700)
        refused = await confirm(house, made)
        assert (refused.status, refused.code) == (409, "IMPORT_CONFLICT")
        assert refused.json["problems"][0]["row"] == 2
        assert await titles(house, event) == [(1, "Another", 700)]
        assert (await house.done("GET", path_of(made), "admin"))["status"] == "checked"
        assert (await house.call("DELETE", path_of(made), "admin")).status == 204


@pytest.mark.parametrize("draft", [True, False], ids=["draft", "published"])
async def test_rows_without_a_number_make_way_for_what_came_since(
    autojump_clock: MockClock, draft: bool
) -> None:
    async with open_house() as house:
        event = await house.event(draft=draft)
        made = await checked(house, event, LOTS + ",A trip,silent,500,,\n")
        assert made["preview"][0]["lot"] == 1
        await house.lot(event, lot=1, title="Another", opening=700)
        assert (await confirm(house, made)).status == 200
        assert await titles(house, event) == [(1, "Another", 700), (2, "A trip", 50_000)]


async def test_a_number_taken_at_the_last_moment_is_noticed(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the numbers that were given and the commands, another lot comes in."""
    begin = MemoryImports.begin

    async with open_house() as house:
        event = await house.event()
        made = await checked(house, event, TWO_LOTS)

        async def overtaken(self: MemoryImports, *args: Any) -> Any:
            begun = await begin(self, *args)
            monkeypatch.setattr(MemoryImports, "begin", begin)
            await house.command(event, "admin", "add_lot", lot=2, title="B", mode="live", opening=9)
            return begun

        monkeypatch.setattr(MemoryImports, "begin", overtaken)
        assert (await confirm(house, made)).status == 200
        found = await titles(house, event)
        assert found == [(1, "A quilt", 125_000), (2, "B", None), (3, "A trip", 50_000)]


async def test_others_commands_come_before_or_after_but_never_between(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        event = await house.event()
        table = LOTS + "".join(f"{lot},Lot {lot},live,5,,\n" for lot in range(1, 301))
        made = await checked(house, event, table)
        replies: list[Reply] = []

        async def close() -> None:
            replies.append(await house.command(event, "auctioneer", "open_event"))
            replies.append(await house.command(event, "auctioneer", "close_event"))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(close)
            done = await confirm(house, made)
        count = len(await house.stores.catalogue.lots(event))
        assert (done.status, count) in ((200, 300), (409, 0))
        assert [reply.status for reply in replies] == [200, 200]


async def test_a_confirmation_cut_short_is_completed_by_the_next(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = MemoryImports.finish

    async def away(self: MemoryImports, *args: Any, **named: Any) -> None:
        raise StoreUnavailable("away")

    async with open_house() as house:
        event = await house.event()
        made = await checked(house, event, TWO_LOTS)
        monkeypatch.setattr(MemoryImports, "finish", away)
        cut = await confirm(house, made)
        assert (cut.status, cut.code) == (503, "OVERLOADED")
        under_way = await house.done("GET", path_of(made), "admin")
        assert under_way["status"] == "confirming"
        kept = await house.call("DELETE", path_of(made), "admin")
        assert (kept.status, kept.code) == (409, "IMPORT_UNDER_WAY")
        monkeypatch.setattr(MemoryImports, "finish", finish)
        assert (await confirm(house, made)).status == 200
        assert await titles(house, event) == [(1, "A quilt", 125_000), (2, "A trip", 50_000)]
        rows = await house.stores.catalogue.lots(event)
        assert [row.details.get("description") for row in rows] == ["Warm.", None]
        site = house.registry.site(event)
        assert site is not None
        assert site.published is not None
        assert len(site.published.state.lots) == 2


async def test_a_confirmation_that_nobody_answered_is_completed_by_the_next(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the commands reach the event; the rest are lost with their answers."""
    tell = Site.tell
    async with open_house() as house:
        event = await house.event()
        made = await checked(house, event, TWO_LOTS)

        def lossy(self: Site, ask: Any, *args: Any) -> None:
            if ask.command.lot == 1:
                tell(self, ask, *args)

        monkeypatch.setattr(Site, "tell", lossy)
        cut = await confirm(house, made)
        assert (cut.status, cut.code, cut.json["accepted"]) == (503, "OUTCOME_UNKNOWN", 1)
        monkeypatch.setattr(Site, "tell", tell)
        assert (await confirm(house, made, "admin")).status == 200
        assert await titles(house, event) == [(1, "A quilt", 125_000), (2, "A trip", 50_000)]


async def test_an_event_that_takes_nothing_is_asked_nothing(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house() as house:
        event = await house.event()
        made = await checked(house, event, TWO_LOTS)

        def full(self: Site, *args: Any) -> None:
            raise MailboxFull("too many commands wait")

        monkeypatch.setattr(Site, "tell", full)
        refused = await confirm(house, made)
        assert (refused.status, refused.code) == (503, "OVERLOADED")
        monkeypatch.undo()
        await house.command(event, "auctioneer", "open_event")
        await house.command(event, "auctioneer", "close_event")
        closed = await confirm(house, made)
        assert (closed.status, closed.code) == (409, "EVENT_CLOSED")
        assert await house.stores.catalogue.lots(event) == []


@pytest.mark.parametrize(
    ("table", "kind", "status", "code"),
    [
        ("", "lots", 422, "INVALID_IMPORT"),
        ("Colour\nred\n", "lots", 422, "INVALID_IMPORT"),
        (b"\x89PNG\r\n\x1a\n\0\0", "lots", 422, "INVALID_IMPORT"),
        (TWO_LOTS, "bids", 422, "INVALID_IMPORT"),
        (b"x" * (5 * 1024**2 + 1), "lots", 413, "TOO_LARGE"),
    ],
)
async def test_what_is_no_table_is_refused(
    autojump_clock: MockClock, table: str | bytes, kind: str, status: int, code: str
) -> None:
    async with open_house() as house:
        event = await house.event(draft=True)
        reply = await check(house, event, table, kind)
        assert (reply.status, reply.code) == (status, code)


async def test_an_import_is_dropped_or_expires(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "LIFE_MS", 30_000)
    async with open_house() as house:
        event = await house.event(draft=True)
        made = await checked(house, event, GUESTS, "registrations")
        assert (await house.call("DELETE", path_of(made), "admin")).status == 204
        late = await checked(house, event, GUESTS, "registrations")
        await trio.sleep(30)
        for path in (path_of(made), path_of(late), f"/api/v1/events/{event}/imports/x"):
            for method in ("GET", "DELETE"):
                gone = await house.call(method, path, "admin")
                assert (gone.status, gone.code) == (404, "UNKNOWN_IMPORT")
            gone = await house.call("POST", f"{path}/confirm", "admin")
            assert (gone.status, gone.code) == (404, "UNKNOWN_IMPORT")
        assert await paddles(house, event) == []


async def test_an_import_belongs_to_its_event(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        made = await checked(house, await house.event(draft=True), TWO_LOTS)
        other = await house.event(draft=True)
        path = f"/api/v1/events/{other}/imports/{made['id']}"
        for method, end in (("GET", ""), ("DELETE", ""), ("POST", "/confirm")):
            assert (await house.call(method, path + end, "admin")).code == "UNKNOWN_IMPORT"


@pytest.mark.parametrize("kind", ["lots", "registrations"])
async def test_a_template_can_be_filled_in_and_sent(autojump_clock: MockClock, kind: str) -> None:
    async with open_house() as house:
        event = await house.event(draft=True)
        path = f"/api/v1/events/{event}/imports/template"
        text = await house.call("GET", f"{path}.csv?kind={kind}", "admin")
        assert text.headers["content-type"].startswith("text/csv")
        assert text.headers["content-disposition"] == f'attachment; filename="{kind}.csv"'
        book = await house.call("GET", f"{path}.xlsx?kind={kind}", "admin")
        assert load_workbook(io.BytesIO(book.body)).sheetnames == [kind]
        for reply in (text, book):
            made = await checked(house, event, reply.body, kind)
            assert (made["problem_count"], made["additions"]) == (0, 1)
        assert (await house.call("GET", f"{path}.csv?kind=bids", "admin")).status == 400


async def test_json_of_the_api_can_be_imported(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        first, second = await house.event(draft=True), await house.event(draft=True)
        fields = {"reserve": 20_000, "soft_close": {"window": 60_000, "extension": 60_000}}
        await house.lot(first, description="Warm.", **fields)
        lots = await house.call("GET", f"/api/v1/events/{first}/lots", "clerk")
        made = await checked(house, second, lots.body)
        assert (await confirm(house, made)).status == 200
        copied = await house.done("GET", f"/api/v1/events/{second}/lots/1", "clerk")
        original = orjson.loads(lots.body)["lots"][0]
        assert {**copied, "version": 0} == {**original, "version": 0}


async def test_who_confirmed_is_on_record(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event(draft=True)
        made = await checked(house, event, TWO_LOTS)
        await confirm(house, made)
        entries = await house.stores.audit.entries(event=event, who=None, before=None, limit=1)
        told = entries[0].entry
        assert (told.what, told.who, told.event) == ("import.confirm", "ada", event)
        assert told.after == {"kind": "lots", "added": 2}


async def test_a_table_that_a_worker_cannot_read_is_refused(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(self: InlineWorkers, *args: Any, **named: Any) -> None:
        raise WorkFailed("it ended")

    async with open_house() as house:
        event = await house.event(draft=True)
        monkeypatch.setattr(InlineWorkers, "run", fail)
        reply = await check(house, event, TWO_LOTS)
        assert (reply.status, reply.code) == (422, "INVALID_IMPORT")


async def test_an_exported_table_can_be_imported(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        first, second = await house.event(), await house.event(draft=True)
        table = LOTS.replace("\n", ",Ends at,Buy now\n") + (
            '7,"=1+1, ""a quilt""",silent,"$1,250.50",Craft,Two\nlines,2030-05-01T20:00Z,5000\n'
            "9,A trip,pledge,500,,,,\n"
        ).replace("Two\nlines", '"Two\nlines"')
        assert (await confirm(house, await checked(house, first, table))).status == 200
        await trio.sleep(1)  # virtual time: the view is written
        sheet = await house.call("GET", f"/api/v1/events/{first}/lots.csv", "clerk")
        made = await checked(house, second, sheet.body)
        assert (made["problems"], made["additions"]) == ([], 2)
        assert (await confirm(house, made)).status == 200
        lots = house.stores.catalogue.lots
        assert await lots(second) == await lots(first)
        assert (await lots(first))[0].definition["opening"] == 125_050
