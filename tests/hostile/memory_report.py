"""What a server's memory did under hostile loads: the verdict, the part of the report, the picture.

Owns: the margin within which memory must be back, and why. Invariant: every departure is judged
against the same moment before, and what is kept by right is counted, never guessed from memory.
Must not know: how loads are made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from bench.histogram import Histogram

MIB = 2**20
MARGIN_BYTES = 16 * MIB
FACT_BYTES = 4 * 1024
WIDTH, HEIGHT, MARGIN, LABEL_HEIGHT = 900, 260, 10, 18
SHADES = ("#f3e2c7", "#dfeaf5")


@attrs.frozen
class Sample:
    """One reading. at: seconds since the moment before."""

    at: float
    rss_bytes: int


@attrs.frozen
class Departure:
    """One load, come and gone. Times in seconds, memory in bytes.

    left: when its last socket had gone. after: once the server had given memory back. announced:
    facts that loads have committed since the moment before.
    """

    load: str
    told: str
    began: float
    left_at: float
    after_at: float
    most: int
    left: int
    after: int
    announced: int

    def margin(self) -> int:
        """Give what memory may be above the moment before."""
        return MARGIN_BYTES + self.announced * FACT_BYTES


@attrs.frozen
class Evening:
    """A whole measure. fresh: a server nobody has spoken to. before: after the first, small round.

    answers: seconds from each question of the honest one to its answer.
    """

    minutes: float
    fresh: int
    before: int
    samples: Sequence[Sample]
    departures: Sequence[Departure]
    answers: Sequence[float]

    def verdict(self) -> list[str]:
        """Say after which loads memory was not back."""
        return [
            f"{each.load} at {each.began:.0f} s: {(each.after - self.before) / MIB:+.1f} MiB, "
            f"more than {each.margin() / MIB:.1f}"
            for each in self.departures
            if each.after - self.before > each.margin()
        ]


def report_lines(evening: Evening, picture: str) -> Iterator[str]:
    """Write the part of the report."""
    departures, last = evening.departures, evening.departures[-1]
    rounds = _rounds(departures)
    most = max(each.most for each in departures)
    yield f"One server for {last.after_at / 60:.1f} minutes: loads follow each other, all leave,"
    yield "and the server gives back by itself what they held, at the first quiet moment half a"
    yield "minute after it last did. Resident memory of its own process, MiB:"
    yield f"**{_mib(evening.before)} before, {_mib(most)} at most, {_mib(last.after)} at the end.**"
    yield ""
    found = evening.verdict()
    yield f"- Memory must be back within {MARGIN_BYTES // MIB} MiB after each load, and"
    yield f"  {FACT_BYTES // 1024} KiB for each fact that the slow readers' load commits, which the"
    yield f"  event keeps ({last.announced:,} of 2 KB in the end). " + (
        f"**Missed**: {'; '.join(found)}." if found else "Held each time."
    )
    yield "- Before: after a first round at a small scale; a server fresh from its start took"
    yield f"  {_mib(evening.fresh)}."
    yield f"- Ann asked for the time all the while: {_answers(evening.answers)}."
    yield ""
    yield "| load | what was sent | at most | when all had left | given back, by round | after |"
    yield "|---|---|--:|--:|---|--:|"
    for name, each in rounds.items():
        back = ", ".join(_mib(one.after) for one in each)
        newest = each[-1]
        yield (
            f"| {name} | {newest.told} | {_mib(max(one.most for one in each))} | "
            f"{_mib(max(one.left for one in each))} | {back} | "
            f"{max(one.after_at - one.left_at for one in each):.0f} s |"
        )
    yield ""
    yield f"![Memory over time]({picture})"


def _rounds(departures: Sequence[Departure]) -> Mapping[str, list[Departure]]:
    """Group by load, in the order of the first round."""
    rounds: dict[str, list[Departure]] = {}
    for each in departures:
        rounds.setdefault(each.load, []).append(each)
    return rounds


def _answers(seconds: Sequence[float]) -> str:
    latencies = Histogram()
    for each in seconds:
        latencies.record(each)
    p50, p99 = (f"{latencies.quantile_ms(q):.1f}" for q in (0.5, 0.99))
    return f"{len(seconds):,} answers, p50 {p50} ms, p99 {p99} ms"


def _mib(size: int) -> str:
    return f"{size / MIB:.1f}"


def plot(evening: Evening) -> str:
    """Draw memory over time, as SVG; a stripe is a load, from its first socket to its last."""
    samples, last = evening.samples, evening.departures[-1]
    highest = max(sample.rss_bytes for sample in samples)
    top = LABEL_HEIGHT

    def x(at: float) -> float:
        return MARGIN + at / last.after_at * (WIDTH - 2 * MARGIN)

    def y(size: int) -> float:
        return top + HEIGHT * (1 - size / highest)

    colours = {name: SHADES[n % 2] for n, name in enumerate(_rounds(evening.departures))}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} '
        f'{top + HEIGHT + MARGIN}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{top + HEIGHT + MARGIN}" fill="white"/>',
        f'<text x="{MARGIN}" y="{top - 5}">resident memory, MiB: up to {_mib(highest)}; '
        f"dashed: {_mib(evening.before)}, before</text>",
    ]
    for each in evening.departures:
        left, right = x(each.began), x(each.left_at)
        parts += [
            f'<rect x="{left:.1f}" y="{top}" width="{right - left:.1f}" height="{HEIGHT}" '
            f'fill="{colours[each.load]}"/>',
            f'<text transform="translate({left + 10:.1f},{top + HEIGHT - 5}) rotate(-90)" '
            f'font-size="10">{each.load}</text>',
        ]
    points = " ".join(f"{x(one.at):.1f},{y(one.rss_bytes):.1f}" for one in samples)
    before = y(evening.before)
    return "\n".join(
        [
            *parts,
            f'<rect x="{MARGIN}" y="{top}" width="{WIDTH - 2 * MARGIN}" height="{HEIGHT}" '
            'fill="none" stroke="#ccc"/>',
            f'<line x1="{MARGIN}" y1="{before:.1f}" x2="{WIDTH - MARGIN}" y2="{before:.1f}" '
            'stroke="#666" stroke-dasharray="4"/>',
            f'<polyline points="{points}" fill="none" stroke="#06c" stroke-width="1.5"/>',
            "</svg>",
            "",
        ]
    )
