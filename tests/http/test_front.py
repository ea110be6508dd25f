"""The front: what is so of every request and answer, round an app that knows nothing of it."""

from __future__ import annotations

import ipaddress
import logging
from typing import Any

import attrs
import pytest
import trio
from prometheus_client import CollectorRegistry
from trio.testing import MockClock

from saleroom.http.door.courtesy import SECURITY
from saleroom.http.door.hypercorn_door import Message
from saleroom.http.door.outside import Outside
from saleroom.http.requests.front import EVENT, GIVEN_ID, ROUTE, Front, address_quota, request_id
from saleroom.http.requests.rates import REST_S, Quota, Rates
from saleroom.http.requests.request_tally import RequestTally
from saleroom.http.services import ApiLimits
from saleroom.storage.ports import StoreUnavailable
from saleroom.storage.rate_ports import Taken
from tests.http.house import open_house

PARTNER = "https://partner.example"
OUTSIDE = Outside(
    allowed_origins=frozenset({PARTNER}), proxies=(ipaddress.ip_network("10.0.0.0/8"),)
)
OWN = "http://sale.example"

UNHURRIED = address_quota(500)


@attrs.define
class Asked:
    """An app that remembers what it was asked, and its answers."""

    outside: Outside = OUTSIDE
    is_logging: bool = False
    headers: list[tuple[bytes, bytes]] = attrs.field(factory=list)
    scopes: list[Message] = attrs.field(factory=list)
    ids: list[str | None] = attrs.field(factory=list)
    tally: RequestTally = attrs.field(factory=RequestTally)
    fails: bool = False
    rates: Rates = attrs.field(factory=Rates)
    per_address: Quota = UNHURRIED
    path: str = "/lots/secret-token"

    async def app(self, scope: Message, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        self.ids.append(request_id.get())
        if self.fails:
            raise RuntimeError("a bug")
        scope[ROUTE] = "/lots/<lot>"
        scope[EVENT] = "gala"
        await send({"type": "http.response.start", "status": 200, "headers": self.headers})
        await send({"type": "http.response.body", "body": b"{}"})

    async def ask(
        self, method: str = "GET", *, peer: str = "203.0.113.9", **headers: str
    ) -> tuple[int, dict[str, list[str]]]:
        """Give the status and the headers, by name."""
        front = Front(
            self.app,
            self.outside,
            self.tally,
            self.rates,
            is_logging=self.is_logging,
            per_address=self.per_address,
        )
        named = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
        scope = {
            "type": "http",
            "method": method,
            "scheme": "http",
            "path": self.path,
            "query_string": b"token=secret-token",
            "headers": [(b"host", b"sale.example"), *named],
            "client": (peer, 4711),
        }
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            return {"type": "http.request", "body": b""}

        await front(scope, receive, send)
        found: dict[str, list[str]] = {}
        for name, value in sent[0]["headers"]:
            found.setdefault(name.decode().lower(), []).append(value.decode())
        return sent[0]["status"], found


# The headers of every answer


async def test_every_answer_bears_the_security_headers() -> None:
    _, headers = await Asked().ask()
    for name, value in SECURITY:
        assert headers[name.decode()] == [value.decode()]
    policy = headers["content-security-policy"][0]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "strict-transport-security" not in headers


async def test_an_answers_own_header_stands() -> None:
    asked = Asked(headers=[(b"Content-Security-Policy", b"sandbox")])
    assert (await asked.ask())[1]["content-security-policy"] == ["sandbox"]


@pytest.mark.parametrize(("url", "is_told"), [("https://a.example", True), ("http://a", False)])
async def test_https_is_insisted_on_where_people_reach_us_by_it(url: str, is_told: bool) -> None:
    _, headers = await Asked(Outside(url)).ask()
    assert ("strict-transport-security" in headers) is is_told


# Request ids


@pytest.mark.parametrize("given", ["0f8fad5b-d9cb-469f-a165-70867728950e", "trace.12345"])
async def test_a_proper_id_is_kept(given: str) -> None:
    asked = Asked()
    _, headers = await asked.ask(x_request_id=given)
    assert headers["x-request-id"] == [given]
    assert asked.ids == [given]


@pytest.mark.parametrize("given", [None, "short", "a" * 65, 'x"><script>', "line\\nbreak....", ""])
async def test_any_other_id_is_made_here(given: str | None) -> None:
    _, headers = await Asked().ask(**({} if given is None else {"x_request_id": given}))
    (made,) = headers["x-request-id"]
    assert made != given
    assert GIVEN_ID.fullmatch(made)


async def test_the_id_is_gone_with_the_request() -> None:
    await Asked().ask(x_request_id="trace.12345")
    assert request_id.get() is None


# Proxies


async def test_a_trusted_proxy_says_who_asks_and_how() -> None:
    asked = Asked()
    await asked.ask(peer="10.0.0.1", x_forwarded_for="198.51.100.1", x_forwarded_proto="https")
    assert (asked.scopes[0]["client"][0], asked.scopes[0]["scheme"]) == ("198.51.100.1", "https")


async def test_nobody_else_does() -> None:
    asked = Asked()
    await asked.ask(x_forwarded_for="198.51.100.1", x_forwarded_proto="https")
    assert (asked.scopes[0]["client"], asked.scopes[0]["scheme"]) == (("203.0.113.9", 4711), "http")


# Foreign pages


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("POST", {"cookie": "s=1", "origin": OWN}, 200),
        ("POST", {"cookie": "s=1", "origin": PARTNER}, 200),
        ("POST", {"cookie": "s=1", "origin": "https://evil.example"}, 403),
        ("DELETE", {"cookie": "s=1", "origin": "https://evil.example"}, 403),
        ("POST", {"cookie": "s=1", "origin": "null"}, 403),
        ("POST", {"cookie": "s=1", "sec_fetch_site": "cross-site"}, 403),
        ("POST", {"cookie": "s=1", "sec_fetch_site": "same-site"}, 403),
        ("POST", {"cookie": "s=1", "sec_fetch_site": "same-origin"}, 200),
        ("POST", {"cookie": "s=1"}, 200),  # no browser
        ("GET", {"cookie": "s=1", "origin": "https://evil.example"}, 200),
        ("POST", {"origin": "https://evil.example"}, 200),  # nothing to abuse
        (
            "POST",
            {"cookie": "s=1", "authorization": "Bearer t", "origin": "https://x.example"},
            200,
        ),
    ],
)
async def test_a_foreign_page_may_not_use_cookies(
    method: str, headers: dict[str, str], status: int
) -> None:
    asked = Asked()
    answered, named = await asked.ask(method, **headers)
    assert answered == status
    assert bool(asked.scopes) is (status == 200)
    if status == 403:
        assert named["content-type"] == ["application/problem+json"]
        assert "content-security-policy" in named


async def test_a_listed_page_may_read_with_credentials() -> None:
    _, headers = await Asked().ask(origin=PARTNER)
    assert headers["access-control-allow-origin"] == [PARTNER]
    assert headers["access-control-allow-credentials"] == ["true"]
    assert "ETag" in headers["access-control-expose-headers"][0]
    assert "Origin" in headers["vary"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "*", None])
async def test_no_other_page_may(origin: str | None) -> None:
    _, headers = await Asked().ask(**({} if origin is None else {"origin": origin}))
    assert not [name for name in headers if name.startswith("access-control")]
    assert "Origin" in headers["vary"]


async def test_without_listed_origins_answers_do_not_vary() -> None:
    _, headers = await Asked(Outside()).ask(origin=PARTNER)
    assert "vary" not in headers


async def test_a_listed_page_that_asks_first_is_told_what_it_may() -> None:
    asked = Asked()
    status, headers = await asked.ask(
        "OPTIONS", origin=PARTNER, access_control_request_method="PATCH"
    )
    assert (status, asked.scopes) == (204, [])
    assert headers["access-control-allow-origin"] == [PARTNER]
    assert "PATCH" in headers["access-control-allow-methods"][0]
    assert "Idempotency-Key" in headers["access-control-allow-headers"][0]


async def test_any_other_page_that_asks_first_is_told_nothing() -> None:
    asked = Asked()
    _, headers = await asked.ask(
        "OPTIONS", origin="https://evil.example", access_control_request_method="PATCH"
    )
    assert len(asked.scopes) == 1
    assert not [name for name in headers if name.startswith("access-control")]


# Rates


SLOW = Quota("address", 0.01, 2)


async def test_an_address_that_asks_too_often_is_told_when_to_come_back(
    autojump_clock: MockClock,
) -> None:
    asked = Asked(per_address=SLOW)
    first, second, third = [await asked.ask() for _ in range(3)]
    assert [status for status, _ in (first, second, third)] == [200, 200, 429]
    assert first[1]["ratelimit-policy"] == ['"address";q=2;w=200']
    assert [each[1]["ratelimit"] for each in (first, second, third)] == [
        ['"address";r=1;t=100'],
        ['"address";r=0;t=200'],
        ['"address";r=0;t=100'],
    ]
    assert third[1]["retry-after"] == ["101"]
    assert third[1]["content-type"] == ["application/problem+json"]
    assert len(asked.scopes) == 2
    assert (await asked.ask(peer="203.0.113.10"))[0] == 200
    await trio.sleep(100)
    assert (await asked.ask())[0] == 200


async def test_what_an_address_may_ask_is_the_operators_to_say(autojump_clock: MockClock) -> None:
    async with open_house(limits=ApiLimits(address_requests=1)) as house:
        for _ in range(10):
            assert (await house.call("GET", "/api/v1/events")).status == 200
        assert (await house.call("GET", "/api/v1/events")).code == "RATE_LIMITED"


async def test_a_proxys_guests_are_told_apart(autojump_clock: MockClock) -> None:
    asked = Asked(per_address=attrs.evolve(SLOW, burst=1))
    for guest, status in (("198.51.100.1", 200), ("198.51.100.2", 200), ("198.51.100.1", 429)):
        assert (await asked.ask(peer="10.0.0.1", x_forwarded_for=guest))[0] == status


async def test_probes_are_answered_in_a_flood(autojump_clock: MockClock) -> None:
    asked = Asked(per_address=SLOW, path="/alive")
    assert [(await asked.ask())[0] for _ in range(5)] == [200] * 5


@attrs.define
class Shared:
    """Where all servers count: refuses when `wait_s` is set, or is away."""

    wait_s: float = 0.0
    is_away: bool = False
    taken: int = 0

    async def take(self, key: str, rate: float, burst: int) -> Taken:
        self.taken += 1
        if self.is_away:
            raise StoreUnavailable("gone")
        return Taken(self.wait_s, 0)


async def test_what_other_servers_counted_counts_for_writes(autojump_clock: MockClock) -> None:
    shared = Shared(wait_s=3.0)
    asked = Asked(rates=Rates(shared=shared))
    assert (await asked.ask("POST"))[0] == 429
    assert (await asked.ask("GET"))[0] == 200
    assert shared.taken == 1


async def test_who_is_over_the_rate_here_is_not_asked_for_elsewhere(
    autojump_clock: MockClock,
) -> None:
    shared = Shared()
    asked = Asked(rates=Rates(shared=shared), per_address=SLOW)
    assert [(await asked.ask("POST"))[0] for _ in range(5)] == [200, 200, 429, 429, 429]
    assert shared.taken == 2


async def test_rates_fail_open_and_let_a_store_that_is_away_rest(
    autojump_clock: MockClock,
) -> None:
    shared = Shared(is_away=True)
    asked = Asked(rates=Rates(shared=shared))
    assert [(await asked.ask("POST"))[0] for _ in range(5)] == [200] * 5
    assert shared.taken == 1
    await trio.sleep(REST_S)
    assert (await asked.ask("POST"))[0] == 200
    assert shared.taken == 2


# The tally and the log


def counted(tally: RequestTally) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(tally)
    return {
        f"{sample.name} {' '.join(sample.labels.values())}".strip(): sample.value
        for metric in registry.collect()
        for sample in metric.samples
    }


async def test_requests_are_counted_by_route_and_status() -> None:
    asked = Asked()
    for _ in range(2):
        await asked.ask()
    await asked.ask("POST", cookie="s=1", origin="https://evil.example")
    await asked.ask("BREW")
    counts = counted(asked.tally)
    assert counts["saleroom_http_requests_total /lots/<lot> GET 200"] == 2
    assert counts["saleroom_http_requests_total unmatched POST 403"] == 1
    assert counts["saleroom_http_requests_total /lots/<lot> OTHER 200"] == 1
    assert counts["saleroom_http_request_seconds_count /lots/<lot>"] == 3
    assert counts["saleroom_http_request_seconds_bucket /lots/<lot> +Inf"] == 3


async def test_a_request_that_is_not_answered_is_counted_too() -> None:
    asked = Asked(fails=True)
    with pytest.raises(RuntimeError):
        await asked.ask()
    assert counted(asked.tally)["saleroom_http_requests_total unmatched GET 499"] == 1
    assert request_id.get() is None


def test_durations_fall_into_the_bucket_that_holds_them() -> None:
    tally = RequestTally()
    for seconds in (0.001, 0.0011, 0.3, 60.0):
        tally.note("/lots", "GET", 200, seconds)
    counts = counted(tally)
    name = "saleroom_http_request_seconds_bucket /lots"
    assert [counts[f"{name} {bound}"] for bound in ("0.001", "0.0025", "0.25", "0.5", "+Inf")] == [
        1,
        2,
        2,
        3,
        4,
    ]
    assert counts["saleroom_http_request_seconds_sum /lots"] == pytest.approx(60.3021)


async def test_the_log_names_the_route_and_never_the_path(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "saleroom.access")
    await Asked(is_logging=True).ask(x_request_id="trace.12345")
    (record,) = caplog.records
    fields = vars(record)
    assert (fields["route"], fields["method"], fields["status"]) == ("/lots/<lot>", "GET", 200)
    assert (fields["address"], fields["event"]) == ("203.0.113.9", "gala")
    assert "secret-token" not in str(fields)


async def test_without_being_told_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "saleroom.access")
    await Asked().ask()
    assert not caplog.records
