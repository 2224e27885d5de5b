"""Every route of the dataset service asks for the roles of the contract."""

from fastapi.routing import APIRoute

from backend.common.access import access_table
from backend.datasets.api import download_routes, event_routes, publish_routes, report_routes, routes, version_routes
from shared.models.users import Role

MODULES = (routes, version_routes, event_routes, download_routes, publish_routes, report_routes)
ROUTERS = [module.router for module in MODULES]
ROUTES = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]


def test_no_route_is_open_to_callers_without_a_role() -> None:
    table = [line for router in ROUTERS for line in access_table(router.routes)]

    assert len(table) >= 20
    assert {line.roles | line.own for line in table} == {frozenset(Role)}


def test_analysts_remove_only_what_they_made() -> None:
    table = access_table(routes.router.routes)
    (removal,) = [line for line in table if line.name == "DELETE /api/datasets/{dataset_id}"]

    assert (removal.roles, removal.own) == ({Role.ADMIN, Role.TRAINER}, {Role.ANALYST})


def test_every_route_says_what_it_does() -> None:
    assert all(route.description for route in ROUTES)
