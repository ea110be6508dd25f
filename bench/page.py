"""The pages that show the kept full run: docs/performance.md, and the README in short.

Owns: their section between the marks. Invariant: nobody types a measured figure there. The rest of
a page is written by hand. Source: bench/results/full.json.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench import BenchFailed

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def fill(page: Path, lines: Sequence[str]) -> None:
    """Put a run's lines between the page's marks. Raises BenchFailed where there are none."""
    text = page.read_text(encoding="utf-8")
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise BenchFailed(f"{page} has no marked section")
    section = "\n".join(lines)
    page.write_text(f"{head}{BEGIN}\n\n{section}\n\n{END}{tail}", encoding="utf-8")
