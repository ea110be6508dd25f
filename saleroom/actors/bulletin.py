"""The bulletin: what everyone hears at most once a second, the leaderboard and who is here.

Owns: what was last said of both. Invariant: a bulletin says what changed since the one before, and
all of it to those who are new; the list of connected paddles goes to staff alone.
Must not know: how it is sent, or when. Source: PROTOCOL 4.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import attrs

from saleroom.actors.member import Member
from saleroom.auction.state import EventState, leaderboard
from saleroom.protocol import notices
from saleroom.protocol.views import LEADERBOARD_TOP


@attrs.frozen
class Said:
    """The messages of one moment; empty before there was one."""

    board: bytes = b""
    presence: bytes = b""
    staff_presence: bytes = b""

    def to(self, is_staff: bool) -> tuple[bytes, bytes]:
        """Give what staff are told, or everyone else."""
        return self.board, self.staff_presence if is_staff else self.presence


@attrs.frozen
class Bulletin:
    """What is said now, and what was said before."""

    now: Said
    before: Said

    @property
    def is_silent(self) -> bool:
        """Whether there is nothing to say but to those who are new."""
        return self.now == self.before

    def messages(self, *, is_staff: bool, is_new: bool) -> list[bytes]:
        """Give what changed, or all of it to who is new."""
        told = zip(self.now.to(is_staff), self.before.to(is_staff), strict=True)
        return [message for message, before in told if is_new or message != before]


@attrs.define(eq=False)
class Board:
    """Looks at the event and its audience."""

    _said: Said = attrs.field(init=False, factory=Said)
    _position: int = attrs.field(init=False, default=-1)

    def look_around(
        self, state: EventState, members: Iterable[Member], paddles: Collection[int]
    ) -> Bulletin:
        """Note the leaderboard and who is here. paddles: those connected."""
        board = self._said.board
        if state.position != self._position:
            self._position = state.position
            board = notices.leaderboard_update(leaderboard(state)[:LEADERBOARD_TOP], state.raised)
        spectators = sum(member.paddle is None and not member.is_staff for member in members)
        before = self._said
        self._said = Said(
            board,
            notices.presence(len(paddles), spectators),
            notices.presence(len(paddles), spectators, sorted(paddles)),
        )
        return Bulletin(self._said, before)
