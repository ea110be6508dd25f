"""One socket that several writers share: whole frames without waiting, and an ordinary byte stream.

Owns: the socket, its outbox, and the one flusher task that lives while the outbox is not empty.
Invariant: pieces leave in the order in which they were accepted, and a piece that has begun is
completed before another begins, or nothing more is sent at all. Knows nothing of websockets, HTTP
or auctions. Source: ARCHITECTURE 5 ("Direct broadcast") and 6 (traps 3, 5, 9), PROTOCOL 5.
"""

from __future__ import annotations

import enum
import socket as stdlib_socket
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

import attrs
import trio

RECEIVE_BYTES = 16 * 1024  # one read: a client's largest message, or some hundred small ones
FLUSH_BYTES_MAX = 256 * 1024  # what one turn of a flusher may write before the loop goes on


class StartSoon(Protocol):
    """Start a task that the owner of the connection waits for, and cancels at its end."""

    def __call__(self, fn: Callable[[], Awaitable[None]], /) -> None: ...


class _State(enum.Enum):
    OPEN = enum.auto()
    FINISHING = enum.auto()  # the last piece is accepted, the peer may still speak
    BROKEN = enum.auto()  # the peer is gone, or stopped reading for too long
    CLOSED = enum.auto()


@attrs.frozen
class StreamLimits:
    """How long a peer may keep us waiting. All in seconds."""

    stall_s: float = 20.0  # `send_all` without progress: longer than most pauses of a phone
    finish_s: float = 5.0  # from the last piece to the end: the slow-reader bound of PROTOCOL 5
    linger_s: float = 2.0  # a close waits for the peer's, so that unread input resets nothing


@attrs.frozen
class StreamStatistics:
    unsent_bytes: int
    unsent_since: float | None  # trio.current_time()
    overflows: int  # how often the kernel took less than it was given
    flushed_bytes: int  # sent through the outbox
    state: str


class SharedStream(trio.abc.Stream):
    """Take over a connected socket.

    `start_soon` starts the flusher; the tasks it starts must be cancelled when the connection's own
    task ends. One task may read at a time; any number may write. The given `stream` is emptied: its
    socket now belongs to this one.
    """

    __slots__ = (
        "_closed",
        "_direct",
        "_drained",
        "_flushed_bytes",
        "_flushing",
        "_latest",
        "_limits",
        "_lingering",
        "_offset",
        "_outbox",
        "_overflows",
        "_received",
        "_recv",
        "_send",
        "_start_soon",
        "_state",
        "_unsent_bytes",
        "on_drained",
        "socket",
    )

    def __init__(
        self, stream: trio.SocketStream, start_soon: StartSoon, limits: StreamLimits
    ) -> None:
        given = stream.socket
        plain = stdlib_socket.socket(given.family, given.type, given.proto, fileno=given.detach())
        plain.setblocking(False)
        self.socket = trio.socket.from_stdlib_socket(plain)
        self.on_drained: Callable[[], None] | None = None
        # Bound methods of the socket object, never of its number: once closed they fail, and cannot
        # reach a stranger's socket that was given the same number.
        self._send = plain.send
        self._recv = plain.recv
        self._start_soon = start_soon
        self._limits = limits
        self._state = _State.OPEN
        self._direct = True  # open and nothing queued: the kernel may be asked at once
        # An empty deque takes 600 bytes, which most sockets never need.
        self._outbox: deque[tuple[bytes, float]] | None = None
        self._offset = 0  # how much of the first piece the kernel has
        self._unsent_bytes = 0
        self._latest: bytes | None = None
        self._flushing = False
        self._drained: trio.Event | None = None
        self._overflows = 0
        self._flushed_bytes = 0
        self._closed: trio.Event | None = None
        self._received = b""
        self._lingering = False

    @property
    def unsent_bytes(self) -> int:
        return self._unsent_bytes

    @property
    def unsent_since(self) -> float | None:
        """Give the trio time at which the oldest unsent piece was accepted; None without one."""
        return self._outbox[0][1] if self._outbox else None

    @property
    def is_broken(self) -> bool:
        """The peer can receive nothing more: gone, cut, or closed by us."""
        return self._state in (_State.BROKEN, _State.CLOSED)

    @property
    def is_finishing(self) -> bool:
        return self._state is _State.FINISHING

    def statistics(self) -> StreamStatistics:
        return StreamStatistics(
            self._unsent_bytes,
            self.unsent_since,
            self._overflows,
            self._flushed_bytes,
            self._state.name.lower(),
        )

    def send_nowait(self, frame: bytes) -> bool:
        """Write whole frames, now or through the outbox; say whether the kernel has all of it.

        A stream that is over drops them.
        """
        if not self._direct:
            if self._state is _State.OPEN:
                self._queue(frame)
            return False
        send = self._send
        try:
            sent = send(frame)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._break()
            return False
        if sent == len(frame):
            return True
        self._overflows += 1
        self._queue(frame)
        self._advance(sent)
        return False

    def send_latest_nowait(self, frame: bytes) -> None:
        """Write a frame of which only the newest matters: while bytes are unsent, it replaces.

        So a peer that asks without reading (a flood of Pings) makes nothing grow.
        """
        if self._direct:
            self.send_nowait(frame)
        elif self._state is _State.OPEN:
            self._latest = frame

    def finish_nowait(self, last_frame: bytes, *, keep_queued: bool = False) -> None:
        """Complete the piece begun, then `last_frame`; then nothing more is accepted.

        Queued pieces that have not begun are dropped, unless `keep_queued`. The peer may still
        speak for `finish_s`; then the socket is closed, whatever it does.
        """
        if self._state is not _State.OPEN:
            return
        if self._outbox and not keep_queued:
            first = self._outbox[0]
            self._outbox.clear()
            self._unsent_bytes = 0
            if self._offset:
                self._outbox.append(first)
                self._unsent_bytes = len(first[0]) - self._offset
            else:
                self._outbox = None
                self._direct = True
                self._wake()
        self._latest = None
        self.send_nowait(last_frame)
        if self._state is _State.OPEN:
            self._state = _State.FINISHING
            self._direct = False
            self._start_soon(self._abort_when_overdue)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Write, and wait until the kernel has everything that was accepted so far.

        Raises BrokenResourceError when the peer is gone or takes nothing for `stall_s` (the socket
        is closed then), ClosedResourceError after the end. Cancelled: the data stays accepted, so
        that no frame is ever cut.
        """
        if self._state is _State.BROKEN:
            raise trio.BrokenResourceError("the peer is gone")
        if self._state is not _State.OPEN:
            raise trio.ClosedResourceError("this stream accepts nothing more")
        self.send_nowait(bytes(data))
        await trio.lowlevel.checkpoint()
        await self.wait_drained()
        if self.is_broken:
            raise trio.BrokenResourceError("the peer is gone, or has stopped reading")

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()
        await self.wait_drained()

    async def wait_drained(self) -> None:
        """Return when nothing is unsent, or never will be sent. Closes a peer that stalls."""
        while self._outbox:
            before = self._flushed_bytes
            if self._drained is None:
                self._drained = trio.Event()
            with trio.move_on_after(self._limits.stall_s) as stall:
                await self._drained.wait()
            if stall.cancelled_caught and before == self._flushed_bytes:
                self.abort()

    def unreceive(self, data: bytes) -> None:
        """Put bytes back in front of what `receive_some` will give."""
        self._received = data + self._received

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Give the next bytes; none at the peer's end, or once a close has begun."""
        if self._received:
            await trio.lowlevel.checkpoint()
            limit = max_bytes or RECEIVE_BYTES
            data, self._received = self._received[:limit], self._received[limit:]
            return data
        if self._lingering:
            return b""
        return await self._receive(max_bytes or RECEIVE_BYTES)

    async def aclose(self) -> None:
        """Send what is queued, end our side, wait for the peer's end, close: all bounded.

        Cancelled: the socket is closed at once.
        """
        if self._state is _State.CLOSED:
            await trio.lowlevel.checkpoint()
            return
        if self._closed is not None:
            await self._closed.wait()
            return
        self._closed = trio.Event()
        try:
            with trio.move_on_after(self._limits.finish_s):
                await self.wait_drained()
            await self._linger()
        finally:
            self.abort()
        await trio.lowlevel.checkpoint()

    def abort(self) -> None:
        """Close the socket now. Idempotent; whoever waits on it is woken."""
        if self._state is not _State.CLOSED:
            self._break()
            self._state = _State.CLOSED
            self.socket.close()
            if self._closed is not None:
                self._closed.set()

    async def _receive(self, max_bytes: int) -> bytes:
        # Asking the kernel to wake us first spares the read that would fail: a session has always
        # emptied its socket when it comes here.
        if self._state is _State.CLOSED:
            raise trio.ClosedResourceError("this stream was closed")
        try:
            while True:
                await trio.lowlevel.wait_readable(self.socket)
                try:
                    return self._recv(max_bytes)
                except BlockingIOError:
                    continue
        except OSError as error:
            self._break()
            raise trio.BrokenResourceError(f"the connection broke: {error}") from error

    async def _linger(self) -> None:
        """End our side and read what the peer still sends.

        A socket closed with unread input resets the connection, and what was sent last is lost.
        """
        if self.is_broken or self._lingering:
            return
        self._lingering = True
        try:
            self.socket.shutdown(trio.socket.SHUT_WR)
            with trio.move_on_after(self._limits.linger_s):
                while await self._receive(RECEIVE_BYTES):
                    pass
        except (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            return  # the peer is gone
        except trio.BusyResourceError:
            return  # a reader waits already, so nothing is unread

    async def _abort_when_overdue(self) -> None:
        await trio.sleep(self._limits.finish_s)
        self.abort()

    def _queue(self, frame: bytes) -> None:
        if self._outbox is None:
            self._outbox = deque()
        self._outbox.append((frame, trio.current_time()))
        self._unsent_bytes += len(frame)
        self._direct = False
        if not self._flushing:
            self._flushing = True
            self._start_soon(self._flush)

    async def _flush(self) -> None:
        try:
            while self._outbox:
                await trio.lowlevel.wait_writable(self.socket)
                self._write_some()
        except (OSError, trio.ClosedResourceError):
            self._break()
        finally:
            self._flushing = False

    def _write_some(self) -> None:
        written = 0
        while self._outbox and written < FLUSH_BYTES_MAX:
            piece = self._outbox[0][0]
            try:
                sent = self._send(memoryview(piece)[self._offset :])
            except BlockingIOError:
                return
            written += sent
            self._advance(sent)

    def _advance(self, sent: int) -> None:
        """Account for what the kernel took of the first piece."""
        assert self._outbox
        self._unsent_bytes -= sent
        self._flushed_bytes += sent
        self._offset += sent
        if self._offset < len(self._outbox[0][0]):
            return
        self._offset = 0
        self._outbox.popleft()
        if self._outbox:
            return
        if self._latest is not None:
            latest, self._latest = self._latest, None
            self._queue(latest)
            return
        self._outbox = None
        self._direct = self._state is _State.OPEN
        self._wake()
        if self.on_drained is not None:
            self.on_drained()

    def _break(self) -> None:
        if self._state is not _State.CLOSED:
            self._state = _State.BROKEN
        self._direct = False
        self._outbox = None
        self._offset = self._unsent_bytes = 0
        self._latest = None
        self._wake()

    def _wake(self) -> None:
        if self._drained is not None:
            self._drained.set()
            self._drained = None
