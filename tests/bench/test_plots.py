"""Plots and the page: drawn and filled from a run's JSON alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench import BenchFailed
from bench.histogram import Histogram
from bench.page import BEGIN, END, fill
from bench.plots import draw
from bench.table import lines


def room(sockets: int) -> dict[str, Any]:
    latencies = Histogram()
    for milliseconds in range(1, 101):
        latencies.record(milliseconds / 1000)
    window = {
        "bids_per_s": 50,
        "to_every_screen_ms": latencies.summary_ms(),
        "curve_ms": latencies.curve_ms(),
        "cpu_per_bid_us": 400.0,
    }
    slow = {**window, "bids_per_s": 5, "to_every_screen_ms": {"p99": 7.0}}
    return {
        "measure": f"room {sockets}",
        "value": latencies.quantile_ms(0.99),
        "details": {"sockets": sockets, "windows": [slow, window]},
    }


def test_the_same_run_draws_the_same_plots(tmp_path: Path) -> None:
    run = {"results": [room(500), room(2_000)]}
    kept = tmp_path / "full.json"
    first = {path.name: path.read_bytes() for path in draw(run, kept)}
    again = {path.name: path.read_bytes() for path in draw(run, kept)}
    assert first == again
    assert b"2,000 sockets" in first["full-cost-by-rate.svg"]
    assert len(first) == 4
    assert not any(b"<!--" in drawn for drawn in first.values())


def test_a_run_without_rooms_draws_nothing(tmp_path: Path) -> None:
    assert draw({"results": []}, tmp_path / "full.json") == []


RUN: dict[str, Any] = {
    "taken_at": "today",
    "machine": {
        "processor": "a processor",
        "system": "Linux",
        "cores": "2",
        "load_average": [0.1, 0.2, 0.3],
        "python": "3.11",
        "packages": {"trio": "0.35"},
        "commit": "abc",
    },
    "results": [],
    "missing": [{"measure": "race / x", "reason": "no node"}],
}


def test_the_page_is_filled_between_its_marks_as_often_as_one_likes(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"# Before\n{BEGIN}\nold\n{END}\nafter\n")
    fill(page, lines(RUN))
    once = page.read_text()
    fill(page, lines(RUN))
    assert page.read_text() == once
    assert once.startswith("# Before\n")
    assert once.endswith("\nafter\n")
    assert "absent: no node" in once
    assert "old" not in once


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text("by hand\n")
    with pytest.raises(BenchFailed, match="no marked section"):
        fill(page, lines(RUN))
    assert page.read_text() == "by hand\n"
