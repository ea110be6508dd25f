"""A soak as a page for people, with a picture.

Owns: the arrangement of `docs/reports/soak.md` and `soak.svg`. Invariant: the page names the
machine, the revision and the seed; each line of the picture has its own scale, from 0.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from bench.report import Machine
from tests.chaos.evening import Evening
from tests.chaos.gauges import Sample, slope

MIB = 1024 * 1024
WIDTH, HEIGHT, MARGIN, LABEL_HEIGHT = 900, 150, 10, 18
EXPLAINED = """\
One server on the embedded database, with donors who bid, an auctioneer who sells one live lot over
and over, guests who vanish and resume, rude ones (binary, oversized and malformed frames, no hello,
no HTTP), readers who never read their socket, and pages read over HTTP. An event remembers every
bid and every command's id for its life, so memory grows with facts, and the newest 10,000 are kept
for those who resume; the slope is over the second half."""
CURVES: Sequence[tuple[str, Callable[[Sample], float]]] = (
    ("resident memory, MiB", lambda sample: sample.rss_bytes / MIB),
    ("descriptors", lambda sample: sample.descriptors),
    ("tasks", lambda sample: sample.tasks),
    ("median lag of the loop, ms", lambda sample: sample.lag_p50_ms),
)


def report_lines(evening: Evening, machine: Machine, picture: str) -> Iterator[str]:
    """Write the page."""
    before, last, after = evening.before, evening.samples[-1], evening.after
    grown = slope(evening.samples)
    facts = last.facts - before.facts
    taken = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    yield from ("# Soak", "", *EXPLAINED.splitlines(), "")
    yield f"{evening.minutes:g} minutes from seed {evening.seed}, {taken}."
    yield from ("", "| | Before | At the end | After everyone left |", "|---|--:|--:|--:|")
    for name, show in _ROWS:
        yield f"| {name} | {show(before)} | {show(last)} | {show(after)} |"
    yield ""
    yield f"- Memory over the second half: {grown.bytes_per_s * 60 / MIB:+.2f} MiB a minute" + (
        "." if grown.bytes_per_fact is None else f", {grown.bytes_per_fact:+,.0f} bytes a fact."
    )
    yield f"- {facts:,} facts, {facts / last.at:,.0f} a second."
    done = ", ".join(f"{count:,} {what}" for what, count in sorted(evening.done.items()))
    yield f"- Done: {done}."
    yield from ("", "## Found", "")
    yield from [f"- {line}" for line in evening.verdict()] or ["Nothing."]
    yield from ("", f"![Over time]({picture})", "", "## Taken on", "")
    yield from (f"    {line}" for line in machine.lines())


_ROWS: Sequence[tuple[str, Callable[[Sample], str]]] = (
    ("Resident memory", lambda sample: f"{sample.rss_bytes / MIB:.1f} MiB"),
    ("Descriptors", lambda sample: str(sample.descriptors)),
    ("Network sockets", lambda sample: str(sample.sockets)),
    ("Tasks", lambda sample: str(sample.tasks)),
    ("Websockets in the room", lambda sample: str(sample.connections)),
    ("Lag of the loop, median of a minute", lambda sample: f"{sample.lag_p50_ms:.2f} ms"),
    ("Lag of the loop, longest of a minute", lambda sample: f"{sample.lag_max_ms:.1f} ms"),
    ("Longest garbage collection", lambda sample: f"{sample.gc_max_ms:.1f} ms"),
    ("Slow readers cut so far", lambda sample: str(sample.slow_cut)),
)


def plot(samples: Sequence[Sample]) -> str:
    """Draw the curves one below the other, as SVG."""
    height = len(CURVES) * (HEIGHT + LABEL_HEIGHT + MARGIN)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
    ]
    for number, (name, value) in enumerate(CURVES):
        top = number * (HEIGHT + LABEL_HEIGHT + MARGIN) + LABEL_HEIGHT
        values = [value(sample) for sample in samples]
        highest = max(*values, 1e-9)
        points = " ".join(
            f"{MARGIN + sample.at / samples[-1].at * (WIDTH - 2 * MARGIN):.1f},"
            f"{top + HEIGHT * (1 - here / highest):.1f}"
            for sample, here in zip(samples, values, strict=True)
        )
        parts += [
            f'<text x="{MARGIN}" y="{top - 5}">{name}: up to {highest:,.1f}</text>',
            f'<rect x="{MARGIN}" y="{top}" width="{WIDTH - 2 * MARGIN}" height="{HEIGHT}" '
            'fill="none" stroke="#ccc"/>',
            f'<polyline points="{points}" fill="none" stroke="#06c" stroke-width="1.5"/>',
        ]
    return "\n".join([*parts, "</svg>", ""])
