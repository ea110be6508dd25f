"""The tally of HTTP requests: how many of each route and status, and how long they took.

Owns: the counts. Invariant: a route is a template or one of the named others, so that no client can
make the tally grow; noting a request costs about a microsecond.
Source: the Prometheus text format, RED method.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

import attrs
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

UNMATCHED = "unmatched"
BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@attrs.define
class _Timing:
    """counts: of requests up to each bound, not summed; the last is of those beyond all."""

    counts: list[int] = attrs.field(factory=lambda: [0] * (len(BOUNDS_S) + 1))
    seconds: float = 0.0


@attrs.define(eq=False)
class RequestTally(Collector):
    """Count requests; read by a scrape."""

    _requests: dict[tuple[str, str, int], int] = attrs.field(init=False, factory=dict)
    _timings: dict[str, _Timing] = attrs.field(init=False, factory=dict)
    _kept: int = attrs.field(init=False, default=0)

    def note(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        key = (route, method, status)
        self._requests[key] = self._requests.get(key, 0) + 1
        timing = self._timings.get(route)
        if timing is None:
            timing = self._timings[route] = _Timing()
        timing.counts[bisect_left(BOUNDS_S, seconds)] += 1
        timing.seconds += seconds

    def note_kept(self) -> None:
        """Count a request that a kept answer served; `note` counts it as well."""
        self._kept += 1

    def collect(self) -> Iterator[Metric]:
        """Yield the counts as a scrape reads them."""
        requests = CounterMetricFamily(
            "saleroom_http_requests",
            "HTTP requests answered.",
            labels=["route", "method", "status"],
        )
        for (route, method, status), count in self._requests.items():
            requests.add_metric([route, method, str(status)], count)
        yield requests
        timings = HistogramMetricFamily(
            "saleroom_http_request_seconds",
            "From a request's head to its answer.",
            labels=["route"],
        )
        for route, timing in self._timings.items():
            timings.add_metric([route], list(_buckets(timing)), timing.seconds)
        yield timings
        kept = CounterMetricFamily("saleroom_http_kept_answers", "Requests served as kept.")
        kept.add_metric([], self._kept)
        yield kept


def _buckets(timing: _Timing) -> Iterator[tuple[str, int]]:
    total = 0
    for bound, count in zip((*map(str, BOUNDS_S), "+Inf"), timing.counts, strict=True):
        total += count
        yield bound, total
