"""`engine`, `replay` and `actor`: the parts of a decision, without sockets.

Owns: the measures, each in a process of its own. Invariant: a figure is the median of five windows
of equal work; the process is kept to the server's core, where others' share is counted.
Source: ARCHITECTURE 5, bench/inside.py.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

import attrs
import psutil  # type: ignore[import-untyped]

from bench import BenchFailed
from bench.host import CHECKOUT
from bench.report import Goal, Result
from bench.setting import Setting
from bench.usage import Usage, pin
from bench.windows import WINDOWS

LIMIT_S = 120.0
STEPS, BRIEF_STEPS = 200_000, 50_000


@attrs.frozen
class Loop:
    """What bench/inside.py times under a name."""

    name: str
    figure: str
    conditions: str
    goal: Goal | None


STRAIGHT = Loop(
    "straight",
    "straight bids decided",
    "bids of 500 users on 20 silent lots, each at the ask; decided and applied",
    Goal(">=", 120_000),
)
MAXES = Loop(
    "maxes",
    "rising maxes decided",
    "maxes of 500 users on 20 silent lots, each above the one that leads; decided and applied",
    Goal(">=", 120_000),
)
BOOK = Loop(
    "book",
    "straight bids written down",
    "the straight bids again: decided, applied, encoded, chained, and their answers remembered",
    None,
)
REPLAY = Loop(
    "replay",
    "facts replayed from bytes",
    "decoded, applied, every head checked against the chain; the state compared at the end",
    Goal(">=", 150_000),
)
ACTOR = Loop(
    "actor",
    "durable commands, straight into the actor",
    "mailbox, actor, committer and PostgreSQL, which runs on the clients' core; no sockets",
    Goal(">=", 60_000),
)


def measure_engine(setting: Setting) -> list[Result]:
    """Take the measures of the rules, and of the book around them."""
    return [_measure(setting, loop) for loop in (STRAIGHT, MAXES, BOOK)]


def measure_replay(setting: Setting) -> list[Result]:
    """Take the measure of the replay."""
    return [_measure(setting, REPLAY)]


def measure_actor(setting: Setting) -> list[Result]:
    """Take the measure of the actor."""
    return [_measure(setting, ACTOR)]


def _measure(setting: Setting, loop: Loop) -> Result:
    count = setting.count(STEPS, BRIEF_STEPS)
    began, core = time.perf_counter(), setting.cores.server
    busy = _busy_s(core)
    command = [sys.executable, "-m", "bench.inside", loop.name, str(count)]
    process = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
    pin(process.pid, core)
    try:
        printed, _ = process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise BenchFailed(f"{loop.name}: not within {LIMIT_S:g} s") from None
    if process.returncode:
        raise BenchFailed(f"{loop.name}: the process failed; its last words stand above")
    found = json.loads(printed)
    rates: Sequence[float] = found["rates"]
    elapsed = time.perf_counter() - began
    cpu_s = found["cpu_s"]
    others = (_busy_s(core) - busy - cpu_s) / elapsed if core is not None else None
    return Result(
        measure=loop.name,
        conditions=f"{count:,} in {WINDOWS} windows: {loop.conditions}",
        figure=loop.figure,
        value=statistics.median(rates),
        unit="/s",
        goal=loop.goal,
        usage=Usage(
            elapsed_s=elapsed,
            server_cpu_s=cpu_s,
            server_share=cpu_s / elapsed,
            postgres_share=0.0,
            client_share=0.0,
            others_share=None if others is None else max(0.0, others),
        ),
        spread=rates,
        found=[
            f"CPU {found['cpu_us']:.2f} µs each: {1e6 / found['cpu_us']:,.0f}/s of a core to itself"
        ],
        details={"cpu_us": found["cpu_us"], "busiest": found["busiest"]},
    )


def _busy_s(core: int | None) -> float:
    if core is None:
        return 0.0
    times = psutil.cpu_times(percpu=True)[core]
    return float(times.user + times.nice + times.system)
