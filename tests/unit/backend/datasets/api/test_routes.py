"""Every route of the dataset service asks for the roles of the contract."""

from collections.abc import Iterator

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from backend.datasets.api import event_routes, routes, version_routes
from shared.auth.policies import RolePolicy
from shared.models.users import Role

ROUTES = [
    route
    for module in (routes, version_routes, event_routes)
    for route in module.router.routes
    if isinstance(route, APIRoute)
]
CHANGES = frozenset({Role.ADMIN, Role.TRAINER, Role.ANALYST})


def _policies(dependant: Dependant) -> Iterator[RolePolicy]:
    for each in dependant.dependencies:
        if isinstance(each.call, RolePolicy):
            yield each.call
        yield from _policies(each)


def test_no_route_is_open_to_callers_without_a_role() -> None:
    assert len(ROUTES) >= 20
    for route in ROUTES:
        roles = [policy.roles for policy in _policies(route.dependant)]
        assert roles == [CHANGES], route.path


def test_every_route_says_what_it_does() -> None:
    assert all(route.description for route in ROUTES)
