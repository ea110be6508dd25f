"""The front of the app: what is so of every request and every answer, whatever its route.

Owns: who a request is from (through proxies), its id, the check of cookies against foreign pages,
preflights, the headers that every answer bears, the tally and the access log. Invariant: an unsafe
request that a browser sent along with cookies comes from our own pages or from listed ones, or is
refused before any route sees it; a path or a query is never logged, for both may hold secrets.
Must not know: what a route does. Source: OWASP CSRF ("Verifying Origin"), issue of limits and
locks, PROTOCOL 7.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Iterable
from contextvars import ContextVar
from typing import cast

import attrs
from quart import Response, request
from quart_trio import QuartTrio

from saleroom.http.door.courtesy import Courtesy, Header
from saleroom.http.door.hypercorn_door import AsgiApp, Message, Receive, Send
from saleroom.http.door.outside import Outside
from saleroom.http.requests.problems import Problem, problem_response
from saleroom.http.requests.rates import RATE, Quota, Rates, Spent, too_many
from saleroom.http.requests.request_tally import UNMATCHED, RequestTally
from saleroom.http.services import ApiLimits, Services

logger = logging.getLogger("saleroom.access")

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Of the request that the current task serves."""

ROUTE = "saleroom.route"
"""Where an app leaves the template of the route that it took, in the scope."""
EVENT = "saleroom.event"
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
PROBES = frozenset({"/alive", "/ready", "/metrics"})
"""What watches over us is answered in a flood too."""
BURST_S = 10
"""So many seconds' requests an address may ask at once; kept answers are not counted."""
PEER_LEFT = 499
"""As what a request counts whose peer did not wait for the answer."""


def put_front(app: QuartTrio, services: Services) -> None:
    """Have an app served through a front, and tell the front which route each request took."""

    @app.after_request
    async def name_route(response: Response) -> Response:
        if request.url_rule is not None:
            scope = cast(Message, request.scope)
            scope[ROUTE] = request.url_rule.rule
            scope[EVENT] = (request.view_args or {}).get("event")
        return response

    front = Front(
        cast(AsgiApp, app.asgi_app),
        services.outside,
        services.requests,
        services.rates,
        per_address=address_quota(services.limits.address_requests),
        is_logging=services.is_logging_access,
    )
    app.asgi_app = front  # type: ignore[assignment,method-assign]


def address_quota(per_second: int) -> Quota:
    """Give what one address may ask."""
    return Quota("address", float(per_second), BURST_S * per_second)


@attrs.frozen(eq=False)
class Front:
    """An ASGI app round another. is_logging: whether each request is logged."""

    app: AsgiApp
    outside: Outside
    tally: RequestTally
    rates: Rates = attrs.field(factory=Rates)
    is_logging: bool = False
    per_address: Quota = attrs.field(factory=lambda: address_quota(ApiLimits().address_requests))
    courtesy: Courtesy = attrs.field(init=False)

    @courtesy.default
    def _default_courtesy(self) -> Courtesy:
        return Courtesy(self.outside)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        headers = _Headers(scope["headers"])
        self._see_through_proxies(scope, headers)
        given = headers.one(b"x-request-id") or ""
        made = given if GIVEN_ID.fullmatch(given) else secrets.token_urlsafe(12)
        token = request_id.set(made)
        status = PEER_LEFT

        async def send_dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own: list[Header] = list(message.get("headers", ()))
                own += self.courtesy.added(own, headers.one(b"origin"))
                own.append((b"x-request-id", made.encode()))
                spent: Spent | None = scope.get(RATE)
                own += [] if spent is None else spent.headers()
                message = {**message, "headers": own}
            await send(message)

        try:
            await self._serve(scope, headers, receive, send_dressed)
        finally:
            self._note(scope, status, time.perf_counter() - began)
            request_id.reset(token)

    async def _serve(self, scope: Message, headers: _Headers, receive: Receive, send: Send) -> None:
        origin = headers.one(b"origin")
        if (
            scope["method"] == "OPTIONS"
            and origin
            and headers.one(b"access-control-request-method")
        ):
            preflight = self.courtesy.preflight(origin)
            if preflight is not None:
                await _answer(send, 204, preflight, b"")
                return
        if self._is_forged(scope["method"], headers):
            detail = "a page of another site may not act with your cookies"
            await _refuse(send, Problem("FORBIDDEN", detail))
            return
        if scope["path"] not in PROBES:
            address = (scope.get("client") or ("",))[0]
            if scope["method"] in SAFE:
                spent = self.rates.spend_here(self.per_address, address)
            else:
                spent = await self.rates.spend(self.per_address, address)
            scope[RATE] = spent
            if spent.taken.wait_s:
                await _refuse(send, too_many(spent))
                return
        await self.app(scope, receive, send)

    def _see_through_proxies(self, scope: Message, headers: _Headers) -> None:
        peer, port = scope.get("client") or ("", 0)
        if self.outside.trusts(peer):
            address = self.outside.client_address(peer, headers.all(b"x-forwarded-for"))
            scope["client"] = (address, 0 if address != peer else port)
            scope["scheme"] = self.outside.client_scheme(
                peer, scope["scheme"], headers.all(b"x-forwarded-proto")
            )

    def _is_forged(self, method: str, headers: _Headers) -> bool:
        """Say whether another site's page may be behind an unsafe request with cookies."""
        if method in SAFE or not headers.one(b"cookie") or headers.one(b"authorization"):
            return False
        origin = headers.one(b"origin")
        if origin is None:
            return headers.one(b"sec-fetch-site") not in (None, "same-origin", "none")
        is_known = self.outside.is_ours(origin, headers.all(b"host"))
        return not is_known and not self.outside.is_allowed(origin)

    def _note(self, scope: Message, status: int, seconds: float) -> None:
        route = scope.get(ROUTE) or UNMATCHED
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        self.tally.note(route, method, status, seconds)
        if self.is_logging:
            address = (scope.get("client") or ("",))[0]
            log_access(address, method, route, status, seconds, scope.get(EVENT))


def log_access(
    address: str, method: str, route: str, status: int, seconds: float, event: str | None
) -> None:
    """Write one request to the access log."""
    fields = {
        "address": address,
        "method": method,
        "route": route,
        "status": status,
        "took_ms": round(seconds * 1000, 3),
        **({} if event is None else {"event": event}),
    }
    logger.info("request", extra=fields)


class _Headers:
    """A request's headers, by name."""

    def __init__(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        self._values: dict[bytes, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(bytes(name).lower(), []).append(value.decode("latin-1"))

    def one(self, name: bytes) -> str | None:
        values = self._values.get(name)
        return values[0] if values else None

    def all(self, name: bytes) -> list[str]:
        return self._values.get(name, [])


async def _refuse(send: Send, problem: Problem) -> None:
    refused = problem_response(problem)
    pairs = [(name.encode(), value.encode()) for name, value in refused.headers.items()]
    await _answer(send, refused.status_code, pairs, await refused.get_data(as_text=False))


async def _answer(send: Send, status: int, headers: list[Header], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
