"""A cable between a browser and the house, which can be pulled.

Owns: a TCP relay on loopback in a thread of its own. Invariant: a pulled cable carries nothing and
says nothing, as a cable does; what lay on it is lost, and it ends with its block. Must not know:
what it carries. Source: issue 7, "cable pulled for 5 s".
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import attrs
import trio

HOST = "127.0.0.1"
CHUNK_BYTES = 65_536
START_S = 10.0


@attrs.define(eq=False)
class Cable:
    """url: where the house is reached through the cable."""

    url: str
    _token: trio.lowlevel.TrioToken
    _line: _Line

    def pull(self) -> None:
        """Pull the cable."""
        trio.from_thread.run_sync(self._line.pull, trio_token=self._token)

    def put_in(self) -> None:
        """Put the cable in again: what went over it before finds its connections broken."""
        trio.from_thread.run_sync(self._line.put_in, trio_token=self._token)

    def cut(self) -> None:
        """Break every connection, as a router does that starts anew."""
        trio.from_thread.run_sync(self._line.cut, trio_token=self._token)

    def take_up(self) -> None:
        """Take the cable away."""
        scope = self._line.nursery.cancel_scope
        trio.from_thread.run_sync(scope.cancel, trio_token=self._token)


@attrs.define(eq=False)
class _Line:
    """The relay, in its own thread."""

    host: str
    port: int
    nursery: trio.Nursery
    _is_in: trio.Event = attrs.field(factory=trio.Event)
    _connections: set[trio.CancelScope] = attrs.field(factory=set)

    def __attrs_post_init__(self) -> None:
        self._is_in.set()

    def pull(self) -> None:
        assert self._is_in.is_set(), "the cable is out already"
        self._is_in = trio.Event()

    def put_in(self) -> None:
        self.cut()
        self._is_in.set()

    def cut(self) -> None:
        for scope in self._connections:
            scope.cancel()

    async def serve(self, inward: trio.SocketStream) -> None:
        await self._is_in.wait()
        outward = await trio.open_tcp_stream(self.host, self.port)
        async with inward, outward, trio.open_nursery() as nursery:
            self._connections.add(nursery.cancel_scope)
            try:
                nursery.start_soon(self._carry, inward, outward, nursery.cancel_scope)
                await self._carry(outward, inward, nursery.cancel_scope)
            finally:
                self._connections.discard(nursery.cancel_scope)

    async def _carry(
        self, source: trio.SocketStream, sink: trio.SocketStream, end: trio.CancelScope
    ) -> None:
        try:
            while data := await source.receive_some(CHUNK_BYTES):
                await self._is_in.wait()
                await sink.send_all(data)
            await sink.send_eof()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            end.cancel()


@contextmanager
def laid(url: str) -> Iterator[Cable]:
    """Lay a cable to the house for the length of the block."""
    there = urlsplit(url)
    assert there.hostname is not None
    assert there.port is not None
    made: queue.SimpleQueue[Cable] = queue.SimpleQueue()

    async def run(host: str, port: int) -> None:
        (listener,) = await trio.open_tcp_listeners(0, host=HOST)
        here = listener.socket.getsockname()[1]
        async with trio.open_nursery() as nursery:
            line = _Line(host, port, nursery)
            nursery.start_soon(trio.serve_listeners, line.serve, [listener])
            made.put(Cable(f"http://{HOST}:{here}", trio.lowlevel.current_trio_token(), line))

    thread = threading.Thread(target=trio.run, args=(run, there.hostname, there.port))
    thread.start()
    cable = made.get(timeout=START_S)
    try:
        yield cable
    finally:
        cable.take_up()
        thread.join()
