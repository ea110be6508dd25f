"""Script per frame, read from a browser's trace."""

from __future__ import annotations

from typing import Any

import pytest

from bench.trace import read_frames

PAGE = (7, 1)


def span(name: str, begin_ms: float, lasts_ms: float, thread: tuple[int, int] = PAGE) -> Any:
    pid, tid = thread
    dur = lasts_ms * 1000
    return {"name": name, "ph": "X", "pid": pid, "tid": tid, "ts": begin_ms * 1000, "dur": dur}


def test_script_counts_for_the_frame_in_which_it_begins() -> None:
    events = [
        span("FunctionCall", 0, 3),
        span("TimerFire", 10, 20),
        span("FunctionCall", 31, 1),
        span("FireAnimationFrame", 52, 2),
    ]
    frames = read_frames(events)
    assert frames.script_ms == [23, 1, 0, 2]
    assert frames.worst_ms() == 23
    assert frames.total_ms() == 26


def test_script_within_script_counts_once_and_layout_not_at_all() -> None:
    events = [
        span("RunMicrotasks", 3, 1),
        span("FunctionCall", 1, 6),
        span("MinorGC", 4, 2),
        span("UpdateLayoutTree", 8, 5),
    ]
    assert read_frames(events).script_ms == [6]


def test_the_threads_own_time_counts() -> None:
    event = span("FunctionCall", 1, 6) | {"tdur": 2000}
    assert read_frames([event]).script_ms == [2]


def test_the_page_is_the_thread_with_the_most_script() -> None:
    spare = (9, 1)
    events = [span("TimerFire", 1, 1, spare), span("FunctionCall", 1, 6)]
    assert read_frames(events).script_ms == [6]


def test_quantiles_are_of_frames() -> None:
    events = [span("FunctionCall", 17 * n, n / 100) for n in range(100)]
    frames = read_frames(events)
    assert frames.quantile_ms(0.0) == 0
    assert frames.quantile_ms(0.5) == pytest.approx(0.5, abs=0.03)
    assert frames.quantile_ms(1.0) == pytest.approx(0.99)


def test_a_trace_without_script_is_none() -> None:
    with pytest.raises(ValueError, match="no script"):
        read_frames([span("UpdateLayoutTree", 1, 6)])
