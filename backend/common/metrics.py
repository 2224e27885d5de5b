"""Prometheus figures of one application: requests and latencies by route template, and its process."""

from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WEBSOCKET"})
_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class ServiceMetrics:
    """The registry of one application; services register their own figures in `registry`.

    Each application has its own, so that two of them, as in tests, do not meet in a global one.

    Args:
        service: Name in `/health`.
        version: Version of the service.
    """

    def __init__(self, service: str, version: str) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        labels = ("method", "route", "status")
        self._requests = Counter("clara_http_requests", "Requests answered.", labels, registry=self.registry)
        self._seconds = Histogram(
            "clara_http_request_duration_seconds",
            "Seconds from request to the end of its answer.",
            ("method", "route"),
            buckets=_BUCKETS_S,
            registry=self.registry,
        )
        about = Gauge("clara_service", "Which service this is.", ("service", "version"), registry=self.registry)
        about.labels(service, version).set(1)

    def record(self, scope: Mapping[str, Any], status: int, duration_s: float) -> None:
        """Count one answered request; labels have few values, whatever paths and methods callers invent."""
        method = scope.get("method", "WEBSOCKET")
        method = method if method in _METHODS else "OTHER"
        route = getattr(scope.get("route"), "path", None) or "unmatched"
        self._requests.labels(method, route, str(status)).inc()
        # A WebSocket lasts as long as its client likes: no latency.
        if scope["type"] == "http":
            self._seconds.labels(method, route).observe(duration_s)

    def render(self) -> tuple[bytes, str]:
        """The exposition text and its content type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST
