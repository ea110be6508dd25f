"""Bid increments: which step follows which price.

Owns: ladders and the built-in ones. Invariant: a Ladder starts at 0, rises strictly and its steps
never shrink, so that `min_next` grows with the price. Source: rule 1.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

import attrs

BUILT_IN: dict[str, tuple[tuple[int, int], ...]] = {
    "gala": (
        (0, 500),
        (10_000, 1_000),
        (25_000, 2_500),
        (50_000, 5_000),
        (100_000, 10_000),
        (250_000, 25_000),
        (500_000, 50_000),
        (1_000_000, 100_000),
        (2_500_000, 250_000),
        (7_500_000, 500_000),
    ),
    "ebay": (
        (0, 5),
        (100, 25),
        (500, 50),
        (2_500, 100),
        (10_000, 250),
        (25_000, 500),
        (50_000, 1_000),
        (100_000, 2_500),
        (250_000, 5_000),
        (500_000, 10_000),
    ),
}


@attrs.frozen
class Ladder:
    """Rungs `(from, step)`: the step of a price is that of the greatest `from` at or below it."""

    rungs: tuple[tuple[int, int], ...]
    _starts: tuple[int, ...] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_starts", tuple(start for start, _ in self.rungs))

    def step(self, price: int) -> int:
        """Give the step at a price, both in the minor unit."""
        return self.rungs[bisect_right(self._starts, price) - 1][1]


def ladder_fault(rungs: Sequence[tuple[int, int]]) -> str | None:
    """Say what is wrong with a ladder's rungs, None when nothing is."""
    if not rungs or rungs[0][0] != 0:
        return "a ladder starts at 0"
    for (start, step), (next_start, next_step) in pairwise(rungs):
        if next_start <= start:
            return "a ladder rises strictly"
        if next_step < step:
            return "a ladder's steps never shrink"
    if rungs[0][1] < 1:
        return "a ladder's steps are at least 1"
    return None


def named_ladder(name: str) -> Ladder | None:
    """Give a built-in ladder, or `flat:N`; None for an unknown name."""
    if name in BUILT_IN:
        return Ladder(BUILT_IN[name])
    kind, _, step = name.partition(":")
    if kind == "flat" and step.isascii() and step.isdigit() and len(step) <= 13 and int(step) >= 1:
        return Ladder(((0, int(step)),))
    return None
