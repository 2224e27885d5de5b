"""Build a FastAPI service from its parts: what is the same for all three."""

import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from backend.common.access import OPEN_ROUTES, access_table
from backend.common.access_description import describe_access
from backend.common.access_guard import AccessGuard
from backend.common.allowed_methods import methods_by_path
from backend.common.blocking import DEFAULT_THREADS, bound_threads
from backend.common.docs import add_docs
from backend.common.errors import StatusTable, install_error_handlers
from backend.common.limits import NORMAL_REQUESTS, RequestLimits
from backend.common.loopback_hosts import LoopbackHosts
from backend.common.metrics import ServiceMetrics
from backend.common.middleware import BodyLimit, RequestContext, SecurityHeaders
from backend.common.openapi import PROBLEM_RESPONSES, describe_problems
from backend.common.rate_limit import AddressLimit
from backend.common.readiness import Check, Readiness
from backend.common.request_guard import RequestGuard
from backend.common.spec import ServiceSpec
from backend.common.system_routes import Health, system_router
from backend.common.time_limit import TimeLimit
from backend.common.whoami_route import whoami_router
from shared.auth.models import Authenticator
from shared.errors import ClaraError
from shared.utils.clock import Clock, utc_now
from shared.utils.token_buckets import TokenBuckets

logger = logging.getLogger(__name__)

DEFAULT_BODY_BYTES = 1024 * 1024
# FastAPI would send traces to wherever environment variables say; what happens here is told to nobody
_NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
_ASKED_HEADERS = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-None-Match",
    "If-Range",
    "Last-Event-ID",
    "Range",
    "X-Request-ID",
)
"""What scripts of listed web pages may send."""
_TOLD_HEADERS = (
    "Accept-Ranges",
    "Content-Disposition",
    "Content-Range",
    "ETag",
    "Idempotency-Replayed",
    "Repr-Digest",
    "Retry-After",
    "X-Content-SHA256",
    "X-Request-ID",
)
"""What they may read of an answer."""
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def build_app(
    spec: ServiceSpec,
    *,
    authenticator: Authenticator,
    lifespan: Lifespan,
    routers: Sequence[APIRouter] = (),
    health: Health | None = None,
    readiness: Mapping[str, Check] | None = None,
    error_statuses: StatusTable | None = None,
    cors_origins: Sequence[str] = (),
    max_body_bytes: int = DEFAULT_BODY_BYTES,
    body_limits: Mapping[str, int] | None = None,
    open_routes: Mapping[str, str] | None = None,
    limits: RequestLimits = NORMAL_REQUESTS,
    is_open: bool = False,
    threads: int = DEFAULT_THREADS,
    clock: Clock = utc_now,
) -> FastAPI:
    """The application, ready to be run or tested; it opens nothing before its lifespan starts.

    Args:
        spec: Names and numbers.
        authenticator: Who callers are; routes reach it through the dependencies of `shared.auth`.
        lifespan: Opens and closes what the service needs, e.g. stores and workers, and puts it into `app.state`.
        routers: The service's own routes.
        health: Its own fields of `/health`; may replace `status`.
        readiness: Name -> check for `/readyz`.
        error_statuses: Errors whose HTTP status differs from their family's.
        cors_origins: Origins of web pages that may call, also by WebSocket.
        max_body_bytes: Largest request body.
        body_limits: Path -> other limit, e.g. for uploads.
        open_routes: Path -> why this route of the service needs no caller; every other one needs a policy.
        limits: What one request, one address and one user may take.
        is_open: Whether callers need no token; then they must come by a loopback name.
        threads: Blocking calls that may run at once.
        clock: Now.

    Raises:
        RouteWithoutPolicy: If a route neither says who may call it nor is named as open.

    `app.state` carries `authenticator`, `allowed_origins`, `metrics` and `access`; what is in its list `on_stop` is
    called when the service begins to stop, so that answers which go on for ever can end.
    """
    metrics = ServiceMetrics(spec.name, spec.version)
    app = FastAPI(
        title=spec.title,
        version=spec.version,
        description=spec.description,
        docs_url=None,
        redoc_url=None,
        lifespan=_guarded(spec, lifespan, threads),
        middleware=_middleware(metrics, cors_origins, max_body_bytes, body_limits or {}, limits, is_open=is_open),
        responses=PROBLEM_RESPONSES,
        telemetry=_NO_TELEMETRY,
    )
    _fill_state(app, authenticator, cors_origins, metrics)
    app.state.calls_per_user = _buckets(limits.calls_per_user)
    install_error_handlers(app, error_statuses)
    checks = Readiness(readiness or {})
    system = system_router(spec, health=health or _nothing_to_add, readiness=checks, metrics=metrics, clock=clock)
    every = (system, whoami_router(), *routers)
    for router in every:
        app.include_router(router)
    app.state.methods_by_path = methods_by_path(every)
    add_docs(app)
    describe_problems(app)
    _guard(app, open_routes or {}, limits)
    return app


def _guard(app: FastAPI, open_routes: Mapping[str, str], limits: RequestLimits) -> None:
    """Let the table of access be enforced, and told; what strangers send is not even looked at."""
    table = app.state.access = access_table(app.routes, {**OPEN_ROUTES, **open_routes})
    # around the router and inside of the error handlers: what the guard raises is answered as any other refusal
    guarded = RequestGuard(app.router.middleware_stack, max_depth=limits.json_depth)
    app.router.middleware_stack = AccessGuard(guarded, table)
    describe_access(app, table)


def _fill_state(
    app: FastAPI, authenticator: Authenticator, cors_origins: Sequence[str], metrics: ServiceMetrics
) -> None:
    app.state.authenticator = authenticator
    app.state.allowed_origins = frozenset(cors_origins)
    app.state.metrics = metrics
    app.state.refusals = None
    app.state.start_error = None
    app.state.on_stop = []


def _guarded(spec: ServiceSpec, lifespan: Lifespan, threads: int) -> Lifespan:
    """The lifespan with its log lines, and with a refusal to start kept for `run_service` to put into one line."""

    @asynccontextmanager
    async def guarded(app: FastAPI) -> AsyncIterator[None]:
        bound_threads(threads)
        is_started = False
        try:
            async with lifespan(app):
                is_started = True
                logger.info("service.started", extra={"version": spec.version, "port": spec.port})
                yield
                logger.info("service.stopping")
        except ClaraError as exc:
            app.state.start_error = None if is_started else exc
            raise
        logger.info("service.stopped")

    return guarded


def _buckets(calls_per_s: float) -> TokenBuckets:
    return TokenBuckets(calls_per_s, max(1.0, 2 * calls_per_s))


def _middleware(
    metrics: ServiceMetrics,
    cors_origins: Sequence[str],
    max_body_bytes: int,
    body_limits: Mapping[str, int],
    limits: RequestLimits,
    *,
    is_open: bool,
) -> list[Middleware]:
    """Outermost first; CORS outside of the error guard, so that web pages can read a 500 as well."""
    layers = [Middleware(SecurityHeaders)]
    if cors_origins:
        layers.append(
            Middleware(
                CORSMiddleware,
                allow_origins=list(cors_origins),
                allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
                allow_headers=list(_ASKED_HEADERS),
                expose_headers=list(_TOLD_HEADERS),
            )
        )
    layers.append(Middleware(RequestContext, record=metrics.record))
    if is_open:
        layers.append(Middleware(LoopbackHosts))
    layers.append(Middleware(AddressLimit, buckets=_buckets(limits.calls_per_address)))
    layers.append(Middleware(TimeLimit, limit_s=limits.request_s))
    layers.append(Middleware(BodyLimit, default_bytes=max_body_bytes, by_path=body_limits))
    return layers


async def _nothing_to_add() -> Mapping[str, Any]:
    return {}
