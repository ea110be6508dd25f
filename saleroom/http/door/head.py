"""The head of a connection's first request, and the plain answers that refuse one.

Owns: reading it within a deadline and a size, and what the door must know of it to choose a way.
Invariant: `received` is every byte that was read, so that whoever serves the connection can be
given all of them again. Knows nothing of routes or sessions. Source: RFC 9112 sections 2-5,
RFC 9457, PROTOCOL 1.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Protocol
from urllib.parse import unquote, urlsplit, urlunsplit

import attrs
import h11
import orjson

from saleroom.http.door.courtesy import SECURITY

# Nothing at all, an address in brackets, or labels of 1 to 63 characters; then perhaps a port.
_HOST = re.compile(
    rb"((\[[0-9a-f:.]+\])|([a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?))?(:[0-9]{0,5})?", re.IGNORECASE
)


SECURITY_LINES = tuple(f"{name.decode()}: {value.decode()}" for name, value in SECURITY)

REFUSED: dict[int, tuple[str, str]] = {
    400: ("MALFORMED", "the request cannot be read"),
    403: ("FORBIDDEN", "a page of another site may not connect"),
    405: ("METHOD_NOT_ALLOWED", "this address does not take that method"),
    408: ("REQUEST_TIMEOUT", "the request did not come in time"),
    426: ("UPGRADE_REQUIRED", "here websockets are spoken, and nothing else; elsewhere HTTP is"),
    431: ("HEAD_TOO_LARGE", "address and headers are too long"),
    501: ("NOT_IMPLEMENTED", "the body is sent in a way that is not taken"),
    503: ("OVERLOADED", "too much is asked at once; come again"),
    505: ("VERSION_NOT_SUPPORTED", "HTTP/1.1 is spoken here"),
}
"""{status: code and words} of what is refused before a route is looked for."""
_TEMPORARY = (408, 503)


class Readable(Protocol):
    async def receive_some(self, max_bytes: int | None = None) -> bytes: ...


class PeerLeft(Exception):
    """The peer ended the connection, or never spoke, before a head was complete."""


class HeadRefused(Exception):
    """The head cannot be served: the answer is `status`."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@attrs.frozen
class RequestHead:
    """What the first request says.

    target: path and query, as sent. headers: names in lower case, values as bytes.
    trailing: the end of `received`, after the head.
    """

    method: str
    target: str
    path: str
    http_version: str
    headers: tuple[tuple[bytes, bytes], ...]
    received: bytes
    trailing: bytes

    def all(self, name: bytes) -> list[str]:
        return [value.decode("latin-1") for key, value in self.headers if key == name]

    def tokens(self, name: bytes) -> set[str]:
        """Give the comma-separated tokens of a header, in lower case."""
        return {token.strip().lower() for value in self.all(name) for token in value.split(",")}

    @property
    def asks_for_websocket(self) -> bool:
        return "websocket" in self.tokens(b"upgrade") and "upgrade" in self.tokens(b"connection")


async def read_head(stream: Readable, bytes_max: int) -> RequestHead:
    """Read until the head is complete. The caller sets the deadline.

    Raises HeadRefused (400 malformed, 431 too large, 505 another version), PeerLeft.
    """
    parser = h11.Connection(h11.SERVER, max_incomplete_event_size=bytes_max)
    received = b""
    while True:
        data = await stream.receive_some()
        received += data
        parser.receive_data(data)
        try:
            event = parser.next_event()
        except h11.RemoteProtocolError as error:
            error.with_traceback(None)  # h11's holds itself, until a full collection
            if not received:
                raise PeerLeft from None
            raise HeadRefused(error.error_status_hint) from None
        if isinstance(event, h11.Request):
            break
        if not data:
            raise PeerLeft
    target = checked_target(event)
    trailing = parser.trailing_data[0]
    if len(received) - len(trailing) > bytes_max:
        raise HeadRefused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
    return RequestHead(
        method=event.method.decode("ascii"),
        target=target,
        path=unquote(target.partition("?")[0]),
        http_version=event.http_version.decode("ascii"),
        headers=tuple((bytes(name), bytes(value)) for name, value in event.headers),
        received=received,
        trailing=trailing,
    )


def refusal(status: int, *, code: str | None = None, headers: tuple[str, ...] = ()) -> bytes:
    """Give a whole HTTP/1.1 response that refuses a request and announces the connection's end."""
    body = plain_problem(status, code)
    lines = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Content-Type: application/problem+json",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *SECURITY_LINES,
        *headers,
        "\r\n",
    )
    return "\r\n".join(lines).encode("ascii") + body


def plain_problem(status: int, code: str | None = None) -> bytes:
    """Give the body of a problem that no route knows of."""
    usual, detail = REFUSED.get(status, REFUSED[400])
    return orjson.dumps(
        {
            "temporary": status in _TEMPORARY,
            "type": "about:blank",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
            "code": code or usual,
        }
    )


def checked_target(request: h11.Request) -> str:
    """Give path and query of a request, in origin form, if every server on its way reads it alike.

    Refused, besides what cannot be read: a length told in two ways, for what follows could pass as
    another request, and a Host that is no host. Raises HeadRefused.
    Source: RFC 9112 3.2 and 6.1, RFC 3986 3.2.2.
    """
    if not request.http_version.startswith(b"1."):
        raise HeadRefused(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
    headers = dict(request.headers)
    if b"content-length" in headers and b"transfer-encoding" in headers:
        raise HeadRefused(HTTPStatus.BAD_REQUEST)
    if not _HOST.fullmatch(headers.get(b"host", b"")):
        raise HeadRefused(HTTPStatus.BAD_REQUEST)
    target = request.target.decode("ascii")
    if target.startswith("/") or (target == "*" and request.method == b"OPTIONS"):
        return target
    try:
        parts = urlsplit(target)
    except ValueError:
        raise HeadRefused(HTTPStatus.BAD_REQUEST) from None
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise HeadRefused(HTTPStatus.BAD_REQUEST)
    return urlunsplit(("", "", parts.path or "/", parts.query, ""))
