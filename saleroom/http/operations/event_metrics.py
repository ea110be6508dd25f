"""Metrics of events: what became of bids, and how long decisions, commits and broadcasts took.

Owns: the names, labels and help of these figures. Invariant: nothing is counted here, each scrape
reads what the events counted; a label is an event, a kind of command, a source or a result, never
a user. Source: ARCHITECTURE 4, the Prometheus text format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import attrs
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from saleroom.actors.figures import Times
from saleroom.actors.site import Site
from saleroom.auction import commands as c
from saleroom.protocol.messages import wire_name

SOURCES: dict[type[c.Command], str] = {
    c.PlaceBid: "online",
    c.SetMaxBid: "online",
    c.Buy: "online",
    c.Pledge: "online",
    c.FloorBid: "floor",
}
"""The commands that are bids, and where they come from."""


@attrs.frozen(eq=False)
class EventCollector(Collector):
    """Read every event's figures at each scrape."""

    sites: Callable[[], Sequence[Site]]

    def collect(self) -> Iterator[Metric]:
        """Yield the figures of all events."""
        sites = self.sites()
        yield from _commands(sites)
        for name, about, times_of in (
            ("decision", "Of one command, fairly shared in its slice.", _decisions),
            ("commit", "Of one transaction of facts.", _commits),
            ("broadcast", "Of writing one feed to all sockets, waits left out.", _broadcasts),
        ):
            family = HistogramMetricFamily(f"saleroom_{name}_seconds", about, labels=["event"])
            for site in sites:
                times = times_of(site)
                family.add_metric([site.event], list(times.buckets()), times.total_s)
            yield family
        welcomes = CounterMetricFamily(
            "saleroom_welcomes", "Sockets welcomed, and how they went on.", labels=["event", "how"]
        )
        outbox = GaugeMetricFamily(
            "saleroom_outbox_bytes", "Bytes that sockets have not taken yet.", labels=["event"]
        )
        for site in sites:
            figures, audience = site.figures, site.audience
            welcomes.add_metric([site.event, "resumed"], figures.resumes)
            welcomes.add_metric([site.event, "anew"], figures.welcomes - figures.resumes)
            members = () if audience is None else audience.members()
            outbox.add_metric([site.event], sum(each.wire.unsent_bytes for each in members))
        yield welcomes
        yield outbox


def _commands(sites: Sequence[Site]) -> Iterator[Metric]:
    bids = CounterMetricFamily(
        "saleroom_bids", "Bids by what became of them.", labels=["event", "source", "result"]
    )
    commands = CounterMetricFamily(
        "saleroom_commands", "Commands by what became of them.", labels=["event", "type", "result"]
    )
    for site in sites:
        totals: dict[tuple[str, str], int] = {}
        for (kind, result), count in site.figures.answers().items():
            commands.add_metric([site.event, wire_name(kind), result], count)
            source = SOURCES.get(kind)
            if source is not None:
                totals[source, result] = totals.get((source, result), 0) + count
        for (source, result), count in totals.items():
            bids.add_metric([site.event, source, result], count)
    yield bids
    yield commands


def _decisions(site: Site) -> Times:
    return site.figures.decisions


def _commits(site: Site) -> Times:
    return site.figures.commits


def _broadcasts(site: Site) -> Times:
    return site.figures.broadcasts
