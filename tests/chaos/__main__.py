"""The command line of chaos: `python -m tests.chaos --rounds 30`.

Owns: arguments and progress. Invariant: the seed is printed and the order of the rounds follows
from it; exit 0 when nothing was wrong, 1 otherwise.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import trio

from bench.report import describe_machine
from bench.usage import Cores
from tests.chaos.faults import FAULTS
from tests.chaos.house import Kind
from tests.chaos.report import report_lines
from tests.chaos.run import SEEDS, Run, deal
from tests.e2e.server import ROOT

REPORT = ROOT / "docs" / "reports" / "chaos.md"
NEEDS_ROOT = "only root can mount a small disk"


def main(argv: Sequence[str] | None = None) -> int:
    """Play the rounds and write the report; give the exit status."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    names = arguments.fault or list(FAULTS)
    if unknown := [name for name in names if name not in FAULTS]:
        parser.error(f"no fault is named {unknown[0]!r}; there are: {', '.join(FAULTS)}")
    left_out = _left_out(names)
    faults = [FAULTS[name] for name in names if name not in left_out]
    if not faults:
        parser.error(f"{names[0]}: {NEEDS_ROOT}")
    machine = describe_machine(Cores(None, None), ROOT)
    print(f"seed {arguments.seed}", flush=True)
    run = Run(tell=lambda line: print(line, flush=True))
    trio.run(run.play_all, deal(faults, arguments.rounds, arguments.seed))
    lines = report_lines(run.outcomes, run.broken, left_out, machine, arguments.seed)
    arguments.report.parent.mkdir(parents=True, exist_ok=True)
    arguments.report.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"written to {arguments.report}")
    return 0 if run.is_clean else 1


def _left_out(names: Sequence[str]) -> Mapping[str, str]:
    if os.geteuid() == 0:
        return {}
    return {name: NEEDS_ROOT for name in names if FAULTS[name].house is Kind.SMALL_DISK}


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {name}" for name in FAULTS)
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description="Break a real server under load, over and over, and check what it promised.",
        epilog=f"faults:\n{listed}\n\nexamples:\n  python -m tests.chaos --rounds 100\n"
        "  python -m tests.chaos --rounds 5 --fault 'server killed' --report /tmp/chaos.md",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=len(FAULTS), help="one of each by default")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(SEEDS))
    parser.add_argument("--fault", action="append", metavar="NAME", help="may be repeated")
    parser.add_argument("--report", type=Path, default=REPORT, metavar="FILE")
    return parser


if __name__ == "__main__":
    sys.exit(main())
