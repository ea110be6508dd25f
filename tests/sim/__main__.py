"""The command line of the simulation: `python -m tests.sim --seeds 200`.

Owns: arguments and progress. Invariant: one seed is one evening, whoever plays it; exit 0 when
nothing was found and every planted bug was, 1 otherwise.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.report import describe_machine
from bench.usage import Cores
from tests.e2e.server import ROOT
from tests.sim.campaign import Campaign, told
from tests.sim.mutations import MUTATIONS
from tests.sim.report import report_lines
from tests.sim.run import Run, play

REPORT = ROOT / "docs" / "reports" / "sim.md"
SEEDS = 200


def main(argv: Sequence[str] | None = None) -> int:
    """Play what is asked for; give the exit status."""
    arguments = _parser().parse_args(argv)
    if arguments.seed is not None:
        return _play_one(arguments.seed, arguments.mutation)
    campaign = Campaign(lambda line: print(line, flush=True), arguments.start)
    seeds = range(arguments.start, arguments.start + arguments.seeds)
    if arguments.mutation is not None:
        return 0 if campaign.hunt(arguments.mutation, seeds).seed is not None else 1
    machine, began = describe_machine(Cores(None, None), ROOT), time.monotonic()
    campaign.play_seeds(seeds)
    for mutation in MUTATIONS:
        campaign.hunt(mutation, seeds)
    lines = report_lines(campaign, machine, time.monotonic() - began)
    arguments.report.parent.mkdir(parents=True, exist_ok=True)
    arguments.report.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"written to {arguments.report}")
    return 0 if campaign.is_clean else 1


def _play_one(seed: int, mutation: str | None) -> int:
    run = play(seed, mutation)
    print("\n".join([*(told(run, mutation) if run.findings else ()), *_summary(run)]))
    return 1 if run.findings else 0


def _summary(run: Run) -> list[str]:
    return [
        f"{run.virtual_s:.0f} s, {run.commands} commands, {run.accepted} accepted, "
        f"{run.facts} facts, {run.frames} frames",
        ", ".join(f"{times} {fault}" for fault, times in sorted(run.faults.items())) or "no fault",
        f"journal {run.journal}",
    ]


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {name:28} {mutation.says}" for name, mutation in MUTATIONS.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.sim",
        description="Play whole auctions in virtual time, with faults, and check them.",
        epilog=f"planted bugs:\n{listed}\n\nexamples:\n  python -m tests.sim --seeds 1000\n"
        "  python -m tests.sim --seed 17\n  python -m tests.sim --mutation late-deadlines",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"how many ({SEEDS})")
    parser.add_argument("--start", type=int, default=0, help="the first of them (0)")
    parser.add_argument("--seed", type=int, help="play this one alone, and tell all of it")
    parser.add_argument("--mutation", choices=MUTATIONS, metavar="NAME", help="plant this bug")
    parser.add_argument("--report", type=Path, default=REPORT, metavar="FILE")
    return parser


if __name__ == "__main__":
    sys.exit(main())
