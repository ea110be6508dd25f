"""A member of the audience: one connection that gets an event's feed.

Owns: where the connection stands in the feed and in which form it gets it. Invariant: its cursor is
the next seq it is owed, and never steps back. Must not know: what is sent, or when.
Source: PROTOCOL 2 and 4.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import attrs

LEFT = 2**63
"""The cursor of who has left: no broadcast comes there."""


class Wire(Protocol):
    """What the audience needs of a socket; see http/door/stream.py."""

    on_drained: Callable[[], None] | None

    @property
    def unsent_bytes(self) -> int: ...

    @property
    def unsent_since(self) -> float | None: ...

    def send_nowait(self, frame: bytes) -> bool: ...

    def finish_nowait(self, last_frame: bytes, *, keep_queued: bool = False) -> None: ...


@attrs.define(eq=False)
class Member:
    """One connection in the audience.

    cursor: the next seq it is owed. is_behind: it is fed from the tail, at its own pace.
    behind_since: when it last took anything (trio time). owed: notices kept while it is behind.
    is_new: it has not heard the newest bulletin. send: the wire's `send_nowait`.
    form: (is_conflated, is_staff, is_new) of what it is sent, but for the first bulletin.
    """

    wire: Wire
    user: str | None
    paddle: int | None
    is_staff: bool
    is_conflated: bool
    cursor: int
    is_behind: bool = False
    behind_since: float = 0.0
    owed: dict[tuple[str, int], bytes] = attrs.field(factory=dict)
    is_new: bool = True
    send: Callable[[bytes], bool] = attrs.field(init=False)
    form: tuple[bool, bool, bool] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.send = self.wire.send_nowait
        self.form = (self.is_conflated, self.is_staff, False)

    def rank(self, *, is_staff: bool) -> None:
        """Count it among staff, or among those who get the conflated feed and no more."""
        self.is_staff = is_staff
        self.is_conflated |= not is_staff
        self.form = (self.is_conflated, self.is_staff, False)

    def take_form(self) -> tuple[bool, bool, bool]:
        """Give the form of a bulletin; whoever takes it has heard it."""
        if not self.is_new:
            return self.form
        self.is_new = False
        return (self.is_conflated, self.is_staff, True)
