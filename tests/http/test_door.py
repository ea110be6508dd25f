"""The one port: heads, refusals, ways and counts, over real loopback sockets."""

from __future__ import annotations

import errno
import json

import attrs
import pytest
import trio

from saleroom.http.door.door import Door, DoorLimits, open_listeners
from saleroom.http.door.outside import Outside
from saleroom.http.door.websocket import Websocket
from tests.http.wire import (
    LIMITS,
    SHORT_S,
    TEXT,
    client_frame,
    echo,
    get,
    hello,
    open_door,
    upgrade,
)


async def test_http_goes_to_the_app_and_keeps_its_connection() -> None:
    async with open_door() as running:
        peer = await running.connect()
        for path in ("/first", "/second"):
            status, _, body = await peer.exchange(get(path))
            assert (status, body) == (200, path.encode())


async def test_two_requests_in_one_write_are_both_served() -> None:
    async with open_door() as running:
        peer = await running.connect()
        await peer.send(get("/a") + get("/b"))
        assert [(await peer.response())[2], (await peer.response())[2]] == [b"/a", b"/b"]


async def test_a_head_in_single_bytes_is_read_whole() -> None:
    async with open_door() as running:
        peer = await running.connect()
        request = get("/slow")
        for i in range(len(request)):
            await peer.send(request[i : i + 1])
        assert (await peer.response())[2] == b"/slow"


async def test_a_websocket_frame_sent_with_the_request_is_not_lost() -> None:
    async with open_door() as running:
        peer = await running.connect()
        await peer.send(upgrade() + client_frame(TEXT, b"early"))
        assert (await peer.response())[0] == 101
        assert await peer.frame() == (TEXT, b"early")


async def test_the_session_sees_path_address_and_headers() -> None:
    seen: list[Websocket] = []

    async def session(websocket: Websocket) -> None:
        seen.append(websocket)
        await echo(websocket)

    async with open_door(session=session) as running:
        peer = await running.connect()
        await peer.exchange(upgrade("/ws/v1/events/a%20b?x=1", "X-Kind: test"))
        await peer.send(client_frame(TEXT, b"?"))
        await peer.frame()
        (websocket,) = seen
        assert websocket.path == "/ws/v1/events/a b"
        assert websocket.remote_address == "127.0.0.1"
        assert (b"x-kind", b"test") in websocket.headers


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        pytest.param(b"hello there\r\n\r\n", 400, id="not a request"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, id="TLS hello"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", 400, id="no Host"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n", 400, id="bad header"),
        pytest.param(get("/", "X: " + "x" * 20_000), 431, id="huge head at once"),
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000, 431, id="huge head, no end"),
        pytest.param(get("http://[bad/x"), 400, id="bad absolute target"),
        pytest.param(get("/ws/v1/events/x"), 426, id="no upgrade"),
        pytest.param(get("/ws/v1/events/x", "Upgrade: websocket"), 426, id="no Connection"),
        pytest.param(upgrade().replace(b"GET", b"POST"), 400, id="POST upgrade"),
        pytest.param(upgrade().replace(b"HTTP/1.1", b"HTTP/1.0"), 400, id="HTTP/1.0 upgrade"),
        pytest.param(upgrade().replace(b": 13", b": 8"), 426, id="old version"),
        pytest.param(upgrade(key="short"), 400, id="bad key"),
        pytest.param(upgrade(key="c2hvcnQ="), 400, id="short key"),
        pytest.param(upgrade("/ws/x", "Sec-WebSocket-Key: aGVsbG8="), 400, id="two keys"),
        pytest.param(upgrade("/ws/x", "Content-Length: 3"), 400, id="upgrade with a body"),
        pytest.param(upgrade().replace(b"sale.example", b"xn--\xff"), 400, id="bad Host"),
    ],
)
async def test_refused_and_closed(request_bytes: bytes, status: int) -> None:
    async with open_door() as running:
        peer = await running.connect()
        answer, headers, body = await peer.exchange(request_bytes)
        assert answer == status
        assert headers["connection"] == "close"
        assert json.loads(body)["status"] == status
        assert await peer.at_end()
        await peer.stream.aclose()
        await running.all_gone()
        assert running.door.statistics().refused == 1


async def test_426_names_what_is_missing() -> None:
    async with open_door() as running:
        peer = await running.connect()
        _, headers, _ = await peer.exchange(get("/ws/v1/operator"))
        assert headers["upgrade"] == "websocket"
        peer = await running.connect()
        _, headers, _ = await peer.exchange(upgrade().replace(b": 13", b": 8"))
        assert headers["sec-websocket-version"] == "13"


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHo"])
async def test_a_slow_head_is_given_up(sent: bytes) -> None:
    async with open_door(limits=attrs.evolve(LIMITS, head_s=SHORT_S)) as running:
        peer = await running.connect()
        await peer.send(sent)
        assert (await peer.response())[0] == 408
        assert await peer.at_end()


@pytest.mark.parametrize("sent", [b"", b"GET / HT", get("/")[:-2]])
async def test_a_peer_that_leaves_within_its_head_leaves_nothing(sent: bytes) -> None:
    async with open_door() as running:
        peer = await running.connect()
        await peer.send(sent)
        await peer.stream.aclose()
        while not running.door.statistics().accepted:
            await trio.testing.wait_all_tasks_blocked()
        await running.all_gone()
        assert running.door.statistics().addresses == 0


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 101),
        ("http://sale.example", 101),
        ("https://sale.example", 101),
        ("https://SALE.example:443", 101),
        ("https://partner.example", 101),
        ("https://sale.example:8443", 403),
        ("https://evil.example", 403),
        ("https://sale.example.evil.example", 403),
        ("https://sale.example/path", 403),
        ("null", 403),
        ("https://[", 403),
        ("", 403),
    ],
)
async def test_origin(origin: str | None, status: int) -> None:
    headers = () if origin is None else (f"Origin: {origin}",)
    async with open_door(outside=Outside(allowed_origins={"https://Partner.example"})) as running:
        peer = await running.connect()
        assert (await peer.exchange(upgrade("/ws/x", *headers)))[0] == status


async def test_two_origins_are_refused() -> None:
    own = "Origin: http://sale.example"
    async with open_door() as running:
        peer = await running.connect()
        assert (await peer.exchange(upgrade("/ws/x", own, own)))[0] == 403


async def test_origin_with_the_hosts_own_port() -> None:
    async with open_door() as running:
        peer = await running.connect()
        request = upgrade("/ws/x", "Origin: http://sale.example:8000")
        request = request.replace(b"Host: sale.example", b"Host: sale.example:8000")
        assert (await peer.exchange(request))[0] == 101


@pytest.mark.parametrize(
    ("offer", "selected"),
    [
        ("saleroom.v1", "saleroom.v1"),
        ("other, saleroom.v1", "saleroom.v1"),
        ("other", None),
    ],
)
async def test_subprotocol(offer: str, selected: str | None) -> None:
    async with open_door() as running:
        peer = await running.connect()
        _, headers, _ = await peer.exchange(upgrade("/ws/x", f"Sec-WebSocket-Protocol: {offer}"))
        assert headers.get("sec-websocket-protocol") == selected


async def test_no_compression_ever() -> None:
    async with open_door() as running:
        peer = await running.connect()
        request = upgrade("/ws/x", "Sec-WebSocket-Extensions: permessage-deflate")
        _, headers, _ = await peer.exchange(request)
        assert "sec-websocket-extensions" not in headers
        assert headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


async def test_one_address_has_its_share_and_gets_it_back() -> None:
    async with open_door(limits=attrs.evolve(LIMITS, connections_per_address_max=2)) as running:
        first, second = await running.websocket(), await running.websocket()
        third = await running.websocket()
        assert await third.close_code() == 4101
        await third.stream.aclose()
        await running_at(running.door, 2)
        fourth = await running.connect()
        status, headers, body = await fourth.exchange(get("/"))
        assert status == 503
        assert headers["retry-after"] == "1"
        assert json.loads(body)["code"] == "TOO_MANY_CONNECTIONS"
        await fourth.stream.aclose()
        await running_at(running.door, 2)
        await second.stream.aclose()
        await running_at(running.door, 1)
        fifth = await running.websocket()
        await fifth.send(client_frame(TEXT, b"in"))
        assert await fifth.frame() == (TEXT, b"in")
        for peer in (first, fifth):
            await peer.stream.aclose()
        await running.all_gone()


async def test_connections_in_all_are_bounded() -> None:
    async with open_door(limits=attrs.evolve(LIMITS, connections_max=1)) as running:
        first = await running.websocket()
        second = await running.connect()  # in the kernel's backlog
        await second.send(get("/waits"))
        assert running.door.statistics().accepted == 1
        await first.stream.aclose()
        assert (await second.response())[2] == b"/waits"


async def running_at(door: Door, count: int) -> None:
    while door.statistics().connections != count:
        await trio.testing.wait_all_tasks_blocked()


class ExhaustedOnce(trio.abc.Listener[trio.SocketStream]):
    """A listener whose first accept finds the process out of descriptors."""

    def __init__(self, listener: trio.SocketListener) -> None:
        self.listener = listener
        self.failures = 0

    async def accept(self) -> trio.SocketStream:
        if not self.failures:
            self.failures += 1
            raise OSError(errno.EMFILE, "too many open files")
        return await self.listener.accept()

    async def aclose(self) -> None:
        await self.listener.aclose()


async def test_running_out_of_descriptors_does_not_end_the_listener() -> None:
    (listener,) = await open_listeners("127.0.0.1", 0)
    exhausted = ExhaustedOnce(listener)
    with trio.fail_after(10):
        async with trio.open_nursery() as pool:
            door = Door(
                asgi_app=hello,
                on_websocket=echo,
                limits=DoorLimits(accept_pause_s=0),
                start_soon=pool.start_soon,
            )
            await pool.start(door.serve, [exhausted])
            stream = await trio.open_tcp_stream("127.0.0.1", listener.socket.getsockname()[1])
            await stream.send_all(get("/alive"))
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 200")
            assert exhausted.failures == 1
            stream.socket.close()
            pool.cancel_scope.cancel()


async def test_a_stopped_door_leaves_websockets_and_ends_idle_http() -> None:
    async with open_door() as running:
        websocket = await running.websocket()
        idle = await running.connect()
        await idle.exchange(get("/"))
        running.door.stop()
        assert await idle.at_end()
        await websocket.send(client_frame(TEXT, b"still here"))
        assert await websocket.frame() == (TEXT, b"still here")
        while running.door.statistics().http_connections:
            await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(OSError, match="all attempts to connect"):
            await running.connect()


async def test_a_crashed_session_closes_with_1011_and_reaches_the_pool() -> None:
    async def session(websocket: Websocket) -> None:
        await websocket.receive()
        raise ZeroDivisionError

    crashes: list[Exception] = []
    listeners = await open_listeners("127.0.0.1", 0)
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:

            async def guarded(fn, *args) -> None:  # type: ignore[no-untyped-def]
                try:
                    await fn(*args)
                except Exception as error:  # the part of the pool
                    crashes.append(error)

            def start_soon(fn, *args, name) -> None:  # type: ignore[no-untyped-def]
                nursery.start_soon(guarded, fn, *args, name=name)

            door = Door(
                asgi_app=hello,
                on_websocket=session,
                limits=LIMITS,
                start_soon=start_soon,
            )
            await nursery.start(door.serve, listeners)
            port = listeners[0].socket.getsockname()[1]
            stream = await trio.open_tcp_stream("127.0.0.1", port)
            await stream.send_all(upgrade())
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 101")
            await stream.send_all(client_frame(TEXT, b"boom"))
            assert (await stream.receive_some()) == b"\x88\x0a\x03\xf3INTERNAL"
            while door.statistics().connections:
                await trio.testing.wait_all_tasks_blocked()
            stream.socket.close()
            nursery.cancel_scope.cancel()
    assert len(crashes) == 1
