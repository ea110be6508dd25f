"""Planted bugs: what the checkers must find.

Owns: one context manager per bug, which changes the product while its block lasts. Invariant: the
product's code knows nothing of them, and each is a mistake that somebody could make.
Source: STYLE "Tests": a test that cannot fail is a defect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import Any
from unittest import mock

import attrs

from saleroom.actors import checkpointer, event, recovery
from saleroom.actors.audience import Audience
from saleroom.actors.bulletin import Board, Bulletin
from saleroom.actors.checkpointer import Checkpointer
from saleroom.actors.clock import Clock
from saleroom.actors.committer import Committer
from saleroom.actors.event import EventActor
from saleroom.actors.mailbox import Envelope, Mailbox
from saleroom.actors.member import Member
from saleroom.actors.published import Published
from saleroom.auction import book, facts, snapshot
from saleroom.auction.book import Book, Outcome
from saleroom.auction.record import next_head
from saleroom.auction.state import EventState
from saleroom.protocol import codec, feed, wire_facts
from saleroom.protocol.views import PublicView
from saleroom.storage.memory import MemoryJournal
from saleroom.storage.ports import Ownership, StoreError, StoreUnavailable

LATE_MS = 400


@attrs.frozen
class Mutation:
    """A planted bug. says: what is wrong, for people; plant: what makes it so."""

    says: str
    plant: Callable[[], ExitStack]


def _patches(*changes: tuple[object, str, Any]) -> ExitStack:
    stack = ExitStack()
    for owner, name, changed in changes:
        stack.enter_context(mock.patch.object(owner, name, changed))
    return stack


def _broadcast_before_commit() -> ExitStack:
    commit, publish = Committer._commit, Committer._publish

    async def publish_and_commit(self: Committer, batch: Any) -> None:
        await publish(self, batch)
        await commit(self, batch)

    async def nothing(self: Committer, batch: Any) -> None:
        """All has been told."""

    return _patches((Committer, "_commit", publish_and_commit), (Committer, "_publish", nothing))


def _forgotten_commands() -> ExitStack:
    sound = recovery.rebuild

    async def rebuild(*args: Any) -> Any:
        rebuilt = await sound(*args)
        rebuilt.book.answers.clear()
        return rebuilt

    return _patches((event, "rebuild", rebuild))


def _resume_off_by_one() -> ExitStack:
    sound = Audience.join

    def join(self: Audience, member: Member) -> None:
        if member.cursor <= self.published.tail.last_seq:
            member.cursor += 1
        sound(self, member)

    return _patches((Audience, "join", join))


def _notices_before_feed() -> ExitStack:
    sound = Audience._take_notices

    def take_notices(self: Audience) -> list[Any]:
        for paddle, kind, lot, message in sound(self):
            for member in self.of_paddle(paddle):
                self._tell(member, kind, lot, message)
        return []

    return _patches((Audience, "_take_notices", take_notices))


def _notices_to_everyone() -> ExitStack:
    def of_paddle(self: Audience, paddle: int) -> list[Member]:
        return [member for member in self.members() if member.paddle is not None]

    return _patches((Audience, "of_paddle", of_paddle))


def _answers_out_of_order() -> ExitStack:
    publish, answer = Committer._publish, Committer._answer
    held: list[tuple[Committer, Outcome, Envelope]] = []

    async def publish_then_answer(self: Committer, batch: Any) -> None:
        await publish(self, batch)
        while held:
            answer(*held.pop())

    def hold(self: Committer, outcome: Outcome, envelope: Envelope) -> None:
        held.append((self, outcome, envelope))

    return _patches((Committer, "_publish", publish_then_answer), (Committer, "_answer", hold))


def _late_deadlines() -> ExitStack:
    sound = EventActor._fire

    def fire(book: Book, committer: Committer, at: int) -> None:
        sound(book, committer, at - LATE_MS)

    def next_due(self: Book) -> int | None:
        due = due_of(self)
        return None if due is None else due + LATE_MS

    due_of = Book.next_due
    return _patches((EventActor, "_fire", staticmethod(fire)), (Book, "next_due", next_due))


def _slow_member_told_twice() -> ExitStack:
    sound = Audience._fall_behind

    def fall_behind(self: Audience, member: Member) -> None:
        sound(self, member)
        member.cursor = max(1, member.cursor - 1)

    return _patches((Audience, "_fall_behind", fall_behind))


def _ack_of_a_failed_commit() -> ExitStack:
    sound = Committer._commit

    async def commit(self: Committer, batch: Any) -> None:
        try:
            await sound(self, batch)
        except StoreError:
            for decided in batch:
                if decided.envelope is not None:
                    self._answer(decided.outcome, decided.envelope)
            raise

    return _patches((Committer, "_commit", commit))


def _term_not_raised() -> ExitStack:
    sound = MemoryJournal.take_term

    async def take_term(self: MemoryJournal, event: str) -> Ownership:
        ownership = await sound(self, event)
        self._journals[event].term = 1
        return attrs.evolve(ownership, term=1)

    return _patches((MemoryJournal, "take_term", take_term))


def _snapshot_without_its_tail() -> ExitStack:
    sound = recovery._read

    async def read(event: str, journal: Any, after: int, upto: int | None, take: Any) -> None:
        if upto is not None or after <= 1:
            await sound(event, journal, after, upto, take)

    return _patches((recovery, "_read", read))


def _snapshot_of_undurable_facts() -> ExitStack:
    sound = snapshot.encode_body

    def encode_body(state: Any, head: bytes, book: Book, *rest: Any) -> Any:
        return sound(book.state, book.head, book, *rest)

    return _patches((checkpointer, "encode_body", encode_body))


def _secret_in_the_feed() -> ExitStack:
    sound = wire_facts._SHAPES[facts.BidPlaced]

    def shape(fact: facts.BidPlaced) -> Mapping[str, Any]:
        return {**sound(fact), "ceiling": fact.ceiling}

    stack = ExitStack()
    stack.enter_context(mock.patch.dict(wire_facts._SHAPES, {facts.BidPlaced: shape}))
    return stack


def _first_of_the_conflated() -> ExitStack:
    def conflated(given: Any, *, for_staff: bool = False) -> list[bytes]:
        kept: dict[object, Any] = {}
        for fact in given:
            kept.setdefault(fact.key if fact.key is not None else fact.seq, fact)
        ordered = sorted(kept.values(), key=lambda fact: fact.seq)
        return [fact.encoded(for_staff=for_staff) for fact in ordered]

    return _patches((feed, "_conflated", conflated))


def _stale_view() -> ExitStack:
    sound = PublicView.touch

    def touch(self: PublicView, lot: int | None) -> None:
        if lot is None:
            sound(self, lot)

    return _patches((PublicView, "touch", touch))


def _refused_after_landing() -> ExitStack:
    sound = Mailbox.redeliver

    def redeliver(self: Mailbox) -> None:
        for envelope in self._taken:
            envelope.crashes = 2
        sound(self)

    return _patches((Mailbox, "redeliver", redeliver))


def _dropped_at_a_crash() -> ExitStack:
    def redeliver(self: Mailbox) -> None:
        self._in_hand = None
        self._taken.clear()

    return _patches((Mailbox, "redeliver", redeliver))


def _answered_twice() -> ExitStack:
    sound = Mailbox.answer

    def answer(self: Mailbox, envelope: Envelope, answer: bytes) -> None:
        if envelope.is_answered:
            envelope.reply(answer)
        sound(self, envelope, answer)

    return _patches((Mailbox, "answer", answer))


def _chain_of_bodies_alone() -> ExitStack:
    def head_of(head: bytes, body: bytes, key: bytes) -> bytes:
        return next_head(b"", body, key)

    return _patches((book, "next_head", head_of))


def _hot_store_not_refilled() -> ExitStack:
    sound = Checkpointer._write_view

    async def write_view(self: Checkpointer, published: Published, dirty: Any) -> None:
        try:
            await sound(self, published, dirty)
        except StoreUnavailable:
            return

    return _patches((Checkpointer, "_write_view", write_view))


def _stale_leaderboard() -> ExitStack:
    sound = Board.look_around

    def look_around(self: Board, state: EventState, *present: Any) -> Bulletin:
        if self._said.board:
            self._position = state.position
        return sound(self, state, *present)

    return _patches((Board, "look_around", look_around))


def _ids_without_bodies() -> ExitStack:
    return _patches((codec, "digest_of", lambda command: "0" * 16))


def _time_from_elsewhere() -> ExitStack:
    elsewhere, sound = count(), Clock.now_ms

    def now_ms(self: Clock) -> int:
        return sound(self) + next(elsewhere) // 1_000

    return _patches((Clock, "now_ms", now_ms))


MUTATIONS: Mapping[str, Mutation] = {
    name: Mutation(says, plant)
    for name, says, plant in (
        (
            "broadcast-before-commit",
            "Facts and answers are told, and then committed.",
            _broadcast_before_commit,
        ),
        (
            "forgotten-commands",
            "A new incarnation does not know which ids were accepted.",
            _forgotten_commands,
        ),
        ("resume-off-by-one", "A resumed feed begins one fact late.", _resume_off_by_one),
        ("notices-before-feed", "Notices overtake the feed they speak of.", _notices_before_feed),
        ("notices-to-everyone", "Notices reach every paddle.", _notices_to_everyone),
        ("answers-out-of-order", "A batch is answered from its end.", _answers_out_of_order),
        ("late-deadlines", "Deadlines fire 400 ms late.", _late_deadlines),
        (
            "slow-member-told-twice",
            "Who falls behind is fed the last fact again.",
            _slow_member_told_twice,
        ),
        ("ack-of-a-failed-commit", "A failed commit is acknowledged.", _ack_of_a_failed_commit),
        ("term-not-raised", "A new incarnation goes on in the old term.", _term_not_raised),
        (
            "snapshot-without-its-tail",
            "Recovery does not read the journal after the snapshot.",
            _snapshot_without_its_tail,
        ),
        (
            "snapshot-of-undurable-facts",
            "A snapshot holds what is decided, not what is committed.",
            _snapshot_of_undurable_facts,
        ),
        ("secret-in-the-feed", "A bid shows the leader's max.", _secret_in_the_feed),
        (
            "first-of-the-conflated",
            "Of several bids in one message the first is kept.",
            _first_of_the_conflated,
        ),
        ("stale-view", "Encoded lots are not encoded anew.", _stale_view),
        (
            "refused-after-landing",
            "At a crash, all that was decided is refused for good.",
            _refused_after_landing,
        ),
        (
            "dropped-at-a-crash",
            "A crash forgets all that was decided.",
            _dropped_at_a_crash,
        ),
        ("answered-twice", "What was answered in doubt is answered again.", _answered_twice),
        ("chain-of-bodies-alone", "A head does not bind the past.", _chain_of_bodies_alone),
        (
            "hot-store-not-refilled",
            "What could not be written to the hot store is forgotten.",
            _hot_store_not_refilled,
        ),
        ("stale-leaderboard", "The leaderboard is computed once.", _stale_leaderboard),
        ("ids-without-bodies", "One id stands for any command.", _ids_without_bodies),
    )
}


@contextmanager
def planted(name: str | None) -> Iterator[None]:
    """Have a bug in the product for the length of the block; None: no bug."""
    if name is None:
        yield
    else:
        with MUTATIONS[name].plant():
            yield


@contextmanager
def chance_from_elsewhere() -> Iterator[None]:
    """Let chance come from outside the seed: what a second run of the same seed must notice."""
    with _time_from_elsewhere():
        yield
