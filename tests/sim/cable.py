"""A client's connection, watched at both ends.

Owns: when frames are told by the server, and when the client reads them. Invariant: what is read is
what was told, whole and in order, up to where the connection was torn. Source: PROTOCOL 1 and 2.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import lru_cache

import orjson
import trio

from tests.actors.line import PING, TEXT, Line, Message, split_frames


class Cable(Line):
    """One connection. over: set when it has ended.

    on_heard: hears what the server has read, on_told: what it writes, on_read: what the client has
    read; each at that moment.
    """

    def __init__(
        self,
        path: str,
        on_heard: Callable[[str], None],
        on_told: Callable[[bytes, tuple[Message, ...]], None],
        on_read: Callable[[tuple[Message, ...]], None],
    ) -> None:
        super().__init__(path)
        self.over = trio.Event()
        self.answers_pings = True
        self._on_heard = on_heard
        self._on_told = on_told
        self._on_read = on_read
        self._handled = 0

    async def receive(self) -> str:
        text = await super().receive()
        self._on_heard(text)
        return text

    def send_nowait(self, frame: bytes) -> bool:
        if self.ended is None:
            self._on_told(frame, messages_of(frame))
        return super().send_nowait(frame)

    def tear(self, rng: random.Random) -> None:
        """End inside a frame: some of those unsent arrive, of the next one only a part."""
        whole = rng.randint(0, len(self._unsent))
        for frame, _ in list(self._unsent)[:whole]:
            self.writes.append(frame)
        self._hand_over()
        self.hang_up()

    def _flush(self) -> None:
        super()._flush()
        self._hand_over()

    def _hand_over(self) -> None:
        while self._handled < len(self.writes):
            write = self.writes[self._handled]
            self._handled += 1
            if self.answers_pings and has_ping(write):
                self.pong()
            self._on_read(messages_of(write))

    def _end(self, code: int) -> None:
        super()._end(code)
        self.over.set()


@lru_cache(maxsize=256)
def messages_of(write: bytes) -> tuple[Message, ...]:
    """Give the messages of a write; nobody may change them."""
    found: list[Message] = []
    for opcode, payload in split_frames(write):
        if opcode == TEXT:
            found += orjson.loads(payload)
    return tuple(found)


@lru_cache(maxsize=256)
def has_ping(write: bytes) -> bool:
    """Say whether a write holds a Ping."""
    return any(opcode == PING for opcode, _ in split_frames(write))
