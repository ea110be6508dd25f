"""The feed: public facts in order, gathered into messages, and the tail kept for resuming.

Owns: conflation, feed messages, and which facts are still held. Invariant: the messages a reader
gets name every seq once and in order, `from` following the last `to`; conflation leaves out only
what a later fact of the same message replaces. Source: PROTOCOL sections 2 and 4.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice

import attrs

from saleroom.protocol.wire_facts import WireFact


def feed_message(facts: Sequence[WireFact], *, conflated: bool, for_staff: bool = False) -> bytes:
    """Encode consecutive facts, at least one, as one feed message."""
    if conflated:
        bodies = _conflated(facts, for_staff=for_staff)
    else:
        bodies = [fact.encoded(for_staff=for_staff) for fact in facts]
    return b'{"type":"feed","from":%d,"to":%d,"events":[%s]}' % (
        facts[0].seq,
        facts[-1].seq,
        b",".join(bodies),
    )


def _conflated(facts: Iterable[WireFact], *, for_staff: bool = False) -> list[bytes]:
    """Keep the last fact of each key, in the order of the facts kept."""
    kept: dict[object, tuple[WireFact, int]] = {}
    for fact in facts:
        key = fact.key if fact.key is not None else fact.seq
        _, count = kept.pop(key, (fact, 0))
        kept[key] = (fact, count + 1)
    return [fact.encoded(count, for_staff=for_staff) for fact, count in kept.values()]


@attrs.frozen
class TailLimits:
    """What is held for resuming: so many of the newest facts, or those so young, if more.

    bytes_max: of all that is held, whatever its age; a reader further behind than
    `resume_bytes_max` gets a snapshot anyway.
    """

    facts: int = 10_000
    age_ms: int = 600_000
    bytes_max: int = 67_108_864
    resume_bytes_max: int = 524_288


@attrs.define
class Tail:
    """The newest public facts. last_seq: of the newest taken, also when none is held."""

    limits: TailLimits
    last_seq: int = 0
    _facts: deque[WireFact] = attrs.field(init=False, factory=deque)
    _bytes: int = attrs.field(init=False, default=0)

    @property
    def first_seq(self) -> int:
        """The oldest seq held; one past the newest when none is."""
        return self.last_seq - len(self._facts) + 1

    def add(self, fact: WireFact) -> None:
        """Take the next fact; drop those past the limits."""
        facts, limits = self._facts, self.limits
        facts.append(fact)
        self.last_seq = fact.seq
        self._bytes += len(fact.body)
        while self._bytes > limits.bytes_max or (
            len(facts) > limits.facts and fact.at - facts[0].at > limits.age_ms
        ):
            self._bytes -= len(facts.popleft().body)

    def since(self, seq: int, most: int | None = None) -> list[WireFact]:
        """Give the facts from `seq` on, at most `most`. Those asked for are held."""
        start = seq - self.first_seq
        stop = None if most is None else start + most
        if start * 2 < len(self._facts):
            return list(islice(self._facts, start, stop))
        newest = list(islice(reversed(self._facts), len(self._facts) - start))
        newest.reverse()
        return newest if most is None else newest[:most]

    def can_resume(self, seq: int, *, conflated: bool) -> bool:
        """Say whether a reader that has everything up to `seq` can go on from there."""
        if not self.first_seq - 1 <= seq <= self.last_seq:
            return False
        missing = self.since(seq + 1)
        if sum(len(fact.body) for fact in missing) <= self.limits.resume_bytes_max:
            return True
        return conflated and sum(map(len, _conflated(missing))) <= self.limits.resume_bytes_max
