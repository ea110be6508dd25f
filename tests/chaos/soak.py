"""The soak: `python -m tests.chaos.soak --minutes 30`.

Owns: the evening from the first guest to the last, and its verdict. Invariant: what is compared at
the end was taken in the same quiet as at the beginning: nobody connected, nothing on the way.
"""

from __future__ import annotations

import argparse
import random
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

import trio

from bench.report import describe_machine
from bench.usage import Cores
from saleroom.auction.roles import Role
from tests.chaos.crowd import DONORS, LIVE_LOT, SILENT_LOTS, Crowd
from tests.chaos.evening import Evening
from tests.chaos.gauges import Gauges, Sample
from tests.chaos.processes import POISONED, Server
from tests.chaos.run import SEEDS
from tests.chaos.soak_report import plot, report_lines
from tests.e2e.server import ROOT
from tests.servers import short_folder

REPORT = ROOT / "docs" / "reports" / "soak.md"
SAMPLES_MAX = 600
SAMPLE_S_MIN = 1.0
SETTLE_S, LEAVE_LIMIT_S = 3.0, 60.0


async def soak(minutes: float, seed: int) -> Evening:
    """Have a crowd at one server for so long."""
    with short_folder() as folder:
        async with trio.open_nursery() as nursery:
            server = Server(folder / "server", {"SALEROOM_LOG_LEVEL": "error"}, module=POISONED)
            try:
                await server.start(nursery)
                evening = await _spend(server, minutes, seed)
            finally:
                with trio.CancelScope(shield=True):
                    await server.stop()
    return evening


async def _spend(server: Server, minutes: float, seed: int) -> Evening:
    lots = [
        {"lot": n, "title": f"Lot {n}", "mode": "silent", "opening": 100} for n in SILENT_LOTS
    ] + [{"lot": LIVE_LOT, "title": "Called", "mode": "live", "opening": 100}]
    event = await server.create_event(lots, DONORS)
    await server.post(f"/events/{event}/commands", {"type": "open_event"}, "gwen", Role.AUCTIONEER)
    crowd = Crowd(server, event, random.Random(seed))
    await trio.sleep(SETTLE_S)
    gauges = Gauges(server, event)
    before = await gauges.read()
    samples: list[Sample] = []
    pause_s = max(SAMPLE_S_MIN, minutes * 60 / SAMPLES_MAX)
    with trio.move_on_after(minutes * 60):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(crowd.stay)
            while True:
                await trio.sleep(pause_s)
                samples.append(await gauges.read())
    after = await _in_quiet(gauges, before)
    return Evening(minutes, seed, before, samples, after, crowd.done, crowd.faults)


async def _in_quiet(gauges: Gauges, before: Sample) -> Sample:
    """Read until no more sockets and tasks are there than in the beginning, or for so long."""
    deadline = trio.current_time() + LEAVE_LIMIT_S
    while True:
        await trio.sleep(SETTLE_S)
        sample = await gauges.read()
        is_quiet = sample.sockets <= before.sockets and sample.tasks <= before.tasks
        if is_quiet or trio.current_time() > deadline:
            return sample


def main(argv: Sequence[str] | None = None) -> int:
    """Soak a server and write the report; give the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.soak", description=main.__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(SEEDS))
    parser.add_argument("--report", type=Path, default=REPORT, metavar="FILE")
    arguments = parser.parse_args(argv)
    machine = describe_machine(Cores(None, None), ROOT)
    print(f"seed {arguments.seed}; {arguments.minutes:g} minutes ...", flush=True)
    evening = trio.run(soak, arguments.minutes, arguments.seed)
    drawn = arguments.report.with_suffix(".svg")
    lines = list(report_lines(evening, machine, drawn.name))
    arguments.report.parent.mkdir(parents=True, exist_ok=True)
    arguments.report.write_text("\n".join(lines) + "\n", encoding="utf-8")
    drawn.write_text(plot(evening.samples), encoding="utf-8")
    print("\n".join(lines))
    return 1 if evening.verdict() else 0


if __name__ == "__main__":
    sys.exit(main())
