"""Requests of every bad shape against a real server: heads too large, TLS, smuggling, upgrades.

What each is answered, whether the connection ends, and that nothing of it is taken for a second
request. Source: RFC 9112 sections 2, 3, 5, 6 and 11, ARCHITECTURE 6 (trap 2).
"""

from __future__ import annotations

import pytest

from tests.hostile.house import House, unharmed
from tests.hostile.intruder import Intruder, intruder
from tests.http.wire import get, upgrade

SMUGGLED = b"GET /alive HTTP/1.1\r\nHost: x\r\n\r\n"
H2_SETTINGS = "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"


def raw(*lines: bytes, body: bytes = b"") -> bytes:
    return b"\r\n".join([*lines, b"", b""]) + body


FIRST_ONLY = {
    "huge header": (431, get("/alive", "X: " + "x" * 40_000)),
    "huge target": (431, get("/" + "x" * 40_000)),
    "very many headers": (431, get("/alive", *["a: b"] * 4_000)),
    "huge header without an end": (431, b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000),
    "a websocket's key of other letters": (
        400,
        upgrade("/ws/v1/events/x", key="\u00ff"),
    ),
}
"""{what: (status, request)}. Of later ones hypercorn takes 64 KiB, and every websocket is 426."""
REFUSED = {
    "TLS hello": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256))),
    "zeros": (400, bytes(64)),
    "HTTP/2 preface": (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "another major version": (505, raw(b"GET /alive HTTP/3.0", b"Host: x")),
    "length and chunked": (
        400,
        get("/alive", "Content-Length: 6", "Transfer-Encoding: chunked") + b"0\r\n\r\n" + SMUGGLED,
    ),
    "chunked and length": (
        400,
        get("/api/v1/bids", "Transfer-Encoding: chunked", "Content-Length: 6", method="POST")
        + b"0\r\n\r\n"
        + SMUGGLED,
    ),
    "two lengths": (400, get("/alive", "Content-Length: 0", "Content-Length: 33") + SMUGGLED),
    "signed length": (400, get("/alive", "Content-Length: +33") + SMUGGLED),
    "endless length": (400, get("/alive", "Content-Length: " + "9" * 100)),
    "chunked twice": (501, get("/alive", "Transfer-Encoding: chunked, chunked")),
    "chunked, hidden": (501, get("/alive", "Transfer-Encoding: xchunked")),
    "folded first line": (400, raw(b"GET /alive HTTP/1.1", b" Host: x")),
    "space before the colon": (400, raw(b"GET /alive HTTP/1.1", b"Host : x")),
    "NUL in a header": (400, raw(b"GET /alive HTTP/1.1", b"Host: x", b"X: a\0b")),
    "two Hosts": (400, raw(b"GET /alive HTTP/1.1", b"Host: x", b"Host: y")),
    "no Host": (400, raw(b"GET /alive HTTP/1.1")),
    "a Host with an empty label": (400, raw(b"GET /alive HTTP/1.1", b"Host: a..b")),
    "a Host with a long label": (400, raw(b"GET /alive HTTP/1.1", b"Host: " + b"a" * 64)),
    "a Host that is none": (400, raw(b"GET /alive HTTP/1.1", b"Host: a/b")),
    "a Host of other letters": (400, raw(b"GET /alive HTTP/1.1", b"Host: \xff\xfe")),
    "a target that is none": (400, get("alive")),
    "a target of another scheme": (400, get("ftp://x/alive")),
    "a tunnel": (400, get("x:80", method="CONNECT")),
    "a websocket elsewhere": (426, upgrade("/alive")),
    "a websocket elsewhere, malformed": (
        426,
        upgrade("/alive", "Sec-WebSocket-Extensions: \u00ff"),
    ),
}
SERVED = {
    "absolute form": get("http://elsewhere/alive"),
    "folded header": raw(b"GET /alive HTTP/1.1", b"Host: x", b"X: a", b"  b"),
    "an upgrade to HTTP/2": get(
        "/alive", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", H2_SETTINGS
    ),
    "a body that looks like a request": get("/alive", f"Content-Length: {len(SMUGGLED)}")
    + SMUGGLED,
}


@pytest.mark.parametrize("is_first", [True, False], ids=["first", "second"])
async def test_a_bad_request_is_refused_and_ends_the_connection(
    house: House, is_first: bool
) -> None:
    """As the first request on a connection, which the door reads, or the second: hypercorn's."""
    async with unharmed(house) as scene:
        for name, (status, request) in (REFUSED | FIRST_ONLY if is_first else REFUSED).items():
            async with intruder(house) as peer:
                if not is_first:
                    assert (await peer.exchange(get("/alive")))[0] == 200
                await peer.drip(request)
                answer, headers, _ = await peer.response()
                assert (answer, headers["connection"]) == (status, "close"), name
                assert await _is_all(peer), name
        await scene.honest.next_bid()


@pytest.mark.parametrize("name", SERVED)
async def test_an_odd_request_is_served_once(house: House, name: str) -> None:
    async with unharmed(house), intruder(house) as peer:
        await peer.send(SERVED[name])
        assert (await peer.response())[0] == 200
        assert peer.buffer == b""
        await peer.send(get("/alive", "Connection: close"))
        assert (await peer.response())[0] == 200
        assert await _is_all(peer)


async def _is_all(peer: Intruder) -> bool:
    """Say whether nothing follows, and the connection ends."""
    await peer.drip(SMUGGLED)
    try:
        return await peer.at_end()
    except OSError:
        return True
