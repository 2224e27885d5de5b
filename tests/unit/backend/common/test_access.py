import logging
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, UploadFile, WebSocket
from starlette.applications import Starlette
from starlette.routing import Mount

from backend.common.access import RouteWithoutPolicy, access_table
from backend.common.access_description import OPEN, OWN_ROLES, ROLES, WEBSOCKETS
from backend.common.request_id import HEADER
from shared.auth.authenticators import TokenAuthenticator
from shared.auth.decorators import get_current_user_email
from shared.auth.jwks import FixedKeys
from shared.auth.policies import Actor, CurrentPrincipal, require_roles, require_roles_or_own
from shared.auth.tokens import TokenVerifier
from shared.auth.websocket import Handshake, current_handshake
from shared.models.users import Role
from tests.support.issuer import AUDIENCE, ISSUER, IssuerKey
from tests.support.services import client_of, small_app

pytestmark = pytest.mark.anyio

router = APIRouter(prefix="/api")
Owner = Annotated[Actor, Depends(require_roles_or_own(Role.ADMIN, own=[Role.ANALYST]))]


@router.get("/things")
async def list_things(_: CurrentPrincipal) -> list[str]:
    """Things there are."""
    return []


@router.post("/things", dependencies=[Depends(require_roles(Role.ADMIN, Role.TRAINER))])
async def add_thing(thing: dict[str, str], _: CurrentPrincipal) -> str:
    """Two policies: both must be content."""
    return thing["name"]


@router.delete("/things/{name}")
async def remove_thing(name: str, owner: Owner) -> bool:
    return owner.is_limited_to_own


@router.post("/files", dependencies=[Depends(require_roles(Role.ADMIN))])
async def upload(file: UploadFile) -> int:
    return len(await file.read())


@router.get("/me")
async def me(address: Annotated[str, Depends(get_current_user_email)]) -> str:
    return address


@router.websocket("/ws")
async def updates(websocket: WebSocket, handshake: Annotated[Handshake, Depends(current_handshake)]) -> None:
    await websocket.accept(subprotocol=handshake.subprotocol)


LINES = {line.name: line for line in access_table(router.routes)}


@pytest.fixture(scope="module")
def key() -> IssuerKey:
    return IssuerKey.make("key-1")


@pytest.fixture
def app(key: IssuerKey) -> FastAPI:
    verifier = TokenVerifier(FixedKeys(key.jwks()), issuer=ISSUER, audience=AUDIENCE)
    return small_app([router], authenticator=TokenAuthenticator(verifier))


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


def bearer(key: IssuerKey, *roles: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key.token(realm_access={'roles': list(roles)})}"}


def test_the_table_says_who_may_call_what_in_words() -> None:
    assert {name: line.in_words() for name, line in LINES.items()} == {
        "GET /api/things": "admin, trainer, analyst",
        "POST /api/things": "admin, trainer",
        "DELETE /api/things/{name}": "admin; analyst for what they made themselves",
        "POST /api/files": "admin",
        "GET /api/me": "whoever has a valid token",
        "WS /api/ws": "admin, trainer, analyst",
    }


def test_a_route_without_a_policy_cannot_be_built() -> None:
    careless = APIRouter()
    careless.add_api_route("/api/secrets", lambda: "secret", methods=["GET"])
    with pytest.raises(RouteWithoutPolicy, match="GET /api/secrets has no policy"):
        small_app([careless], open_routes={})
    assert small_app([careless], open_routes={"/api/secrets": "no secret at all"})


def test_neither_can_a_websocket_nor_what_is_mounted() -> None:
    careless = APIRouter()

    @careless.websocket("/ws")
    async def handler(websocket: WebSocket) -> None:
        await websocket.accept()

    with pytest.raises(RouteWithoutPolicy, match="WS /ws"):
        access_table(careless.routes)
    with pytest.raises(RouteWithoutPolicy, match="/inner"):
        access_table([Mount("/inner", Starlette())])


async def test_openapi_shows_the_roles_of_every_operation_and_of_the_websockets(app: FastAPI) -> None:
    document = app.openapi()
    listing, removal = document["paths"]["/api/things"]["get"], document["paths"]["/api/things/{name}"]["delete"]
    assert listing[ROLES] == ["admin", "analyst", "trainer"]
    assert listing["description"] == "Things there are.\n\n**May be called by:** admin, trainer, analyst."
    assert listing["security"] == [{"HTTPBearer": []}]
    assert (removal[ROLES], removal[OWN_ROLES]) == (["admin", "analyst"], ["analyst"])
    assert document["paths"]["/api/me"]["get"][ROLES] == []
    assert document["paths"]["/livez"]["get"][OPEN] == "probes have no token"
    assert document[WEBSOCKETS]["/api/ws"][ROLES] == ["admin", "analyst", "trainer"]


class Sent(httpx.AsyncByteStream):
    """A body that remembers whether anybody read of it."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.is_read = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.is_read = True
        yield self._content


def bodies() -> Iterator[tuple[str, Sent, str]]:
    form = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc\r\n--x--\r\n'
    yield "/api/things", Sent(b'{"name":'), "application/json"
    yield "/api/things", Sent(b'{"name": "a"}'), "application/json"
    yield "/api/files", Sent(form), "multipart/form-data; boundary=x"


async def test_strangers_and_the_wrong_roles_are_refused_before_their_body_is_read(
    client: httpx.AsyncClient, key: IssuerKey
) -> None:
    for headers, status in ((None, 401), (bearer(key, "analyst"), 403), (bearer(key), 403)):
        for path, body, content_type in bodies():
            told = {"Content-Type": content_type, **(headers or {})}
            answer = await client.post(path, content=body, headers=told)
            assert answer.status_code == status, (path, answer.text)
            assert not body.is_read, path
    for path, body, content_type in bodies():
        answer = await client.post(path, content=body, headers={"Content-Type": content_type, **bearer(key, "admin")})
        assert answer.status_code in {200, 422}
        assert body.is_read


async def test_strangers_do_not_learn_which_routes_there_are(client: httpx.AsyncClient, key: IssuerKey) -> None:
    for method, path in [("GET", "/api/nothing"), ("PATCH", "/api/things"), ("GET", "/api/things/"), ("GET", "/.env")]:
        assert (await client.request(method, path)).status_code == 401, path
    assert (await client.get("/api/nothing", headers=bearer(key))).status_code == 404
    assert (await client.patch("/api/things", headers=bearer(key))).status_code == 405


async def test_open_routes_take_no_notice_of_tokens(client: httpx.AsyncClient) -> None:
    for path in ("/", "/health", "/livez", "/readyz", "/metrics", "/openapi.json", "/docs", "/docs/assets/favicon.png"):
        answer = await client.get(path, headers={"Authorization": "Bearer x.y.z"})
        assert answer.status_code == 200, path


async def test_own_objects_only_is_told_to_the_route(client: httpx.AsyncClient, key: IssuerKey) -> None:
    async def removal(*roles: str) -> Any:
        answer = await client.delete("/api/things/a", headers=bearer(key, *roles))
        return answer.json() if answer.status_code == 200 else answer.status_code

    assert await removal("analyst") is True
    assert await removal("admin") is False
    assert await removal("admin", "analyst") is False
    assert await removal("trainer") == 403


async def test_a_refusal_by_the_guard_is_answered_and_logged_like_any_other(
    client: httpx.AsyncClient, key: IssuerKey, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "shared.auth"):
        stranger = await client.post("/api/things", json={})
        analyst = await client.post("/api/things", json={}, headers=bearer(key, "analyst"))
    assert stranger.headers["www-authenticate"] == 'Bearer realm="clara"'
    assert stranger.headers["content-type"] == analyst.headers["content-type"] == "application/problem+json"
    assert analyst.json()["required_roles"] == ["admin", "trainer"]
    assert stranger.headers[HEADER]
    assert [record.message for record in caplog.records] == ["auth.refused", "auth.role_missing"]


def test_a_policy_of_ownership_needs_two_different_lists_of_roles() -> None:
    for roles, own in (((), [Role.ANALYST]), ((Role.ADMIN,), []), ((Role.ADMIN,), [Role.ADMIN])):
        with pytest.raises(ValueError, match="two lists of roles"):
            require_roles_or_own(*roles, own=own)


def test_roles_may_be_given_as_names_and_as_a_list_of_names() -> None:
    assert require_roles("admin", "trainer") == require_roles(["admin", "trainer"])
    assert require_roles(Role.ADMIN).roles == {Role.ADMIN}
