"""A public suite's verdict on the echo, as a part of the report.

    python -m tests.tools.echo_door --port 9001          (and the suite's fuzzing client against it)
    python -m tests.hostile.suites reports/index.json

Owns: reading the index of the Autobahn testsuite's report. Invariant: a case counts as passed only
when both its behaviour and its closing are OK; what the suite calls informational is told apart.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.hostile.report import write_section

GROUPS = {
    "1": "framing",
    "2": "Pings and Pongs",
    "3": "reserved bits",
    "4": "opcodes",
    "5": "fragmentation",
    "6": "UTF-8",
    "7": "closing",
    "9": "limits and performance",
    "10": "automatic fragmentation",
}
PASSED, TOLD = "OK", "INFORMATIONAL"


def lines(cases: Mapping[str, Mapping[str, object]]) -> Iterator[str]:
    """Count the verdicts of each group of cases: {case: {behavior, behaviorClose}}."""
    verdicts: dict[str, Counter[str]] = {group: Counter() for group in GROUPS}
    for case, found in cases.items():
        both = {str(found["behavior"]), str(found["behaviorClose"])}
        verdict = next((word for word in (PASSED, TOLD) if both == {word}), "failed")
        verdicts[case.partition(".")[0]][verdict] += 1
    yield "The fuzzing client of the Autobahn testsuite against `tests/tools/echo_door.py`. Groups"
    yield "12 and 13 are compression, which is never negotiated. `test_conformance.py` holds the"
    yield "same groups by raw frames."
    yield from ("", "| group | passed | informational | failed |", "|---|---|---|---|")
    for group, count in verdicts.items():
        counts = f"{count[PASSED]} | {count[TOLD]} | {count['failed']}"
        yield f"| {group} {GROUPS[group]} | {counts} |"


def main(argv: Sequence[str] | None = None) -> None:
    """Put a suite's verdict into the report."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.hostile.suites", description=main.__doc__
    )
    parser.add_argument("index", type=Path, help="the index.json that the suite wrote")
    index = json.loads(parser.parse_args(argv).index.read_text(encoding="utf-8"))
    ((_, cases),) = index.items()
    write_section("conformance", list(lines(cases)))


if __name__ == "__main__":
    main()
