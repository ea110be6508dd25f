"""Who may do what: one table of every endpoint with every role (rules 24 and 29, PROTOCOL 7).

A route without a row fails; so does a row that its route's contract contradicts. A row's statuses
stand in the order of `WHO`; what those may whose role is narrowed to the very events follows from
it (`OWN`). `{sale}`, `{draft}` and `{private}` stand for events, made anew after each request that
changed something; a part that needs more of the house makes it in `_stage` and names it.
"""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from trio.testing import MockClock

from saleroom.auction.roles import RANK, Role
from saleroom.http.requests.contract import NOBODY_ASKED, SIGNED_IN, Contract, declared
from saleroom.http.services import ApiLimits
from saleroom.protocol.session import SessionLimits
from tests.http.authorised import (
    GUEST,
    JOINING,
    LINK,
    NEW_EVENT,
    NEW_LIST,
    NEW_LOT,
    PAGE_CASES,
    PAYMENT,
    PEOPLE_CASES,
    PICTURE,
    REASON,
    TABLE,
    TERMS,
    WISH,
    WISHED,
    Case,
)
from tests.http.house import PEOPLE, House, open_house

WHO = (None, "ann", "bob", "clerk", "auctioneer", "admin", "operator", "narrow", "narrow-admin")
ROLES = (None, Role.DONOR, Role.DONOR, Role.CLERK, Role.AUCTIONEER, Role.ADMIN, Role.OPERATOR)
"""Of the first of `WHO`; the other two hold theirs on another event."""
OWN = {"own-clerk": ("clerk", "narrow"), "own-admin": ("admin", "narrow-admin")}
"""{who holds a role on the very events: (as whom they count there, and as whom elsewhere)}"""
UNHURRIED = ApiLimits(
    commands=SessionLimits(donor_rate=1e4, donor_burst=1e4, staff_rate=1e4, staff_burst=1e4)
)

#                                                              -   ann bob clk auc adm opr nar nad
CASES = [
    *PAGE_CASES,
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
    Case(
        "PATCH",
        "/events/{sale}",
        {"version": 1, "title": "Ball"},
        "401 403 403 403 403 200 403 403 403",
    ),
    Case("POST", "/events/{sale}/duplicate", {}, "401 403 403 403 403 201 403 403 403"),
    Case("POST", "/events/{draft}/duplicate", {}, "401 403 403 403 403 201 403 403 403"),
    Case("GET", "/events/{sale}/categories", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/events/{private}/categories", None, "401 200 200 200 200 200 200 200 200"),
    Case("GET", "/events/{draft}/categories", None, "404 404 404 200 200 200 404 404 404"),
    Case(
        "POST",
        "/events/{sale}/categories",
        {"name": "Wine"},
        "401 403 403 201 201 201 403 403 403",
    ),
    Case(
        "PATCH",
        "/events/{sale}/categories/1",
        {"version": 1, "name": "Wine"},
        "401 403 403 404 404 404 403 403 403",
    ),
    Case("DELETE", "/events/{sale}/categories/1", None, "401 403 403 404 404 404 403 403 403"),
    Case(
        "PUT",
        "/events/{sale}/categories/order",
        {"categories": []},
        "401 403 403 200 200 200 403 403 403",
    ),
    Case("GET", "/events/{sale}/donors", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/events/{private}/donors", None, "401 200 200 200 200 200 200 200 200"),
    Case("GET", "/events/{draft}/donors", None, "404 404 404 200 200 200 404 404 404"),
    Case("GET", "/events/{sale}/donors/1", None, "404 404 404 404 404 404 404 404 404"),
    Case("POST", "/events/{sale}/donors", {"name": "Ann"}, "401 403 403 201 201 201 403 403 403"),
    Case(
        "PATCH",
        "/events/{sale}/donors/1",
        {"version": 1},
        "401 403 403 404 404 404 403 403 403",
    ),
    Case("DELETE", "/events/{sale}/donors/1", None, "401 403 403 404 404 404 403 403 403"),
    Case("GET", "/events/{sale}/lots.csv", None, "401 403 403 200 200 200 403 403 403"),
    Case("GET", "/events/{draft}/lots.csv", None, "401 403 403 200 200 200 403 403 403"),
    Case("GET", "/events/{sale}/bids.csv", None, "401 403 403 200 200 200 403 403 403"),
    Case("GET", "/events/{sale}/lots/1/bids", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/events/{private}/lots/1/bids", None, "401 404 404 404 404 404 404 404 404"),
    Case("GET", "/events/{draft}/lots/1/bids", None, "404 404 404 409 409 409 404 404 404"),
    Case(
        "PUT",
        "/events/{sale}/lots/order",
        {"lots": [1]},
        "401 403 403 403 403 200 403 403 403",
    ),
    Case(
        "PUT",
        "/events/{draft}/lots/order",
        {"lots": [1]},
        "401 403 403 403 403 200 403 403 403",
    ),
    Case("POST", "/events/{sale}/lots/1/images", None, "401 403 403 415 415 415 403 403 403"),
    Case(
        "PUT",
        "/events/{sale}/lots/1/images/order",
        {"keys": []},
        "401 403 403 200 200 200 403 403 403",
    ),
    Case(
        "DELETE",
        f"/events/{{sale}}/lots/1/images/{PICTURE}",
        None,
        "401 403 403 404 404 404 403 403 403",
    ),
    Case(
        "PATCH",
        f"/events/{{sale}}/lots/1/images/{PICTURE}",
        {"alt": "A red quilt"},
        "401 403 403 404 404 404 403 403 403",
    ),
    Case("GET", f"/media/{PICTURE}", None, "404 404 404 404 404 404 404 404 404"),
    Case("POST", "/events/{sale}/imports", None, "401 403 403 403 403 415 403 403 403"),
    Case("POST", "/events/{draft}/imports", None, "401 403 403 403 403 415 403 403 403"),
    Case("GET", f"/events/{{sale}}/imports/{TABLE}", None, "401 403 403 403 403 404 403 403 403"),
    Case(
        "DELETE", f"/events/{{sale}}/imports/{TABLE}", None, "401 403 403 403 403 404 403 403 403"
    ),
    Case(
        "POST",
        f"/events/{{sale}}/imports/{TABLE}/confirm",
        None,
        "401 403 403 403 403 404 403 403 403",
    ),
    Case("GET", "/events/{sale}/imports/template.csv", None, "401 403 403 403 403 200 403 403 403"),
    Case(
        "GET", "/events/{sale}/imports/template.xlsx", None, "401 403 403 403 403 200 403 403 403"
    ),
    Case("GET", "/audit", None, "401 403 403 403 403 200 403 403 403"),
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
        "401 409 201 201 201 201 403 403 403",
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
    Case("GET", "/events/{sale}/registrations/100", None, "401 200 403 200 200 200 403 403 403"),
    Case(
        "PATCH",
        "/events/{sale}/registrations/100",
        {"table": "7"},
        "401 403 403 200 200 200 403 403 403",
    ),
    Case(
        "POST",
        "/events/{sale}/registrations/100/check-in",
        None,
        "401 403 403 200 200 200 403 403 403",
    ),
    Case(
        "DELETE",
        "/events/{sale}/registrations/100/check-in",
        None,
        "401 403 403 200 200 200 403 403 403",
    ),
    Case("GET", "/events/{sale}/tables", None, "401 403 403 200 200 200 403 403 403"),
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
    Case("GET", "/events/{sale}/page.svg", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/events/{private}/page.svg", None, "401 200 200 200 200 200 200 200 200"),
    Case("GET", "/events/{draft}/page.svg", None, "404 404 404 200 200 200 404 404 404"),
    Case("GET", "/events/{sale}/leaderboard", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/events/{private}/leaderboard", None, "401 200 200 200 200 200 200 200 200"),
    Case("GET", "/events/{draft}/leaderboard", None, "404 404 404 409 409 409 404 404 404"),
    Case("GET", "/events/{sale}/results", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/events/{private}/results", None, "401 200 200 200 200 200 200 200 200"),
    Case("GET", "/events/{sale}/results.csv", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/events/{private}/results.csv", None, "401 200 200 200 200 200 200 200 200"),
    Case("GET", "/events/{sale}/journal", None, "401 403 403 403 403 200 403 403 403"),
    *PEOPLE_CASES,
    Case("GET", "/events/{sale}/watch/1", None, "401 200 200 200 200 200 403 403 403"),
    Case("PUT", "/events/{sale}/watch/1", None, "401 200 200 200 200 200 403 403 403"),
    Case("DELETE", "/events/{sale}/watch/1", None, "401 204 204 204 204 204 403 403 403"),
    Case("GET", "/events/{sale}/watchers", None, "200 200 200 200 200 200 200 200 200"),
    Case("GET", "/events/{private}/watchers", None, "401 200 200 200 200 200 200 200 200"),
    Case("GET", "/me/watching", None, "401 200 200 200 200 200 200 200 200"),
    Case("GET", "/me/bids", None, "401 200 200 200 200 200 200 200 200"),
    *(
        Case(
            "GET",
            f"/events/{{sale}}/invoices/1/receipt{form}",
            None,
            "401 404 404 404 404 404 403 403 403",
        )
        for form in ("", ".html", ".pdf")
    ),
    Case(
        "POST",
        "/events/{sale}/invoices/1/receipt/mail",
        None,
        "401 403 403 404 404 404 403 403 403",
    ),
    Case("GET", "/me/statements/2025.pdf", None, "401 200 200 200 200 200 200 200 200"),
    Case("GET", "/events/{sale}/summary", None, "401 403 403 403 403 200 403 403 403"),
    Case("GET", "/events/{sale}/summary.csv", None, "401 403 403 403 403 200 403 403 403"),
    Case("GET", "/events/{sale}/ledger.csv", None, "401 403 403 403 403 200 403 403 403"),
    Case("GET", "/events/{sale}/billing", None, "401 403 403 200 200 200 403 403 403"),
    Case("PUT", "/events/{sale}/billing", TERMS, "401 403 403 403 403 200 403 403 403"),
    Case("POST", "/events/{sale}/invoices", None, "401 403 403 403 403 409 403 403 403"),
    Case("GET", "/events/{sale}/invoices", None, "401 403 403 200 200 200 403 403 403"),
    Case("GET", "/events/{sale}/invoices/1", None, "401 404 404 404 404 404 403 403 403"),
    Case(
        "POST",
        "/events/{sale}/invoices/1/credit",
        REASON,
        "401 403 403 403 403 404 403 403 403",
    ),
    Case("GET", "/events/{sale}/folios", None, "401 403 403 200 200 200 403 403 403"),
    Case("GET", "/events/{sale}/folios/100", None, "401 200 403 200 200 200 403 403 403"),
    Case(
        "POST",
        "/events/{sale}/folios/100/adjustments",
        {"kind": "charge", "amount": 100, **REASON},
        "401 403 403 403 403 200 403 403 403",
    ),
    Case("GET", "/events/{sale}/ledger", None, "401 403 403 403 403 200 403 403 403"),
    Case(
        "POST",
        "/events/{sale}/folios/100/payments",
        {"method": "cash", "amount": 100},
        "401 403 403 409 409 409 403 403 403",
    ),
    Case("POST", f"{PAYMENT}/capture", None, "401 403 403 404 404 404 403 403 403"),
    Case("POST", f"{PAYMENT}/void", None, "401 403 403 403 403 404 403 403 403"),
    Case(
        "POST",
        f"{PAYMENT}/refunds",
        {"amount": 100, **REASON},
        "401 403 403 403 403 404 403 403 403",
    ),
    Case("POST", "/events/{sale}/folios/100/link", None, "401 201 403 201 201 201 403 403 403"),
    Case("POST", "/events/{sale}/card", None, "401 201 409 409 409 409 403 403 403"),
    Case(
        "POST",
        "/events/{sale}/card/confirm",
        {"setup": "seti_1"},
        "401 404 404 404 404 404 403 403 403",
    ),
    Case("DELETE", "/events/{sale}/card", None, "401 204 204 204 204 204 403 403 403"),
    Case("GET", "/sandbox/payments", None, "401 403 403 403 403 200 403 403 403"),
    Case("GET", f"/checkout/{LINK}", None, "404 404 404 404 404 404 404 404 404"),
    Case(
        "POST",
        f"/checkout/{LINK}/payments",
        {"method": "card", "amount": 100},
        "404 404 404 404 404 404 404 404 404",
    ),
    Case("GET", f"/pay/{LINK}", None, "404 404 404 404 404 404 404 404 404"),
    Case("POST", f"/pay/{LINK}", {}, "404 404 404 404 404 404 404 404 404"),
    Case("POST", "/webhooks/stripe", {}, "403 403 403 403 403 403 403 403 403"),
    Case("GET", "/me/wins", None, "401 200 200 200 200 200 200 200 200"),
    Case("GET", "/me/pledges", None, "401 200 200 200 200 200 200 200 200"),
    Case("POST", "/events/{sale}/join-codes", {}, "401 403 403 201 201 201 403 403 403"),
    Case("GET", "/events/{sale}/join-codes", None, "401 403 403 200 200 200 403 403 403"),
    Case("GET", "/events/{sale}/join-codes/x.svg", None, "401 403 403 404 404 404 403 403 403"),
    Case("DELETE", "/events/{sale}/join-codes/x", None, "401 403 403 404 404 404 403 403 403"),
    Case(
        "POST",
        "/join/invitation",
        {"code": "00000-00000"},
        "404 404 404 404 404 404 404 404 404",
    ),
    Case("POST", "/join", JOINING, "404 404 404 404 404 404 404 404 404"),
    Case("POST", "/me/wishlists", NEW_LIST, "401 201 201 201 201 201 201 201 201"),
    Case("GET", "/me/wishlists", None, "401 200 200 200 200 200 200 200 200"),
    Case("GET", "/me/wishlists/x", None, "401 404 404 404 404 404 404 404 404"),
    Case("PATCH", "/me/wishlists/x", {}, "401 404 404 404 404 404 404 404 404"),
    Case("DELETE", "/me/wishlists/x", None, "401 404 404 404 404 404 404 404 404"),
    Case("POST", "/me/wishlists/x/items", WISH, "401 404 404 404 404 404 404 404 404"),
    Case("POST", "/me/wishlists/x/lots", WISHED, "401 404 404 404 404 404 404 404 404"),
    Case("DELETE", "/me/wishlists/x/items/1", None, "401 404 404 404 404 404 404 404 404"),
    Case("POST", "/me/erase", {"confirm": "erase my data"}, "401 200 200 200 200 200 200 200 200"),
    Case("POST", "/accounts/nobody/erase", None, "401 403 403 403 403 404 403 403 403"),
    Case("GET", "/wishlists/x", None, "404 404 404 404 404 404 404 404 404"),
    Case("POST", "/wishlists/x/items/1/gifts", {}, "401 404 404 404 404 404 404 404 404"),
    Case("DELETE", "/wishlists/x/gifts/y", None, "401 404 404 404 404 404 404 404 404"),
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


def _route(house: House, case: Case) -> tuple[str, Contract]:
    """Give the rule that a case goes to, with its contract."""
    adapter = house.app.url_map.bind("sale.example")
    path = case.full_path.replace("{", "").replace("}", "")
    rule, _ = adapter.match(path, case.method, return_rule=True)
    return rule.rule, declared(rule.rule, house.app.view_functions[rule.endpoint])[0]


@pytest.mark.parametrize(
    "case", CASES, ids=[f"{number}-{case.method}-{case.path}" for number, case in enumerate(CASES)]
)
async def test_every_endpoint_with_every_role(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, case: Case
) -> None:
    expected = dict(zip(WHO, map(int, case.statuses.split()), strict=True))
    found = {}
    async with open_house(limits=UNHURRIED) as house:
        if _route(house, case)[1].who is not NOBODY_ASKED:
            for own, (there, elsewhere) in OWN.items():
                expected[own] = expected[there if case.is_of_event else elsewhere]
        events: dict[str, str] = {}
        for who in expected:
            events = events or await _stage(house)
            for own, (there, _) in OWN.items():
                narrowed = attrs.evolve(PEOPLE[there], events=frozenset(events.values()))
                monkeypatch.setitem(PEOPLE, own, narrowed)
            path, body = _named(case.full_path, events), _named(case.body, events)
            reply = await house.call(case.method, path, who, body, key="once")
            found[who] = reply.status
            if reply.status in (401, 403):
                code = {401: "UNAUTHENTICATED", 403: "FORBIDDEN"}[reply.status]
                assert reply.code == code
                assert ("www-authenticate" in reply.headers) == (reply.status == 401)
            if case.method != "GET" and reply.status < 300:
                events = {}  # the next one finds the house as this one did
    assert found == expected


async def test_every_route_stands_in_the_table(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        served = {
            (method, rule.rule)
            for rule in house.app.url_map.iter_rules()
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        }
        tabled = {(case.method, _route(house, case)[0]) for case in CASES}
    assert served == tabled


async def test_no_row_contradicts_its_contract(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        for case in CASES:
            made = _route(house, case)[1]
            statuses = [int(status) for status in case.statuses.split()]
            if made.who is NOBODY_ASKED:
                assert len(set(statuses)) == 1, case
            if made.who is SIGNED_IN or isinstance(made.who, Role):
                assert statuses[0] == 401, case
            for role, status in zip(ROLES[1:], statuses[1:7], strict=True):
                assert not _is_beneath(role, made) or status == 403, (case, role)


def _is_beneath(role: Role | None, made: Contract) -> bool:
    """Say whether a contract leaves a role out."""
    if role is None or not isinstance(made.who, Role):
        return False
    if Role.OPERATOR in (role, made.who):
        return role is not made.who
    return RANK[role] < RANK[made.who]
