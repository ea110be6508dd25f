"""The audience: everyone who gets an event's feed, and the one broadcast that serves them.

Owns: the members, where each stands in the feed, and the writing of frames. Invariant: each member
gets every seq once and in order; one encoding per form serves all; nobody waits for a slow one.
It reads the published state and never changes it. Source: ARCHITECTURE 2 and 5, PROTOCOL 4 and 5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import takewhile
from typing import Protocol

import attrs
import trio

from saleroom.actors.published import Before, Published
from saleroom.auction.lot import Win
from saleroom.auction.state import leaderboard
from saleroom.protocol import notices
from saleroom.protocol.close import Close
from saleroom.protocol.feed import feed_message
from saleroom.protocol.frames import close_frame, text_frame
from saleroom.protocol.views import LEADERBOARD_TOP, own_max
from saleroom.protocol.wire_facts import WireFact

CATCH_UP_FACTS = 250
"""Facts of one message to a reader that is behind: tens of KiB, a small part of a slow bound."""
LEFT = 2**63
"""The cursor of who has left: no broadcast comes there."""
REST_LEAST_S = 0.001
"""A broadcast shorter than this starves nobody: the loop goes round between its slices."""
TURN_SHARE = 0.382
"""How far the start moves from broadcast to broadcast: the golden section spreads it evenly."""


class Wire(Protocol):
    """What the audience needs of a socket; see http/stream.py."""

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
    is_new: it has not heard the newest leaderboard and presence. send: the wire's `send_nowait`.
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

    def __attrs_post_init__(self) -> None:
        self.send = self.wire.send_nowait


class Feed:
    """Consecutive facts as one frame per form, each encoded when it is first sent."""

    def __init__(self, facts: Sequence[WireFact], first: int, last: int) -> None:
        self.first, self.last = first, last
        self._facts = facts

    @cached_property
    def conflated(self) -> bytes:
        return _frame_of([feed_message(self._facts, conflated=True)])

    @cached_property
    def full(self) -> bytes:
        return _frame_of([feed_message(self._facts, conflated=False)])


@attrs.frozen
class AudienceLimits:
    """slice: sends between two looks at the loop. outbox: what a slow reader may have unsent."""

    slice_sends: int = 250
    outbox_bytes: int = 1_048_576
    outbox_age_s: float = 5.0
    period_s: float = 1.0


@attrs.frozen
class AudienceStatistics:
    members: int
    behind: int
    feeds: int
    frames: int
    slow_cut: int


@attrs.define(eq=False)
class Audience:
    """The members of one event and their feed.

    `published` may be replaced by a newer one while nobody broadcasts; seqs go on.
    """

    published: Published
    limits: AudienceLimits = AudienceLimits()
    _members: dict[Member, None] = attrs.field(init=False, factory=dict)
    _by_paddle: dict[int, dict[Member, None]] = attrs.field(init=False, factory=dict)
    _sent: int = attrs.field(init=False, default=0)
    _start: int = attrs.field(init=False, default=0)
    _news: trio.Event = attrs.field(init=False, factory=trio.Event)
    _board: bytes = attrs.field(init=False, default=b"")
    _board_position: int = attrs.field(init=False, default=-1)
    _presence: bytes = attrs.field(init=False, default=b"")
    _staff_presence: bytes = attrs.field(init=False, default=b"")
    _feeds: int = attrs.field(init=False, default=0)
    _frames: int = attrs.field(init=False, default=0)
    _slow_cut: int = attrs.field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self._sent = self.published.tail.last_seq

    # Members

    def join(self, member: Member) -> None:
        """Admit a member; from its cursor on it gets every fact. No await since it was set."""
        self._members[member] = None
        self._seat(member, member.paddle)
        if member.cursor <= self._sent:
            self._fall_behind(member)
            self._feed_behind(member)

    def leave(self, member: Member) -> None:
        """Let a member go. Idempotent."""
        self._members.pop(member, None)
        self._seat(member, None)
        member.cursor = LEFT
        member.wire.on_drained = None

    def send_away(self, code: Close) -> None:
        """Close every connection, after what is queued."""
        self._end(list(self._members), code)

    def members(self) -> Iterator[Member]:
        """Go over the members of now."""
        return iter(list(self._members))

    def of_paddle(self, paddle: int) -> list[Member]:
        """Give a paddle's connections."""
        return list(self._by_paddle.get(paddle, ()))

    def wake(self) -> None:
        """Say that the published state has moved."""
        self._news.set()

    def statistics(self) -> AudienceStatistics:
        """Count members and what was sent."""
        behind = sum(member.is_behind for member in self._members)
        return AudienceStatistics(
            len(self._members), behind, self._feeds, self._frames, self._slow_cut
        )

    # The broadcast

    async def broadcast_forever(self) -> None:
        """Send what is new, rest as long as that took, and again; until cancelled."""
        while True:
            await self._news.wait()
            self._news = trio.Event()
            began = trio.current_time()
            await self._broadcast()
            took = trio.current_time() - began
            if took >= REST_LEAST_S:
                await trio.sleep(took)

    async def _broadcast(self) -> None:
        published = self.published
        first, last = self._sent + 1, published.tail.last_seq
        if published.paddles_moved:
            self._move_paddles()
        if first < published.tail.first_seq:
            first = published.tail.first_seq
        told = self._take_notices()
        self._sent = last
        if first <= last:
            facts = published.tail.since(first)
            self._feeds += 1
            feed = Feed(facts, first, last)
            for members in self._slices():
                self._send_feed(feed, members)
                await trio.lowlevel.checkpoint()
        for paddle, kind, lot, message in told:
            for member in self.of_paddle(paddle):
                if member.cursor <= last + 1:  # the welcome of a later one has said it
                    self._tell(member, kind, lot, message)
        self._show_out()

    def _send_feed(self, feed: Feed, members: Sequence[Member]) -> None:
        """Send a feed to those who stand at its beginning; others catch up by themselves."""
        first, after = feed.first, feed.last + 1
        for member in members:
            if member.cursor == first and not member.is_behind:
                member.cursor = after
                self._frames += 1
                if not member.send(feed.conflated if member.is_conflated else feed.full):
                    self._check_clog(member)
            elif member.cursor < after and not member.is_behind:
                self._fall_behind(member)
                self._feed_behind(member)

    def _show_out(self) -> None:
        """Close the connections of paddles that were banned; they have been told of the lock."""
        banned, self.published.banned = self.published.banned, set()
        for paddle in banned:
            self._end(self.of_paddle(paddle), Close.BANNED)

    def _end(self, members: Sequence[Member], code: Close) -> None:
        for member in members:
            self.leave(member)
            member.wire.finish_nowait(close_frame(code, code.name), keep_queued=True)

    def _slices(self) -> Iterator[list[Member]]:
        """Give all members in slices, starting from another one each time."""
        members = list(self._members)
        if not members:
            return
        stride = max(1, int(len(members) * TURN_SHARE))
        self._start = (self._start + stride) % len(members)
        members = members[self._start :] + members[: self._start]
        for start in range(0, len(members), self.limits.slice_sends):
            yield members[start : start + self.limits.slice_sends]

    def _move_paddles(self) -> None:
        """Follow users to the paddles that they hold now, so that notices reach none but them."""
        self.published.paddles_moved = False
        paddle_of = self.published.state.paddle_of
        for member in self._members:
            paddle = None if member.user is None else paddle_of.get(member.user)
            if paddle != member.paddle:
                self._seat(member, paddle)

    def _seat(self, member: Member, paddle: int | None) -> None:
        """Count a member for this paddle, and no more for the one it had."""
        if member.paddle is not None and member.paddle in self._by_paddle:
            mates = self._by_paddle[member.paddle]
            mates.pop(member, None)
            if not mates:
                del self._by_paddle[member.paddle]
        member.paddle = paddle
        if paddle is not None:
            self._by_paddle.setdefault(paddle, {})[member] = None

    # Those who are behind

    def _fall_behind(self, member: Member) -> None:
        member.is_behind = True
        member.behind_since = trio.current_time()

    def _feed_behind(self, member: Member) -> None:
        """Send from the tail until the socket is full or the member has caught up."""
        tail = self.published.tail
        member.wire.on_drained = None
        while member.cursor <= self._sent:
            if member.wire.unsent_bytes:
                member.wire.on_drained = lambda: self._feed_behind(member)
                return
            if member.cursor < tail.first_seq:
                self._cut(member)
                return
            most = min(CATCH_UP_FACTS, self._sent - member.cursor + 1)
            facts = tail.since(member.cursor, most)
            message = feed_message(facts, conflated=member.is_conflated)
            member.cursor = facts[-1].seq + 1
            member.behind_since = trio.current_time()
            member.send(_frame_of([message]))
        member.is_behind = False
        member.is_new = True
        owed, member.owed = member.owed, {}
        for message in owed.values():
            member.send(_frame_of([message]))
        if member.wire.unsent_bytes:
            self._check_clog(member)

    def _check_clog(self, member: Member) -> None:
        """Bound what a slow reader has unsent: first conflate, then cut."""
        wire, now = member.wire, trio.current_time()
        if member.is_behind:
            if wire.unsent_bytes and now - member.behind_since >= self.limits.outbox_age_s:
                self._cut(member)
            return
        since = wire.unsent_since
        if since is not None and (
            wire.unsent_bytes >= self.limits.outbox_bytes or now - since >= self.limits.outbox_age_s
        ):
            self._fall_behind(member)
            wire.on_drained = lambda: self._feed_behind(member)

    def _cut(self, member: Member) -> None:
        self._slow_cut += 1
        self.leave(member)
        member.wire.finish_nowait(close_frame(Close.SLOW, Close.SLOW.name))

    # Notices

    def _take_notices(self) -> list[tuple[int, str, int, bytes]]:
        """Compare the lots touched since the last feed: (paddle, kind, lot, message)."""
        published = self.published
        touched, published.touched = published.touched, {}
        told: list[tuple[int, str, int, bytes]] = []
        for number, before in touched.items():
            told += self._notices_of(number, before)
        return told

    def _notices_of(self, number: int, before: Before) -> Iterator[tuple[int, str, int, bytes]]:
        lot = self.published.state.lots[number]
        standing = lot.standing
        leads = standing.leader
        led = before.bidders if before.leader is None else {*before.bidders, before.leader}
        for paddle in led - {leads}:
            message = notices.outbid(number, standing.price, standing.min_next)
            yield paddle, "outbid", number, message
        newest: dict[int, Win] = {}
        for win in takewhile(lambda win: win.seq > before.won_seq, reversed(lot.wins)):
            newest.setdefault(win.paddle, win)
        for paddle, win in newest.items():
            yield paddle, "won", number, notices.won(number, win.amount)
        maxes = {paddle: own_max(lot, paddle) for paddle in (*lot.absentees, *before.maxes)}
        if leads is not None:
            maxes[leads] = own_max(lot, leads)
        for paddle, maximum in maxes.items():
            holds = maximum is not None and maximum != before.maxes.get(paddle)
            if holds:
                yield paddle, "max_changed", number, notices.max_changed(number, maximum)

    def _tell(self, member: Member, kind: str, lot: int, message: bytes) -> None:
        if member.is_behind:
            member.owed[(kind, lot)] = message
        else:
            member.send(_frame_of([message]))

    # What everyone hears once a second

    async def tick_forever(self) -> None:
        """Send the leaderboard and presence when they changed; look after slow readers."""
        while True:
            await trio.sleep(self.limits.period_s)
            await self._tick()

    async def _tick(self) -> None:
        """Tell everyone what changed, and those who are new to it all of it."""
        before = self._board, self._presence, self._staff_presence
        self._look_around()
        board, presence, staff_presence = self._board, self._presence, self._staff_presence
        news = _frame_of([_new(board, before[0]), _new(presence, before[1])])
        staff_news = _frame_of([_new(board, before[0]), _new(staff_presence, before[2])])
        all_of_it = _frame_of([board, presence])
        staff_all_of_it = _frame_of([board, staff_presence])
        for members in self._slices():
            for member in members:
                if member.cursor != LEFT and member.wire.unsent_bytes:
                    self._check_clog(member)
                if member.is_behind or member.cursor == LEFT:
                    continue
                if member.is_new:
                    member.is_new = False
                    frame = staff_all_of_it if member.is_staff else all_of_it
                else:
                    frame = staff_news if member.is_staff else news
                if frame:
                    member.send(frame)
            await trio.lowlevel.checkpoint()

    def _look_around(self) -> None:
        """Note the leaderboard and who is here."""
        state = self.published.state
        if state.position != self._board_position:
            self._board_position = state.position
            top = leaderboard(state)[:LEADERBOARD_TOP]
            self._board = notices.leaderboard_update(top, state.raised)
        paddles = sorted(self._by_paddle)
        spectators = sum(m.paddle is None and not m.is_staff for m in self._members)
        self._presence = notices.presence(len(paddles), spectators)
        self._staff_presence = notices.presence(len(paddles), spectators, paddles)


def _new(now: bytes, before: bytes) -> bytes:
    """Give what changed; nothing for nothing."""
    return now if now != before else b""


def _frame_of(messages: list[bytes]) -> bytes:
    """Frame what there is; nothing for nothing."""
    present = [message for message in messages if message]
    return text_frame(b"[" + b",".join(present) + b"]") if present else b""
