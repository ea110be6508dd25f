"""`reads`: how fast a list of 200 lots is read while a full room bids.

Owns: the measure of a room with readers beside it. Invariant: bids and requests leave by the clock,
and each latency counts from when it should have left; every bid reached every screen. The readers
run in a process of their own (`bench.readers`), on the clients' core.
Source: issue of reads that scale, PROTOCOL 7.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import attrs

from bench import BenchFailed
from bench.host import BENCH_SERVE, CHECKOUT, HOST, Host, running_server
from bench.load import Load
from bench.report import Goal, Result
from bench.room import Latencies, Room
from bench.sale import Sale, hellos, open_sale
from bench.setting import Setting
from bench.usage import Usage, pin, usage_between

LOTS, SOCKETS, SOCKETS_PER_USER = 200, 500, 5
BIDS_PER_S, READS_PER_S = 50.0, 800.0
FLAT_OUT = 0.0
WARM_S, READ_S, BRIEF_S = 2.0, 10.0, 3.0
ANSWER_S = 20.0
RATE_GOAL, READ_GOAL, SCREEN_GOAL = Goal(">=", READS_PER_S), Goal("<=", 20.0), Goal("<=", 60.0)


@attrs.frozen
class Window:
    """One rate of reads. reads: as `bench.readers` prints them."""

    reads: Mapping[str, Any]
    bids: Latencies
    usage: Usage


def measure_reads(setting: Setting) -> list[Result]:
    """Read by the clock, then flat out, while the room bids."""
    with running_server(BENCH_SERVE, setting.cores) as host:
        sale = open_sale(host, lots=LOTS, users=SOCKETS // SOCKETS_PER_USER)
        load = Load(HOST, host.port)
        room = Room(load, sale)
        try:
            room.enter(hellos(host, sale, SOCKETS))
            room.run(WARM_S, BIDS_PER_S)
            paced = _window(setting, host, room, sale, READS_PER_S * 1.02)
            flat_out = _window(setting, host, room, sale, FLAT_OUT)
        finally:
            load.close()
    conditions = (
        f"{LOTS} lots of {SOCKETS:,} sockets' sale in one answer of "
        f"{paced.reads['body_bytes'] / 1000:.0f} kB, {BIDS_PER_S:g} bids/s by the clock; "
    )
    by_the_clock = conditions + f"{READS_PER_S:g} reads/s by the clock"
    details = {"paced": paced.reads, "flat_out": flat_out.reads}
    screens, at_most = paced.bids.to_screens, flat_out.bids.to_screens
    return [
        Result(
            measure="reads",
            conditions=by_the_clock,
            figure="lists of lots answered",
            value=paced.reads["answers_per_s"],
            unit="/s",
            goal=RATE_GOAL,
            usage=paced.usage,
            found=[
                f"flat out {flat_out.reads['answers_per_s']:,.0f}/s, p99 "
                f"{flat_out.reads['p99_ms']:.1f} ms, bids to the last screen p99 "
                f"{at_most.quantile_ms(0.99):.1f} ms"
            ],
            details=details,
        ),
        Result(
            measure="reads p99",
            conditions=by_the_clock,
            figure="a list of lots, p99",
            value=paced.reads["p99_ms"],
            unit="ms",
            goal=READ_GOAL,
            usage=paced.usage,
            details=details,
        ),
        Result(
            measure="reads bids",
            conditions=by_the_clock,
            figure="bid to the last screen meanwhile, p99",
            value=screens.quantile_ms(0.99),
            unit="ms",
            goal=SCREEN_GOAL,
            usage=paced.usage,
            details={"to_every_screen_ms": screens.summary_ms()},
        ),
    ]


def _window(setting: Setting, host: Host, room: Room, sale: Sale, rate: float) -> Window:
    seconds = setting.seconds(READ_S, BRIEF_S)
    path = f"/api/v1/events/{sale.event}/lots?limit={LOTS}"
    arguments = [str(host.port), path, str(rate), str(seconds + WARM_S)]
    readers = subprocess.Popen(
        [sys.executable, "-m", "bench.readers", *arguments], stdout=subprocess.PIPE, cwd=CHECKOUT
    )
    pin(readers.pid, setting.cores.client)
    try:
        room.run(WARM_S, BIDS_PER_S)
        before = host.usage()
        bids = room.run(seconds, BIDS_PER_S)
        usage = usage_between(before, host.usage(), setting.cores)
        printed, _ = readers.communicate(timeout=ANSWER_S)
    finally:
        readers.kill()
        readers.wait()
    if readers.returncode:
        raise BenchFailed("the readers ended; their last words stand above")
    return Window(json.loads(printed), bids, usage)
