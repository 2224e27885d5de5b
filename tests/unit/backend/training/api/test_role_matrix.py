"""Who may call what: every route of the training service with every kind of caller."""

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from backend.common import audit_routes
from backend.common.security import security_from
from backend.training.api import feedback_routes, promotion_routes, routes
from config.testing import TestingConfig
from shared.auth.local_issuer import issue_test_token
from shared.auth.policies import RolePolicy
from shared.models.users import Role
from tests.support.services import client_of
from tests.support.training_desk import Desk, service_at

pytestmark = pytest.mark.anyio

EVERYBODY = frozenset(Role)
TRAINERS = frozenset({Role.ADMIN, Role.TRAINER})
ADMINS = frozenset({Role.ADMIN})
POLICY = {
    "POST /api/training/jobs": TRAINERS,
    "GET /api/training/jobs": EVERYBODY,
    "GET /api/training/jobs/list": EVERYBODY,
    "GET /api/training/jobs/{job_id}": EVERYBODY,
    "DELETE /api/training/jobs/{job_id}": TRAINERS,
    "POST /api/training/jobs/{job_id}/cancel": TRAINERS,
    "POST /api/training/jobs/{job_id}/pause": TRAINERS,
    "POST /api/training/jobs/{job_id}/resume": TRAINERS,
    "POST /api/training/jobs/{job_id}/retry": TRAINERS,
    "GET /api/training/jobs/{job_id}/attempts": EVERYBODY,
    "GET /api/training/jobs/{job_id}/checkpoints": EVERYBODY,
    "GET /api/training/jobs/{job_id}/events": EVERYBODY,
    "GET /api/training/jobs/{job_id}/events/stream": EVERYBODY,
    "GET /api/training/jobs/{job_id}/logs": TRAINERS,
    "GET /api/training/jobs/{job_id}/loss-curve.png": EVERYBODY,
    "GET /api/training/jobs/{job_id}/metrics": EVERYBODY,
    "GET /api/training/jobs/{job_id}/preflight": EVERYBODY,
    "GET /api/training/jobs/{job_id}/report": EVERYBODY,
    "GET /api/training/jobs/{job_id}/report.html": EVERYBODY,
    "GET /api/training/adapters": EVERYBODY,
    "GET /api/training/adapters/{adapter_id}": EVERYBODY,
    "GET /api/training/adapters/{adapter_id}/verify": EVERYBODY,
    "POST /api/training/adapters/{adapter_id}/promote": TRAINERS,
    "GET /api/training/active-adapters": EVERYBODY,
    "GET /api/training/promotions": EVERYBODY,
    "POST /api/training/feedback": EVERYBODY,
    "GET /api/training/feedback": EVERYBODY,
    "GET /api/training/feedback/{feedback_id}": EVERYBODY,
    "GET /api/training/workers": EVERYBODY,
    "GET /api/audit": ADMINS,
    "GET /api/audit/verification": ADMINS,
}
ROUTES = {
    f"{method} {route.path}": route
    for module in (routes, feedback_routes, promotion_routes, audit_routes)
    for route in module.router.routes
    if isinstance(route, APIRoute)
    for method in sorted(route.methods)
}
IDENTITIES = ["admin", "trainer", "analyst", "unknown role", "no role", "expired", "nobody"]


@pytest.fixture
def config(tmp_path: Path) -> TestingConfig:
    return TestingConfig(home=tmp_path, security_mode="testing")


@pytest.fixture
async def client(tmp_path: Path, config: TestingConfig) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(service_at(Desk(tmp_path), config)) as client:
        yield client


def headers_of(identity: str, config: TestingConfig) -> dict[str, str]:
    if identity == "nobody":
        return {}
    roles = {"expired": ["admin"], "no role": [], "unknown role": ["root"]}.get(identity, [identity])
    past = {"iat": int(time.time()) - 600, "exp": int(time.time()) - 300} if identity == "expired" else {}
    return {"Authorization": f"Bearer {issue_test_token(security_from(config), roles=roles, **past)}"}


def policies(dependant: Dependant) -> Iterator[RolePolicy]:
    for each in dependant.dependencies:
        if isinstance(each.call, RolePolicy):
            yield each.call
        yield from policies(each)


def test_every_route_is_in_the_matrix() -> None:
    assert set(ROUTES) == set(POLICY)


@pytest.mark.parametrize("name", ROUTES)
def test_a_route_has_one_policy_and_says_what_it_does(name: str) -> None:
    assert [policy.roles for policy in policies(ROUTES[name].dependant)] == [POLICY[name]]
    assert ROUTES[name].description


@pytest.mark.parametrize("identity", IDENTITIES)
async def test_each_caller_reaches_what_the_matrix_says(
    client: httpx.AsyncClient, config: TestingConfig, identity: str
) -> None:
    for name, roles in POLICY.items():
        method, path = name.split(" ")
        path = path.format(job_id="job_x", adapter_id="adp_x", feedback_id="fb_x")
        answer = await client.request(method, path, headers=headers_of(identity, config), json={"trainer_type": "x"})
        if identity in {"nobody", "expired"}:
            assert answer.status_code == 401, name
        elif identity in roles:
            # past the door: found, unknown or refused for what was asked, never for who asks
            assert answer.status_code in {200, 404, 422}, name
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "role_missing"), name


def test_the_matrix_is_that_of_the_application(tmp_path: Path, config: TestingConfig) -> None:
    paths = service_at(Desk(tmp_path), config).openapi()["paths"]
    documented = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert {name for name in documented if " /api/" in name} == set(POLICY)
