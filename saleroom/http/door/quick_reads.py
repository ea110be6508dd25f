"""Quick reads: the answers that everybody who looks at a sale asks for, given at the door.

Owns: the kept answers, and which requests they serve. Invariant: an answer that is given here is
what the app gave, byte for byte, when it was asked for the same address; it stands as long as the
event does (`keep.py`); whatever is not plainly one of these requests goes to the app. Only what the
app marks as common is kept, and given to those alone to whom it is common.
Source: issue of reads that scale, RFC 9110, docs/decisions/0012-reads-at-the-door.md.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from functools import partial
from http import HTTPStatus
from typing import cast

import attrs
import trio
from quart_trio import QuartTrio

from saleroom.auction.roles import Role, outranks
from saleroom.http.door.courtesy import Courtesy, Header
from saleroom.http.door.head import RequestHead
from saleroom.http.door.hypercorn_door import AsgiApp, Message
from saleroom.http.door.quick_door import QuickAnswer
from saleroom.http.requests.api_access import role_of
from saleroom.http.requests.api_reading import COMMON, PERSONAL, PUBLIC, CommonTo, has_tag
from saleroom.http.requests.front import GIVEN_ID, ROUTE, log_access
from saleroom.http.requests.keep import Keep
from saleroom.http.requests.problems import Problem
from saleroom.http.services import Services
from saleroom.protocol.identity import Identity, KeysUnavailable, TokenRejected

ANSWERS_MAX = 256
ANSWER_BYTES_MAX = 128 * 1024
"""Twice what 200 lots take; all of them are 32 MiB at most."""
ANSWER_AGE_S = 0.25
"""As of a view; what another server changed is seen within both together."""

_TARGET = re.compile(
    r"/api/v1/events/([A-Za-z0-9_-]{1,64})/(?:lots|lots/[1-9][0-9]{0,6}|leaderboard|results)"
    r"(?:\?[A-Za-z0-9=&_.~%+-]{0,200})?"
)
_NEVER = frozenset(
    {b"cookie", b"transfer-encoding", b"expect", b"upgrade", b"range", b"if-match", b"if-range"}
)
"""What these make of a request is the app's to say."""


@attrs.frozen
class KeptAnswer:
    """What the app answered. own: its headers, without length and caching."""

    common_to: CommonTo
    route: str
    tag: str
    body: bytes
    own: tuple[Header, ...]


class _NotCommon(Problem):
    """The app's answer is for this asker alone, or none to keep."""


@attrs.define(eq=False)
class QuickReads:
    """Answer requests from what is kept, or have the app make it once for all who ask."""

    app: AsgiApp
    services: Services
    _courtesy: Courtesy = attrs.field(init=False)
    _keep: Keep[KeptAnswer] = attrs.field(init=False)
    _date: tuple[int, bytes] = attrs.field(init=False, default=(0, b""))

    def __attrs_post_init__(self) -> None:
        self._courtesy = Courtesy(self.services.outside)
        self._keep = Keep(self.services.freshness.mark, ANSWERS_MAX, ANSWER_AGE_S)

    async def answer(self, head: RequestHead, peer: str, *, is_last: bool) -> QuickAnswer | None:
        """Answer a request; None: the app has to. is_last: whether we end the connection."""
        matched = _TARGET.fullmatch(head.target)
        if matched is None or head.method != "GET" or head.http_version != "1.1":
            return None
        event = matched[1]
        found = self.services.registry.find(event)
        headers = _read_headers(head)
        if found is None or not found[1] or headers is None:
            return None
        began = time.perf_counter()
        authorization = headers.get(b"authorization")
        reader = await self._reader(authorization, event)
        if reader is None:
            return None
        await self.services.freshness.settle(event)
        make = partial(self._ask_app, head.target)
        try:
            kept = await self._keep.get(head.target, event, make)
        except _NotCommon:
            return None
        if reader is CommonTo.ALL and kept.common_to is not CommonTo.ALL:
            return None
        is_last = is_last or b"close" in headers.get(b"connection", b"").lower()
        status, data = self._response(kept, headers, is_last)
        seconds = time.perf_counter() - began
        self.services.requests.note(kept.route, "GET", status, seconds)
        self.services.requests.note_kept()
        if self.services.is_logging_access:
            forwarded = head.all(b"x-forwarded-for")
            address = self.services.outside.client_address(peer, forwarded)
            log_access(address, "GET", kept.route, status, seconds, event)
        return QuickAnswer(data, is_last)

    async def _reader(self, authorization: bytes | None, event: str) -> CommonTo | None:
        """Say what an asker's answer has to be common to; None for a token that is not good."""
        if authorization is None:
            return CommonTo.GUESTS
        scheme, _, token = authorization.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            identity: Identity = await self.services.verify(token.strip())
        except (TokenRejected, KeysUnavailable):
            return None
        is_staff = outranks(role_of(identity, event), Role.CLERK)
        return CommonTo.ALL if is_staff else CommonTo.GUESTS

    async def _ask_app(self, target: str) -> KeptAnswer:
        """Ask as nobody in particular would. Raises _NotCommon when that gives nothing to keep."""
        path, _, query = target.partition("?")
        scope: Message = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode("ascii"),
            "query_string": query.encode("ascii"),
            "root_path": "",
            "headers": [(b"host", b"localhost")],
            "client": None,
            "server": None,
            "extensions": {},
        }
        started: Message = {}
        pieces: list[bytes] = []

        async def send(message: Message) -> None:
            await trio.lowlevel.checkpoint()
            if message["type"] == "http.response.start":
                started.update(message)
            elif message["type"] == "http.response.body":
                pieces.append(message.get("body", b""))

        await self.app(scope, _NoBody().receive, send)
        body = b"".join(pieces)
        headers = {bytes(name).lower(): bytes(value) for name, value in started["headers"]}
        is_kept = started["status"] == HTTPStatus.OK and len(body) <= ANSWER_BYTES_MAX
        common_to = scope.get(COMMON, CommonTo.NOBODY)
        if not is_kept or common_to is CommonTo.NOBODY:
            raise _NotCommon("NOT_FOUND")
        tag = headers[b"etag"].decode("ascii")
        own = (*headers.items(), *self._courtesy.added(headers.items(), None))
        spoken_for = (b"content-length", b"cache-control", b"content-type")
        return KeptAnswer(
            common_to,
            scope[ROUTE],
            tag,
            body,
            tuple(header for header in own if header[0] not in spoken_for),
        )

    def _response(
        self, kept: KeptAnswer, headers: dict[bytes, bytes], is_last: bool
    ) -> tuple[int, bytes]:
        known = headers.get(b"if-none-match")
        is_known = known is not None and has_tag(known.decode("latin-1"), kept.tag)
        given = headers.get(b"x-request-id", b"").decode("latin-1")
        made = given if GIVEN_ID.fullmatch(given) else secrets.token_urlsafe(12)
        origin = headers.get(b"origin")
        lines = [b"HTTP/1.1 304 Not Modified" if is_known else b"HTTP/1.1 200 OK"]
        if not is_known:
            lines.append(b"content-type: application/json")
            lines.append(b"content-length: %d" % len(kept.body))
        caching = PERSONAL if b"authorization" in headers else PUBLIC
        lines.append(b"cache-control: " + caching.encode())
        lines += [name + b": " + value for name, value in kept.own]
        if origin is not None:
            lines += [n + b": " + v for n, v in self._courtesy.sharing(origin.decode("latin-1"))]
        lines.append(b"x-request-id: " + made.encode())
        lines.append(b"date: " + self._now())
        if is_last:
            lines.append(b"connection: close")
        head = b"\r\n".join(lines) + b"\r\n\r\n"
        return (304, head) if is_known else (200, head + kept.body)

    def _now(self) -> bytes:
        """Give the date as HTTP writes it."""
        now = int(time.time())
        if self._date[0] != now:
            self._date = now, formatdate(now, usegmt=True).encode()
        return self._date[1]


def quick_reads(app: QuartTrio, services: Services) -> QuickReads:
    """Make the quick reads of an app, which they ask without its front."""
    inner = cast(Callable[..., Awaitable[None]], partial(QuartTrio.asgi_app, app))
    return QuickReads(inner, services)


class _NoBody:
    """The end of a request without a body, and then nothing more."""

    is_told = False

    async def receive(self) -> Message:
        if self.is_told:
            await trio.sleep_forever()
        self.is_told = True
        await trio.lowlevel.checkpoint()
        return {"type": "http.request", "body": b"", "more_body": False}


def _read_headers(head: RequestHead) -> dict[bytes, bytes] | None:
    """Give a request's headers by name; None when it is one that the app has to answer."""
    headers = dict(head.headers)
    if len(headers) != len(head.headers) or not _NEVER.isdisjoint(headers):
        return None
    return None if headers.get(b"content-length", b"0") != b"0" else headers
