"""Reports: what is said of a figure, and what is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from bench.report import Goal, Machine, Result, write_json
from bench.usage import Cores, Reading, Usage, usage_between

QUIET = Usage(1.0, 0.5, 0.5, 0.1, 0.3, 0.01)
RESULT = Result("room", "one socket", "p99", 12.0, "ms", Goal("<", 50.0), QUIET, [11.0, 12.0])
MACHINE = Machine("a processor", "2", "Linux", (0.1, 0.2, 0.3), "3.11", {"trio": "0.35"}, "abc")


@pytest.mark.parametrize(
    ("goal", "value", "is_met"),
    [
        (Goal("<", 50), 49.9, True),
        (Goal("<", 50), 50, False),
        (Goal("<=", 6), 6, True),
        (Goal("<=", 6), 6.1, False),
        (Goal(">=", 5_000), 5_000, True),
        (Goal(">=", 5_000), 4_999, False),
    ],
)
def test_a_goal_is_met_or_missed(goal: Goal, value: float, is_met: bool) -> None:
    result = attrs.evolve(RESULT, goal=goal, value=value)
    assert result.is_met is is_met
    assert ("MISSED" in result.lines()[0]) is not is_met


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"client_share": 0.9}, ["client's core was 90% busy"]),
        ({"others_share": None}, ["shared their cores"]),
        ({"others_share": 0.2}, ["other processes took 20%"]),
        ({}, []),
    ],
)
def test_what_may_spoil_a_figure_is_said(changes: dict[str, Any], words: list[str]) -> None:
    result = attrs.evolve(RESULT, usage=attrs.evolve(QUIET, **changes))
    said = result.warnings()
    assert len(said) == len(words)
    assert all(word in line for word, line in zip(words, said, strict=True))
    assert all(any(line in shown for shown in result.lines()) for line in said)


def test_a_run_is_kept_as_json(tmp_path: Path) -> None:
    path = tmp_path / "results" / "smoke.json"
    write_json(path, MACHINE, [RESULT])
    kept = json.loads(path.read_text())
    assert kept["format"] == 1
    assert kept["machine"]["commit"] == "abc"
    (result,) = kept["results"]
    assert (result["value"], result["met"], result["spread"]) == (12.0, True, [11.0, 12.0])


def test_usage_tells_ours_from_others() -> None:
    first = Reading(at=10.0, server=1.0, postgres=2.0, client=3.0, core=100.0)
    last = Reading(at=14.0, server=3.0, postgres=2.5, client=4.0, core=103.5)
    usage = usage_between(first, last, Cores(0, 1))
    assert usage == Usage(
        elapsed_s=4.0,
        server_cpu_s=2.0,
        server_share=0.5,
        postgres_share=0.125,
        client_share=0.25,
        others_share=0.25,
    )
    assert usage_between(first, last, Cores(None, None)).others_share is None
