"""What a browser's trace says of frames: how long script held each of them up.

Owns: reading trace events. Invariant: script that runs within script is counted once, and script
between two frames counts for the one that had to wait for it; what counts is the thread's own time,
where the trace has it. Must not know: pages, or how a trace is taken.
Source: the trace event format, issue 7 "Speed".
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import attrs

CATEGORIES: Final = ("devtools.timeline", "v8")
SCRIPT: Final = frozenset(
    {
        "EvaluateScript",
        "EventDispatch",
        "FireAnimationFrame",
        "FireIdleCallback",
        "FunctionCall",
        "MajorGC",
        "MinorGC",
        "RunMicrotasks",
        "TimerFire",
        "v8.compile",
    }
)
FRAME: Final = ("AnimationFrame::Render", "b")
"""A frame begins to be drawn."""
US_PER_MS: Final = 1000.0

TraceEvent = Mapping[str, Any]
Thread = tuple[int, int]


@attrs.frozen
class Frames:
    """The frames of a page's main thread. script_ms: of each frame, in order."""

    script_ms: Sequence[float]

    def worst_ms(self) -> float:
        """Give the longest that script held up a frame."""
        return max(self.script_ms)

    def quantile_ms(self, share: float) -> float:
        """Give what this share of the frames kept to."""
        ordered = sorted(self.script_ms)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def total_ms(self) -> float:
        """Give the script of all frames together."""
        return sum(self.script_ms)


def read_frames(events: Iterable[TraceEvent]) -> Frames:
    """Read the frames of the thread that runs the most script. Raises ValueError without any."""
    scripts: dict[Thread, list[tuple[float, float]]] = {}
    begins: dict[Thread, list[float]] = {}
    for event in events:
        thread = event["pid"], event["tid"]
        if (event["name"], event["ph"]) == FRAME:
            begins.setdefault(thread, []).append(event["ts"])
        elif event["name"] in SCRIPT and event["ph"] == "X":
            spent = event.get("tdur", event.get("dur", 0))
            scripts.setdefault(thread, []).append((event["ts"], event["ts"] + spent))
    if not begins:
        raise ValueError("the trace has no frame")
    drawn = max(begins, key=lambda thread: sum(e - b for b, e in scripts.get(thread, [])))
    edges = sorted(begins[drawn])
    held = [0.0] * (len(edges) + 1)
    for begin, end in _outermost(scripts.get(drawn, [])):
        held[bisect_left(edges, begin)] += (end - begin) / US_PER_MS
    return Frames(held)


def _outermost(spans: Sequence[tuple[float, float]]) -> Iterable[tuple[float, float]]:
    """Leave out what runs within another span."""
    reached = float("-inf")
    for begin, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        if begin >= reached:
            yield begin, end
            reached = end
