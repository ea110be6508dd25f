"""A run: many rounds, in an order that follows from one seed.

Owns: which houses stand, and what the rounds showed. Invariant: a round that cannot be played to
its end is told of and not forgotten; its house is built anew, so that the rounds after it count.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

import attrs
import httpx
import trio

from saleroom.cli_shared import first_error
from saleroom.client import SaleClosed
from saleroom.storage.ports import StoreError
from tests.chaos.faults import Fault
from tests.chaos.house import House, Kind, open_house
from tests.chaos.report import shown_s
from tests.chaos.round import Outcome, play

SEEDS = 2**32
LOG_LINES = 15
UNPLAYABLE = (AssertionError, trio.TooSlowError, httpx.HTTPError, OSError, StoreError, SaleClosed)
"""How a round ends that could not be played: something was never reached."""


@attrs.frozen
class Round:
    """A round to be played."""

    number: int
    fault: Fault
    seed: int


def deal(faults: Sequence[Fault], rounds: int, seed: int) -> list[Round]:
    """Put rounds in order: all faults, shuffled, again and again."""
    rng = random.Random(seed)
    dealt: list[Round] = []
    while len(dealt) < rounds:
        for fault in rng.sample(faults, len(faults)):
            dealt.append(Round(len(dealt) + 1, fault, rng.randrange(SEEDS)))
    return dealt[:rounds]


@attrs.define(eq=False)
class Run:
    """Rounds played so far. tell: takes a line of progress. broken: rounds without an outcome."""

    tell: Callable[[str], object]
    outcomes: list[Outcome] = attrs.field(factory=list)
    broken: list[str] = attrs.field(factory=list)
    _houses: dict[Kind, tuple[House, AsyncExitStack]] = attrs.field(init=False, factory=dict)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was wrong."""
        return not self.broken and all(outcome.is_clean for outcome in self.outcomes)

    async def play_all(self, rounds: Sequence[Round]) -> None:
        """Play rounds one after the other."""
        async with trio.open_nursery() as nursery:
            try:
                for dealt in rounds:
                    await self._play(dealt, nursery)
            finally:
                for kind in list(self._houses):
                    await self._leave(kind)

    async def _play(self, dealt: Round, nursery: trio.Nursery) -> None:
        fault = dealt.fault
        house = await self._house(fault.house, nursery)
        outcome: Outcome | None = None
        try:
            outcome = await play(fault, house, dealt.seed)
        except* UNPLAYABLE as group:
            error = repr(first_error(group))
            self.broken.append(f"{fault.name}, seed {dealt.seed}: {error}")
            self.tell(f"{dealt.number:>4} {fault.name}: NOT PLAYED TO ITS END: {error}")
            self._tell_log(house)
        if outcome is None:
            await self._leave(fault.house)
            return
        self.outcomes.append(outcome)
        verdict = outcome.verdict
        self.tell(
            f"{dealt.number:>4} {fault.name}: {verdict.acknowledged} acknowledged, "
            f"{verdict.lost} lost, {verdict.doubled} doubled, "
            f"first bid after {shown_s(outcome.recovery_s)}"
        )
        for found in verdict.faults:
            self.tell(f"     FOUND {found}")
        if not outcome.is_clean:
            self._tell_log(house)

    async def _house(self, kind: Kind, nursery: trio.Nursery) -> House:
        if kind not in self._houses:
            stack = AsyncExitStack()
            house = await stack.enter_async_context(open_house(kind, nursery))
            self._houses[kind] = house, stack
        return self._houses[kind][0]

    async def _leave(self, kind: Kind) -> None:
        _, stack = self._houses.pop(kind)
        try:
            await stack.aclose()
        except* (*UNPLAYABLE, subprocess.SubprocessError) as group:
            error = repr(first_error(group))
            self.broken.append(f"the {kind.value} house could not be left in order: {error}")
            self.tell(self.broken[-1])

    def _tell_log(self, house: House) -> None:
        for line in house.server.log_file.read_text().splitlines()[-LOG_LINES:]:
            self.tell(f"     log: {line}")
