"""The benchmark's command line: `python -m bench`.

Owns: arguments, progress and what is printed. Invariant: figures go to stdout and to a file,
progress to stderr; exit 0 when everything was measured, met or not, 1 when something could not be.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench import BenchFailed
from bench.commit import measure_commit
from bench.fanout import measure_fanout
from bench.host import CHECKOUT
from bench.idle import measure_idle
from bench.memory import measure_memory
from bench.pure import measure_actor, measure_engine, measure_replay
from bench.report import Result, describe_machine, write_json
from bench.rooms import measure_rooms
from bench.setting import Setting
from bench.usage import choose_cores, pin

MEASURES: Mapping[str, tuple[str, Callable[[Setting], list[Result]]]] = {
    "engine": ("decisions of the book, without I/O", measure_engine),
    "replay": ("facts from bytes, the chain checked", measure_replay),
    "actor": ("durable commands, straight into the actor", measure_actor),
    "commit": ("purchases accepted, durable and answered a second", measure_commit),
    "fanout": ("CPU of the server for one frame to one socket", measure_fanout),
    "memory": ("memory of an idle connection", measure_memory),
    "idle": ("CPU of sockets while nobody bids", measure_idle),
    "room": ("a bid's way to every screen, and its cost", measure_rooms),
}
RESULTS = CHECKOUT / "bench" / "results"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the measures asked for; give the exit status."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    names = list(MEASURES) if arguments.smoke else list(dict.fromkeys(arguments.measures))
    if not names:
        parser.error("name a measure, or say --smoke")
    if unknown := [name for name in names if name not in MEASURES]:
        parser.error(f"no measure is named {unknown[0]}; there are {', '.join(MEASURES)}")
    cores = choose_cores()
    machine = describe_machine(cores, CHECKOUT)
    print("\n".join(machine.lines()), end="\n\n", flush=True)
    pin(0, cores.client)
    setting = Setting(cores, is_brief=arguments.smoke)
    results: list[Result] = []
    failed = False
    for number, name in enumerate(names, 1):
        about, measure = MEASURES[name]
        print(f"[{number}/{len(names)}] {name}: {about} ...", file=sys.stderr, flush=True)
        try:
            taken = _measured(measure, setting)
        except BenchFailed as error:
            print(f"bench: {name}: {error}", file=sys.stderr)
            failed = True
        else:
            results += taken
            print("\n".join(line for result in taken for line in result.lines()), flush=True)
    path = arguments.json or RESULTS / f"{'smoke' if arguments.smoke else '-'.join(names)}.json"
    write_json(path, machine, results)
    print(f"\n{sum(bool(r.is_met) for r in results)} of {len(results)} goals met; kept in {path}")
    return 1 if failed else 0


def _measured(measure: Callable[[Setting], list[Result]], setting: Setting) -> list[Result]:
    """Measure without a collection of the client's own garbage in between."""
    gc.collect()
    gc.disable()
    try:
        return measure(setting)
    finally:
        gc.enable()


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {name:<8} {about}" for name, (about, _) in MEASURES.items())
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure a real server, on the embedded database, in processes of its own.",
        epilog=f"measures:\n{listed}\n\nexamples:\n  python -m bench --smoke\n"
        "  python -m bench room\n  python -m bench commit fanout --json /tmp/today.json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("measures", nargs="*", metavar="MEASURE")
    parser.add_argument("--smoke", action="store_true", help="take every measure once, briefly")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to keep the results")
    return parser


if __name__ == "__main__":
    sys.exit(main())
