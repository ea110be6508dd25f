"""The one port: accept, read the first request's head, and choose a way.

Owns: the listeners, the number of connections (in all and of one address), and the choice between
websocket, HTTP and refusal. Invariant: every accepted connection is counted until its task ends,
and no peer holds one longer than the named limits without speaking. Must not know: what is said on
a websocket, or which routes HTTP has. Source: ARCHITECTURE 5 ("One door") and 6, PROTOCOL 1 and 5.
"""

from __future__ import annotations

import errno
import logging
import socket as stdlib_socket
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Any

import attrs
import trio

from saleroom.http.door import handshake
from saleroom.http.door.head import HeadRefused, PeerLeft, RequestHead, read_head, refusal
from saleroom.http.door.hypercorn_door import AsgiApp, HttpLimits, HypercornDoor
from saleroom.http.door.outside import NOWHERE, Outside
from saleroom.http.door.quick_door import Quick, QuickDoor, nothing_quick
from saleroom.http.door.stream import SharedStream, StreamLimits
from saleroom.http.door.websocket import ConnectionClosed, Websocket
from saleroom.protocol.frames import close_frame

logger = logging.getLogger("saleroom.http")

TOO_MANY_CONNECTIONS = 4101
NORMAL = 1000
INTERNAL = 1011
WEBSOCKET_PREFIX = "/ws/"

BACKLOG = 4096  # connections that the kernel holds for us: a room that reconnects at once
# The kernel doubles it. A snapshot of ~100 KB passes in one write, a resume of 512 KiB is paced
# through the outbox, and a peer that stops reading is noticed after a quarter of a megabyte.
SEND_BUFFER_BYTES = 128 * 1024
USER_TIMEOUT_MS = 30_000  # unacknowledged bytes, or a closed window, end a connection after this

_OVERLOAD_ERRNOS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS}


@attrs.frozen
class DoorLimits:
    """The door's bounds; each names its unit and its reason."""

    connections_max: int = 12_000  # 10 000 sockets and those that come or go: under the fd limit
    connections_per_address_max: int = 5_000  # a ballroom behind one NAT (PROTOCOL 5)
    head_s: float = 10.0  # for a whole request head: a slow network, not a slow-loris
    head_bytes_max: int = 16 * 1024  # of a request head: as hypercorn, room for large cookies
    message_bytes_max: int = 16 * 1024  # of a client's message (PROTOCOL 1)
    accept_pause_s: float = 0.1  # when the system is out of descriptors or memory, before a retry
    stop_s: float = 5.0  # for HTTP responses in progress, once the door stops
    stream: StreamLimits = attrs.field(factory=StreamLimits)
    http: HttpLimits = attrs.field(factory=HttpLimits)


@attrs.frozen
class DoorStatistics:
    """connections: open now, of any kind. The other numbers count since the start."""

    connections: int
    http_connections: int
    addresses: int
    accepted: int
    websockets: int
    refused: int


async def open_listeners(host: str | None, port: int) -> list[trio.SocketListener]:
    """Listen on `host` (None: everywhere) with the socket options that connections inherit.

    Raises OSError when the address cannot be bound.
    """
    listeners = await trio.open_tcp_listeners(port, host=host, backlog=BACKLOG)
    for listener in listeners:
        listener.socket.setsockopt(
            stdlib_socket.SOL_SOCKET, stdlib_socket.SO_SNDBUF, SEND_BUFFER_BYTES
        )
        if hasattr(stdlib_socket, "TCP_USER_TIMEOUT"):
            listener.socket.setsockopt(
                stdlib_socket.IPPROTO_TCP, stdlib_socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS
            )
    return listeners


@attrs.define
class _Guest:
    """Whom a connection is counted for. is_crowded: too many are counted for them already."""

    address: str
    is_crowded: bool = False


class Door:
    """Serve listeners. Connections run in the pool behind `start_soon`, and may outlive `serve`.

    An exception of a connection is the pool's to count: it ends that connection alone.
    """

    def __init__(
        self,
        *,
        asgi_app: AsgiApp,
        on_websocket: Callable[[Websocket], Awaitable[None]],
        limits: DoorLimits,
        start_soon: Callable[..., Any],
        outside: Outside = NOWHERE,
        quick: Quick = nothing_quick,
    ) -> None:
        self._http = HypercornDoor(asgi_app, limits.http)
        self._quick = QuickDoor(
            quick,
            keep_alive_s=limits.http.keep_alive_s,
            head_s=limits.head_s,
            head_bytes_max=limits.head_bytes_max,
        )
        self._on_websocket = on_websocket
        self._limits = limits
        self._outside = outside
        self._start_soon = start_soon
        self._slots = trio.Semaphore(limits.connections_max)
        self._by_address: Counter[str] = Counter()
        self._stopping = trio.Event()
        self._accepted = 0
        self._websockets = 0
        self._refused = 0

    def statistics(self) -> DoorStatistics:
        return DoorStatistics(
            connections=self._by_address.total(),
            http_connections=self._http.connections + self._quick.connections,
            addresses=len(self._by_address),
            accepted=self._accepted,
            websockets=self._websockets,
            refused=self._refused,
        )

    def stop(self) -> None:
        """Accept nothing more, let HTTP responses end within `stop_s`; then `serve` returns."""
        self._stopping.set()

    async def serve(
        self,
        listeners: Sequence[trio.abc.Listener[trio.SocketStream]],
        *,
        task_status: trio.TaskStatus[Door] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Accept until `stop`. Closes the listeners. Cancelled: websockets live on in the pool."""
        async with trio.open_nursery() as nursery:
            for listener in listeners:
                nursery.start_soon(self._accept, listener)
            task_status.started(self)
            await self._stopping.wait()
            nursery.cancel_scope.cancel()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._quick.stop, self._limits.stop_s)
            nursery.start_soon(self._http.stop, self._limits.stop_s)

    async def _accept(self, listener: trio.abc.Listener[trio.SocketStream]) -> None:
        async with listener:
            while True:
                await self._slots.acquire()
                try:
                    stream = await listener.accept()
                except OSError as error:
                    self._slots.release()
                    if error.errno not in _OVERLOAD_ERRNOS:
                        raise
                    logger.error("accept: %s; retrying in %s s", error, self._limits.accept_pause_s)
                    await trio.sleep(self._limits.accept_pause_s)
                    continue
                except trio.Cancelled:
                    self._slots.release()
                    raise
                self._admit(stream)

    def _admit(self, stream: trio.SocketStream) -> None:
        guest = _Guest(_address_of(stream))
        guest.is_crowded = self._is_crowded(guest.address) and not self._outside.trusts(
            guest.address
        )
        try:
            self._start_soon(self._serve, stream, guest, name=f"connection {guest.address}")
        except BaseException:
            stream.socket.close()
            self._slots.release()
            raise
        self._accepted += 1
        self._by_address[guest.address] += 1

    def _is_crowded(self, address: str) -> bool:
        return self._by_address[address] >= self._limits.connections_per_address_max

    async def _serve(self, accepted: trio.SocketStream, guest: _Guest) -> None:
        try:
            async with trio.open_nursery() as nursery:
                stream = SharedStream(accepted, nursery.start_soon, self._limits.stream)
                try:
                    await self._choose(stream, guest)
                    await stream.aclose()
                finally:
                    stream.abort()
                nursery.cancel_scope.cancel()
        finally:
            self._slots.release()
            self._discount(guest.address)

    def _discount(self, address: str) -> None:
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]

    def _see_through_proxy(self, guest: _Guest, head: RequestHead) -> None:
        """Count a websocket that one of our proxies relays for the address it relays for."""
        client = self._outside.client_address(guest.address, head.all(b"x-forwarded-for"))
        if client != guest.address:
            self._discount(guest.address)
            guest.address, guest.is_crowded = client, self._is_crowded(client)
            self._by_address[client] += 1

    async def _choose(self, stream: SharedStream, guest: _Guest) -> None:
        try:
            with trio.fail_after(self._limits.head_s):
                head = await read_head(stream, self._limits.head_bytes_max)
        except HeadRefused as refused:
            self._refuse(stream, refusal(refused.status))
        except trio.TooSlowError:
            self._refuse(stream, refusal(HTTPStatus.REQUEST_TIMEOUT))
        except (PeerLeft, trio.BrokenResourceError):
            return
        else:
            if head.path.startswith(WEBSOCKET_PREFIX):
                self._see_through_proxy(guest, head)
                websocket = self._shake_hands(stream, head, guest.address)
                del head  # a session lives for hours: it keeps no request
                if websocket is not None:
                    await self._converse(websocket, guest.is_crowded)
            elif guest.is_crowded:
                self._refuse(
                    stream,
                    refusal(
                        HTTPStatus.SERVICE_UNAVAILABLE,
                        code="TOO_MANY_CONNECTIONS",
                        headers=("Retry-After: 1",),
                    ),
                )
            else:
                rest = await self._quick.serve(stream, head, guest.address)
                del head
                if rest is not None:
                    stream.unreceive(rest.received)
                    del rest
                    await self._http.serve(stream)

    def _shake_hands(
        self, stream: SharedStream, head: RequestHead, address: str
    ) -> Websocket | None:
        answer = handshake.decide(head, self._outside)
        if isinstance(answer, handshake.Denied):
            self._refuse(stream, answer.response)
            return None
        stream.send_nowait(answer.response)
        stream.unreceive(head.trailing)
        return Websocket(
            stream=stream,
            path=head.path,
            remote_address=address,
            headers=head.headers,
            subprotocol=answer.subprotocol,
            message_bytes_max=self._limits.message_bytes_max,
        )

    async def _converse(self, websocket: Websocket, is_crowded: bool) -> None:
        if is_crowded:
            self._refused += 1
            await websocket.close(TOO_MANY_CONNECTIONS, "TOO_MANY_CONNECTIONS")
            return
        self._websockets += 1
        try:
            await self._on_websocket(websocket)
        except ConnectionClosed:
            return
        except Exception:
            # The client is told; the pool, which this still reaches, counts it.
            websocket.stream.finish_nowait(close_frame(INTERNAL, "INTERNAL"))
            raise
        await websocket.close(NORMAL, "")

    def _refuse(self, stream: SharedStream, response: bytes) -> None:
        self._refused += 1
        stream.send_nowait(response)


async def serve_door(
    listeners: Sequence[trio.abc.Listener[trio.SocketStream]],
    *,
    asgi_app: AsgiApp,
    on_websocket: Callable[[Websocket], Awaitable[None]],
    limits: DoorLimits,
    start_soon: Callable[..., Any],
    outside: Outside = NOWHERE,
    quick: Quick = nothing_quick,
    task_status: trio.TaskStatus[Door] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Open a door and serve it; `task_status` hands out the Door, for `stop` and `statistics`.

    on_websocket: a session, from the handshake to its end; when it returns, the door closes with
    1000. start_soon: the pool's, called as `start_soon(fn, *args, name=...)`.
    """
    door = Door(
        asgi_app=asgi_app,
        on_websocket=on_websocket,
        limits=limits,
        start_soon=start_soon,
        outside=outside,
        quick=quick,
    )
    await door.serve(listeners, task_status=task_status)


def _address_of(stream: trio.SocketStream) -> str:
    """Give the peer's address without its port; the name of the family when it has none."""
    try:
        peer = stream.socket.getpeername()
    except OSError:
        return "gone"
    return str(peer[0]) if isinstance(peer, tuple) else "unix"
