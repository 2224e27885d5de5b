"""Prometheus figures of one application: requests and latencies by route template, and its process.

Requests are counted in plain numbers, because that is on every request's path, and become Prometheus' families when
somebody asks: its library brings an HTTP server and more with it, which a service that nobody scrapes need not hold.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

LIBRARY = "prometheus_client"
"""What `render` needs; whoever must not wait for the import loads it in a thread first."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WEBSOCKET"})
_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Figures(Protocol):
    """Something with figures of its own."""

    def collect(self) -> "Iterable[Metric]":
        """The families as they are now."""
        ...


class ServiceMetrics:
    """The figures of one application; services add their own with `add`.

    Each application has its own, so that two of them, as in tests, do not meet in a global one.

    Args:
        service: Name in `/health`.
        version: Version of the service.
    """

    def __init__(self, service: str, version: str) -> None:
        self._about = (service, version)
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._latencies: dict[tuple[str, str], _Latencies] = {}
        self._others: list[Figures] = []

    def add(self, figures: Figures) -> None:
        """Show these as well from now on."""
        self._others.append(figures)

    def remove(self, figures: Figures) -> None:
        """Show these no longer."""
        self._others.remove(figures)

    def record(self, scope: Mapping[str, Any], status: int, duration_s: float) -> None:
        """Count one answered request; labels have few values, whatever paths and methods callers invent."""
        method = scope.get("method", "WEBSOCKET")
        method = method if method in _METHODS else "OTHER"
        route = getattr(scope.get("route"), "path", None) or "unmatched"
        self._requests[method, route, status] += 1
        # A WebSocket lasts as long as its client likes: no latency.
        if scope["type"] == "http":
            latencies = self._latencies.get((method, route))
            if latencies is None:
                latencies = self._latencies[method, route] = _Latencies()
            latencies.add(duration_s)

    def collect(self) -> "Iterable[Metric]":
        """The figures of the application itself."""
        from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        about = GaugeMetricFamily("clara_service", "Which service this is.", labels=("service", "version"))
        about.add_metric(self._about, 1)
        requests = CounterMetricFamily(
            "clara_http_requests", "Requests answered.", labels=("method", "route", "status")
        )
        for (method, route, status), count in self._requests.items():
            requests.add_metric((method, route, str(status)), count)
        seconds = HistogramMetricFamily(
            "clara_http_request_duration_seconds",
            "Seconds from request to the end of its answer.",
            labels=("method", "route"),
        )
        for measured, latencies in self._latencies.items():
            seconds.add_metric(measured, latencies.buckets(), latencies.sum_s)
        return about, requests, seconds

    def render(self) -> tuple[bytes, str]:
        """The exposition text and its content type."""
        from prometheus_client import CollectorRegistry, ProcessCollector
        from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        for figures in (self, *self._others):
            registry.register(figures)
        return generate_latest(registry), CONTENT_TYPE_LATEST


class _Latencies:
    """How many answers took how long, of one route."""

    def __init__(self) -> None:
        self._counts = [0] * (len(_BUCKETS_S) + 1)
        self.sum_s = 0.0

    def add(self, duration_s: float) -> None:
        self._counts[bisect_left(_BUCKETS_S, duration_s)] += 1
        self.sum_s += duration_s

    def buckets(self) -> list[tuple[str, float]]:
        """Upper bounds, each with the number of answers that were no slower."""
        bounds = [*map(str, _BUCKETS_S), "+Inf"]
        return list(zip(bounds, map(float, accumulate(self._counts)), strict=True))
