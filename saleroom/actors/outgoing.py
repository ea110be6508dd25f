"""Answers on their way out: those that are ready in one moment leave in one frame per socket.

Owns: the answers held back while more are being made. Invariant: what is sent while others gather
leaves at the end of the gathering, whatever ended it, each sender's in order; at any other time it
leaves at once. Must not know: sockets, or what an answer says. Source: ARCHITECTURE 2 (step 4),
PROTOCOL 1 (a server frame holds one or more messages).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import attrs

Send = Callable[[bytes], None]
"""Sends JSON objects, with commas between them, as one frame."""


@attrs.define(eq=False)
class Outgoing:
    """One event's answers."""

    _held: dict[Send, list[bytes]] | None = attrs.field(init=False, default=None)

    def send(self, send: Send, answer: bytes) -> None:
        """Send an answer, now or with those that gather."""
        if self._held is None:
            send(answer)
        elif send in self._held:
            self._held[send].append(answer)
        else:
            self._held[send] = [answer]

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """Hold answers back until the block ends; nothing in it waits."""
        held = self._held = {}
        try:
            yield
        finally:
            self._held = None
            for send, answers in held.items():
                send(b",".join(answers))
