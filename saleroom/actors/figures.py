"""Figures: what an event counts of its own work, cheaply enough for every bid.

Owns: plain counts and bucketed times. Invariant: times are noted once per batch or slice, for all
in it together, and commands are counted in one pass over a batch, so that a bid costs no more than
a fraction of a microsecond; nothing here names a user. Must not know: who reads.
Source: ARCHITECTURE 4 ("The tree's picture"), the Prometheus text format.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator

import attrs

from saleroom.auction.book import Outcome
from saleroom.auction.commands import Command

DECISION_BOUNDS_S = (2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 1e-2)
COMMIT_BOUNDS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
BROADCAST_BOUNDS_S = (0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0)
ACCEPTED = "accepted"


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
class Figures:
    """One event's figures, over all incarnations in this process."""

    decisions: Times = attrs.field(init=False, factory=lambda: Times(DECISION_BOUNDS_S))
    commits: Times = attrs.field(init=False, factory=lambda: Times(COMMIT_BOUNDS_S))
    broadcasts: Times = attrs.field(init=False, factory=lambda: Times(BROADCAST_BOUNDS_S))
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
