"""A bound token is good with its certificate only, over HTTP and WebSocket."""

from typing import Any

import pytest
from fastapi import FastAPI, WebSocket
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from shared.auth.authenticators import TokenAuthenticator
from shared.auth.binding import CLIENT_CERTIFICATE, check_binding, confirmation, thumbprint
from shared.auth.jwks import FixedKeys
from shared.auth.jws import InvalidToken
from shared.auth.models import Identity
from shared.auth.policies import CurrentPrincipal
from shared.auth.tokens import TokenVerifier
from shared.auth.websocket import current_handshake
from shared.models.users import Principal
from shared.utils.token_buckets import TokenBuckets
from tests.support.issuer import AUDIENCE, ISSUER, IssuerKey

OURS, OTHER = thumbprint(b"our certificate"), thumbprint(b"another one")


@pytest.mark.parametrize(
    "cnf", [{}, [], "x", None, {"jkt": OURS}, {"x5t#S256": OURS, "jkt": OURS}, {"x5t#S256": 5}, {"x5t#S256": ""}]
)
def test_a_binding_that_we_cannot_check_is_no_binding_but_a_refusal(cnf: object) -> None:
    with pytest.raises(InvalidToken):
        confirmation({"cnf": cnf})


def test_the_thumbprint_is_the_one_of_the_standard() -> None:
    # RFC 8705 has it in base64url without padding: 43 characters
    assert len(OURS) == 43
    assert confirmation({"cnf": {"x5t#S256": OURS}}) == OURS
    assert confirmation({}) is None


@pytest.mark.parametrize(("presented", "is_good"), [(OURS, True), (OTHER, False), (None, False)])
def test_only_the_right_certificate_opens(presented: str | None, is_good: bool) -> None:
    identity = Identity(Principal("s", "e", frozenset()), certificate=OURS)
    if is_good:
        check_binding(identity, presented)
    else:
        with pytest.raises(InvalidToken):
            check_binding(identity, presented)


class Presenting:
    """What the server does: the thumbprint of the connection in the state of every request."""

    def __init__(self, app: Any, certificate: str | None) -> None:
        self._app, self._certificate = app, certificate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            scope["state"] = {CLIENT_CERTIFICATE: self._certificate}
        await self._app(scope, receive, send)


def app_of(key: IssuerKey) -> FastAPI:
    app = FastAPI()
    verifier = TokenVerifier(FixedKeys(key.jwks()), issuer=ISSUER, audience=AUDIENCE)
    app.state.authenticator, app.state.allowed_origins = TokenAuthenticator(verifier), frozenset()
    app.state.calls_per_user = TokenBuckets(0, 1)

    @app.get("/me")
    async def me(principal: CurrentPrincipal) -> str:
        return principal.subject

    @app.websocket("/ws")
    async def ws(websocket: WebSocket) -> None:
        await current_handshake(websocket)
        await websocket.accept()
        await websocket.close()

    return app


@pytest.mark.parametrize(("presented", "is_good"), [(OURS, True), (OTHER, False), (None, False)])
def test_routes_and_websockets_look_at_the_certificate(presented: str | None, is_good: bool) -> None:
    key = IssuerKey.make("k1")
    headers = {"Authorization": f"Bearer {key.token(cnf={'x5t#S256': OURS})}"}
    client = TestClient(Presenting(app_of(key), presented))

    def get() -> int:
        return client.get("/me", headers=headers).status_code

    def open_websocket() -> None:
        with client.websocket_connect("/ws", headers=headers):
            pass

    if is_good:
        assert get() == 200
        open_websocket()
    else:
        with pytest.raises(InvalidToken):
            get()
        with pytest.raises(InvalidToken):
            open_websocket()


def test_a_verdict_that_is_remembered_does_not_remember_the_certificate() -> None:
    key = IssuerKey.make("k1")
    app, headers = app_of(key), {"Authorization": f"Bearer {key.token(cnf={'x5t#S256': OURS})}"}
    assert TestClient(Presenting(app, OURS)).get("/me", headers=headers).status_code == 200
    with pytest.raises(InvalidToken):
        TestClient(Presenting(app, OTHER)).get("/me", headers=headers)
