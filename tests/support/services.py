"""A small service built by `build_app`, and ways to call it."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts

from backend.common.access import RouteWithoutPolicy, access_table
from backend.common.service import build_app
from backend.common.spec import ServiceSpec
from shared.auth.authenticators import FixedUserAuthenticator
from shared.auth.models import DEBUG_USER, Authenticator

SPEC = ServiceSpec(
    name="clara_small_backend",
    title="CLARA small",
    version="1.2.3",
    port=45699,
    port_setting="CLARA_SMALL_PORT",
    endpoints={"things": "/api/things"},
)


@asynccontextmanager
async def empty_lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield


def small_app(
    routers: Sequence[APIRouter] = (), *, authenticator: Authenticator | None = None, **options: Any
) -> FastAPI:
    """A service with the given routes, which need no policy; everybody is the debug user unless told otherwise."""
    options.setdefault("lifespan", empty_lifespan)
    options.setdefault("open_routes", dict.fromkeys(unguarded(routers), "a route of a test"))
    return build_app(
        SPEC, authenticator=authenticator or FixedUserAuthenticator(DEBUG_USER), routers=routers, **options
    )


def unguarded(routers: Sequence[APIRouter]) -> Iterator[str]:
    """Paths of the routes that say nothing about who may call them."""
    for route in iter_route_contexts([route for router in routers for route in router.routes]):
        try:
            access_table([route])
        except RouteWithoutPolicy:
            yield str(route.path)


def client_of(app: FastAPI) -> httpx.AsyncClient:
    """A client that calls the application in this process; errors that escape it fail the test."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")
