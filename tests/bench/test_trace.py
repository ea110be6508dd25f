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


def frame(at_ms: float, thread: tuple[int, int] = PAGE) -> Any:
    return span("AnimationFrame::Render", at_ms, 0, thread) | {"ph": "b"}


def test_script_counts_for_the_frame_that_waited_for_it() -> None:
    events = [
        frame(16),
        frame(32),
        span("FunctionCall", 2, 3),
        span("TimerFire", 20, 4),
        span("FunctionCall", 26, 1),
        span("FireAnimationFrame", 33, 2),
    ]
    frames = read_frames(events)
    assert frames.script_ms == [3, 5, 2]
    assert frames.worst_ms() == 5
    assert frames.total_ms() == 10


def test_script_within_script_counts_once_and_layout_not_at_all() -> None:
    events = [
        frame(16),
        span("RunMicrotasks", 3, 1),
        span("FunctionCall", 1, 6),
        span("MinorGC", 4, 2),
        span("UpdateLayoutTree", 8, 5),
    ]
    assert read_frames(events).script_ms == [6, 0]


def test_the_page_is_the_thread_with_the_most_script() -> None:
    spare = (9, 1)
    events = [
        frame(16),
        frame(17, spare),
        span("FunctionCall", 1, 6),
        span("TimerFire", 1, 1, spare),
    ]
    assert read_frames(events).script_ms == [6, 0]


def test_quantiles_are_of_frames() -> None:
    events = [frame(10 * n) for n in range(1, 100)]
    events += [span("FunctionCall", 10 * n + 1, n / 100) for n in range(100)]
    frames = read_frames(events)
    assert frames.quantile_ms(0.5) == pytest.approx(0.5)
    assert frames.quantile_ms(0.99) == pytest.approx(0.99)
    assert frames.quantile_ms(1.0) == pytest.approx(0.99)


def test_a_trace_without_frames_is_none() -> None:
    with pytest.raises(ValueError, match="no frame"):
        read_frames([span("FunctionCall", 1, 6)])
