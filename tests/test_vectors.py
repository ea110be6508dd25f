"""Scenarios, played through the real actor: those kept here, and those beside the checkout."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from saleroom.rehearsal import Scenario, read_scenarios, rehearse

ROOT = Path(__file__).parent.parent
FILES = [
    *sorted((ROOT / "tests" / "scenarios").glob("*.json")),
    *sorted((ROOT.parent / "shared" / "vectors").glob("*.json")),
]
SCENARIOS = [
    pytest.param(scenario, id=f"{file.parent.name}/{file.stem}: {scenario.name}")
    for file in FILES
    for scenario in read_scenarios(file.read_bytes())
]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario_holds(scenario: Scenario) -> None:
    clock = MockClock()

    async def play() -> list[str]:
        return await rehearse(scenario, clock)

    assert trio.run(play, clock=clock) == []
