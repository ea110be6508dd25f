"""Plots of a kept run, as SVG.

Owns: which plots there are. Invariant: each is drawn from the run's JSON alone, and the same run
gives the same bytes. Source: the windows of bench/rooms.py.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pygal  # type: ignore[import-untyped]
from pygal.style import CleanStyle  # type: ignore[import-untyped]

# pygal hooks the import system in a way that Python 3.12 dropped, for maps that are not drawn here.
sys.meta_path[:] = [
    finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)
]

Run = Mapping[str, Any]
Room = Mapping[str, Any]
Points = Sequence[tuple[float, float]]
QUANTILES = ("p50", "p90", "p99", "max")
COMMENT = re.compile("<!--.*?-->")  # one holds the day on which it was drawn
SIZE = {"width": 800, "height": 480}


def draw(run: Run, beside: Path) -> list[Path]:
    """Draw what the run has figures for, beside its file and under its name; give the files."""
    rooms = [r for r in run["results"] if r["measure"].startswith("room ")]
    if not rooms:
        return []
    charts = {
        "latency-by-sockets": _by_sockets(rooms),
        "latency-by-rate": _by_rate(rooms),
        "cost-by-rate": _cost(rooms),
        "percentiles": _percentiles(rooms),
    }
    written = []
    for name, chart in charts.items():
        path = beside.with_name(f"{beside.stem}-{name}.svg")
        drawn = COMMENT.sub("", chart.render(is_unicode=True))
        path.write_text(drawn + "\n", encoding="utf-8")
        written.append(path)
    return written


def _chart(title: str, x_title: str, y_title: str, **options: Any) -> Any:
    return pygal.XY(
        title=title,
        x_title=x_title,
        y_title=y_title,
        style=CleanStyle,
        js=[],
        disable_xml_declaration=True,
        no_prefix=True,
        dots_size=3,
        **SIZE,
        **options,
    )


def _windows(rooms: Sequence[Room]) -> Iterator[tuple[int, Sequence[Mapping[str, Any]]]]:
    for room in rooms:
        yield room["details"]["sockets"], room["details"]["windows"]


def _goal_window(room: Room) -> Mapping[str, Any]:
    """Give the window that the room's figure is of."""
    (window,) = (
        w for w in room["details"]["windows"] if w["to_every_screen_ms"]["p99"] == room["value"]
    )
    return window  # type: ignore[no-any-return]


def _by_sockets(rooms: Sequence[Room]) -> Any:
    chart = _chart("A bid's way to the last screen, by sockets", "sockets", "ms", logarithmic=True)
    for name in QUANTILES:
        points = [
            (room["details"]["sockets"], _goal_window(room)["to_every_screen_ms"][name])
            for room in rooms
        ]
        chart.add(name, points)
    return chart


def _by_rate(rooms: Sequence[Room]) -> Any:
    chart = _chart("A bid's way to the last screen, p99, by rate", "bids/s", "ms", logarithmic=True)
    for sockets, windows in _windows(rooms):
        points = [(w["bids_per_s"], w["to_every_screen_ms"]["p99"]) for w in windows]
        chart.add(f"{sockets:,} sockets", points)
    return chart


def _cost(rooms: Sequence[Room]) -> Any:
    chart = _chart("CPU of a bid as the rate grows", "bids/s", "µs", logarithmic=True)
    for sockets, windows in _windows(rooms):
        points = [(w["bids_per_s"], w["cpu_per_bid_us"]) for w in windows]
        chart.add(f"{sockets:,} sockets", points)
    return chart


def _percentiles(rooms: Sequence[Room]) -> Any:
    marks = [0.0, 0.5, 0.9, 0.99, 0.999]
    chart = _chart(
        "A bid's way to the last screen, by share of bids",
        "share of bids that were as fast",
        "ms",
        logarithmic=True,
        x_labels=[{"label": f"{mark:.1%}", "value": _nines(mark)} for mark in marks],
    )
    for room in rooms:
        window = _goal_window(room)
        points: Points = [(_nines(share), ms) for share, ms in window["curve_ms"]]
        name = f"{room['details']['sockets']:,} sockets, {window['bids_per_s']:g} bids/s"
        chart.add(name, points, show_dots=False)
    return chart


def _nines(share: float) -> float:
    """Spread the shares near 1: 0.9 is 1, 0.99 is 2."""
    return -math.log10(1 - share)
