"""A websocket without a socket: what a session and an audience need, and what a client sees.

Owns: both ends of one connection. Invariant: frames reach the client whole and in order, or, once
the line is over, not at all; a client that does not read leaves them unsent. Source:
http/door/stream.py and http/door/websocket.py, whose promises it keeps.
"""

from __future__ import annotations

import json
import struct
from collections import deque
from collections.abc import Callable
from typing import Any

import orjson
import trio

from saleroom.protocol.close import ConnectionClosed
from saleroom.protocol.frames import close_frame

TEXT, CLOSE, PING = 0x1, 0x8, 0x9

Message = dict[str, Any]


class Line:
    """One connection. `stream` is the line itself."""

    def __init__(self, path: str = "/ws/v1/events/gala") -> None:
        self.path = path
        self.last_seen = trio.current_time()
        self.on_drained: Callable[[], None] | None = None
        self.writes: list[bytes] = []
        self.write_times: list[float] = []
        self.is_reading = True
        self.ended: int | None = None
        self._read = 0
        self._unsent: deque[tuple[bytes, float]] = deque()
        self._said: deque[str] = deque()
        self._heard = trio.Event()

    # The server's end

    @property
    def stream(self) -> Line:
        return self

    @property
    def unsent_bytes(self) -> int:
        return sum(len(frame) for frame, _ in self._unsent)

    @property
    def unsent_since(self) -> float | None:
        return self._unsent[0][1] if self._unsent else None

    def send_nowait(self, frame: bytes) -> bool:
        assert frame, "an empty write is no frame"
        if self.ended is None:
            self._unsent.append((frame, trio.current_time()))
            self._flush()
        return not self._unsent

    def finish_nowait(self, last_frame: bytes, *, keep_queued: bool = False) -> None:
        if self.ended is None:
            if not keep_queued:
                self._unsent.clear()
            self.send_nowait(last_frame)
            self._end(struct.unpack_from("!H", last_frame, 2)[0])

    async def receive(self) -> str:
        while True:
            await trio.lowlevel.checkpoint()
            if self.ended is not None:
                raise ConnectionClosed(self.ended, "")
            if self._said:
                self.last_seen = trio.current_time()
                return self._said.popleft()
            self._heard = trio.Event()
            await self._heard.wait()

    async def close(self, code: int, reason: str) -> None:
        await trio.lowlevel.checkpoint()
        self.finish_nowait(close_frame(code, reason), keep_queued=True)

    # The client's end

    def say(self, type: str, **fields: Any) -> None:
        self.say_text(json.dumps({"type": type, **fields}))

    def say_text(self, text: str) -> None:
        self._said.append(text)
        self._heard.set()

    def pong(self) -> None:
        self.last_seen = trio.current_time()

    def hang_up(self) -> None:
        self._unsent.clear()
        if self.ended is None:
            self._end(1006)

    def stop_reading(self) -> None:
        self.is_reading = False

    def read_once(self) -> None:
        """Read all that is unsent now, and stop again."""
        self.read_on()
        self.is_reading = False

    def read_on(self) -> None:
        self.is_reading = True
        self._flush()

    def messages(self) -> list[Message]:
        """Give every message read so far."""
        return [message for frame in self.text_frames() for message in orjson.loads(frame)]

    def news(self) -> list[Message]:
        """Give the messages read since the last call."""
        messages = self.messages()
        new, self._read = messages[self._read :], len(messages)
        return new

    def of_type(self, *types: str) -> list[Message]:
        return [message for message in self.messages() if message["type"] in types]

    def seqs(self) -> list[int]:
        """Give every seq that the feed messages read so far stand for."""
        return [
            seq
            for message in self.of_type("feed")
            for seq in range(message["from"], message["to"] + 1)
        ]

    def text_frames(self) -> list[bytes]:
        return [payload for opcode, payload in self.frames() if opcode == TEXT]

    def frames(self) -> list[tuple[int, bytes]]:
        return [frame for write in self.writes for frame in split_frames(write)]

    def _flush(self) -> None:
        while self._unsent and self.is_reading:
            self.writes.append(self._unsent.popleft()[0])
            self.write_times.append(trio.current_time())
            if not self._unsent and self.on_drained is not None:
                self.on_drained()

    def _end(self, code: int) -> None:
        self.ended = code
        self._heard.set()


def split_frames(data: bytes) -> list[tuple[int, bytes]]:
    """Split whole, unmasked, unfragmented frames: (opcode, payload)."""
    found = []
    while data:
        first, size, start = data[0], data[1], 2
        assert first & 0x80
        assert size < 0x80
        if size == 126:
            size, start = struct.unpack_from("!H", data, 2)[0], 4
        elif size == 127:
            size, start = struct.unpack_from("!Q", data, 2)[0], 10
        assert len(data) >= start + size
        found.append((first & 0xF, data[start : start + size]))
        data = data[start + size :]
    return found
