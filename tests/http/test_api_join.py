"""Joining with a code over HTTP (issue 6, points 1 and 3)."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from saleroom.http.desk.join_codes import digest
from saleroom.http.desk.joining import WRONG
from tests.http.house import House, Reply, open_house

ANN = {"name": "Ann Lee", "accept_terms": True}


def codes_of(event: str) -> str:
    return f"/api/v1/events/{event}/join-codes"


async def printed(house: House, event: str, **wanted: Any) -> list[dict[str, str]]:
    made = await house.done("POST", codes_of(event), "clerk", wanted)
    codes: list[dict[str, str]] = made["codes"]
    return codes


async def join(house: House, code: str, **given: Any) -> Reply:
    return await house.call("POST", "/api/v1/join", None, {"code": code, **ANN, **given})


async def test_a_donor_joins_with_a_code_and_bids(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        await house.command(event, "auctioneer", "open_lot", lot=1)
        [code] = await printed(house, event, table="7")
        reply = await join(house, code["code"].lower(), email="ann@gala.example", phone="555 0100")
        assert reply.status == 201
        joined = reply.json
        assert (joined["event"], joined["paddle"], joined["terms_version"]) == (event, 101, 1)
        bid = {"event": event, "lot": 1, "amount": 10_000}
        placed = await house.call("POST", "/api/v1/bids", joined["access_token"], bid, key="b1")
        assert (placed.status, placed.json["leading"]) == (200, True)
        guest = await house.done("GET", f"/api/v1/events/{event}/registrations/101", "clerk")
        assert [guest[name] for name in ("name", "email", "phone", "table", "user")] == [
            "Ann Lee",
            "ann@gala.example",
            "555 0100",
            "7",
            joined["user"],
        ]
        renewed = await house.done(
            "POST", "/api/v1/auth/refresh", None, {"refresh_token": joined["refresh_token"]}
        )
        assert (await house.done("GET", "/api/v1/me", renewed["access_token"]))["name"] == "Ann Lee"


async def test_a_page_is_signed_in_by_cookie(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        [code] = await printed(house, event)
        reply = await join(house, code["code"], cookie=True)
        assert reply.status == 201
        assert reply.json.keys().isdisjoint({"access_token", "refresh_token"})
        assert reply.json["csrf_token"]
        assert any("HttpOnly" in cookie for cookie in reply.cookies)


async def test_a_code_works_once(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        [code] = await printed(house, event)
        statuses: list[int] = []

        async def rush() -> None:
            statuses.append((await join(house, code["code"])).status)

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(rush)
        assert sorted(statuses) == [201, 404, 404, 404, 404]
        listed = await house.done("GET", f"/api/v1/events/{event}/registrations", "clerk")
        assert len(listed["registrations"]) == 2


async def test_a_code_for_a_paddle_binds_it(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        desk = f"/api/v1/events/{event}/registrations"
        guest = await house.done("POST", desk, "clerk", {"name": "Guest of Ann", "paddle": 214})
        assert guest["user"] is None
        for paddle in (214, 500):
            [code] = await printed(house, event, paddle=paddle, table="9")
            joined = (await join(house, code["code"])).json
            assert joined["paddle"] == paddle
            held = await house.done("GET", f"{desk}/{paddle}", joined["access_token"])
            assert [held[name] for name in ("name", "terms_version", "table")] == [
                "Ann Lee",
                1,
                "9",
            ]
            found = await house.done("GET", f"{desk}?q=ann+lee", "clerk")
            assert paddle in [row["paddle"] for row in found["registrations"]]


async def test_a_code_that_served_nothing_stays_good(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        [code] = await printed(house, event, paddle=100)
        taken = await join(house, code["code"])
        assert (taken.status, taken.code) == (409, "PADDLE_TAKEN")
        await house.done(
            "POST", f"/api/v1/events/{event}/registrations/100/renumber", "admin", {"paddle": 300}
        )
        assert (await join(house, code["code"])).json["paddle"] == 100


async def test_the_terms_must_be_accepted(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        [code] = await printed(house, event)
        early = await join(house, code["code"], accept_terms=False)
        assert (early.status, early.code) == (409, "TERMS_NOT_ACCEPTED")
        assert (await join(house, code["code"])).status == 201


async def test_a_code_tells_what_it_is_for_and_stays_good(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        [code] = await printed(house, event)
        path, shown = "/api/v1/join/invitation", {"code": code["code"]}
        for _ in range(2):
            told = await house.done("POST", path, None, shown)
            assert told == {"event": event, "title": "Gala", "terms": None}
        assert (await join(house, code["code"])).status == 201
        used = await house.call("POST", path, None, shown)
        assert (used.status, used.code) == (404, "INVALID_CODE")


async def test_codes_that_are_none_expired_or_revoked_look_the_same(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        event = await house.sale()
        soon = house.registry.clock.now_ms() + 5_000
        [short], [revoked] = (
            await printed(house, event, expires_at=soon),
            await printed(house, event),
        )
        gone = await house.call("DELETE", f"{codes_of(event)}/{revoked['id']}", "clerk")
        assert gone.status == 204
        await trio.sleep(5)
        bodies = set()
        for code in (short["code"], revoked["code"], "00000-00000", "nonsense"):
            reply = await join(house, code)
            assert (reply.status, reply.code) == (404, "INVALID_CODE")
            bodies.add(reply.body)
        assert len(bodies) == 1


async def test_guessing_is_throttled(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        good = await printed(house, event, count=2)
        for _ in range(WRONG.burst - 1):
            assert (await join(house, "00000-00000")).code == "INVALID_CODE"
        assert (await join(house, good[0]["code"])).status == 201
        assert (await join(house, "00000-00000")).code == "INVALID_CODE"
        tired = await join(house, good[1]["code"])
        assert (tired.status, tired.code) == (429, "RATE_LIMITED")
        await trio.sleep(tired.json["retry_after_ms"] / 1000)
        assert (await join(house, good[1]["code"])).status == 201


async def test_a_draft_and_a_closed_event_let_nobody_in(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        draft, event = await house.event(draft=True), await house.sale()
        [early], [late] = await printed(house, draft), await printed(house, event)
        assert (await join(house, early["code"])).code == "EVENT_NOT_OPEN"
        await house.command(event, "auctioneer", "close_event")
        assert (await join(house, late["code"])).code == "EVENT_CLOSED"
        await house.done("POST", f"/api/v1/events/{draft}/publish", "admin")
        assert (await join(house, early["code"])).json["paddle"] == 100


async def test_codes_are_listed_without_themselves(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        made = await printed(house, event, count=3)
        await join(house, made[0]["code"])
        page = await house.done("GET", f"{codes_of(event)}?limit=2", "clerk")
        rest = await house.done("GET", f"{codes_of(event)}?limit=2&cursor={page['next']}", "clerk")
        rows = page["codes"] + rest["codes"]
        assert {row["id"] for row in rows} == {code["id"] for code in made}
        assert [row["id"] for row in rows if row["used_at"] is not None] == [made[0]["id"]]
        for code in made:
            assert code["code"] not in str(rows)
        kept = await house.stores.join_codes.code(event, made[1]["id"])
        assert kept.digest == digest(made[1]["code"])


async def test_a_code_is_drawn_until_it_is_used(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        [code] = await printed(house, event)
        assert code["link"].endswith(f"/j/{code['code']}")
        picture = await house.call("GET", code["picture"], "clerk")
        assert picture.headers["content-type"] == "image/svg+xml"
        assert picture.headers["cache-control"] == "no-store"
        assert ET.fromstring(picture.body).tag.endswith("svg")  # noqa: S314 - our own
        await join(house, code["code"])
        for path in (code["picture"], f"{codes_of(event)}/unknown.svg"):
            gone = await house.call("GET", path, "clerk")
            assert (gone.status, gone.code) == (404, "UNKNOWN_CODE")
        used = await house.call("DELETE", f"{codes_of(event)}/{code['id']}", "clerk")
        assert (used.status, used.code) == (404, "UNKNOWN_CODE")


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("count", {"count": 0}),
        ("count", {"count": 501}),
        ("count", {"count": 2, "paddle": 214}),
        ("paddle", {"paddle": 0}),
    ],
)
async def test_codes_that_make_no_sense_are_422(
    autojump_clock: MockClock, field: str, body: dict[str, object]
) -> None:
    async with open_house() as house:
        reply = await house.call("POST", codes_of(await house.event()), "clerk", body)
        assert (reply.status, reply.code, reply.json["field"]) == (422, "INVALID_FIELD", field)


async def test_codes_that_have_expired_are_not_printed(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        body = {"expires_at": 1}
        reply = await house.call("POST", codes_of(await house.event()), "clerk", body)
        assert (reply.status, reply.code) == (409, "EXPIRED")


async def test_printing_is_in_the_audit(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        [code] = await printed(house, event, table="7")
        await house.done("DELETE", f"{codes_of(event)}/{code['id']}", "clerk")
        entries = await house.stores.audit.entries(event=event, who="clara", before=None, limit=9)
        assert [kept.entry.what for kept in entries] == ["join_code.revoke", "join_code.print"]
        assert code["code"] not in str(entries)
