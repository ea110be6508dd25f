"""Quick files: the pages' scripts, styles and icons, sent at the door.

Owns: which requests are for files of this release, and their whole responses. Invariant: what is
sent is what the app would send; whatever is not plainly such a request goes on to the next quick
answers. A ballroom that opens the page all at once is not counted against its one address.
Source: RFC 9110, docs/decisions/0012-reads-at-the-door.md.
"""

from __future__ import annotations

import secrets
import time
from email.utils import formatdate

import attrs

from saleroom.http.door.courtesy import Courtesy
from saleroom.http.door.head import RequestHead
from saleroom.http.door.quick_door import Quick, QuickAnswer
from saleroom.http.pages.web_files import BASE, FOR_EVER, WebFile, WebFiles
from saleroom.http.requests.api_reading import has_tag
from saleroom.http.requests.front import GIVEN_ID, log_access
from saleroom.http.services import Services

ROUTE = f"{BASE}/<release>/<path:path>"
_NEVER = frozenset(
    {b"transfer-encoding", b"expect", b"upgrade", b"range", b"if-match", b"if-range"}
)
"""What these make of a request is the app's to say."""


@attrs.define(eq=False)
class QuickFiles:
    """Answer requests for files, and leave the others to `then`."""

    web: WebFiles
    services: Services
    then: Quick
    _courtesy: Courtesy = attrs.field(init=False)
    _prefix: str = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._courtesy = Courtesy(self.services.outside)
        self._prefix = f"{self.web.base}/"

    async def answer(self, head: RequestHead, peer: str, *, is_last: bool) -> QuickAnswer | None:
        """Answer a request; None: the app has to. is_last: whether we end the connection."""
        file = self._wanted(head)
        if file is None:
            return await self.then(head, peer, is_last=is_last)
        began = time.perf_counter()
        headers = dict(head.headers)
        is_last = is_last or b"close" in headers.get(b"connection", b"").lower()
        status, data = self._response(file, headers, is_last=is_last)
        seconds = time.perf_counter() - began
        self.services.requests.note(ROUTE, "GET", status, seconds)
        self.services.requests.note_kept()
        if self.services.is_logging_access:
            forwarded = head.all(b"x-forwarded-for")
            address = self.services.outside.client_address(peer, forwarded)
            log_access(address, "GET", ROUTE, status, seconds, None)
        return QuickAnswer(data, is_last)

    def _wanted(self, head: RequestHead) -> WebFile | None:
        if not head.target.startswith(self._prefix):
            return None
        names = {name for name, _ in head.headers}
        is_plain = (
            head.method == "GET"
            and head.http_version == "1.1"
            and len(names) == len(head.headers)
            and names.isdisjoint(_NEVER)
            and dict(head.headers).get(b"content-length", b"0") == b"0"
        )
        return self.web.files.get(head.target.removeprefix(self._prefix)) if is_plain else None

    def _response(
        self, file: WebFile, headers: dict[bytes, bytes], *, is_last: bool
    ) -> tuple[int, bytes]:
        known = headers.get(b"if-none-match")
        is_known = known is not None and has_tag(known.decode("latin-1"), file.tag)
        body, is_packed = file.sent(headers.get(b"accept-encoding", b"").decode("latin-1"))
        given = headers.get(b"x-request-id", b"").decode("latin-1")
        origin = headers.get(b"origin")
        own = [
            (name.lower().encode(), value.encode())
            for name, value in file.headers(FOR_EVER, is_packed=is_packed and not is_known)
        ]
        lines = [b"HTTP/1.1 304 Not Modified" if is_known else b"HTTP/1.1 200 OK"]
        if not is_known:
            lines.append(b"content-type: " + file.content_type.encode())
            lines.append(b"content-length: %d" % len(body))
        own += self._courtesy.added(own, None if origin is None else origin.decode("latin-1"))
        lines += [name + b": " + value for name, value in own]
        made = given if GIVEN_ID.fullmatch(given) else secrets.token_urlsafe(12)
        lines.append(b"x-request-id: " + made.encode())
        lines.append(b"date: " + formatdate(int(time.time()), usegmt=True).encode())
        if is_last:
            lines.append(b"connection: close")
        whole = b"\r\n".join(lines) + b"\r\n\r\n"
        return (304, whole) if is_known else (200, whole + body)
