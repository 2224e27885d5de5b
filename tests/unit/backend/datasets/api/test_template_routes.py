"""The routes of templates: which there are, and who may call them."""

from fastapi.routing import APIRoute

from backend.datasets.api.template_routes import router
from shared.auth import current_principal
from shared.auth.policies import RolePolicy
from shared.models.users import Role

ROUTES = {(*route.methods, route.path): route for route in router.routes if isinstance(route, APIRoute)}


def test_the_routes_are_the_documented_ones() -> None:
    assert sorted(ROUTES) == [
        ("GET", "/api/datasets/templates"),
        ("GET", "/api/datasets/templates/{name}"),
        ("POST", "/api/datasets/templates/try"),
    ]
    assert all(route.description for route in ROUTES.values())


def test_templates_are_for_every_user_and_texts_for_those_who_may_build_datasets() -> None:
    for (method, _), route in ROUTES.items():
        calls = [each.call for each in route.dependant.dependencies]
        if method == "GET":
            assert current_principal in calls
        else:
            (policy,) = [call for call in calls if isinstance(call, RolePolicy)]
            assert policy.roles == frozenset({Role.ADMIN, Role.TRAINER, Role.ANALYST})
