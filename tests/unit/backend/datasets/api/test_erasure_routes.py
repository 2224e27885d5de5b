"""The routes of erasing: which there are, and who may call them."""

from fastapi.routing import APIRoute

from backend.datasets.api.erasure_routes import router
from shared.auth.policies import RolePolicy
from shared.models.users import Role

ROUTES = {(*route.methods, route.path): route for route in router.routes if isinstance(route, APIRoute)}
ALL = frozenset(Role)


def test_administrators_erase_and_all_who_work_with_datasets_may_look() -> None:
    roles = {}
    for (method, _), route in ROUTES.items():
        (policy,) = [each.call for each in route.dependant.dependencies if isinstance(each.call, RolePolicy)]
        roles[method] = policy.roles

    assert roles == {"GET": ALL, "POST": frozenset({Role.ADMIN})}


def test_the_routes_are_the_documented_ones() -> None:
    assert sorted(ROUTES) == [
        ("GET", "/api/datasets/documents/{document_id}/uses"),
        ("POST", "/api/datasets/documents/{document_id}/erase"),
    ]
    assert all(route.description for route in ROUTES.values())
