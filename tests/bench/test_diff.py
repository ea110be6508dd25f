"""The comparison of two runs: what counts as a change."""

from __future__ import annotations

from typing import Any

import pytest

from bench.diff import diff_lines


def run(
    value: float,
    spread: list[float],
    *,
    relation: str = "<=",
    met: bool = True,
    conditions: str = "",
) -> Any:
    result = {
        "measure": "room",
        "conditions": conditions,
        "value": value,
        "unit": "ms",
        "spread": spread,
        "goal": {"relation": relation, "bound": 20.0},
        "met": met,
    }
    return {"taken_at": "today", "machine": {"commit": "abc"}, "results": [result]}


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (run(10, [9, 11]), run(12, [11, 13]), "+20.0% ms  within the windows"),
        (run(10, [9, 11]), run(15, [14, 16]), "+50.0% ms  worse"),
        (run(10, []), run(5, []), "-50.0% ms  better"),
        (run(10, []), run(5, [], conditions="500 sockets"), "-50.0% ms  other conditions"),
        (run(10, []), run(25, [], met=False), "+150.0% ms  worse, now missed"),
        (run(25, [], met=False), run(10, []), "-60.0% ms  better, now met"),
        (run(10, [], relation=">="), run(15, [], relation=">="), "+50.0% ms  better"),
    ],
)
def test_a_change_is_judged_by_windows_and_goal(before: Any, after: Any, words: str) -> None:
    (line,) = [line for line in diff_lines(before, after) if line.startswith("room")]
    assert line.endswith(words)
