"""What a run of chaos showed, as a page for people.

Owns: the figures of `docs/reports/chaos.md` and their arrangement. Invariant: a page names the
machine, the revision and the seed, and a fault that was found stands in it in words.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence

from bench.report import Machine
from tests.chaos.faults import FAULTS, Fault
from tests.chaos.house import DONORS
from tests.chaos.round import Outcome

TITLE = "# Chaos"
CHECKED = f"""\
Each round has {len(DONORS)} donors bidding without pause over websockets and one over HTTP, each
resending a command by its id until it is answered for good; the full and the conflated feed are
followed over every reconnect; then real processes are struck. After a round, every acknowledged
bid must stand in the journal once, with the seq and the hash that its donor was given; every fact
that the full feed told must be the journal's; no feed may have a gap; accepted bids sent once more
must get their first answer; no event may be parked; reads must have caught up; and
`saleroom audit` must pass with receipts of the rounds so far. Sockets may end only where a server
was killed."""
MEASURED = """\
The time is from the end of the fault to the answer of the first accepted bid that was sent after
it; for a kill, the end is the kill itself, and starting anew counts."""


def report_lines(
    outcomes: Sequence[Outcome],
    broken: Sequence[str],
    left_out: Mapping[str, str],
    machine: Machine,
    seed: int,
) -> Iterator[str]:
    """Write the page. broken: rounds that could not be played to their end, in words."""
    acknowledged = sum(o.verdict.acknowledged for o in outcomes)
    lost = sum(o.verdict.lost for o in outcomes)
    doubled = sum(o.verdict.doubled for o in outcomes)
    faulty = sum(not o.is_clean for o in outcomes) + len(broken)
    yield from (TITLE, "", *CHECKED.splitlines(), "")
    yield f"{len(outcomes) + len(broken)} rounds from seed {seed}, {_now()}:"
    yield f"**{acknowledged:,} bids acknowledged, {lost} lost, {doubled} doubled,"
    yield f"{faulty} rounds with something to report.**"
    yield from ("", *MEASURED.splitlines(), "")
    yield "| Fault | Rounds | Acknowledged | Lost | Doubled | Median | Max | Since | Goal |"
    yield "|---|--:|--:|--:|--:|--:|--:|---|---|"
    for fault in FAULTS.values():
        of_fault = [outcome for outcome in outcomes if outcome.fault is fault]
        if of_fault:
            yield _row(fault, of_fault)
    for name, reason in left_out.items():
        yield from ("", f"Left out: {name}: {reason}.")
    yield from ("", "## Found", "")
    found = [f"- {o.fault.name}, seed {o.seed}: {f}" for o in outcomes for f in o.verdict.faults]
    yield from [*found, *(f"- {line}" for line in broken)] or ["Nothing."]
    yield from ("", "## Taken on", "", *(f"    {line}" for line in machine.lines()))


def _row(fault: Fault, outcomes: Sequence[Outcome]) -> str:
    times = [outcome.recovery_s for outcome in outcomes]
    cells = [
        fault.name,
        str(len(outcomes)),
        f"{sum(o.verdict.acknowledged for o in outcomes):,}",
        str(sum(o.verdict.lost for o in outcomes)),
        str(sum(o.verdict.doubled for o in outcomes)),
        shown_s(statistics.median(times)),
        shown_s(max(times)),
        fault.since,
        _goal(fault, times),
    ]
    return f"| {' | '.join(cells)} |"


def _goal(fault: Fault, times: Sequence[float]) -> str:
    if fault.goal_s is None:
        return "none"
    kept = sum(time_s <= fault.goal_s for time_s in times)
    return f"≤ {shown_s(fault.goal_s)}: {kept} of {len(times)}"


def shown_s(seconds: float) -> str:
    """Write a time with as many digits as it deserves."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _now() -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
