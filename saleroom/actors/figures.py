"""Figures: what an event counts of its own work, cheaply enough for every bid.

Owns: plain counts and bucketed times. Invariant: times are noted once per batch or slice, for all
in it together, and commands are counted in one pass over a batch, so that a bid costs no more than
a fraction of a microsecond; nothing here names a user. Must not know: who reads.
Source: ARCHITECTURE 4 ("The tree's picture"), the Prometheus text format.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator

import attrs

from saleroom.auction import commands as c
from saleroom.auction.book import Outcome
from saleroom.auction.commands import Command

DECISION_BOUNDS_S = (2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 1e-2)
COMMIT_BOUNDS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
BROADCAST_BOUNDS_S = (0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0)
WAY_BOUNDS_S = tuple(0.0005 * 2 ** (step / 4) for step in range(60))
"""From half a millisecond to 14 s, each a fifth above the one before."""
LATELY_S = 10.0
ACCEPTED = "accepted"
BIDS = (c.PlaceBid, c.SetMaxBid, c.Buy, c.Pledge, c.FloorBid)


@attrs.define(eq=False)
class Times:
    """A histogram of durations in seconds. counts: up to each bound, and one beyond all."""

    bounds: tuple[float, ...]
    counts: list[int] = attrs.field(init=False)
    total_s: float = attrs.field(init=False, default=0.0)

    @counts.default
    def _default_counts(self) -> list[int]:
        return [0] * (len(self.bounds) + 1)

    def note(self, seconds: float, times: int = 1) -> None:
        """Note a duration that `times` things took each."""
        self.counts[bisect_left(self.bounds, seconds)] += times
        self.total_s += seconds * times

    def buckets(self) -> Iterator[tuple[str, int]]:
        """Give the sums up to each bound, as a scrape reads them."""
        total = 0
        for bound, count in zip((*self.bounds, None), self.counts, strict=True):
            total += count
            yield ("+Inf" if bound is None else repr(bound)), total


@attrs.define(eq=False)
class Deliveries:
    """How long commands take from the mailbox to the last socket, as it was lately.

    A feed counts as long as the oldest command in it took. Two histograms take turns, so that a
    quantile is of the last `LATELY_S` seconds at least, and of twice that at most.
    """

    _since: float = attrs.field(init=False, default=math.inf)
    _commands: int = attrs.field(init=False, default=0)
    _on_the_way: tuple[float, int] = attrs.field(init=False, default=(math.inf, 0))
    _times: Times = attrs.field(init=False, factory=lambda: Times(WAY_BOUNDS_S))
    _before: Times = attrs.field(init=False, factory=lambda: Times(WAY_BOUNDS_S))
    _turned_at: float = attrs.field(init=False, default=0.0)

    def left(self, entered: float, commands: int) -> None:
        """Note a batch that is durable. entered: when its oldest command came in."""
        self._since = min(self._since, entered)
        self._commands += commands

    def set_out(self) -> None:
        """Note that all that is durable is on its way to every socket."""
        self._on_the_way = (self._since, self._commands)
        self._since, self._commands = math.inf, 0

    def arrived(self, now: float) -> None:
        """Note that all that set out has been written to every socket."""
        since, commands = self._on_the_way
        if commands:
            self._turn(now)
            self._times.note(now - since, commands)
        self._on_the_way = (math.inf, 0)

    def quantile_ms(self, share: float, now: float) -> float | None:
        """Give what this share of commands took at most, None when there were none lately."""
        self._turn(now)
        counts = [a + b for a, b in zip(self._times.counts, self._before.counts, strict=True)]
        wanted, seen = share * sum(counts), 0
        for bound, count in zip((*WAY_BOUNDS_S, WAY_BOUNDS_S[-1]), counts, strict=True):
            seen += count
            if seen and seen >= wanted:
                return round(bound * 1000, 1)
        return None

    def _turn(self, now: float) -> None:
        age_s = now - self._turned_at
        if age_s >= LATELY_S:
            self._before = self._times if age_s < 2 * LATELY_S else Times(WAY_BOUNDS_S)
            self._times = Times(WAY_BOUNDS_S)
            self._turned_at = now


@attrs.define(eq=False)
class Figures:
    """One event's figures, over all incarnations in this process."""

    decisions: Times = attrs.field(init=False, factory=lambda: Times(DECISION_BOUNDS_S))
    commits: Times = attrs.field(init=False, factory=lambda: Times(COMMIT_BOUNDS_S))
    broadcasts: Times = attrs.field(init=False, factory=lambda: Times(BROADCAST_BOUNDS_S))
    deliveries: Deliveries = attrs.field(init=False, factory=Deliveries)
    welcomes: int = attrs.field(init=False, default=0)
    resumes: int = attrs.field(init=False, default=0)
    _answers: Counter[tuple[type[Command], str]] = attrs.field(init=False, factory=Counter)

    def note_outcomes(self, outcomes: Iterable[Outcome]) -> None:
        """Count what became of the commands of a batch."""
        self._answers.update(
            [
                (
                    outcome.asked.command.__class__,
                    ACCEPTED if outcome.refusal is None else outcome.refusal.code.name,
                )
                for outcome in outcomes
                if outcome.asked is not None
            ]
        )

    def answers(self) -> dict[tuple[type[Command], str], int]:
        """Give how many commands of each kind came to each result."""
        return dict(self._answers)

    def bids_decided(self) -> int:
        """Count the bids that were taken or refused."""
        return sum(count for (kind, _), count in self._answers.items() if kind in BIDS)
