"""The table: what is said of a figure that missed its goal."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from bench.table import reason
from tests.bench.test_report import QUIET


@pytest.mark.parametrize(
    ("others", "busiest", "words"),
    [
        (0.4, {}, "other processes took 40% of the server's core; and more."),
        (
            0.01,
            {"http/stream:send_nowait": 0.8},
            "samples: `http/stream:send_nowait` 80%; and more.",
        ),
        (None, {}, "and more."),
    ],
)
def test_a_miss_is_explained_by_what_the_run_found(
    others: float | None, busiest: dict[str, float], words: str
) -> None:
    usage = attrs.asdict(attrs.evolve(QUIET, others_share=others))
    result: dict[str, Any] = {
        "usage": usage,
        "details": {"busiest": busiest},
        "found": ["and more"],
    }
    assert reason(result) == words
