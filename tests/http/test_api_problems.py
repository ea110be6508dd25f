"""Problems: every class of error in its one shape (RFC 9457)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from trio.testing import MockClock

from saleroom.auction.refusal import Code
from saleroom.http.requests.contract import PATH_NAME
from saleroom.http.requests.problems import Problem, of_nack
from saleroom.protocol.answers import plain_nack
from saleroom.storage.ports import OutcomeUnknown, StoreUnavailable
from tests.http.house import open_house

EVENTS = "/api/v1/events"
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "NOT_FOUND"),
        ("GET", "/api/v1", 404, "NOT_FOUND"),
        ("GET", "/api/v2/events", 404, "NOT_FOUND"),
        ("GET", "/alive/", 404, "NOT_FOUND"),
        ("GET", f"{EVENTS}/%00", 404, "UNKNOWN_EVENT"),
        ("GET", f"{EVENTS}/a%20b", 404, "UNKNOWN_EVENT"),
        ("GET", f"{EVENTS}/{'x' * 65}", 404, "UNKNOWN_EVENT"),
        ("GET", f"{EVENTS}/é", 404, "UNKNOWN_EVENT"),
        ("GET", f"{EVENTS}/x/leaderboard", 404, "UNKNOWN_EVENT"),
        ("DELETE", EVENTS, 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/alive", 405, "METHOD_NOT_ALLOWED"),
        ("PUT", f"{EVENTS}/x/lots/1", 405, "METHOD_NOT_ALLOWED"),
        ("GET", f"{EVENTS}/x/lots/order", 405, "METHOD_NOT_ALLOWED"),
        ("GET", f"{EVENTS}/x/lots/orders", 404, "UNKNOWN_EVENT"),
    ],
)
async def test_what_is_not_there(
    autojump_clock: MockClock, method: str, path: str, status: int, code: str
) -> None:
    async with open_house() as house:
        reply = await house.call(method, path)
        assert (reply.status, reply.code) == (status, code)
        assert reply.json["temporary"] is False
        assert ("allow" in reply.headers) == (status == 405)


async def test_no_address_is_that_of_two_routes(autojump_clock: MockClock) -> None:
    """Not `/lots/order` that of `/lots/{lot}` as well; the more particular one has it alone."""
    async with open_house() as house:
        adapter = house.app.url_map.bind("sale.example")
        methods: dict[str, set[str]] = {}
        for rule in house.app.url_map.iter_rules():
            methods.setdefault(rule.rule, set()).update(rule.methods or ())
        for path, own in methods.items():
            address = PATH_NAME.sub("x", path)
            assert set(adapter.allowed_methods(address)) == own, path


@pytest.mark.parametrize(
    ("raw", "headers", "status", "code"),
    [
        (b"{}", {"Content-Type": "text/plain"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b"a=1", {"Content-Type": "application/x-www-form-urlencoded"}, 415, None),
        (b"{}", {"Content-Type": ""}, 415, None),
        (b"", JSON, 400, "MALFORMED"),
        (b"{", JSON, 400, "MALFORMED"),
        (b"[]", JSON, 400, "MALFORMED"),
        (b"null", JSON, 400, "MALFORMED"),
        (b'{"title":"a","title":"b"}', JSON, 400, "MALFORMED"),
        (b'{"a":NaN}', JSON, 400, "MALFORMED"),
        (b'{"a":"\xff"}', JSON, 400, "MALFORMED"),
        (b'{"a":' * 50_000, JSON, 413, "TOO_LARGE"),
        (b'{"a":' * 10_000, JSON, 400, "MALFORMED"),
        (b" " * 64 * 1024 + b"{", JSON, 413, "TOO_LARGE"),
        (b"{}" + b" " * (64 * 1024 - 2), JSON, 422, "INVALID_EVENT"),
        (b"{}", {"Content-Type": "application/json; charset=utf-8"}, 422, "INVALID_EVENT"),
        (b"\x1f\x8b", {**JSON, "Content-Encoding": "gzip"}, 415, None),
        (b"{}", {**JSON, "Content-Encoding": "identity"}, 422, "INVALID_EVENT"),
    ],
    ids=range(17),
)
async def test_a_body_that_cannot_be_read(
    autojump_clock: MockClock,
    raw: bytes,
    headers: Mapping[str, str],
    status: int,
    code: str | None,
) -> None:
    async with open_house() as house:
        reply = await house.call("POST", EVENTS, "admin", raw=raw, headers=headers)
        assert (reply.status, reply.code) == (status, code or "UNSUPPORTED_MEDIA_TYPE")


async def _boom(*_: object, **__: object) -> Any:
    raise RuntimeError("the inside: secret")


async def _unavailable(*_: object, **__: object) -> Any:
    raise StoreUnavailable("host db.internal refused")


async def _unknown(*_: object, **__: object) -> Any:
    raise OutcomeUnknown("host db.internal gone")


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (_boom, 500, "INTERNAL"),
        (_unavailable, 503, "OVERLOADED"),
        (_unknown, 503, "OUTCOME_UNKNOWN"),
    ],
)
async def test_what_goes_wrong_inside_stays_inside(
    autojump_clock: MockClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    failure: Any,
    status: int,
    code: str,
) -> None:
    async with open_house() as house:
        monkeypatch.setattr(house.stores.catalogue, "add_event", failure)
        body = {"title": "Gala", "currency": "USD"}
        reply = await house.call("POST", EVENTS, "admin", body)
        assert (reply.status, reply.code) == (status, code)
        assert reply.json["temporary"] is (status == 503)
        assert ("retry-after" in reply.headers) == (status == 503)
        for hidden in (b"inside", b"Runtime", b"internal"):
            assert hidden not in reply.body
        errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert len(errors) == (1 if status == 500 else 0)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("MALFORMED", 400),
        ("UNAUTHENTICATED", 401),
        ("FORBIDDEN", 403),
        ("UNKNOWN_LOT", 404),
        ("UNKNOWN_PADDLE", 404),
        ("INVALID_LOT", 422),
        ("RATE_LIMITED", 429),
        ("INTERNAL", 500),
        ("OVERLOADED", 503),
        ("OUTCOME_UNKNOWN", 503),
        ("ID_REUSED", 409),
        ("BID_TOO_LOW", 409),
        ("INVALID_AMOUNT", 409),
        ("EVENT_PAUSED", 409),
    ],
)
def test_each_nack_has_its_status(code: str, status: int) -> None:
    nack = orjson.loads(plain_nack("b1", code, 7, 1_000, {"min_next": 5}))
    problem = of_nack(nack)
    assert (problem.status, problem.code) == (status, code)
    assert problem.detail == nack["message"]
    assert problem.extras == {
        "re": "b1",
        "temporary": nack["temporary"],
        "server_time": 1_000,
        "as_of": 7,
        "min_next": 5,
    }


def test_every_refusal_of_the_rules_is_a_problem_of_the_client() -> None:
    statuses = {Problem(code.name).status for code in Code}
    assert statuses == {400, 401, 403, 404, 409, 422, 429}
    assert all(Problem(code.name).detail for code in Code)


def test_an_extra_never_replaces_a_member_of_the_problem() -> None:
    nack = {"type": "nack", "re": None, "code": "NO_BIDS", "message": "none", "status": 200}
    assert "status" not in of_nack(nack).extras
