"""`idle`: what sockets cost while nobody bids.

Owns: the measure. Invariant: CPU of the server process, heartbeats and their answers included, over
whole heartbeat periods, so that every socket is counted as often as every other. Source: I6, I11.
"""

from __future__ import annotations

import time

from bench.host import BENCH_SERVE, HOST, running_server
from bench.load import Client, Load
from bench.report import Goal, Result
from bench.sale import hellos, open_sale, speaks
from bench.setting import Setting
from bench.usage import usage_between
from saleroom.config import Limits

SOCKETS, USERS, LOTS = 10_000, 2_000, 20
SETTLE_S = 3.0
PERIOD_S = Limits().heartbeat_ms / 1000
BRIEF_S = SAMPLED_S = 5.0
GOAL = Goal("<=", 0.03)


def measure_idle(setting: Setting) -> list[Result]:
    """Take the measure."""
    with running_server(BENCH_SERVE, setting.cores) as host:
        sale = open_sale(host, lots=LOTS, users=USERS)
        load = Load(HOST, host.port)
        try:
            began = time.perf_counter()
            load.connect(speaks(sale.event), hellos(host, sale, SOCKETS), _ignore)
            entered_s = time.perf_counter() - began
            load.poll(time.perf_counter() + SETTLE_S)
            before = host.usage()
            load.poll(time.perf_counter() + setting.seconds(PERIOD_S, BRIEF_S))
            usage = usage_between(before, host.usage(), setting.cores)
            with host.sampled() as busiest:
                load.poll(time.perf_counter() + SAMPLED_S)
        finally:
            load.close()
    return [
        Result(
            measure="idle",
            conditions=f"{SOCKETS:,} welcomed sockets of {USERS:,} users, nobody bids, "
            f"{usage.elapsed_s:.0f} s",
            figure="CPU of the server process, as a share of a core",
            value=usage.server_share,
            unit="of a core",
            goal=GOAL,
            usage=usage,
            found=[f"they came in at {SOCKETS / entered_s:,.0f} a second, handshake to welcome"],
            details={"busiest": busiest, "entered_s": entered_s},
        )
    ]


def _ignore(client: Client, message: bytes, now: float) -> None:
    """Hear nothing: an idle screen."""
