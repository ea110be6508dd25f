"""What a browser's trace says of frames: how long script held each of them up.

Owns: reading trace events. Invariant: script that runs within script is counted once, and whole for
the frame in which it begins; what counts is the thread's own time, where the trace has it. A frame
is a sixtieth of a second, whether anything was drawn in it or not.
Must not know: pages, or how a trace is taken.
Source: the trace event format, issue 7 "Speed".
"""

from __future__ import annotations

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
FRAME_US: Final = 1_000_000 / 60
US_PER_MS: Final = 1000.0

TraceEvent = Mapping[str, Any]
Thread = tuple[int, int]


@attrs.frozen
class Frames:
    """A page's main thread, frame by frame from its first script on. script_ms: of each."""

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
    for event in events:
        if event["name"] in SCRIPT and event["ph"] == "X":
            spent = event.get("tdur", event.get("dur", 0))
            spans = scripts.setdefault((event["pid"], event["tid"]), [])
            spans.append((event["ts"], event["ts"] + spent))
    if not scripts:
        raise ValueError("the trace has no script")
    page = max(scripts.values(), key=lambda spans: sum(end - begin for begin, end in spans))
    outermost = list(_outermost(page))
    first, last = outermost[0][0], outermost[-1][0]
    held = [0.0] * (int((last - first) / FRAME_US) + 1)
    for begin, end in outermost:
        held[int((begin - first) / FRAME_US)] += (end - begin) / US_PER_MS
    return Frames(held)


def _outermost(spans: Sequence[tuple[float, float]]) -> Iterable[tuple[float, float]]:
    """Leave out what runs within another span."""
    reached = float("-inf")
    for begin, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        if begin >= reached:
            yield begin, end
            reached = end
