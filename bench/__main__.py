"""The benchmark's command line: `python -m bench`.

Owns: arguments, progress and what is printed. Invariant: figures go to stdout and to files,
progress to stderr; exit 0 when everything was measured, met or not, 1 when something could not be.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench import BenchFailed
from bench.commit import measure_commit
from bench.compare import measure_compare
from bench.diff import diff_lines
from bench.fanout import measure_fanout
from bench.floor import measure_floor
from bench.host import CHECKOUT
from bench.idle import measure_idle
from bench.memory import measure_memory
from bench.page import fill
from bench.pages import measure_pages
from bench.plots import draw
from bench.pure import measure_actor, measure_engine, measure_replay
from bench.reads import measure_reads
from bench.report import Missing, Result, describe_machine, write_json
from bench.rooms import measure_rooms
from bench.setting import Setting
from bench.table import lines, short_lines
from bench.usage import choose_cores, pin

Measured = Sequence[Result | Missing]
MEASURES: Mapping[str, tuple[str, Callable[[Setting], Measured]]] = {
    "engine": ("decisions of the book, without I/O", measure_engine),
    "replay": ("facts from bytes, the chain checked", measure_replay),
    "actor": ("durable commands, straight into the actor", measure_actor),
    "commit": ("purchases accepted, durable and answered a second", measure_commit),
    "floor": ("what the system takes for a send, without any server", measure_floor),
    "fanout": ("CPU of the server for one frame to one socket", measure_fanout),
    "memory": ("memory of an idle connection", measure_memory),
    "idle": ("CPU of sockets while nobody bids", measure_idle),
    "room": ("a bid's way to every screen, and its cost", measure_rooms),
    "reads": ("lists of lots read while a room bids", measure_reads),
    "pages": ("what a donor's browser has to load and to do", measure_pages),
    "compare": ("Saleroom and its peers, in turns", measure_compare),
}
RESULTS = CHECKOUT / "bench" / "results"
PAGE = CHECKOUT / "docs" / "performance.md"
README = CHECKOUT / "README.md"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the measures asked for, or compare two runs; give the exit status."""
    given = list(sys.argv[1:] if argv is None else argv)
    if given[:1] == ["diff"]:
        return _diff(given[1:])
    parser = _parser()
    arguments = parser.parse_args(given)
    takes_all = arguments.all or arguments.smoke
    names = list(MEASURES) if takes_all else list(dict.fromkeys(arguments.measures))
    if not names:
        parser.error("name a measure, or say --all or --smoke")
    if unknown := [name for name in names if name not in MEASURES]:
        parser.error(f"no measure is named {unknown[0]}; there are {', '.join(MEASURES)}")
    called = "full" if arguments.all else "smoke" if arguments.smoke else "-".join(names)
    return _run(names, is_brief=arguments.smoke, path=arguments.json or RESULTS / f"{called}.json")


def _run(names: Sequence[str], *, is_brief: bool, path: Path) -> int:
    cores = choose_cores()
    machine = describe_machine(cores, CHECKOUT)
    print("\n".join(machine.lines()), end="\n\n", flush=True)
    pin(0, cores.client)
    setting = Setting(cores, is_brief=is_brief)
    results: list[Result | Missing] = []
    failed, began = False, time.monotonic()
    for number, name in enumerate(names, 1):
        about, measure = MEASURES[name]
        print(f"[{number}/{len(names)}] {name}: {about} ...", file=sys.stderr, flush=True)
        measure_began = time.monotonic()
        try:
            taken = _measured(measure, setting)
        except BenchFailed as error:
            print(f"bench: {name}: {error}", file=sys.stderr)
            failed = True
        else:
            results += taken
            took_s = time.monotonic() - measure_began
            print(f"[{number}/{len(names)}] {name}: {took_s:.0f} s", file=sys.stderr, flush=True)
            print("\n".join(line for result in taken for line in result.lines()), flush=True)
    write_json(path, machine, results)
    written = _write_down(path)
    goals = [r.is_met for r in results if isinstance(r, Result) and r.goal is not None]
    print(
        f"\n{sum(map(bool, goals))} of {len(goals)} goals met in "
        f"{time.monotonic() - began:.0f} s; kept in {', '.join(map(str, written))}"
    )
    return 1 if failed else 0


def _measured(measure: Callable[[Setting], Measured], setting: Setting) -> Measured:
    """Measure without a collection of the client's own garbage in between."""
    gc.collect()
    gc.disable()
    try:
        return measure(setting)
    finally:
        gc.enable()


def _write_down(path: Path) -> list[Path]:
    """Put the table and the plots beside a kept run; the full run is also the pages'."""
    run = json.loads(path.read_text(encoding="utf-8"))
    table = path.with_suffix(".md")
    table.write_text("\n".join(lines(run)) + "\n", encoding="utf-8")
    if path == RESULTS / "full.json":
        fill(PAGE, lines(run))
        fill(README, short_lines(run))
    return [path, table, *draw(run, path)]


def _diff(given: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench diff", description="Compare two kept runs, figure by figure."
    )
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    arguments = parser.parse_args(given)
    try:
        runs = [
            json.loads(path.read_text(encoding="utf-8"))
            for path in (arguments.before, arguments.after)
        ]
    except (OSError, ValueError) as error:
        parser.error(f"not a kept run: {error}")
    print("\n".join(diff_lines(*runs)))
    return 0


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {name:<8} {about}" for name, (about, _) in MEASURES.items())
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure a real server, on the embedded database, in processes of its own.",
        epilog=f"measures:\n{listed}\n\nexamples:\n  python -m bench --all\n"
        "  python -m bench room\n  python -m bench commit fanout --json /tmp/today.json\n"
        "  python -m bench diff bench/results/full.json /tmp/today.json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("measures", nargs="*", metavar="MEASURE")
    parser.add_argument("--all", action="store_true", help="take every measure: ten minutes")
    parser.add_argument("--smoke", action="store_true", help="take every measure once, briefly")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to keep the results")
    return parser


if __name__ == "__main__":
    sys.exit(main())
