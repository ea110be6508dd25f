"""`fanout`: what one frame to one socket costs the server.

Owns: the measure. Invariant: the CPU time of the whole server process above its idle rate, divided
by the frames that clients have read; deciding and committing the bids is part of it, PostgreSQL's
own processes are not. Source: ARCHITECTURE 5 ("Direct broadcast").
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

import attrs

from bench import BenchFailed
from bench.host import BENCH_SERVE, HOST, Host, running_server
from bench.load import Client, Load
from bench.report import Goal, Result
from bench.sale import Sale, bid, feed_end, hello, hellos, open_sale, speaks
from bench.setting import Setting
from bench.usage import usage_between

SOCKETS, BIDDERS, BIDS_PER_S = 1_000, 10, 50
IDLE_S, WARM_S, WINDOW_S, BRIEF_S, WINDOWS = 3.0, 1.0, 3.0, 1.5, 3
SAMPLED_S = 3.0
SETTLE_S = 5.0
GOAL = Goal("<=", 6.0)


@attrs.define
class Crowd:
    """Bidders on lots of their own, and spectators who see every bid."""

    load: Load
    clients: Sequence[Client] = ()
    frames: int = 0
    _bids: int = 0

    def enter(self, host: Host, sale: Sale) -> None:
        """Connect everyone."""
        spectators = [hello(None)] * (SOCKETS - BIDDERS)
        everyone = [*hellos(host, sale, BIDDERS), *spectators]
        self.clients = self.load.connect(speaks(sale.event), everyone, self._hear)

    def run(self, seconds: float) -> int:
        """Bid by the clock until all have seen all of it; give the frames that were read."""
        begin, before = time.perf_counter(), self.frames
        for number in range(int(seconds * BIDS_PER_S)):
            self.load.poll(begin + number / BIDS_PER_S)
            self._bid()
        self.load.poll(begin + seconds)
        return self.frames - before

    def settle(self) -> None:
        """Wait until every screen shows the newest bid."""
        self.load.poll_until(
            lambda: (
                min(client.seq for client in self.clients)
                == max(client.seq for client in self.clients)
            ),
            SETTLE_S,
            "the last feed on all screens",
        )

    def _bid(self) -> None:
        bidder = self._bids % BIDDERS
        amount = self._bids // BIDDERS + 1
        self._bids += 1
        self.clients[bidder].send(bid(amount, bidder + 1, amount))

    def _hear(self, client: Client, message: bytes, now: float) -> None:
        self.frames += 1
        seq = feed_end(message)
        if seq is not None:
            client.seq = seq
        elif b'"type":"nack"' in message:
            raise BenchFailed(f"a bid was refused: {message[:300].decode()}")


def measure_fanout(setting: Setting) -> list[Result]:
    """Take the measure."""
    with running_server(BENCH_SERVE, setting.cores) as host:
        sale = open_sale(host, lots=BIDDERS, users=BIDDERS)
        load = Load(HOST, host.port)
        crowd = Crowd(load)
        try:
            crowd.enter(host, sale)
            crowd.run(WARM_S)
            idle_rate = _idle_rate(host, load)
            first = host.usage()
            windows = [_window(setting, host, crowd, idle_rate) for _ in range(WINDOWS)]
            usage = usage_between(first, host.usage(), setting.cores)
            with host.sampled() as busiest:
                crowd.run(SAMPLED_S)
            crowd.settle()
        finally:
            load.close()
    costs = [cost for cost, _ in windows]
    frames = sum(count for _, count in windows)
    result = Result(
        measure="fanout",
        conditions=f"{SOCKETS} sockets, {BIDS_PER_S} bids/s, {frames:,} frames read; "
        "CPU of the server process above idle, per frame",
        figure="CPU per socket and broadcast",
        value=statistics.median(costs),
        unit="µs",
        goal=GOAL,
        usage=usage,
        spread=costs,
        found=[f"idle: {idle_rate:.2%} of the core with {SOCKETS} sockets"],
        details={"frames": frames, "idle_share": idle_rate, "busiest": busiest},
    )
    return [result]


def _idle_rate(host: Host, load: Load) -> float:
    """Give the server's CPU seconds a second while nobody bids."""
    before = host.usage()
    load.poll(time.perf_counter() + IDLE_S)
    return usage_between(before, host.usage(), host.cores).server_share


def _window(setting: Setting, host: Host, crowd: Crowd, idle_rate: float) -> tuple[float, int]:
    """Give the cost of a frame in microseconds, and the frames read."""
    before = host.usage()
    frames = crowd.run(setting.seconds(WINDOW_S, BRIEF_S))
    usage = usage_between(before, host.usage(), host.cores)
    return (usage.server_cpu_s - idle_rate * usage.elapsed_s) / frames * 1e6, frames
