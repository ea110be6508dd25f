"""A websocket as its session sees it: text messages in, framed bytes out, one way to end.

Owns: the reading of frames after the handshake, the answers that RFC 6455 demands (Pong, the
echoed Close), and the limits of what a client may send. Invariant: at most one Close is sent and
nothing follows it; whatever `receive` raises, the connection is over. Must not know: sessions,
commands, identities. There is no task behind a websocket: Pings are answered, and a Close is seen,
while its session waits in `receive`, so a session returns there promptly.
Source: RFC 6455 sections 5-7, PROTOCOL 1 and 5, docs/decisions/0001-websocket-reading.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import attrs
import trio
from wsproto.frame_protocol import Frame, FrameProtocol, Opcode, ParseFailed

from saleroom.http.door.small_frames import SmallFrames
from saleroom.http.door.stream import SharedStream
from saleroom.protocol.close import ConnectionClosed
from saleroom.protocol.frames import close_frame, ping_frame, pong_frame, text_frame

__all__ = ["ConnectionClosed", "Websocket", "close_frame", "ping_frame", "text_frame"]

UNSUPPORTED_DATA = 1003
ABNORMAL = 1006
TOO_BIG = 1009

FRAMES_PER_TURN = 64  # frames read from one buffer before other tasks get a turn: under 1 ms


@attrs.define(slots=True, eq=False)
class Websocket:
    """One accepted websocket.

    path: percent-decoded, without the query. headers: as received, names in lower case.
    last_seen: trio time of the peer's last frame, of any kind. message_bytes_max: of one message,
    however many frames it comes in.
    """

    stream: SharedStream
    path: str
    remote_address: str
    headers: Sequence[tuple[bytes, bytes]] = ()
    subprotocol: str | None = None
    message_bytes_max: int = 16 * 1024
    last_seen: float = attrs.field(factory=trio.current_time)
    _protocol: FrameProtocol = attrs.field(
        init=False, factory=lambda: FrameProtocol(client=False, extensions=[])
    )
    _small: SmallFrames | None = attrs.field(init=False, factory=SmallFrames)
    _parts: list[str | bytes] = attrs.field(init=False, factory=list)
    _parts_bytes: int = attrs.field(init=False, default=0)
    _frames_in_turn: int = attrs.field(init=False, default=0)
    _ended: tuple[int, str] | None = attrs.field(init=False, default=None)

    async def receive(self) -> str:
        """Give the next text message.

        Raises ConnectionClosed when the connection is over; a binary message (1003), a message
        over the limit (1009), text that is not UTF-8 (1007) and a breach of the framing (1002)
        close it first.
        """
        message = await self.receive_message()
        if isinstance(message, bytes):
            await self._fail(UNSUPPORTED_DATA, "text messages only")
        return message

    async def receive_message(self) -> str | bytes:
        """Give the next message, of either kind. Raises ConnectionClosed as `receive`."""
        if self._ended is not None:
            raise ConnectionClosed(*self._ended)
        while self._small is not None:
            text = self._small.take()
            if text is None:
                await self._read()
                continue
            await self._take_turn()
            if not self.stream.is_finishing:
                return text
        while True:
            try:
                frame = next(self._protocol.received_frames(), None)
            except ParseFailed as breach:
                await self._fail(int(breach.code), str(breach))
            if frame is None:
                await self._read()
                continue
            await self._take_turn()
            if frame.opcode is Opcode.TEXT or frame.opcode is Opcode.BINARY:
                message = await self._assemble(frame)
                if message is not None and not self.stream.is_finishing:
                    return message
            elif frame.opcode is Opcode.PING:
                assert isinstance(frame.payload, bytes)
                self.stream.send_latest_nowait(pong_frame(frame.payload))
            elif frame.opcode is Opcode.CLOSE:
                assert isinstance(frame.payload, tuple)
                code, reason = int(frame.payload[0]), frame.payload[1]
                self.stream.finish_nowait(close_frame(code, reason))
                self._end(code, reason)

    def send_nowait(self, frame: bytes) -> bool:
        """Write framed bytes: whole frames, as `text_frame` and `ping_frame` make them."""
        return self.stream.send_nowait(frame)

    async def close(self, code: int, reason: str) -> None:
        """Send what is queued and a Close, wait for the peer's, and end.

        Bounded by the stream's limits; never raises for a peer that is gone. Not while another task
        is in `receive`: from there, cut with `stream.finish_nowait(close_frame(...))`, which makes
        `receive` raise.
        """
        self.stream.finish_nowait(close_frame(code, reason), keep_queued=True)
        try:
            while True:
                await self.receive_message()
        except ConnectionClosed:
            await self.stream.aclose()

    async def _take_turn(self) -> None:
        """Note that the peer lives, and let others go on after so many of its frames."""
        self.last_seen = trio.current_time()
        self._frames_in_turn += 1
        if self._frames_in_turn >= FRAMES_PER_TURN:
            self._frames_in_turn = 0
            await trio.lowlevel.checkpoint()

    async def _read(self) -> None:
        self._frames_in_turn = 0
        try:
            data = await self.stream.receive_some()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            data = b""
        if not data:
            self._end(ABNORMAL, "")
        if self._small is not None and self._small.give(data):
            self.last_seen = trio.current_time()
        else:
            self._small = None
            self._protocol.receive_bytes(data)

    async def _assemble(self, frame: Frame) -> str | bytes | None:
        """Add a piece of a message; give the message when it is whole."""
        piece = frame.payload
        assert isinstance(piece, (str, bytes))
        if frame.message_finished and not self._parts and len(piece) * 4 <= self.message_bytes_max:
            return piece
        if piece:
            is_plain = isinstance(piece, bytes) or piece.isascii()
            self._parts_bytes += len(piece) if is_plain else len(str(piece).encode())
            self._parts.append(piece)
        if self._parts_bytes > self.message_bytes_max:
            await self._fail(TOO_BIG, f"a message is at most {self.message_bytes_max} bytes")
        if not frame.message_finished:
            return None
        empty = "" if frame.opcode is Opcode.TEXT else b""
        message = empty.join(self._parts)  # type: ignore[arg-type]
        self._parts.clear()
        self._parts_bytes = 0
        return message

    async def _fail(self, code: int, reason: str) -> NoReturn:
        """Fail the connection (RFC 6455 7.1.7): a Close, then the end of our side."""
        self.stream.finish_nowait(close_frame(code, reason))
        await self.stream.aclose()
        self._end(code, reason)

    def _end(self, code: int, reason: str) -> NoReturn:
        self._ended = code, reason
        self._parts.clear()
        # The parser is a generator that its own object holds: a cycle, until a full collection.
        self._protocol._parse_more.close()
        raise ConnectionClosed(code, reason)
