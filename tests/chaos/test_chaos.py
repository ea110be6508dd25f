"""A few rounds of chaos against real processes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.chaos.faults import FAULTS
from tests.chaos.run import Run, deal


@pytest.mark.parametrize(
    "names",
    [("actor crashed",), ("postgres killed", "redis flushed", "two servers")],
    ids=" and ".join,
)
async def test_what_was_promised_holds_whatever_breaks(names: Sequence[str]) -> None:
    told: list[str] = []
    run = Run(told.append)
    await run.play_all(deal([FAULTS[name] for name in names], len(names), seed=42))
    assert run.is_clean, told
    assert {outcome.fault.name for outcome in run.outcomes} == set(names)
    assert all(outcome.verdict.acknowledged > 100 for outcome in run.outcomes)
