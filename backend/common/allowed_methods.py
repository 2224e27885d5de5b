"""Every method that a path answers: Starlette names only those of the first route that knows the path."""

from collections.abc import Iterable, Mapping

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.types import Scope

Table = Mapping[str, frozenset[str]]


def methods_by_path(routers: Iterable[APIRouter]) -> Table:
    """Path template -> methods, of all routes of a service."""
    table: dict[str, frozenset[str]] = {}
    for route in (route for router in routers for route in router.routes if isinstance(route, APIRoute)):
        table[route.path] = table.get(route.path, frozenset()) | frozenset(route.methods or ())
    return table


def allow_header(table: Table, scope: Scope) -> dict[str, str]:
    """`Allow` for a request that found its path but not its method; empty where the table does not know the path."""
    methods = table.get(getattr(scope.get("route"), "path", ""))
    return {"Allow": ", ".join(sorted(methods))} if methods else {}
