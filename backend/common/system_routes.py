"""The routes that every service has beside its own: who am I, am I well, how am I doing."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from backend.common.blocking import in_thread
from backend.common.metrics import LIBRARY, ServiceMetrics
from backend.common.problem import problem_response
from backend.common.readiness import Readiness
from backend.common.spec import ServiceSpec
from shared.utils.clock import Clock, iso_utc
from shared.utils.heavy_imports import load

Health = Callable[[], Awaitable[Mapping[str, Any]]]
"""A service's own fields of `/health`."""

_ENDPOINTS = {
    "health": "/health",
    "livez": "/livez",
    "readyz": "/readyz",
    "metrics": "/metrics",
    "docs": "/docs",
    "redoc": "/redoc",
    "openapi": "/openapi.json",
}


def system_router(
    spec: ServiceSpec, *, health: Health, readiness: Readiness, metrics: ServiceMetrics, clock: Clock
) -> APIRouter:
    """`/`, `/health`, `/livez`, `/readyz` and `/metrics` of one service; open to everybody, as probes have no token."""
    router = APIRouter(tags=["service"])

    @router.get("/")
    async def service() -> dict[str, Any]:
        """Name, version and the way to everything else."""
        endpoints = {**_ENDPOINTS, **spec.endpoints}
        return {"service": spec.name, "version": spec.version, "status": "operational", "endpoints": endpoints}

    @router.get("/health")
    async def health_report() -> dict[str, Any]:
        """What the service is doing; for people and dashboards (orchestrators take `/livez` and `/readyz`)."""
        fields = {"status": "healthy", "service": spec.name, "port": spec.port, **await health()}
        return {**fields, "timestamp": iso_utc(clock())}

    @router.get("/livez")
    async def alive() -> dict[str, str]:
        """The process answers; says nothing about what it depends on."""
        return {"status": "alive"}

    @router.get("/readyz", responses={503: {"description": "Something it needs does not answer."}})
    async def ready(request: Request) -> Response:
        """Whether requests can be served now: 200, or 503 with a reason for each thing that is missing."""
        reasons = await readiness.reasons()
        if not reasons:
            return JSONResponse({"status": "ready"})
        detail = "Not ready: " + "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        return problem_response(request, 503, "not_ready", detail, context={"reasons": reasons})

    @router.get("/metrics", response_class=Response)
    async def prometheus() -> Response:
        """Figures for Prometheus."""
        await in_thread(load, LIBRARY)
        content, content_type = metrics.render()
        return Response(content, media_type=content_type)

    return router
