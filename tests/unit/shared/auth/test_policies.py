import logging
from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI

from shared.auth import get_current_user_email, jwt_middleware, optional_auth
from shared.auth.authenticators import TokenAuthenticator
from shared.auth.jwks import FixedKeys, RemoteKeys
from shared.auth.models import Authenticator
from shared.auth.policies import CurrentPrincipal, authenticated_principal, require_roles
from shared.auth.tokens import TokenVerifier
from shared.models.users import Principal, Role
from tests.support.issuer import AUDIENCE, ISSUER, IssuerKey
from tests.support.services import client_of, small_app

pytestmark = pytest.mark.anyio

router = APIRouter()
Trainer = Annotated[Principal, Depends(require_roles(Role.ADMIN, Role.TRAINER))]


@router.get("/any")
async def any_user(principal: CurrentPrincipal) -> str:
    return principal.subject


@router.post("/train")
async def train(principal: Trainer) -> str:
    return principal.subject


@router.get("/me")
async def me(principal: Annotated[Principal, Depends(authenticated_principal)]) -> str:
    return principal.subject


@router.get("/old")
async def old(principal: Annotated[Principal, Depends(jwt_middleware.require_roles(Role.ADMIN))]) -> str:
    return principal.subject


@router.get("/email")
async def email(address: Annotated[str, Depends(get_current_user_email)]) -> str:
    return address


@router.get("/open")
async def open_to_all(principal: Annotated[Principal | None, Depends(optional_auth)]) -> str:
    return principal.subject if principal else "nobody"


def service(authenticator: Authenticator) -> FastAPI:
    return small_app([router], authenticator=authenticator)


@pytest.fixture
async def client(key: IssuerKey) -> AsyncIterator[httpx.AsyncClient]:
    verifier = TokenVerifier(FixedKeys(key.jwks()), issuer=ISSUER, audience=AUDIENCE)
    async with client_of(service(TokenAuthenticator(verifier))) as client:
        yield client


def bearer(key: IssuerKey, *roles: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key.token(realm_access={'roles': list(roles)})}"}


@pytest.mark.parametrize(
    ("roles", "allowed"),
    [
        (["admin"], {"/any", "/train", "/me", "/old"}),
        (["trainer"], {"/any", "/train", "/me"}),
        (["analyst"], {"/any", "/me"}),
        (["offline_access"], {"/me"}),
        ([], {"/me"}),
    ],
)
async def test_each_role_reaches_what_the_policy_says(
    client: httpx.AsyncClient, key: IssuerKey, roles: list[str], allowed: set[str]
) -> None:
    for method, path in [("GET", "/any"), ("POST", "/train"), ("GET", "/me"), ("GET", "/old")]:
        answer = await client.request(method, path, headers=bearer(key, *roles))
        assert answer.status_code == (200 if path in allowed else 403), path


async def test_a_refusal_says_which_roles_are_needed_and_which_are_held(
    client: httpx.AsyncClient, key: IssuerKey
) -> None:
    problem = (await client.post("/train", headers=bearer(key, "analyst"))).json()
    assert problem["code"] == "role_missing"
    assert problem["required_roles"] == ["admin", "trainer"]
    assert problem["held_roles"] == ["analyst"]
    assert "admin, trainer" in problem["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Authorization", "")],
        [("Authorization", "Bearer")],
        [("Authorization", "Bearer ")],
        [("Authorization", "Bearer  x.y.z")],
        [("Authorization", "Bearer x.y.z")],
        [("Authorization", "Basic YWRtaW46YWRtaW4=")],
        [("Authorization", "x.y.z")],
        [("Authorization", "Bearer x.y.z"), ("Authorization", "Bearer x.y.z")],
        [("Cookie", "token=x.y.z")],
    ],
)
async def test_every_way_of_not_being_known_gets_the_same_bytes(
    client: httpx.AsyncClient, headers: list[tuple[str, str]]
) -> None:
    answers = [await client.get("/any", headers=headers), await client.post("/train")]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].headers["www-authenticate"].startswith("Bearer")
    assert answers[0].headers["content-type"] == "application/problem+json"
    assert answers[0].json()["code"] == "unauthenticated"


async def test_the_reason_is_in_the_log_and_not_in_the_answer(
    client: httpx.AsyncClient, key: IssuerKey, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "shared.auth"):
        token = key.token(typ="ID")
        answer = await client.get("/any", headers={"Authorization": f"Bearer {token}"})
    assert "not an access token" not in answer.text
    assert [vars(record)["reason"] for record in caplog.records] == ["not an access token"]
    assert token not in caplog.text


async def test_two_good_tokens_are_refused_because_nobody_knows_which_one_is_meant(
    client: httpx.AsyncClient, key: IssuerKey
) -> None:
    headers = [*bearer(key, "admin").items(), *bearer(key, "analyst").items()]
    assert (await client.get("/any", headers=headers)).status_code == 401


async def test_optional_authentication_ignores_no_token_but_refuses_a_bad_one(
    client: httpx.AsyncClient, key: IssuerKey
) -> None:
    assert (await client.get("/open")).json() == "nobody"
    assert (await client.get("/open", headers=bearer(key))).json() == "5f0c-anna"
    assert (await client.get("/open", headers={"Authorization": "Bearer x.y.z"})).status_code == 401


async def test_the_address_of_the_caller_is_a_dependency(client: httpx.AsyncClient, key: IssuerKey) -> None:
    assert (await client.get("/email", headers=bearer(key))).json() == "anna@stadt.example"


async def test_without_keys_the_answer_is_503_with_the_time_to_wait(key: IssuerKey) -> None:
    verifier = TokenVerifier(RemoteKeys("http://127.0.0.1:1/certs"), issuer=ISSUER, audience=AUDIENCE)
    async with client_of(service(TokenAuthenticator(verifier))) as client:
        answer = await client.get("/any", headers=bearer(key, "admin"))
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "30"
    assert answer.json()["code"] == "keys_unavailable"


async def test_an_application_without_an_authenticator_lets_nobody_in() -> None:
    app = small_app([router])
    del app.state.authenticator
    async with client_of(app) as client:
        assert (await client.get("/any")).status_code == 500


def test_a_policy_without_roles_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="at least one role"):
        require_roles()


def test_an_unknown_role_cannot_be_demanded() -> None:
    with pytest.raises(ValueError, match="root"):
        require_roles("root")  # type: ignore[arg-type]


async def test_the_description_shows_that_routes_want_a_bearer_token(client: httpx.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).json()
    assert described["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    assert described["paths"]["/any"]["get"]["security"] == [{"HTTPBearer": []}]
    assert "security" not in described["paths"]["/livez"]["get"]
