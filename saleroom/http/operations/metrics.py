"""Metrics: the supervision tree's figures, as Prometheus reads them.

Owns: the names, kinds and help of what is exported. Invariant: nothing is counted here, each scrape
reads the statistics that the parts give; the one label is a place in the tree, never a user.
Source: ARCHITECTURE 4 ("The tree's picture"), the Prometheus text format.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

import attrs
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from saleroom.supervisor import Node, State

Family: TypeAlias = CounterMetricFamily | GaugeMetricFamily

PREFIX = "saleroom_"

COUNTERS: dict[str, str] = {
    "accepted": "Connections that the door accepted.",
    "bids_decided": "Bids taken or refused.",
    "committed": "Facts made durable by this incarnation.",
    "commits": "Transactions that made facts durable.",
    "crashed": "Members of a pool that crashed.",
    "expired": "Commands answered because they waited too long.",
    "feeds": "Feed messages broadcast.",
    "frames": "Frames of feeds handed to sockets.",
    "give_backs": "Times that free memory was given back to the system.",
    "processed": "Commands let into the mailbox.",
    "refused": "Connections refused.",
    "replaced": "Sockets closed because their user opened too many.",
    "silent": "Sockets closed because their client fell silent.",
    "slow_cut": "Sockets closed because their client read too slowly.",
    "snapshots": "Snapshots written.",
    "started": "Members that a pool has had.",
    "websockets": "Websockets accepted.",
}
"""What only grows during a life of its child; all other numbers are gauges."""

GAUGES: dict[str, str] = {
    "addresses": "Addresses with open connections.",
    "behind": "Members of the audience fed from the tail.",
    "checkpoint_age_ms": "Milliseconds since the hot store was written.",
    "connections": "Connections open now.",
    "feed_p99_ms": "Lately, from mailbox to last socket: 99 of 100 commands took no more (ms).",
    "http_connections": "HTTP connections open now.",
    "is_degraded": "Whether the hot store is away (1) or written (0).",
    "largest_batch": "Facts of the largest group commit.",
    "mailbox": "Commands without an answer.",
    "pending_facts": "Facts decided and not yet durable.",
    "rss_bytes": "Resident memory of the server's process.",
    "running": "Members of a pool now.",
    "seq": "The newest public fact decided.",
    "sessions": "Websocket sessions now.",
}


@attrs.frozen(eq=False)
class TreeCollector(Collector):
    """Read the tree at each scrape."""

    tree: Callable[[], Node]

    def collect(self) -> Iterator[Metric]:
        """Yield every number that the tree's nodes show."""
        nodes = list(self.tree().walk())
        up = GaugeMetricFamily(f"{PREFIX}child_up", "Whether a child runs.", labels=["path"])
        restarts = CounterMetricFamily(
            f"{PREFIX}child_restarts", "Restarts by supervision.", labels=["path"]
        )
        families: dict[str, Family] = {}
        for node in nodes:
            up.add_metric([node.path], float(node.state is State.RUNNING))
            restarts.add_metric([node.path], node.restarts)
            for name, value in node.stats.items():
                if isinstance(value, int | float):
                    family = families.setdefault(name, _family(name))
                    family.add_metric([node.path], float(value))
        yield up
        yield restarts
        yield from families.values()


def make_registry(tree: Callable[[], Node], *others: Collector) -> CollectorRegistry:
    """Make a registry of one server's own, which nothing else writes to."""
    registry = CollectorRegistry(auto_describe=False)
    for collector in (TreeCollector(tree), *others):
        registry.register(collector)
    return registry


def _family(name: str) -> Family:
    exported = PREFIX + re.sub(r"[^a-zA-Z0-9_]", "_", name)
    if name in COUNTERS:
        return CounterMetricFamily(exported, COUNTERS[name], labels=["path"])
    return GaugeMetricFamily(exported, GAUGES.get(name, "As its child counts it."), labels=["path"])
