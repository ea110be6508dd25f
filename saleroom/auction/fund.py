"""A fund: what has been pledged on a pledge lot, and what matches and challenges add to it.

Owns: the standing pledges, their sums, and the arithmetic of matching. Invariant: `total` is the
sum of the standing pledges; `match` is what they were given by matches, and the challenges met.
Source: rules 22 and 23.
"""

from __future__ import annotations

import attrs


@attrs.frozen
class Pledge:
    """count times `level`. matched: what a match gave for it. source: that match's seq."""

    seq: int
    paddle: int
    level: int
    count: int
    matched: int = 0
    source: int | None = None

    @property
    def amount(self) -> int:
        return self.level * self.count


@attrs.frozen
class Matching:
    """A match that acts on new pledges. used: what it has given of its cap."""

    seq: int
    ratio_percent: int
    cap: int
    used: int = 0


@attrs.frozen
class Challenge:
    """A challenge that has not been met: `amount` is added when the pledges reach `threshold`."""

    threshold: int
    amount: int


@attrs.define
class Fund:
    """What stands on a pledge lot. pledges: by seq. by_paddle: the seqs of each donor's."""

    total: int = 0
    match: int = 0
    pledges: dict[int, Pledge] = attrs.field(factory=dict)
    by_paddle: dict[int, list[int]] = attrs.field(factory=dict)
    matching: Matching | None = None
    challenge: Challenge | None = None

    @property
    def donors(self) -> int:
        return len(self.by_paddle)

    def has_pledged(self, paddle: int, level: int) -> bool:
        """Say whether a paddle has a standing pledge at this very level."""
        return any(self.pledges[seq].level == level for seq in self.by_paddle.get(paddle, ()))

    def matched(self, amount: int) -> int:
        """Give what the present match adds to a pledge."""
        matching = self.matching
        if matching is None:
            return 0
        return min(amount * matching.ratio_percent // 100, matching.cap - matching.used)

    def add(self, pledge: Pledge) -> None:
        """Take a pledge, and what its match gives."""
        self.pledges[pledge.seq] = pledge
        self.by_paddle.setdefault(pledge.paddle, []).append(pledge.seq)
        self.total += pledge.amount
        self._give(pledge, pledge.matched)

    def void(self, seq: int) -> Pledge:
        """Take a pledge out; its match gets back what it gave while it is the present one."""
        pledge = self.pledges.pop(seq)
        left = self.by_paddle[pledge.paddle]
        left.remove(seq)
        if not left:
            del self.by_paddle[pledge.paddle]
        self.total -= pledge.amount
        self._give(pledge, -pledge.matched)
        return pledge

    def renumber(self, old: int, new: int) -> None:
        """Move a donor's pledges to another paddle."""
        if old in self.by_paddle:
            self.by_paddle[new] = self.by_paddle.pop(old)
            for seq in self.by_paddle[new]:
                self.pledges[seq] = attrs.evolve(self.pledges[seq], paddle=new)

    def copy(self) -> Fund:
        """Copy it; changing either leaves the other alone."""
        by_paddle = {paddle: list(seqs) for paddle, seqs in self.by_paddle.items()}
        return attrs.evolve(self, pledges=dict(self.pledges), by_paddle=by_paddle)

    def _give(self, pledge: Pledge, amount: int) -> None:
        self.match += amount
        matching = self.matching
        if matching is not None and pledge.source == matching.seq:
            self.matching = attrs.evolve(matching, used=matching.used + amount)
