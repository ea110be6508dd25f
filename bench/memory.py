"""`memory`: what an idle connection costs the server.

Owns: the measure. Invariant: resident memory of the server process alone, after garbage was
collected and free memory given back, both before and after the connections counted; the first
connections, which bring in what all share, are not among them. The kernel's socket buffers are not
resident memory, and not counted. Source: I6.
"""

from __future__ import annotations

import time
from itertools import pairwise

from bench.host import BENCH_SERVE, HOST, Host, running_server
from bench.load import Client, Load
from bench.report import Goal, Result
from bench.sale import hellos, open_sale, speaks
from bench.setting import Setting
from bench.usage import resident_bytes, usage_between

FIRST, STEPS, STEP = 200, 3, 400
USERS = 280  # each holds 5 sockets, as many as the server lets one user have
LOTS = 20
SETTLE_S = 2.0
GOAL = Goal("<=", 25.0)


def measure_memory(setting: Setting) -> list[Result]:
    """Take the measure."""
    with running_server(BENCH_SERVE, setting.cores) as host:
        sale = open_sale(host, lots=LOTS, users=USERS)
        signed = hellos(host, sale, FIRST + STEPS * STEP)
        load = Load(HOST, host.port)
        before = host.usage()
        try:
            load.connect(speaks(sale.event), signed[:FIRST], _ignore)
            levels = [_settled_bytes(host, load)]
            for start in range(FIRST, len(signed), STEP):
                load.connect(speaks(sale.event), signed[start : start + STEP], _ignore)
                levels.append(_settled_bytes(host, load))
        finally:
            load.close()
        usage = usage_between(before, host.usage(), setting.cores)
    sizes = [trimmed for _, trimmed in levels]
    counted = STEPS * STEP
    steps = [(b - a) / STEP / 1024 for a, b in pairwise(sizes)]
    result = Result(
        measure="memory",
        conditions=f"{counted} idle welcomed donors after the first {FIRST}, {USERS} users; "
        "garbage collected and free memory given back (bench/server.py)",
        figure="resident memory per connection",
        value=(sizes[-1] - sizes[0]) / counted / 1024,
        unit="KiB",
        goal=GOAL,
        usage=usage,
        spread=steps,
        found=[
            f"the server: {sizes[0] / 2**20:.1f} MiB with {FIRST} connections, "
            f"{sizes[-1] / 2**20:.1f} MiB with {FIRST + counted} "
            f"({levels[-1][0] / 2**20:.1f} MiB before memory was given back)"
        ],
        details={"levels_bytes": levels},
    )
    return [result]


def _settled_bytes(host: Host, load: Load) -> tuple[int, int]:
    """Give the memory once things have settled, and once the server gave back what is free."""
    load.poll(time.perf_counter() + SETTLE_S)
    grown = resident_bytes(host.process.pid)
    host.trim()
    return grown, resident_bytes(host.process.pid)


def _ignore(client: Client, message: bytes, now: float) -> None:
    """Hear nothing: an idle screen."""
