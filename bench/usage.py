"""What processes and cores use, and which core a process may use.

Owns: reading CPU time and memory from the system, and pinning. Invariant: a reading covers all of
the server's processes, its PostgreSQL told apart. Knows nothing of measures. Source: proc(5).
"""

from __future__ import annotations

import os
import time

import attrs
import psutil  # type: ignore[import-untyped]


@attrs.frozen
class Cores:
    """Where the server (with its PostgreSQL) and the clients run; None: the system decides."""

    server: int | None
    client: int | None

    @property
    def are_apart(self) -> bool:
        """Whether the clients take nothing from the server."""
        return self.server is not None


def choose_cores() -> Cores:
    """Take the first and the last core that this process may use."""
    if not hasattr(os, "sched_getaffinity"):
        return Cores(None, None)
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(allowed[0], allowed[-1]) if len(allowed) > 1 else Cores(None, None)


def pin(pid: int, core: int | None) -> None:
    """Keep a process, and all that it starts later, on one core."""
    if core is not None:
        os.sched_setaffinity(pid, {core})


@attrs.frozen
class Reading:
    """CPU seconds used so far, at one moment. core: the server's core, by whomever."""

    at: float
    server: float
    postgres: float
    client: float
    core: float


@attrs.frozen
class Usage:
    """Between two readings: seconds in all, and shares of one core from 0 to 1.

    others: what processes that are not ours took of the server's core, None when it is not pinned.
    """

    elapsed_s: float
    server_cpu_s: float
    server_share: float
    postgres_share: float
    client_share: float
    others_share: float | None


def read_usage(server_pid: int, cores: Cores) -> Reading:
    """Read the clocks of the server, of its PostgreSQL and of this process."""
    server = psutil.Process(server_pid)
    core = psutil.cpu_times(percpu=True)[cores.server] if cores.server is not None else None
    return Reading(
        at=time.perf_counter(),
        server=_cpu_s(server),
        postgres=sum(_cpu_s(child) for child in server.children(recursive=True)),
        client=time.process_time(),
        core=0.0 if core is None else core.user + core.nice + core.system,
    )


def usage_between(first: Reading, last: Reading, cores: Cores) -> Usage:
    """Compare two readings."""
    elapsed = last.at - first.at
    server, postgres = last.server - first.server, last.postgres - first.postgres
    others = (last.core - first.core - server - postgres) / elapsed
    return Usage(
        elapsed_s=elapsed,
        server_cpu_s=server,
        server_share=server / elapsed,
        postgres_share=postgres / elapsed,
        client_share=(last.client - first.client) / elapsed,
        others_share=max(0.0, others) if cores.are_apart else None,
    )


def resident_bytes(pid: int) -> int:
    """Give a process's resident memory."""
    return int(psutil.Process(pid).memory_info().rss)


def _cpu_s(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)
