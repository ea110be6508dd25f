"""Who may do what: every endpoint with every role, and what a token must be (rules 24 and 29)."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from trio.testing import MockClock

from saleroom.http.services import ApiLimits
from saleroom.protocol.session import SessionLimits
from tests.http.house import House, open_house

WHO = (None, "ann", "bob", "clerk", "auctioneer", "admin", "operator", "narrow", "narrow-admin")

NEW_EVENT = {"title": "Gala", "currency": "USD"}
NEW_LOT = {"title": "A cruise", "mode": "live", "opening": 500}
GUEST = {"name": "Guest"}


@attrs.frozen
class Case:
    """One request; `{sale}`, `{draft}` and `{private}` stand for events. A key for a command."""

    method: str
    path: str
    body: Any
    statuses: str


#                                                              -   ann bob clk auc adm opr nar nad
CASES = [
    Case("GET", "/alive", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/ready", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/metrics", None, "200 200 200 200 200 200 200 200 200"),
    Case("POST", "/events", NEW_EVENT, "401 403 403 403 403 201 403 403 403"),
    Case("GET", "/events", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/events/{sale}", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/events/{private}", None, "401 200 200 200 200 200 200 200 200"),
    Case("GET", "/events/{draft}", None, "404 404 404 200 200 200 404 404 404"),
    Case("GET", "/events/nowhere", None, "404 404 404 404 404 404 404 404 404"),
    Case(
        "PATCH",
        "/events/{draft}",
        {"version": 1, "title": "Ball"},
        "401 403 403 403 403 200 403 403 403",
    ),
    Case("POST", "/events/{draft}/publish", None, "401 403 403 403 403 200 403 403 403"),
    Case("POST", "/events/{sale}/lots", NEW_LOT, "401 403 403 403 403 201 403 403 403"),
    Case("POST", "/events/{draft}/lots", NEW_LOT, "401 403 403 403 403 201 403 403 403"),
    Case("GET", "/events/{sale}/lots", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/events/{private}/lots", None, "401 200 200 200 200 200 200 200 200"),
    Case("GET", "/events/{draft}/lots", None, "404 404 404 200 200 200 404 404 404"),
    Case("GET", "/events/{sale}/lots/1", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/events/{draft}/lots/1", None, "404 404 404 200 200 200 404 404 404"),
    Case(
        "PATCH",
        "/events/{sale}/lots/1",
        {"version": 1, "title": "Two quilts"},
        "401 403 403 403 403 200 403 403 403",
    ),
    Case("DELETE", "/events/{sale}/lots/1", None, "401 403 403 403 403 204 403 403 403"),
    Case("DELETE", "/events/{draft}/lots/1", None, "401 403 403 403 403 204 403 403 403"),
    Case("POST", "/events/{sale}/registrations", GUEST, "401 409 201 201 201 201 403 403 403"),
    Case(
        "POST",
        "/events/{sale}/registrations",
        {**GUEST, "paddle": 300},
        "401 403 403 201 201 201 403 403 403",
    ),
    Case(
        "POST",
        "/events/{sale}/registrations",
        {**GUEST, "user": "zoe"},
        "401 403 403 201 201 201 403 403 403",
    ),
    Case("POST", "/events/{draft}/registrations", GUEST, "401 404 404 201 201 201 403 403 403"),
    Case("GET", "/events/{sale}/registrations", None, "401 403 403 200 200 200 403 403 403"),
    Case("GET", "/events/{draft}/registrations", None, "401 403 403 200 200 200 403 403 403"),
    Case(
        "POST",
        "/events/{sale}/registrations/100/accept-terms",
        None,
        "401 200 403 200 200 200 403 403 403",
    ),
    Case(
        "POST",
        "/events/{sale}/registrations/100/renumber",
        {"paddle": 300},
        "401 403 403 403 403 200 403 403 403",
    ),
    Case(
        "POST",
        "/events/{sale}/commands",
        {"type": "set_max_bid", "lot": 1, "max": 20_000},
        "401 200 409 409 409 409 403 403 403",
    ),
    Case(
        "POST",
        "/events/{sale}/commands",
        {"type": "set_max_bid", "lot": 1, "max": 20_000, "paddle": 100},
        "401 200 403 200 200 200 403 403 403",
    ),
    Case(
        "POST",
        "/events/{sale}/commands",
        {"type": "open_lot", "lot": 1},
        "401 403 403 200 200 200 403 403 403",
    ),
    Case(
        "POST",
        "/events/{sale}/commands",
        {"type": "close_event"},
        "401 403 403 403 200 200 403 403 403",
    ),
    Case(
        "POST",
        "/events/{sale}/commands",
        {"type": "add_paddle"},
        "401 403 403 403 403 200 403 403 403",
    ),
    Case(
        "POST",
        "/bids",
        {"event": "{sale}", "lot": 1, "max": 20_000},
        "401 200 409 409 409 409 403 403 403",
    ),
    Case("GET", "/events/{sale}/leaderboard", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/events/{private}/leaderboard", None, "401 200 200 200 200 200 200 200 200"),
    Case("GET", "/events/{draft}/leaderboard", None, "404 404 404 409 409 409 404 404 404"),
    Case("GET", "/events/{sale}/results", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/events/{private}/results", None, "401 200 200 200 200 200 200 200 200"),
    Case("GET", "/events/{sale}/results.csv", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/events/{private}/results.csv", None, "401 200 200 200 200 200 200 200 200"),
    Case("GET", "/events/{sale}/journal", None, "401 403 403 403 403 200 403 403 403"),
    Case("GET", "/operator/tree", None, "401 403 403 403 403 403 200 403 403"),
    Case(
        "POST",
        "/operator/children/saleroom/loop/restart",
        None,
        "401 403 403 403 403 403 200 403 403",
    ),
    Case("POST", "/operator/drain", None, "401 403 403 403 403 403 202 403 403"),
]


def _named(template: Any, events: dict[str, str]) -> Any:
    if isinstance(template, str):
        for name, event in events.items():
            template = template.replace(f"{{{name}}}", event)
    elif isinstance(template, dict):
        return {key: _named(value, events) for key, value in template.items()}
    return template


async def _stage(house: House) -> dict[str, str]:
    draft = await house.event(draft=True)
    await house.lot(draft)
    private = await house.event(public=False)
    return {"sale": await house.sale(), "draft": draft, "private": private}


@pytest.mark.parametrize(
    "case", CASES, ids=[f"{number}-{case.method}-{case.path}" for number, case in enumerate(CASES)]
)
async def test_every_endpoint_with_every_role(autojump_clock: MockClock, case: Case) -> None:
    expected = dict(zip(WHO, map(int, case.statuses.split()), strict=True))
    found = {}
    for who in WHO:
        async with open_house() as house:
            events = await _stage(house)
            prefix = "" if case.path in ("/alive", "/ready", "/metrics") else "/api/v1"
            path = prefix + _named(case.path, events)
            body = _named(case.body, events)
            reply = await house.call(case.method, path, who, body, key="once")
            found[who] = reply.status
            if reply.status in (401, 403):
                code = {401: "UNAUTHENTICATED", 403: "FORBIDDEN"}[reply.status]
                assert reply.code == code
                assert ("www-authenticate" in reply.headers) == (reply.status == 401)
    assert found == expected


async def test_every_route_stands_in_the_table(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        served = {
            (method, rule.rule.removeprefix("/api/v1"))
            for rule in house.app.url_map.iter_rules()
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        }
        adapter = house.app.url_map.bind("sale.example")
        tabled = set()
        for case in CASES:
            prefix = "" if case.path in ("/alive", "/ready", "/metrics") else "/api/v1"
            path = prefix + case.path.replace("{", "").replace("}", "")
            rule, _ = adapter.match(path, case.method, return_rule=True)
            tabled.add((case.method, rule.rule.removeprefix("/api/v1")))
    assert served == tabled


async def test_a_list_shows_drafts_to_staff_and_private_events_to_the_known(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        events = await _stage(house)
        for who, names in (
            (None, {"sale"}),
            ("ann", {"sale", "private"}),
            ("operator", {"sale", "private"}),
            ("clerk", {"sale", "private", "draft"}),
        ):
            listed = await house.done("GET", "/api/v1/events", who)
            assert {row["id"] for row in listed["events"]} == {events[name] for name in names}


@pytest.mark.parametrize("header", ["Basic YW5uOnB3", "Bearer", "Bearer ", "ann", "Bearer wrong"])
async def test_what_is_no_believed_bearer_token_is_401(
    autojump_clock: MockClock, header: str
) -> None:
    async with open_house() as house:
        reply = await house.call("GET", "/api/v1/events", headers={"Authorization": header})
        assert (reply.status, reply.code) == (401, "UNAUTHENTICATED")


async def test_keys_that_are_away_are_503(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        reply = await house.call("GET", "/api/v1/operator/tree", "elsewhere")
        assert (reply.status, reply.code) == (503, "OVERLOADED")
        assert reply.headers["retry-after"] == "1"


async def test_one_users_rate_is_their_own_and_refused_after_the_role(
    autojump_clock: MockClock,
) -> None:
    slow = ApiLimits(commands=SessionLimits(donor_rate=0.1, donor_burst=1))
    async with open_house(limits=slow) as house:
        event = await house.event()
        path = f"/api/v1/events/{event}/registrations"
        assert (await house.call("POST", path, "ann", {"name": "Ann"})).status == 201
        late = await house.call("POST", path, "ann", {"name": "Ann"})
        assert (late.status, late.code) == (429, "RATE_LIMITED")
        assert late.json["retry_after_ms"] > 9_000
        assert late.headers["retry-after"] == "11"
        assert (await house.command(event, "ann", "open_event")).code == "FORBIDDEN"
        assert (await house.command(event, "ann", "jump")).code == "MALFORMED"
        assert (await house.call("POST", path, "bob", {"name": "Bob"})).status == 201


async def test_the_rates_of_only_so_many_users_are_remembered(autojump_clock: MockClock) -> None:
    slow = ApiLimits(commands=SessionLimits(donor_rate=0.1, donor_burst=1), users_max=1)
    async with open_house(limits=slow) as house:
        path = f"/api/v1/events/{await house.event()}/registrations"
        assert (await house.call("POST", path, "ann", {"name": "Ann"})).status == 201
        assert (await house.call("POST", path, "bob", {"name": "Bob"})).status == 201
        assert (await house.call("POST", path, "ann", {"name": "Ann"})).code == "PADDLE_TAKEN"
