"""The audience: everyone who gets an event's feed, and the one broadcast that serves them.

Owns: the members, where each stands in the feed, and the writing of frames. Invariant: each member
gets every seq once and in order; one encoding per form serves all; nobody waits for a slow one.
It reads the published state and never changes it. Source: ARCHITECTURE 2 and 5, PROTOCOL 4 and 5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import takewhile

import attrs
import trio

from saleroom.actors.bulletin import Board, Bulletin
from saleroom.actors.figures import BROADCAST_BOUNDS_S, Deliveries, Times
from saleroom.actors.member import LEFT, Member
from saleroom.actors.published import Before, Published
from saleroom.auction.lot import Win
from saleroom.protocol import notices
from saleroom.protocol.close import Close
from saleroom.protocol.feed import feed_message
from saleroom.protocol.frames import close_frame, text_frame
from saleroom.protocol.views import own_max
from saleroom.protocol.wire_facts import WireFact

CATCH_UP_FACTS = 250
"""Facts of one message to a reader that is behind: tens of KiB, a small part of a slow bound."""
REST_LEAST_S = 0.001
"""A broadcast shorter than this starves nobody: the loop goes round between its slices."""
TURN_SHARE = 0.382
"""How far the start moves from broadcast to broadcast: the golden section spreads it evenly."""


class Frames(dict[tuple[bool, bool, bool], bytes]):
    """Consecutive facts, and what everyone hears with them, as one frame per form.

    Its keys are forms: (is_conflated, is_staff, is_new); each is encoded when it is first sent.
    """

    def __init__(self, facts: Sequence[WireFact], bulletin: Bulletin | None) -> None:
        super().__init__()
        self._facts, self._bulletin = facts, bulletin

    def __missing__(self, form: tuple[bool, bool, bool]) -> bytes:
        is_conflated, is_staff, is_new = form
        messages = []
        if self._facts:
            messages.append(feed_message(self._facts, conflated=is_conflated))
        if self._bulletin is not None:
            messages += self._bulletin.messages(is_staff=is_staff, is_new=is_new)
        frame = self[form] = _frame_of(messages)
        return frame


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
    times: Times = attrs.field(factory=lambda: Times(BROADCAST_BOUNDS_S))
    deliveries: Deliveries = attrs.field(factory=Deliveries)
    _members: dict[Member, None] = attrs.field(init=False, factory=dict)
    _by_paddle: dict[int, dict[Member, None]] = attrs.field(init=False, factory=dict)
    _sent: int = attrs.field(init=False, default=0)
    _start: int = attrs.field(init=False, default=0)
    _news: trio.Event = attrs.field(init=False, factory=trio.Event)
    _board: Board = attrs.field(init=False, factory=Board)
    _bulletin_told: trio.Event | None = attrs.field(init=False, default=None)
    _took_s: float = attrs.field(init=False, default=0.0)
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
        """Send what is new, rest as long as the sends took, and again; until cancelled."""
        while True:
            await self._news.wait()
            self._news = trio.Event()
            self._took_s = 0.0
            feeds = self._feeds
            await self._broadcast()
            if self._feeds != feeds:
                self.times.note(self._took_s)
            self.deliveries.arrived(trio.current_time())
            if self._took_s >= REST_LEAST_S:
                await trio.sleep(self._took_s)

    async def tick_forever(self) -> None:
        """Have a broadcast carry the bulletin, a period after the last one; until cancelled."""
        while True:
            await trio.sleep(self.limits.period_s)
            self._bulletin_told = trio.Event()
            self.wake()
            await self._bulletin_told.wait()

    async def _broadcast(self) -> None:
        published = self.published
        first, last = self._sent + 1, published.tail.last_seq
        if published.paddles_moved:
            self._move_paddles()
        if first < published.tail.first_seq:
            first = published.tail.first_seq
        told = self._take_notices()
        self._sent = last
        facts = published.tail.since(first) if first <= last else []
        self._feeds += bool(facts)
        if self._bulletin_told is not None:
            await self._send_bulletin(facts, first, last + 1)
        elif facts:
            frames = Frames(facts, None)
            await self._slice_by_slice(partial(self._send_feed, frames, first, last + 1))
        for paddle, kind, lot, message in told:
            for member in self.of_paddle(paddle):
                if member.cursor <= last + 1:  # the welcome of a later one has said it
                    self._tell(member, kind, lot, message)
        self._show_out()

    async def _slice_by_slice(self, send: Callable[[Sequence[Member]], None]) -> None:
        """Send to all members, and let the loop go round between their slices."""
        for members in self._slices():
            began = trio.current_time()
            send(members)
            self._took_s += trio.current_time() - began
            await trio.lowlevel.checkpoint()

    def _send_feed(self, frames: Frames, first: int, after: int, members: Sequence[Member]) -> None:
        """Send a feed to those who stand at its beginning; others catch up by themselves."""
        for member in members:
            if member.cursor == first and not member.is_behind:
                member.cursor = after
                self._frames += 1
                send = member.send
                if not send(frames[member.form]):
                    self._check_clog(member)
            elif member.cursor < after and not member.is_behind:
                self._fall_behind(member)
                self._feed_behind(member)

    async def _send_bulletin(self, facts: Sequence[WireFact], first: int, after: int) -> None:
        """Send what everyone hears, with the feed if there is one."""
        assert self._bulletin_told is not None
        bulletin = self._board.look_around(self.published.state, self._members, self._by_paddle)
        with_feed, alone = Frames(facts, bulletin), Frames((), bulletin)
        send = partial(self._send_with_bulletin, with_feed, alone, first, after)
        await self._slice_by_slice(send)
        self._bulletin_told.set()
        self._bulletin_told = None

    def _send_with_bulletin(
        self, with_feed: Frames, alone: Frames, first: int, after: int, members: Sequence[Member]
    ) -> None:
        """Send the bulletin with the feed to who is owed one, else alone; look after the slow."""
        for member in members:
            if member.cursor == LEFT:
                continue
            if member.wire.unsent_bytes:
                self._check_clog(member)
            if member.is_behind or member.cursor == LEFT:
                continue
            frames = alone
            if first < after and member.cursor == first:
                member.cursor, frames = after, with_feed
                self._frames += 1
            elif member.cursor < after:
                self._fall_behind(member)
                self._feed_behind(member)
                continue
            frame = frames[member.take_form()]
            if frame and not member.send(frame):
                self._check_clog(member)

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


def _frame_of(messages: list[bytes]) -> bytes:
    """Frame what there is; nothing for nothing."""
    present = [message for message in messages if message]
    return text_frame(b"[" + b",".join(present) + b"]") if present else b""
