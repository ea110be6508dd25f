"""What a server uses, sampled: memory, descriptors, sockets, tasks and the lag of its loop.

Owns: the readings of one process over time, and what they say of leaks. Invariant: a slope is taken
over the second half alone, when caches are warm. Source: proc(5), ARCHITECTURE I11.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from typing import Any

import attrs
import httpx
import psutil  # type: ignore[import-untyped]
import trio

from saleroom.auction.roles import Role
from tests.chaos.house import find_node, walk
from tests.chaos.poisoned import TASKS
from tests.chaos.processes import Server

ANSWER_LIMIT_S = 10.0


@attrs.frozen
class Sample:
    """One reading. at: seconds since the first. connections: welcomed websockets.

    sockets: of the network, listening ones included. facts: public ones committed so far.
    """

    at: float
    rss_bytes: int
    descriptors: int
    sockets: int
    tasks: int
    connections: int
    facts: int
    lag_p50_ms: float
    lag_max_ms: float
    gc_max_ms: float
    slow_cut: int


@attrs.frozen
class Slope:
    """How memory grew. bytes_per_fact: None where no fact came."""

    bytes_per_s: float
    bytes_per_fact: float | None


@attrs.define(eq=False)
class Gauges:
    """Reads one server on one event."""

    server: Server
    event: str
    began: float = attrs.field(init=False, factory=trio.current_time)

    async def read(self) -> Sample:
        """Take a reading."""
        tree = await self._tree()
        tasks = int(await self.server.ask(signal.SIGUSR2, TASKS, ANSWER_LIMIT_S))
        process = psutil.Process(self.server.pid)
        event = f"saleroom/events/event:{self.event}"
        loop = _stats(tree, "saleroom/observers/loop")
        audience = _stats(tree, f"{event}/audience")
        return Sample(
            at=trio.current_time() - self.began,
            rss_bytes=process.memory_info().rss,
            descriptors=process.num_fds(),
            sockets=len(process.net_connections("inet")),
            tasks=tasks,
            connections=audience.get("connections", 0),
            facts=_stats(tree, f"{event}/engine").get("seq", 0),
            lag_p50_ms=loop["lag_p50_ms"],
            lag_max_ms=loop["lag_max_ms"],
            gc_max_ms=loop["gc_max_ms"],
            slow_cut=audience.get("slow_cut", 0),
        )

    async def _tree(self) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.server.token('otto', Role.OPERATOR)}"}
        url = f"{self.server.url}/api/v1/operator/tree"
        async with httpx.AsyncClient(timeout=ANSWER_LIMIT_S) as http:
            response = await http.get(url, headers=headers)
        response.raise_for_status()
        tree: dict[str, Any] = response.json()
        assert not any(node["restarts"] for node in walk(tree)), "a part of the server crashed"
        return tree


def _stats(tree: dict[str, Any], path: str) -> dict[str, Any]:
    node = find_node(tree, path)
    assert node is not None, f"{path} is not in the tree"
    stats: dict[str, Any] = node["stats"]
    return stats


def slope(samples: Sequence[Sample]) -> Slope:
    """Fit a line through the memory of the second half."""
    half = samples[len(samples) // 2 :]
    rate = _fit([sample.at for sample in half], [sample.rss_bytes for sample in half])
    facts = half[-1].facts - half[0].facts
    elapsed = half[-1].at - half[0].at
    return Slope(rate, rate * elapsed / facts if facts else None)


def _fit(xs: Sequence[float], ys: Sequence[float]) -> float:
    """Give the slope of the line of least squares."""
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - mean_x) ** 2 for x in xs)
    return sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / spread
