"""Events over HTTP: drafts, versions, publication, lists (PROTOCOL 7)."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from saleroom.http.services import ApiLimits
from saleroom.storage.memory import MemoryHotStore, memory_stores
from saleroom.storage.ports import OutcomeUnknown, StoreUnavailable
from tests.http.house import open_house

EVENTS = "/api/v1/events"


async def test_a_new_event_is_published_at_once(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        body = {"title": "Gala", "currency": "EUR", "starts_at": 5, "ladder": "ebay"}
        reply = await house.call("POST", EVENTS, "admin", body)
        made = reply.json
        assert reply.status == 201
        assert reply.headers["location"] == f"{EVENTS}/{made['id']}"
        assert not made["id"].startswith("-")
        assert (made["status"], made["public"], made["version"]) == ("published", True, 1)
        read = await house.done("GET", f"{EVENTS}/{made['id']}")
        assert read["starts_at"] == 5
        assert read["ladder"][0] == [0, 5]
        assert read["soft_close"] == {"window": 120_000, "extension": 120_000, "from": "bid"}
        assert (read["status"], read["seq"], read["raised"]) == ("published", 0, 0)
        assert await house.stores.journal.events() == [made["id"]]


async def test_a_draft_is_edited_published_once_and_then_no_more(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event(draft=True)
        assert await house.stores.journal.events() == []
        path = f"{EVENTS}/{event}"
        changed = await house.done("PATCH", path, "admin", {"version": 1, "title": "Ball"})
        assert (changed["title"], changed["status"], changed["version"]) == ("Ball", "draft", 2)
        await house.lot(event, lot=7, reserve=20_000)
        guest = {"name": "Guest", "user": "zoe"}
        await house.done("POST", f"{path}/registrations", "clerk", guest)
        published = await house.done("POST", f"{path}/publish", "admin")
        assert (published["title"], published["status"]) == ("Ball", "published")
        site = house.registry.site(event)
        assert site is not None
        assert site.published is not None
        state = site.published.state
        assert state.definition.title == "Ball"
        assert state.lots[7].definition.reserve == 20_000
        assert state.paddle_of == {"zoe": 100}
        late = await house.call("POST", f"{path}/publish", "admin")
        assert (late.status, late.code) == (409, "EVENT_PUBLISHED")


async def test_a_stale_version_is_409_and_changes_nothing(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        path = f"{EVENTS}/{await house.event(draft=True)}"
        await house.done("PATCH", path, "admin", {"version": 1, "title": "Ball"})
        stale = await house.call("PATCH", path, "admin", {"version": 1, "title": "Fair"})
        assert (stale.status, stale.code) == (409, "STALE_VERSION")
        assert (await house.done("GET", path, "admin"))["title"] == "Ball"


async def test_null_clears_a_setting_of_a_draft(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        path = f"{EVENTS}/{await house.event(draft=True, ladder='flat:100', starts_at=9)}"
        changes = {"version": 1, "ladder": None, "starts_at": None, "public": False}
        changed = await house.done("PATCH", path, "admin", changes)
        assert changed["ladder"][0] == [0, 500]
        assert changed["starts_at"] is None
        assert changed["public"] is False


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("title", {"currency": "USD"}),
        ("title", {"title": "", "currency": "USD"}),
        ("title", {"title": 7, "currency": "USD"}),
        ("currency", {"title": "Gala", "currency": "usd"}),
        ("ladder", {"title": "Gala", "currency": "USD", "ladder": [[5, 1]]}),
        ("soft_close", {"title": "Gala", "currency": "USD", "soft_close": {"window": 1}}),
        ("starts_at", {"title": "Gala", "currency": "USD", "starts_at": "soon"}),
        ("starts_at", {"title": "Gala", "currency": "USD", "starts_at": True}),
        ("public", {"title": "Gala", "currency": "USD", "public": 1}),
        ("draft", {"title": "Gala", "currency": "USD", "draft": None}),
        ("owner", {"title": "Gala", "currency": "USD", "owner": "me"}),
        ("id", {"title": "Gala", "currency": "USD", "id": "mine"}),
    ],
)
async def test_a_definition_that_does_not_hold_is_422_and_names_the_field(
    autojump_clock: MockClock, field: str, body: dict[str, Any]
) -> None:
    async with open_house() as house:
        reply = await house.call("POST", EVENTS, "admin", body)
        assert (reply.status, reply.code) == (422, "INVALID_EVENT")
        assert reply.json["field"] == field
        assert (await house.done("GET", EVENTS, "admin"))["events"] == []


@pytest.mark.parametrize("version", [None, "1", 1.0, True, -1])
async def test_a_change_names_the_version_that_was_read(
    autojump_clock: MockClock, version: object
) -> None:
    async with open_house() as house:
        path = f"{EVENTS}/{await house.event(draft=True)}"
        reply = await house.call("PATCH", path, "admin", {"version": version, "title": "Ball"})
        assert (reply.status, reply.json["field"]) == (422, "version")


async def test_a_list_is_paged_newest_first_without_what_is_hidden(
    autojump_clock: MockClock,
) -> None:
    async with open_house(limits=ApiLimits(page_max=2)) as house:
        made = []
        for number in range(7):
            made.append(await house.event(draft=number % 3 == 1))
            await trio.sleep(1)  # virtual time: the list is by the time of creation
        shown = [event for number, event in enumerate(made) if number % 3 != 1][::-1]
        seen: list[str] = []
        pages, cursor = 0, ""
        while True:
            page = await house.done("GET", f"{EVENTS}?limit=2{cursor}")
            seen += [row["id"] for row in page["events"]]
            pages += 1
            if page["next"] is None:
                break
            assert len(page["events"]) == 2
            cursor = f"&cursor={page['next']}"
        assert (seen, pages) == (shown, 3)


async def test_the_cursor_of_no_event_does_not_end_a_list(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        await house.event()
        reply = await house.call("GET", f"{EVENTS}?cursor=nowhere")
        assert (reply.status, reply.code) == (404, "UNKNOWN_CURSOR")


async def test_a_list_tells_the_status_that_has_just_been_told(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> None:
        await trio.sleep_forever()

    async with open_house() as house:
        event = await house.event()
        monkeypatch.setattr(house.stores.catalogue, "set_status", never)
        for command, status in (("open_event", "open"), ("close_event", "closed")):
            await house.command(event, "auctioneer", command)
            (row,) = (await house.done("GET", EVENTS))["events"]
            assert row["status"] == status


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=-1", "limit=x", "cursor=a%20b"])
async def test_a_page_out_of_bounds_is_malformed(autojump_clock: MockClock, query: str) -> None:
    async with open_house() as house:
        reply = await house.call("GET", f"{EVENTS}?{query}")
        assert (reply.status, reply.code) == (400, "MALFORMED")


async def test_two_publications_at_once_give_one_journal(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        path = f"{EVENTS}/{await house.event(draft=True)}/publish"
        statuses = []

        async def publish() -> None:
            statuses.append((await house.call("POST", path, "admin")).status)

        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(publish)
        assert sorted(statuses) == [200, 409, 409]


async def test_a_publication_cut_short_can_be_repeated(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal was written, its writer never learned of it, and no actor runs."""
    async with open_house() as house:
        event = await house.event(draft=True)
        await house.lot(event)
        path, create = f"{EVENTS}/{event}/publish", house.stores.journal.create

        async def lose(*args: Any) -> None:
            await create(*args)
            raise OutcomeUnknown("the connection ended")

        with monkeypatch.context() as patch:
            patch.setattr(house.stores.journal, "create", lose)
            lost = await house.call("POST", path, "admin")
            assert (lost.status, lost.code) == (503, "OUTCOME_UNKNOWN")
        assert house.registry.site(event) is None
        await house.done("POST", path, "admin")
        assert (await house.command(event, "auctioneer", "open_event")).status == 200


async def test_a_publication_that_hangs_is_answered_and_can_be_repeated(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house() as house:
        path = f"{EVENTS}/{await house.event(draft=True)}/publish"
        with monkeypatch.context() as patch:
            patch.setattr(house.stores.journal, "create", _hang)
            hung = await house.call("POST", path, "admin")
            assert (hung.status, hung.code) == (503, "OUTCOME_UNKNOWN")
        assert (await house.done("POST", path, "admin"))["status"] == "published"


async def _hang(*_: object) -> None:
    await trio.sleep_forever()


async def test_what_is_added_during_a_publication_waits_and_goes_to_the_journal(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house() as house:
        event = await house.event(draft=True)
        create, gate = house.stores.journal.create, trio.Event()
        added = []

        async def slow(*args: Any) -> None:
            await gate.wait()
            await create(*args)

        async def add() -> None:
            body = {"title": "Late", "mode": "live", "opening": 100}
            added.append(await house.call("POST", f"{EVENTS}/{event}/lots", "admin", body))

        monkeypatch.setattr(house.stores.journal, "create", slow)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(house.call, "POST", f"{EVENTS}/{event}/publish", "admin")
            await wait_all_tasks_blocked()
            nursery.start_soon(add)
            await wait_all_tasks_blocked()
            assert added == []
            gate.set()
        # It was taken for a draft's lot when it came, and is one no more.
        assert added[0].code == "EVENT_PUBLISHED"
        assert await house.stores.catalogue.lots(event) == []


async def test_an_event_is_read_while_the_catalogue_is_away(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house() as house:
        event = await house.event(public=False)
        monkeypatch.setattr(house.stores.catalogue, "event", _away)
        monkeypatch.setattr(house.stores.catalogue, "lots", _away)
        read = await house.done("GET", f"{EVENTS}/{event}", "ann")
        assert (read["title"], read["public"], read["status"]) == ("Gala", False, "published")
        assert (await house.done("GET", f"{EVENTS}/{event}/lots", "ann"))["lots"] == []
        nowhere = await house.call("GET", f"{EVENTS}/nowhere", "ann")
        assert (nowhere.status, nowhere.code) == (503, "OVERLOADED")


async def _away(*_: object) -> None:
    raise StoreUnavailable("gone for a moment")


class _AwayHotStore(MemoryHotStore):
    """A hot store that can be reached by nobody."""

    async def read(self, *_: Any, **__: Any) -> dict[str, bytes]:
        raise StoreUnavailable("gone")

    async def write(self, *_: Any, **__: Any) -> None:
        raise StoreUnavailable("gone")


@pytest.mark.parametrize("hot", [MemoryHotStore(), _AwayHotStore()], ids=["hot", "away"])
async def test_reads_are_the_same_with_and_without_the_hot_store(
    autojump_clock: MockClock, hot: MemoryHotStore
) -> None:
    async with open_house(attrs.evolve(memory_stores(), hot=hot)) as house:
        event = await house.sale(mode="sale", quantity=3, opening=2_000)
        assert (await house.command(event, "ann", "buy", lot=1, units=2)).status == 200
        await _settle()
        path = f"{EVENTS}/{event}"
        read = await house.done("GET", path)
        assert (read["status"], read["raised"], read["seq"]) == ("open", 4_000, 4)
        board = await house.done("GET", f"{path}/leaderboard")
        assert board == {
            "leaderboard": [{"paddle": 100, "total": 4_000, "standing": 0}],
            "raised": 4_000,
            "seq": 4,
        }
        (lot,) = (await house.done("GET", f"{path}/lots"))["lots"]
        assert (lot["state"], lot["remaining"], lot["opening"]) == ("open", 1, 2_000)
        assert lot == await house.done("GET", f"{path}/lots/1")
        assert (await house.call("GET", f"{path}/lots/2")).code == "UNKNOWN_LOT"


async def test_a_hot_store_that_lacks_something_is_stood_in_for(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        await _settle()
        await house.stores.hot.clear(event)
        about = b'{"id":"x","title":"Gala","seq":3,"raised":0,"lots":[1]}'
        await house.stores.hot.write(event, {"event": about})
        (lot,) = (await house.done("GET", f"{EVENTS}/{event}/lots"))["lots"]
        assert lot["title"] == "A quilt"
        assert (await house.done("GET", f"{EVENTS}/{event}/leaderboard"))["leaderboard"] == []


async def _settle() -> None:
    """Let the checkpointer write (virtual time)."""
    await trio.sleep(1)
