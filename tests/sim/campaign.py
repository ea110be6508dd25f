"""A campaign: many seeds, and every planted bug until a seed shows it.

Owns: what is played and what it adds up to. Invariant: each tenth seed is played twice and must
give the same journal; a bug counts as caught only by a finding. Source: I10.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import attrs

from tests.sim.mutations import MUTATIONS
from tests.sim.run import Run, play, replay_command

TWICE_EVERY = 10


@attrs.frozen
class Catch:
    """A planted bug and the first seed that showed it, None for none. checkers: which saw it."""

    mutation: str
    seed: int | None
    checkers: tuple[str, ...] = ()


@attrs.define(eq=False)
class Campaign:
    """What was played. faulty: the runs with something to report. tell: hears of progress."""

    tell: Callable[[str], None]
    start: int = 0
    seeds: int = 0
    twice: int = 0
    virtual_s: float = 0.0
    counts: Counter[str] = attrs.field(factory=Counter)
    faults: Counter[str] = attrs.field(factory=Counter)
    kinds: Counter[str] = attrs.field(factory=Counter)
    refusals: Counter[str] = attrs.field(factory=Counter)
    closes: Counter[str] = attrs.field(factory=Counter)
    faulty: list[Run] = attrs.field(factory=list)
    catches: list[Catch] = attrs.field(factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found where nothing was planted, and everything that was."""
        return not self.faulty and all(catch.seed is not None for catch in self.catches)

    def play_seeds(self, seeds: Iterable[int]) -> None:
        """Play sound evenings."""
        for seed in seeds:
            run = play(seed)
            if seed % TWICE_EVERY == 0:
                run = with_repetition(run, play(seed))
                self.twice += 1
            self._take(run)
            if self.seeds % 100 == 0:
                self.tell(f"{self.seeds} seeds, {len(self.faulty)} with something to report")

    def hunt(self, mutation: str, seeds: Iterable[int]) -> Catch:
        """Play evenings with a bug in the server until one shows it."""
        catch = hunt(mutation, seeds)
        self.catches.append(catch)
        by = f"seed {catch.seed} ({', '.join(catch.checkers)})" if catch.checkers else "no seed"
        self.tell(f"{mutation}: {MUTATIONS[mutation].says} Shown by {by}")
        return catch

    def _take(self, run: Run) -> None:
        self.seeds += 1
        self.virtual_s += run.virtual_s
        for name in ("faults", "kinds", "refusals", "closes"):
            getattr(self, name).update(getattr(run, name))
        for name in ("commands", "accepted", "facts", "frames"):
            self.counts[name] += getattr(run, name)
        if run.findings:
            self.faulty.append(run)
            for line in told(run):
                self.tell(line)


def hunt(mutation: str, seeds: Iterable[int]) -> Catch:
    """Give the first seed that shows a planted bug."""
    for seed in seeds:
        findings = play(seed, mutation).findings
        if findings:
            checkers = dict.fromkeys(finding.partition(":")[0] for finding in findings)
            return Catch(mutation, seed, tuple(checkers))
    return Catch(mutation, None)


def with_repetition(run: Run, again: Run) -> Run:
    """Add what a second run of the same seed shows."""
    if run.journal == again.journal:
        return run
    finding = f"repetition: the journal was {run.journal}, then {again.journal}"
    return attrs.evolve(run, findings=[*run.findings, finding])


def told(run: Run, mutation: str | None = None) -> list[str]:
    """Write what was found in a run, and how to see it again."""
    return [
        f"seed {run.seed}",
        *(f"  {found}" for found in run.findings),
        f"  replay: {replay_command(run.seed, mutation)}",
    ]
