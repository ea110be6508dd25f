"""The opening handshake of a websocket, decided from a request's head.

Owns: who may upgrade (method, version, key, Origin) and the bytes of the answer. Invariant: no
extension is ever agreed, so no message is ever compressed. Knows nothing of streams or limits.
Source: RFC 6455 section 4, PROTOCOL 1.
"""

from __future__ import annotations

import base64
from http import HTTPStatus

import attrs
from wsproto.connection import ConnectionType
from wsproto.events import RejectConnection, Request
from wsproto.handshake import H11Handshake
from wsproto.utilities import RemoteProtocolError, generate_accept_token

from saleroom.http.door.head import RequestHead, refusal
from saleroom.http.door.outside import Outside

SUBPROTOCOL = "saleroom.v1"
_KEY_BYTES = 16


@attrs.frozen
class Accepted:
    """response: what the client is sent."""

    response: bytes
    subprotocol: str | None


@attrs.frozen
class Denied:
    """response: the plain HTTP answer, after which the connection ends."""

    response: bytes


def decide(head: RequestHead, outside: Outside) -> Accepted | Denied:
    """Answer a request whose path is that of a websocket."""
    if not head.asks_for_websocket:
        return Denied(refusal(HTTPStatus.UPGRADE_REQUIRED, headers=("Upgrade: websocket",)))
    if not _is_well_formed(head):
        return Denied(refusal(HTTPStatus.BAD_REQUEST))
    if not _is_from_here(head, outside):
        return Denied(refusal(HTTPStatus.FORBIDDEN))
    handshake = H11Handshake(ConnectionType.SERVER)
    try:
        handshake.receive_data(head.received)
        (request,) = handshake.events()
        assert isinstance(request, Request)
    except RemoteProtocolError as error:
        return _denied_by(error.event_hint)
    except UnicodeError:
        return Denied(refusal(HTTPStatus.BAD_REQUEST))
    subprotocol = SUBPROTOCOL if SUBPROTOCOL in request.subprotocols else None
    return Accepted(_switching(head, subprotocol), subprotocol)


def _switching(head: RequestHead, subprotocol: str | None) -> bytes:
    """Write the 101. The library makes a connection with it, which holds itself."""
    (key,) = head.all(b"sec-websocket-key")
    lines = (
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {generate_accept_token(key.encode('ascii')).decode('ascii')}",
        *([] if subprotocol is None else [f"Sec-WebSocket-Protocol: {subprotocol}"]),
        "\r\n",
    )
    return "\r\n".join(lines).encode("ascii")


def _is_well_formed(head: RequestHead) -> bool:
    """Check what the library leaves unchecked: version, a single key of 16 bytes, and no body."""
    if head.method != "GET" or head.http_version != "1.1":
        return False
    if head.all(b"transfer-encoding") or any(size != "0" for size in head.all(b"content-length")):
        return False
    keys = head.all(b"sec-websocket-key")
    try:
        return [len(base64.b64decode(key, validate=True)) for key in keys] == [_KEY_BYTES]
    except ValueError:  # not base64, or not even ASCII
        return False


def _is_from_here(head: RequestHead, outside: Outside) -> bool:
    """Hold a page's Origin against the allowed ones and the host that it asked (its own)."""
    origins = head.all(b"origin")
    if not origins:
        return True
    if len(origins) > 1:
        return False
    return outside.is_allowed(origins[0]) or outside.is_ours(origins[0], head.all(b"host"))


def _denied_by(hint: object) -> Denied:
    assert isinstance(hint, RejectConnection)
    headers = tuple(f"{name.decode()}: {value.decode()}" for name, value in hint.headers)
    return Denied(refusal(hint.status_code, headers=headers))
