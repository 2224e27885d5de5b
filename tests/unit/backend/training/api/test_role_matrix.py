"""Who may call what: every route of the training service with every kind of caller."""

import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.common.access import WEBSOCKET, RouteAccess
from backend.common.security import security_from
from config.testing import TestingConfig
from shared.auth.local_issuer import issue_test_token
from tests.support.services import client_of
from tests.support.training_desk import Desk, service_at

pytestmark = pytest.mark.anyio

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


def table_of(client: httpx.AsyncClient) -> list[RouteAccess]:
    transport = client._transport
    assert isinstance(transport, httpx.ASGITransport)
    app: Any = transport.app
    return [line for line in app.state.access if not line.is_open and line.method != WEBSOCKET]


@pytest.mark.parametrize("identity", IDENTITIES)
async def test_each_caller_reaches_what_the_table_says(
    client: httpx.AsyncClient, config: TestingConfig, identity: str
) -> None:
    for line in table_of(client):
        path = re.sub(r"{[^}]+}", "x_1", line.path)
        answer = await client.request(
            line.method, path, headers=headers_of(identity, config), json={"trainer_type": "x"}
        )
        if identity in {"nobody", "expired"}:
            assert answer.status_code == 401, line.name
        elif identity in line.roles | line.own or not line.needs_role:
            # past the door: found, unknown or refused for what was asked, never for who asks
            assert answer.status_code in {200, 404, 422}, line.name
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "role_missing"), line.name


async def test_the_table_is_what_openapi_describes(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    described = {
        f"{method.upper()} {path}": set(operation["x-required-roles"])
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if "x-open-because" not in operation
    }
    assert described == {line.name: line.roles | line.own for line in table_of(client)}
    for operations in document["paths"].values():
        assert all(operation["description"] for operation in operations.values())
