"""`room`: how long a bid takes to every screen, what it costs, and how long the loop stands still.

Owns: the measures of three rooms, each at several rates. Invariant: the cost of a bid is the CPU
time of the server process above its idle rate, its broadcasts included, PostgreSQL's own processes
not; every bid reached every screen, or the measure failed. Source: PROTOCOL 3 and 4, I11.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from bench.histogram import Histogram
from bench.host import BENCH_SERVE, HOST, Host, running_server
from bench.load import Load
from bench.report import Goal, Result
from bench.room import LOTS, Latencies, Room
from bench.sale import hellos, open_sale
from bench.setting import Setting
from bench.usage import Usage, resident_bytes, usage_between

SOCKETS_PER_USER = 5
WARM_S, IDLE_S, SAMPLED_S = 1.0, 3.0, 2.0
BRIEF_S = 3.0
PAUSE_GOAL, NEVER_DEARER = Goal("<=", 20.0), Goal("<=", 1.0)


@attrs.frozen
class Pace:
    """One rate of bids, and for how long."""

    bids_per_s: float
    seconds: float


@attrs.frozen
class Plan:
    """One room. at: the pace that the latency's goal speaks of. slow, fast: those of the cost's."""

    sockets: int
    at: Pace
    goal: Goal
    others: Sequence[Pace] = ()
    slow: float | None = None
    fast: float | None = None
    cost_goal: Goal | None = None

    @property
    def paces(self) -> list[Pace]:
        """All paces, slowest first."""
        return sorted((self.at, *self.others), key=lambda pace: pace.bids_per_s)


PLANS = (
    Plan(500, Pace(10, 12.0), Goal("<=", 20.0), [Pace(50, 3.0), Pace(200, 3.0)]),
    Plan(
        2_000,
        Pace(50, 12.0),
        Goal("<=", 60.0),
        [Pace(20, 5.0), Pace(200, 4.0)],
        slow=20,
        fast=200,
        cost_goal=Goal("<=", 0.5),
    ),
    Plan(
        10_000,
        Pace(50, 60.0),
        Goal("<=", 250.0),
        [Pace(5, 8.0), Pace(15, 6.0)],
        slow=5,
        fast=50,
        cost_goal=Goal("<=", 0.4),
    ),
)


@attrs.frozen
class Window:
    """What one pace found. loop: the server's own account of its last minute."""

    pace: Pace
    latencies: Latencies
    frames: int
    usage: Usage
    cost_us: float
    loop: Mapping[str, float]

    def plain(self) -> dict[str, Any]:
        """Give what the JSON keeps."""
        return {
            "bids_per_s": self.pace.bids_per_s,
            "seconds": self.pace.seconds,
            "bids": self.latencies.to_screens.count,
            "to_every_screen_ms": self.latencies.to_screens.summary_ms(),
            "to_answer_ms": self.latencies.to_answer.summary_ms(),
            "curve_ms": self.latencies.to_screens.curve_ms(),
            "frames": self.frames,
            "cpu_per_bid_us": self.cost_us,
            "cpu_per_frame_us": self.cost_us * self.latencies.to_screens.count / self.frames,
            "usage": attrs.asdict(self.usage),
            "loop": self.loop,
        }

    def line(self) -> str:
        """Write it for people."""
        cost = self.cost_us * self.latencies.to_screens.count / self.frames
        others = self.usage.others_share or 0.0
        return (
            f"{self.pace.bids_per_s:>4g} bids/s: screens {_shown(self.latencies.to_screens)}; "
            f"answer p99 {self.latencies.to_answer.quantile_ms(0.99):.1f}; CPU {self.cost_us:,.0f} "
            f"µs a bid, {cost:.2f} a frame; others took {others:.0%}"
        )


def measure_rooms(setting: Setting) -> list[Result]:
    """Take the measures of every room."""
    results: list[Result] = []
    for plan in PLANS:
        results += measure_room(setting, plan)
    return results


def measure_room(setting: Setting, plan: Plan) -> list[Result]:
    """Take the measures of one room."""
    with running_server(BENCH_SERVE, setting.cores) as host:
        sale = open_sale(host, lots=LOTS, users=-(-plan.sockets // SOCKETS_PER_USER))
        load = Load(HOST, host.port)
        room = Room(load, sale)
        try:
            room.enter(hellos(host, sale, plan.sockets))
            room.run(WARM_S, plan.paces[0].bids_per_s)
            idle = _idle_share(setting, host, load)
            windows = [_window(setting, host, room, pace, idle) for pace in plan.paces]
            with host.sampled() as busiest:
                room.run(setting.seconds(SAMPLED_S, BRIEF_S), plan.at.bids_per_s)
            resident = resident_bytes(host.process.pid)
        finally:
            load.close()
    details = {
        "sockets": plan.sockets,
        "idle_share": idle,
        "windows": [window.plain() for window in windows],
        "resident_bytes": resident,
        "busiest": busiest,
        "overtaken": room.overtaken,
    }
    results = [_latency(plan, windows, details)]
    if plan.cost_goal is not None:
        results += _costs(plan, windows, plan.cost_goal)
    if plan is PLANS[-1]:
        results.append(_pause(plan, windows[-1]))
    return results


def _idle_share(setting: Setting, host: Host, load: Load) -> float:
    """Give the server's CPU seconds a second while nobody bids."""
    before = host.usage()
    load.poll(time.perf_counter() + setting.seconds(IDLE_S, BRIEF_S))
    return usage_between(before, host.usage(), setting.cores).server_share


def _window(setting: Setting, host: Host, room: Room, pace: Pace, idle: float) -> Window:
    seconds = setting.seconds(pace.seconds, BRIEF_S)
    room.run(WARM_S, pace.bids_per_s)
    before, frames = host.usage(), room.frames
    latencies = room.run(seconds, pace.bids_per_s)
    usage = usage_between(before, host.usage(), setting.cores)
    cost = (usage.server_cpu_s - idle * usage.elapsed_s) / int(seconds * pace.bids_per_s)
    pace = attrs.evolve(pace, seconds=seconds)
    return Window(pace, latencies, room.frames - frames, usage, cost * 1e6, host.loop())


def _latency(plan: Plan, windows: Sequence[Window], details: Mapping[str, Any]) -> Result:
    (window,) = [w for w in windows if w.pace.bids_per_s == plan.at.bids_per_s]
    return Result(
        measure=f"room {plan.sockets}",
        conditions=f"{plan.sockets:,} sockets, {plan.at.bids_per_s:g} bids/s by the clock for "
        f"{window.pace.seconds:g} s on {LOTS} contested lots; latency from when a bid should have "
        "left; none lost",
        figure="bid to the last screen, p99",
        value=window.latencies.to_screens.quantile_ms(0.99),
        unit="ms",
        goal=plan.goal,
        usage=window.usage,
        found=[each.line() for each in windows],
        details=details,
    )


def _costs(plan: Plan, windows: Sequence[Window], goal: Goal) -> list[Result]:
    costs = {window.pace.bids_per_s: window.cost_us for window in windows}
    assert plan.slow is not None
    assert plan.fast is not None
    slow = costs[plan.slow]
    tenfold = Result(
        measure=f"cost {plan.sockets}",
        conditions=f"{plan.sockets:,} sockets, {plan.slow:g} and {plan.fast:g} bids/s; CPU of the "
        "server process above idle, per bid",
        figure="CPU of a bid at ten times the rate, against the slow rate",
        value=costs[plan.fast] / slow,
        unit="x",
        goal=goal,
        usage=windows[-1].usage,
        found=[", ".join(f"{rate:g} bids/s {cost:,.0f} µs" for rate, cost in costs.items())],
        details={"cpu_per_bid_us": {f"{rate:g}": cost for rate, cost in costs.items()}},
    )
    dearest = attrs.evolve(
        tenfold,
        measure=f"dearest {plan.sockets}",
        figure="CPU of a bid at its dearest rate, against the slow rate",
        value=max(costs.values()) / slow,
        goal=NEVER_DEARER,
    )
    return [tenfold, dearest]


def _pause(plan: Plan, window: Window) -> Result:
    loop = window.loop
    return Result(
        measure="pause",
        conditions=f"{plan.sockets:,} sockets, {window.pace.bids_per_s:g} bids/s, the last minute "
        "as the server's own loop watch has it",
        figure="longest pause of the loop",
        value=loop["lag_max_ms"],
        unit="ms",
        goal=PAUSE_GOAL,
        usage=window.usage,
        found=[
            f"median lag {loop['lag_p50_ms']:.2f} ms, longest collection since the start "
            f"{loop['gc_max_ms']:.1f} ms"
        ],
        details=loop,
    )


def _shown(latencies: Histogram) -> str:
    summary = latencies.summary_ms().items()
    return "  ".join(f"{name} {value:.1f}" for name, value in summary) + " ms"
