import asyncio
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from shared.auth.authenticators import TokenAuthenticator
from shared.auth.jwks import FixedKeys
from shared.auth.tokens import TokenVerifier
from shared.auth.websocket import Handshake, authenticate_websocket, current_handshake
from shared.models.users import Role
from tests.support.issuer import AUDIENCE, ISSUER, IssuerKey
from tests.support.live_server import live_server
from tests.support.services import small_app

pytestmark = pytest.mark.anyio

router = APIRouter()


@router.websocket("/ws")
async def any_user(websocket: WebSocket, handshake: Annotated[Handshake, Depends(current_handshake)]) -> None:
    await websocket.accept(subprotocol=handshake.subprotocol)
    await websocket.send_text(handshake.principal.subject)
    await websocket.close()


@router.websocket("/ws/admin")
async def admins(websocket: WebSocket) -> None:
    handshake = await authenticate_websocket(websocket, Role.ADMIN)
    await websocket.accept(subprotocol=handshake.subprotocol)
    await websocket.send_text(str(handshake.expires_at))
    await websocket.close()


@pytest.fixture(scope="module")
def address(key: IssuerKey) -> Iterator[str]:
    verifier = TokenVerifier(FixedKeys(key.jwks()), issuer=ISSUER, audience=AUDIENCE)
    app = small_app([router], authenticator=TokenAuthenticator(verifier), cors_origins=["https://clara.stadt.example"])
    with live_server(app) as base:
        yield base.replace("http", "ws", 1)


async def first_message(address: str, **options: Any) -> tuple[str, str | None]:
    async with asyncio.timeout(5), connect(address, proxy=None, **options) as websocket:
        return str(await websocket.recv()), websocket.subprotocol


async def refusal(address: str, **options: Any) -> Any:
    with pytest.raises(InvalidStatus) as refused:
        await first_message(address, **options)
    return refused.value.response


async def test_the_token_may_come_in_the_header_the_query_or_the_subprotocol(address: str, key: IssuerKey) -> None:
    token = key.token()
    header = {"Authorization": f"Bearer {token}"}
    assert await first_message(f"{address}/ws", additional_headers=header) == ("5f0c-anna", None)
    assert await first_message(f"{address}/ws?token={token}") == ("5f0c-anna", None)
    offers: Any = ["clara.v1", f"bearer.{token}"]
    assert await first_message(f"{address}/ws", subprotocols=offers) == ("5f0c-anna", "clara.v1")
    assert await first_message(f"{address}/ws", subprotocols=offers[1:]) == ("5f0c-anna", offers[1])
    assert await first_message(f"{address}/ws?token={token}", additional_headers=header)


async def test_no_token_a_bad_one_and_two_different_ones_get_the_401_of_every_route(
    address: str, key: IssuerKey
) -> None:
    good, other = key.token(), key.token(jti="2")
    answers = [
        await refusal(f"{address}/ws"),
        await refusal(f"{address}/ws?token=x.y.z"),
        await refusal(f"{address}/ws?token="),
        await refusal(f"{address}/ws?token={good}&token={other}"),
        await refusal(f"{address}/ws?token={other}", additional_headers={"Authorization": f"Bearer {good}"}),
        await refusal(f"{address}/ws", additional_headers={"Authorization": f"Basic {good}"}),
        await refusal(f"{address}/ws", subprotocols=["bearer.x"]),
        await refusal(f"{address}/ws/admin"),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({bytes(answer.body) for answer in answers}) == 1
    assert b"unauthenticated" in answers[0].body


@pytest.mark.parametrize("path", ["/nothing", "/ws/", "/api/whoami", "/livez", "/docs/assets/favicon.png", "/"])
async def test_strangers_do_not_learn_which_websockets_there_are(address: str, key: IssuerKey, path: str) -> None:
    known = await refusal(f"{address}/ws")
    answers = [await refusal(f"{address}{path}"), await refusal(f"{address}{path}?token=x.y.z")]
    foreign = await refusal(f"{address}{path}?token={key.token()}", origin="https://evil.example")
    caller = await refusal(f"{address}{path}?token={key.token(realm_access={'roles': []})}")

    assert {(answer.status_code, bytes(answer.body)) for answer in answers} == {(401, bytes(known.body))}
    assert answers[0].headers["www-authenticate"] == known.headers["www-authenticate"]
    assert (foreign.status_code, b"origin_refused" in foreign.body) == (403, True)
    assert (caller.status_code, b"not_found" in caller.body) == (404, True)


async def test_a_role_that_is_missing_is_a_403_with_its_reason(address: str, key: IssuerKey) -> None:
    answer = await refusal(f"{address}/ws/admin?token={key.token()}")
    assert answer.status_code == 403
    assert b"role_missing" in answer.body


async def test_the_handshake_says_when_the_connection_must_end(address: str, key: IssuerKey) -> None:
    token = key.token(now=None, realm_access={"roles": ["admin"]})
    message, _ = await first_message(f"{address}/ws/admin?token={token}")
    assert float(message) > 1_700_000_000


async def test_a_configured_site_and_our_own_pages_may_connect(address: str, key: IssuerKey) -> None:
    own: Any = address.replace("ws", "http", 1)
    for origin in ("https://clara.stadt.example", own):
        assert await first_message(f"{address}/ws?token={key.token()}", origin=origin)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "https://clara.stadt.example.evil.example",
        "http://clara.stadt.example",
        "file://",
        "http://[",
        "",
    ],
)
async def test_any_other_site_is_refused_even_with_a_good_token(address: str, key: IssuerKey, origin: Any) -> None:
    answer = await refusal(f"{address}/ws?token={key.token()}", origin=origin)
    assert answer.status_code == 403
    assert b"origin_refused" in answer.body
