"""The one table of who may call what, read off the routes themselves.

A route's policy is written once, as one of its dependencies (`shared.auth.policies`, `shared.auth.websocket`). This
table collects them: it is enforced before a request's body is read (`access_guard`), shown in OpenAPI
(`access_description`) and in docs/guides/access.md. A route without a policy cannot be built, unless it is named here,
or by its service, as open, with the reason.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIWebSocketRoute, RouteContext, iter_route_contexts
from starlette.routing import BaseRoute, WebSocketRoute

from shared.auth.policies import AuthenticatedPrincipal, OwnershipPolicy, RolePolicy
from shared.auth.websocket import HandshakePolicy
from shared.models.users import Principal, Role

OPEN_ROUTES: Mapping[str, str] = MappingProxyType(
    {
        "/": "says which service this is",
        "/health": "probes and dashboards have no token",
        "/livez": "probes have no token",
        "/readyz": "probes have no token",
        "/metrics": "Prometheus has no token; figures hold no content",
        "/openapi.json": "the description holds no data",
        "/docs": "the description holds no data",
        "/redoc": "the description holds no data",
        "/docs/assets": "scripts and styles of the documentation pages",
    }
)
"""Routes of every service that need no caller: path -> why."""

WEBSOCKET = "WS"
ANY_METHOD = "*"

_Policy = RolePolicy | OwnershipPolicy | HandshakePolicy


class RouteWithoutPolicy(TypeError):
    """A route says nothing about who may call it."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} has no policy: give it a dependency such as require_roles(...) or current_principal "
            "(a WebSocket: current_handshake), or name it in open_routes with the reason why everybody may call it."
        )


@dataclass(frozen=True, slots=True)
class RouteAccess:
    """One line of the table.

    Args:
        method: HTTP method, `WS`, or `*` for what is mounted.
        path: As in OpenAPI, e.g. `/api/training/jobs/{job_id}`.
        roles: Roles that may call it, for every object.
        own: Roles that may call it for what they made themselves.
        open_because: Why it needs no caller at all; None: it does.
        pattern: Matches the paths of requests.
    """

    method: str
    path: str
    roles: frozenset[Role]
    own: frozenset[Role]
    open_because: str | None
    pattern: Any

    @property
    def name(self) -> str:
        """Method and path."""
        return f"{self.method} {self.path}"

    @property
    def is_open(self) -> bool:
        """Whether everybody may call it."""
        return self.open_because is not None

    @property
    def needs_role(self) -> bool:
        """Whether a good token alone is not enough."""
        return bool(self.roles or self.own)

    def admits(self, principal: Principal) -> bool:
        """Whether a known caller gets past the door; whose object it is, is seen behind it."""
        return not self.needs_role or principal.has_any(*self.roles, *self.own)

    def in_words(self) -> str:
        """Who may call it, for people."""
        if self.open_because is not None:
            return f"everybody ({self.open_because})"
        if not self.needs_role:
            return "whoever has a valid token"
        all_roles = ", ".join(role.value for role in Role if role in self.roles)
        own = ", ".join(role.value for role in Role if role in self.own)
        return f"{all_roles}; {own} for what they made themselves" if own else all_roles


def access_table(routes: Sequence[BaseRoute], open_routes: Mapping[str, str] = OPEN_ROUTES) -> list[RouteAccess]:
    """The lines of all routes, in the order in which requests are matched.

    Args:
        routes: Of an application.
        open_routes: Path -> why everybody may call it.

    Raises:
        RouteWithoutPolicy: If a route that is not open has none.
    """
    return [line for route in iter_route_contexts(routes) for line in _lines(route, open_routes)]


def _lines(route: RouteContext, open_routes: Mapping[str, str]) -> Iterator[RouteAccess]:
    path = route.path or ""
    is_websocket = isinstance(route.original_route, APIWebSocketRoute | WebSocketRoute)
    methods = [WEBSOCKET] if is_websocket else sorted(getattr(route, "methods", None) or [ANY_METHOD])
    reason = open_routes.get(path)
    dependant: Dependant | None = getattr(route, "dependant", None)
    demands = list(_demands(dependant)) if dependant is not None else []
    if reason is None and not demands:
        raise RouteWithoutPolicy(f"{methods[0]} {path}")
    policies = [demand for demand in demands if isinstance(demand, _Policy)]
    for method in methods:
        yield RouteAccess(method, path, *_combined(policies), reason, getattr(route, "path_regex", None))


def _demands(dependant: Dependant) -> Iterator[_Policy | AuthenticatedPrincipal]:
    for each in dependant.dependencies:
        if isinstance(each.call, _Policy | AuthenticatedPrincipal):
            yield each.call
        yield from _demands(each)


def _combined(policies: Sequence[_Policy]) -> tuple[frozenset[Role], frozenset[Role]]:
    """Roles for everything and for what is one's own, where all policies of a route must be content."""
    if not policies:
        return frozenset(), frozenset()
    roles = frozenset(Role).intersection(*(policy.roles for policy in policies))
    admitted = frozenset(Role).intersection(*(policy.roles | _own(policy) for policy in policies))
    return roles, admitted - roles


def _own(policy: _Policy) -> frozenset[Role]:
    return policy.own if isinstance(policy, OwnershipPolicy) else frozenset()
