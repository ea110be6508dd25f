"""HTTP on an accepted stream, by hypercorn's trio `TCPServer`, and the bounds that it lacks.

Owns: the only use of that undocumented class (so hypercorn is pinned), and the wrapper round the
ASGI app that keeps hypercorn's known traps shut. Invariant: a connection ends within a bound after
its peer stops reading or sending, after the door stops, and at once when cancelled; it speaks
HTTP/1 from its first request to its last. Knows nothing of routes.
Source: ARCHITECTURE 5 ("One door") and 6 (traps 1-3).
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from typing import Any, cast

import attrs
import h11
import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.events import Closed
from hypercorn.protocol.events import Request
from hypercorn.protocol.h11 import STREAM_ID, H11Protocol
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState, LifespanState
from hypercorn.utils import parse_socket_addr

from saleroom.http.door.courtesy import SECURITY
from saleroom.http.door.head import HeadRefused, checked_target, plain_problem
from saleroom.http.door.stream import SharedStream

logger = logging.getLogger("saleroom.http")

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Message, Receive, Send], Awaitable[None]]


@attrs.frozen
class HttpLimits:
    """How long an HTTP peer may keep us waiting. All in seconds."""

    keep_alive_s: float = 15.0  # between requests: a page's bursts share a connection
    body_pause_s: float = 30.0  # between two pieces of a request's body
    final_send_s: float = 30.0  # for the response's last piece, shielded; above a stream's stall
    head_bytes_max: int = 16 * 1024  # of a later request on the connection, as of the first


class HypercornDoor:
    """Serve HTTP connections with one ASGI app."""

    def __init__(self, app: AsgiApp, limits: HttpLimits) -> None:
        self._app = app
        self._limits = limits
        self._context = WorkerContext(max_requests=None)
        self._streams: set[SharedStream] = set()
        self._idle = trio.Event()
        self._idle.set()
        self._config = Config()
        self._config.errorlog = logger
        self._config.include_server_header = False
        self._config.keep_alive_timeout = limits.keep_alive_s
        self._config.h11_max_incomplete_size = limits.head_bytes_max

    @property
    def connections(self) -> int:
        return len(self._streams)

    async def serve(self, stream: SharedStream) -> None:
        """Serve one connection until it ends. Cancelled: the socket is closed at once."""
        if not self._streams:
            self._idle = trio.Event()
        self._streams.add(stream)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._abort_when_cancelled, stream)
                state = LifespanState()
                bounded = _BoundedApp(self._app, self._limits, stream, self._is_stopping)
                app = ASGIWrapper(cast(Any, bounded))
                # The class asks a stream for no more than ours has: `socket` and trio's interface.
                await _Server(app, self._config, self._context, state, cast(Any, stream))
                nursery.cancel_scope.cancel()
        finally:
            self._streams.discard(stream)
            if not self._streams:
                self._idle.set()

    async def stop(self, within_s: float) -> None:
        """End idle connections now and the others after their response; cut them at the bound."""
        await self._context.terminated.set()
        with trio.move_on_after(within_s):
            await self._idle.wait()
        for stream in list(self._streams):
            stream.abort()

    def _is_stopping(self) -> bool:
        return bool(self._context.terminated.is_set())

    @staticmethod
    async def _abort_when_cancelled(stream: SharedStream) -> None:
        """Wake hypercorn's shielded send, which no cancellation reaches (trap 3)."""
        try:
            await trio.sleep_forever()
        finally:
            stream.abort()


class _Http1(H11Protocol):
    """hypercorn's HTTP/1, and nothing else.

    It would let any client turn the connection into HTTP/2 or a websocket of its own, past the
    door's limits and past the rules of a proxy in front.
    """

    _is_head = False

    async def _check_protocol(self, event: h11.Request) -> None:
        """Stay with HTTP/1, whatever an Upgrade asks for."""

    async def _send_error_response(self, status_code: int) -> None:
        """Refuse what cannot be read, with a problem as the door does; a HEAD has no body."""
        body = plain_problem(status_code)
        headers = [
            (b"content-type", b"application/problem+json"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
            *self.config.response_headers("h11"),
        ]
        await self._send_h11_event(h11.Response(status_code=status_code, headers=headers))
        if not self._is_head:
            await self._send_h11_event(h11.Data(data=body))
        await self._send_h11_event(h11.EndOfMessage())

    async def _create_stream(self, request: h11.Request) -> None:
        self._is_head = request.method == b"HEAD"
        try:
            target = checked_target(request)
        except HeadRefused as refused:
            await self._send_error_response(refused.status)
            await self.send(Closed())
            return
        self.stream = HTTPStream(
            self.app,
            self.config,
            self.context,
            self.task_group,
            self.ssl,
            self.client,
            self.server,
            self.stream_send,
            STREAM_ID,
        )
        await self.stream.handle(
            Request(
                stream_id=STREAM_ID,
                headers=list(request.headers),
                http_version=request.http_version.decode("ascii"),
                method=request.method.decode("ascii"),
                raw_path=target.encode("ascii"),
                state=self.connection_state,
            )
        )
        self.keep_alive_requests += 1
        await self.context.mark_request()

    async def _send_h11_event(self, event: Any) -> None:
        """Let what hypercorn answers by itself bear the headers of every answer."""
        if isinstance(event, h11.Response):
            headers = list(event.headers)
            if SECURITY[0][0] not in {name for name, _ in headers}:
                event = h11.Response(status_code=event.status_code, headers=[*headers, *SECURITY])
        await super()._send_h11_event(event)


class _Server(TCPServer):
    """hypercorn's, for plain HTTP/1, and without waiting out the keep-alive after the peer left."""

    _has_left = False

    async def run(self) -> None:
        socket = self.stream.socket
        try:
            client = parse_socket_addr(socket.family, socket.getpeername())
            server = parse_socket_addr(socket.family, socket.getsockname())
            async with TaskGroup() as tasks:
                self._task_group = tasks
                http1 = _Http1(
                    self.app,
                    self.config,
                    self.context,
                    tasks,
                    ConnectionState(self.state),
                    False,
                    client,
                    server,
                    self.protocol_send,
                )
                # The wrapper that belongs here has but one use, to change to HTTP/2.
                self.protocol = cast(Any, http1)
                await self.idle_task.restart(tasks, self._idle_timeout)
                await self._read_data()
        except OSError:
            return  # the peer is gone
        finally:
            await self._close()
            # Each holds the other, and full collections are rare (I11).
            self.protocol = cast(Any, None)

    async def _read_data(self) -> None:
        await super()._read_data()
        self._has_left = True
        await self.idle_task.stop()

    async def _idle_timeout(self) -> None:
        if not self._has_left:
            await super()._idle_timeout()


@attrs.frozen
class _BoundedApp:
    """The app with bounds: a shielded last send (trap 1), an end to bodies that never come.

    is_stopping: whether answers announce the connection's end.
    """

    app: AsgiApp
    limits: HttpLimits
    stream: SharedStream
    is_stopping: Callable[[], bool]

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["path"].startswith("/ws/") or _asks_for_websocket(scope["headers"]):
            await _refuse_upgrade(send)
            return
        body_is_whole = False

        async def receive_bounded() -> Message:
            nonlocal body_is_whole
            if body_is_whole:
                return await receive()
            message: Message = {"type": "http.disconnect"}
            with trio.move_on_after(self.limits.body_pause_s):
                message = await receive()
            body_is_whole = not message.get("more_body", False)
            return message

        async def send_bounded(message: Message) -> None:
            if message["type"] == "http.response.start" and self.is_stopping():
                headers = [*message.get("headers", ()), (b"connection", b"close")]
                message = {**message, "headers": headers}
            if message["type"] != "http.response.body" or message.get("more_body", False):
                await send(message)
                return
            # quart-trio cancels this task as soon as the response is complete, and hypercorn ends
            # or recycles the connection inside this very send.
            with trio.move_on_after(self.limits.final_send_s, shield=True) as last:
                await send(message)
            if last.cancelled_caught:
                self.stream.abort()

        await self.app(scope, receive_bounded, send_bounded)


def _asks_for_websocket(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(name == b"upgrade" and b"websocket" in value.lower() for name, value in headers)


async def _refuse_upgrade(send: Send) -> None:
    """Answer 426: hypercorn's connection cannot be handed over (trap 2)."""
    status = HTTPStatus.UPGRADE_REQUIRED
    body = plain_problem(status)
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        (b"upgrade", b"websocket"),
    ]
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": body})
