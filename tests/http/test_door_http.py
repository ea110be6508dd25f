"""HTTP through hypercorn: a regression for each of its traps (ARCHITECTURE 6, traps 1-3 and 5)."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
import trio
from quart import Response
from quart_trio import QuartTrio
from trio.testing import wait_all_tasks_blocked

from saleroom.http.door.courtesy import SECURITY
from saleroom.http.door.door import DoorLimits
from saleroom.http.door.hypercorn_door import HttpLimits
from tests.http.wire import GUARD_S, LIMITS, SHORT_S, Running, get, hello, open_door, upgrade

BIG = b"x" * 8 * 2**20  # more than the kernel buffers of both ends hold


def quart_app() -> QuartTrio:
    app = QuartTrio(__name__)

    @app.get("/")
    async def index() -> str:
        return "hello"

    @app.get("/big")
    async def big() -> Response:
        return Response(BIG, mimetype="application/octet-stream")

    @app.post("/upload")
    async def upload() -> str:
        from quart import request

        return str(len(await request.get_data()))

    return app


async def big_app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": BIG})


def with_http(**changes: Any) -> DoorLimits:
    return attrs.evolve(LIMITS, http=attrs.evolve(HttpLimits(keep_alive_s=GUARD_S), **changes))


def with_stream(**changes: Any) -> DoorLimits:
    return attrs.evolve(LIMITS, stream=attrs.evolve(LIMITS.stream, **changes))


async def responding(running: Running) -> None:
    """Wait until a response is under way."""
    while not running.door.statistics().http_connections:
        await wait_all_tasks_blocked()
    await wait_all_tasks_blocked()


async def test_trap_1_connection_close_closes_under_quart_trio() -> None:
    async with open_door(app=quart_app()) as running:
        peer = await running.connect()
        status, _, body = await peer.exchange(get("/", "Connection: close"))
        assert (status, body) == (200, b"hello")
        assert await peer.at_end()
        await peer.stream.aclose()
        await running.all_gone()


async def test_trap_1_keep_alive_times_out_under_quart_trio() -> None:
    async with open_door(app=quart_app(), limits=with_http(keep_alive_s=SHORT_S)) as running:
        peer = await running.connect()
        assert (await peer.exchange(get("/")))[2] == b"hello"
        assert await peer.at_end()
        await peer.stream.aclose()
        await running.all_gone()


async def test_trap_1_a_kept_connection_serves_again_under_quart_trio() -> None:
    async with open_door(app=quart_app()) as running:
        peer = await running.connect()
        for _ in range(5):
            assert (await peer.exchange(get("/")))[2] == b"hello"


@pytest.mark.parametrize("request_bytes", [upgrade(), get("/ws/v1/operator")])
async def test_trap_2_a_websocket_on_a_kept_connection_is_426(request_bytes: bytes) -> None:
    async with open_door(app=quart_app()) as running:
        peer = await running.connect()
        await peer.exchange(get("/"))
        status, headers, body = await peer.exchange(request_bytes)
        assert status == 426
        assert headers["connection"] == "close"
        assert headers["upgrade"] == "websocket"
        assert json.loads(body)["status"] == 426
        assert await peer.at_end()
        await peer.stream.aclose()
        await running.all_gone()
        assert running.door.statistics().websockets == 0


async def test_an_upgrade_elsewhere_is_426() -> None:
    async with open_door() as running:
        peer = await running.connect()
        status, headers, _ = await peer.exchange(upgrade("/elsewhere"))
        assert (status, headers["connection"]) == (426, "close")


async def test_trap_3_a_peer_that_reads_nothing_is_given_up() -> None:
    async with open_door(app=big_app, limits=with_stream(stall_s=SHORT_S)) as running:
        peer = await running.connect()
        await peer.send(get("/"))
        await responding(running)
        await running.all_gone()


async def test_trap_3_a_peer_that_reads_nothing_does_not_delay_a_cancellation() -> None:
    async with open_door(app=big_app) as running:
        peer = await running.connect()
        await peer.send(get("/"))
        await responding(running)
        running.pool.cancel_scope.cancel()


async def test_trap_3_a_peer_that_reads_nothing_does_not_delay_a_stop() -> None:
    async with open_door(app=big_app, limits=attrs.evolve(LIMITS, stop_s=SHORT_S)) as running:
        peer = await running.connect()
        await peer.send(get("/"))
        await responding(running)
        running.door.stop()
        await running.all_gone()


async def test_a_stop_lets_a_response_end() -> None:
    async with open_door(app=quart_app(), limits=attrs.evolve(LIMITS, stop_s=GUARD_S)) as running:
        peer = await running.connect()
        await peer.send(get("/big"))
        await responding(running)
        running.door.stop()
        await wait_all_tasks_blocked()
        assert (await peer.response())[2] == BIG
        assert await peer.at_end()
        await peer.stream.aclose()
        await running.all_gone()


async def test_trap_5_a_peer_that_leaves_within_a_response_leaves_nothing() -> None:
    async with open_door(app=quart_app()) as running:
        peer = await running.connect()
        await peer.send(get("/big"))
        await responding(running)
        await peer.stream.aclose()
        await running.all_gone()


async def test_a_peer_that_leaves_between_requests_leaves_nothing() -> None:
    async with open_door(app=quart_app()) as running:
        peer = await running.connect()
        await peer.exchange(get("/"))
        await wait_all_tasks_blocked()  # the wait for a next request has begun
        await peer.stream.aclose()
        await running.all_gone()


async def test_a_body_is_replayed_whole() -> None:
    async with open_door(app=quart_app()) as running:
        peer = await running.connect()
        request = get("/upload", "Content-Length: 100000", method="POST")
        assert (await peer.exchange(request + b"x" * 100_000))[2] == b"100000"


async def test_a_body_that_never_comes_ends_the_request() -> None:
    async with open_door(app=quart_app(), limits=with_http(body_pause_s=SHORT_S)) as running:
        peer = await running.connect()
        await peer.send(get("/upload", "Content-Length: 10", method="POST") + b"half")
        status, headers, _ = await peer.response()
        assert (status, headers["connection"]) == (500, "close")
        assert await peer.at_end()


async def test_a_refused_upload_still_gets_its_answer() -> None:
    async def refuse(scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"0"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 413, "headers": headers})
        await send({"type": "http.response.body"})

    async with open_door(app=refuse) as running:
        peer = await running.connect()
        await peer.send(get("/upload", f"Content-Length: {len(BIG)}", method="POST"))

        async def upload() -> None:
            # The server may stop listening at any moment.
            try:
                await peer.send(BIG)
                await peer.stream.send_eof()
            except trio.BrokenResourceError:
                return

        async with trio.open_nursery() as nursery:
            nursery.start_soon(upload)
            assert (await peer.response())[0] == 413


async def test_the_server_does_not_name_its_make() -> None:
    async with open_door(app=hello) as running:
        peer = await running.connect()
        assert "server" not in (await peer.exchange(get("/")))[1]


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (get("/x", "Host: two"), 400),  # refused by the door
        (get("/ws/v1/operator"), 426),  # refused by the handshake
        (get("/elsewhere", "Upgrade: websocket", "Connection: Upgrade"), 426),
    ],
)
async def test_refusals_bear_the_security_headers_too(request_bytes: bytes, status: int) -> None:
    async with open_door() as running:
        peer = await running.connect()
        answered, headers, _ = await peer.exchange(request_bytes)
        assert answered == status
        assert_security(headers)


BROKEN_CHUNK = "Transfer-Encoding: chunked\r\n\r\nzz"


@pytest.mark.parametrize("is_kept", [False, True], ids=["the door", "hypercorn"])
@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (get("/x", "Host: two"), 400, "MALFORMED"),
        (get("/x", f"Long: {'x' * 70_000}"), 431, "HEAD_TOO_LARGE"),
        (get("/x", "Transfer-Encoding: gzip, chunked"), 501, "NOT_IMPLEMENTED"),
        (get("/x", version="2.0"), 505, "VERSION_NOT_SUPPORTED"),
        (get("/ws/v1/operator"), 426, "UPGRADE_REQUIRED"),
        (get("/upload", BROKEN_CHUNK, method="POST"), 400, "MALFORMED"),
    ],
)
async def test_what_no_route_refuses_is_a_problem_with_its_code(
    is_kept: bool, request_bytes: bytes, status: int, code: str
) -> None:
    async with open_door(app=quart_app()) as running:
        peer = await running.connect()
        if is_kept:
            await peer.exchange(get("/"))
        answered, headers, body = await peer.exchange(request_bytes)
        assert (answered, headers["content-type"]) == (status, "application/problem+json")
        problem = json.loads(body)
        assert (problem["status"], problem["code"], problem["temporary"]) == (status, code, False)
        assert problem["detail"]
        assert await peer.at_end()


async def test_a_head_that_cannot_be_read_is_refused_without_a_body() -> None:
    async with open_door(app=quart_app()) as running:
        peer = await running.connect()
        await peer.send(get("/") + get("http:///", method="HEAD"))
        await peer.response()
        head = await peer.stream.receive_some()
        assert head.startswith(b"HTTP/1.1 400 ")
        assert head.endswith(b"\r\n\r\n")


async def test_what_hypercorn_refuses_or_gives_up_bears_them() -> None:
    async def silent(scope: dict[str, Any], receive: Any, send: Any) -> None:
        """An app that ends without an answer."""

    async with open_door(app=silent) as running:
        peer = await running.connect()
        status, headers, _ = await peer.exchange(get("/"))
        assert status == 500
        assert_security(headers)
    async with open_door() as running:
        peer = await running.connect()
        await peer.exchange(get("/"))
        status, headers, _ = await peer.exchange(b"no request at all\r\n\r\n")
        assert status == 400
        assert_security(headers)


async def test_a_response_that_a_stop_lets_end_announces_the_connections_end() -> None:
    arrived, goes_on = trio.Event(), trio.Event()

    async def slow(scope: dict[str, Any], receive: Any, send: Any) -> None:
        arrived.set()
        await goes_on.wait()
        await hello(scope, receive, send)

    async with open_door(app=slow, limits=attrs.evolve(LIMITS, stop_s=GUARD_S)) as running:
        peer = await running.connect()
        await peer.send(get("/late"))
        await arrived.wait()
        running.door.stop()
        await wait_all_tasks_blocked()
        goes_on.set()
        status, headers, body = await peer.response()
        assert (status, headers["connection"], body) == (200, "close", b"/late")
        assert await peer.at_end()


def assert_security(headers: dict[str, str]) -> None:
    for name, value in SECURITY:
        assert headers[name.decode()] == value.decode()
