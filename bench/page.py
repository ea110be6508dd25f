"""The page docs/performance.md: its marked section says what the kept full run found.

Owns: the section between the marks. Invariant: nobody types a measured figure there. The rest of
the page is written by hand. Source: bench/results/full.json.
"""

from __future__ import annotations

from pathlib import Path

from bench import BenchFailed
from bench.table import Run, lines

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def fill(page: Path, run: Run) -> None:
    """Put the run's table between the page's marks. Raises BenchFailed where there are none."""
    text = page.read_text(encoding="utf-8")
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise BenchFailed(f"{page} has no marked section")
    section = "\n".join(lines(run))
    page.write_text(f"{head}{BEGIN}\n\n{section}\n\n{END}{tail}", encoding="utf-8")
