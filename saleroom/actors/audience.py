"""The audience: everyone who gets an event's feed, and the one broadcast that serves them.

Owns: the members, where each stands in the feed, and the writing of frames. Invariant: each member
gets every seq once and in order; one encoding per form serves all; nobody waits for a slow one.
It reads the published state and never changes it. Source: ARCHITECTURE 2 and 5, PROTOCOL 4 and 5.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile

import attrs
import trio

from saleroom.actors.bulletin import Board
from saleroom.actors.figures import BROADCAST_BOUNDS_S, Deliveries, Times
from saleroom.actors.member import LEFT, Member
from saleroom.actors.published import Before, Published
from saleroom.actors.ways import Ways, frame_of
from saleroom.auction.lot import Win
from saleroom.protocol import notices
from saleroom.protocol.close import Close
from saleroom.protocol.feed import feed_message
from saleroom.protocol.frames import close_frame
from saleroom.protocol.views import own_max

CATCH_UP_FACTS = 250
"""Facts of one message to a reader that is behind: tens of KiB, a small part of a slow bound."""
REST_LEAST_S = 0.001
"""A broadcast shorter than this starves nobody: the loop goes round between its slices."""
TURN_SHARE = 0.382
"""How far the start moves from broadcast to broadcast: the golden section spreads it evenly."""


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

    `published` may be replaced by a newer one while nobody broadcasts; seqs go on. _sent: up to
    there everyone who keeps up has heard, or hears in this round. _reached: some have heard.
    """

    published: Published
    limits: AudienceLimits = AudienceLimits()
    times: Times = attrs.field(factory=lambda: Times(BROADCAST_BOUNDS_S))
    deliveries: Deliveries = attrs.field(factory=Deliveries)
    _members: dict[Member, None] = attrs.field(init=False, factory=dict)
    _by_paddle: dict[int, dict[Member, None]] = attrs.field(init=False, factory=dict)
    _sent: int = attrs.field(init=False, default=0)
    _reached: int = attrs.field(init=False, default=0)
    _start: int = attrs.field(init=False, default=0)
    _news: trio.Event = attrs.field(init=False, factory=trio.Event)
    _board: Board = attrs.field(init=False, factory=Board)
    _bulletin_told: trio.Event | None = attrs.field(init=False, default=None)
    _took_s: float = attrs.field(init=False, default=0.0)
    _feeds: int = attrs.field(init=False, default=0)
    _frames: int = attrs.field(init=False, default=0)
    _slow_cut: int = attrs.field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self._sent = self._reached = self.published.tail.last_seq

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
            self.deliveries.set_out()
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
        """Go once to every member, with all that is new when its turn comes.

        First those who are told something of their own. What becomes durable meanwhile goes along
        from there on, and whoever had their turn before comes first again in the next round: so
        nothing waits longer than from one turn to the next.
        """
        published = self.published
        if published.paddles_moved:
            self._move_paddles()
        is_level, before = self._reached == self._sent, self._sent
        self._sent = published.tail.last_seq
        self._feeds += self._sent > before
        told, self._bulletin_told = self._bulletin_told, None
        bulletin = None
        if told is not None:
            bulletin = self._board.look_around(published.state, self._members, self._by_paddle)
        ways = Ways(published.tail, None)
        self._tell_notices(ways)
        self._show_out(ways)
        if bulletin is not None:
            ways = Ways(published.tail, bulletin)
        for number, members in enumerate(self._slices(moves_on=is_level)):
            if number:
                await trio.lowlevel.checkpoint()
                if published.tail.last_seq != ways.last:
                    ways = Ways(published.tail, bulletin)
            began = trio.current_time()
            if bulletin is None:
                self._send_feed(ways, members)
            else:
                self._send_with_bulletin(ways, members, is_silent=bulletin.is_silent)
            self._took_s += trio.current_time() - began
        self._reached = ways.last
        if told is not None:
            told.set()

    def _send_feed(self, ways: Ways, members: Sequence[Member]) -> None:
        """Send what is new to each member that keeps up; others catch up by themselves."""
        last, least = ways.last, ways.least
        for member in members:
            cursor = member.cursor
            if cursor > last or member.is_behind:
                continue
            if cursor < least:
                self._fall_behind(member)
                self._feed_behind(member)
                continue
            member.cursor = last + 1
            self._frames += 1
            send = member.send
            if not send(ways[cursor][member.form]):
                self._check_clog(member)

    def _send_with_bulletin(
        self, ways: Ways, members: Sequence[Member], *, is_silent: bool
    ) -> None:
        """Send the bulletin to all, with what is new to whom it is; look after the slow."""
        if is_silent:
            last = ways.last
            members = [m for m in members if m.cursor <= last or m.is_new or m.wire.unsent_bytes]
        for member in members:
            if member.cursor == LEFT:
                continue
            if member.wire.unsent_bytes:
                self._check_clog(member)
            if member.is_behind or member.cursor == LEFT:
                continue
            cursor = member.cursor
            if cursor < ways.least:
                self._fall_behind(member)
                self._feed_behind(member)
                continue
            if cursor <= ways.last:
                member.cursor = ways.last + 1
                self._frames += 1
            frame = ways[cursor][member.take_form()]
            if frame and not member.send(frame):
                self._check_clog(member)

    def _show_out(self, ways: Ways) -> None:
        """Close the connections of paddles that were banned, once they are told of the lock."""
        banned, self.published.banned = self.published.banned, set()
        for paddle in banned:
            members = self.of_paddle(paddle)
            self._send_feed(ways, members)
            self._end(members, Close.BANNED)

    def _end(self, members: Sequence[Member], code: Close) -> None:
        for member in members:
            self.leave(member)
            member.wire.finish_nowait(close_frame(code, code.name), keep_queued=True)

    def _slices(self, *, moves_on: bool) -> Iterator[list[Member]]:
        """Give all members in slices. moves_on: starting from another one than the last time."""
        members = list(self._members)
        if not members:
            return
        if moves_on:
            self._start += max(1, int(len(members) * TURN_SHARE))
        self._start %= len(members)
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
            message = feed_message(facts, conflated=member.is_conflated, for_staff=member.is_staff)
            member.cursor = facts[-1].seq + 1
            member.behind_since = trio.current_time()
            member.send(frame_of([message]))
        member.is_behind = False
        member.is_new = True
        owed, member.owed = member.owed, {}
        for message in owed.values():
            member.send(frame_of([message]))
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

    def _tell_notices(self, ways: Ways) -> None:
        """Tell paddles what the newest facts mean to them, after these facts themselves."""
        for paddle, kind, lot, message in self._take_notices():
            members = self.of_paddle(paddle)
            self._send_feed(ways, members)
            for member in members:
                self._tell(member, kind, lot, message)

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
            member.send(frame_of([message]))
