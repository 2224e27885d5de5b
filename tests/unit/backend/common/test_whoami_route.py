"""A service tells callers who they are for it."""

import pytest

from shared.auth.authenticators import TokenAuthenticator
from shared.auth.jwks import FixedKeys
from shared.auth.tokens import TokenVerifier
from tests.support.issuer import AUDIENCE, ISSUER, IssuerKey
from tests.support.services import client_of, small_app

pytestmark = pytest.mark.anyio


async def test_the_debug_user_is_believed_for_ever() -> None:
    async with client_of(small_app()) as client:
        told = (await client.get("/api/whoami")).json()

    assert told == {
        "subject": "debug-user",
        "email": "debug@clara.local",
        "roles": ["admin", "trainer"],
        "believed_until": None,
    }


async def test_a_token_tells_its_roles_and_its_end_and_without_one_nothing_is_told() -> None:
    key = IssuerKey.make("key-1")
    verifier = TokenVerifier(FixedKeys(key.jwks()), issuer=ISSUER, audience=AUDIENCE)
    token = key.token(email="anna@amt.example", realm_access={"roles": ["analyst", "offline_access"]})
    async with client_of(small_app(authenticator=TokenAuthenticator(verifier))) as client:
        told = await client.get("/api/whoami", headers={"Authorization": f"Bearer {token}"})
        nobody = await client.get("/api/whoami")

    assert (told.json()["email"], told.json()["roles"]) == ("anna@amt.example", ["analyst"])
    assert told.json()["believed_until"].endswith("Z")
    assert nobody.status_code == 401


async def test_whoever_has_no_role_may_still_read_who_it_is() -> None:
    key = IssuerKey.make("key-1")
    verifier = TokenVerifier(FixedKeys(key.jwks()), issuer=ISSUER, audience=AUDIENCE)
    bearer = {"Authorization": f"Bearer {key.token(realm_access={'roles': ['offline_access']})}"}
    app = small_app(authenticator=TokenAuthenticator(verifier))
    async with client_of(app) as client:
        told = await client.get("/api/whoami", headers=bearer)

    assert (told.status_code, told.json()["email"], told.json()["roles"]) == (200, "anna@stadt.example", [])
    assert [line.name for line in app.state.access if not (line.is_open or line.needs_role)] == ["GET /api/whoami"]
