from pathlib import Path

import pytest

from shared.auth.authenticators import authenticator_for
from shared.auth.jwks import FixedKeys, KeysUnavailable
from shared.auth.models import DEBUG_USER, SecurityConfig, SecurityMode, Unauthenticated
from shared.models.users import Principal
from tests.support.issuer import AUDIENCE, ISSUER, IssuerKey

pytestmark = pytest.mark.anyio


async def test_in_debug_mode_everybody_is_the_configured_debug_user() -> None:
    user = Principal("me", "me@clara.local", DEBUG_USER.roles)
    config = SecurityConfig(mode=SecurityMode.DEBUG, environment="development", jwt_enabled=False, debug_user=user)
    assert (await authenticator_for(config).identify(None)).principal == user
    assert (await authenticator_for(config).identify("whatever")).principal == user


@pytest.mark.parametrize("mode", [mode for mode in SecurityMode if mode is not SecurityMode.DEBUG])
def test_the_debug_user_exists_in_debug_mode_only(mode: SecurityMode) -> None:
    for config in (
        SecurityConfig(mode=mode, environment="development", jwt_enabled=False),
        SecurityConfig(mode=SecurityMode.DEBUG, environment="production", jwt_enabled=False),
    ):
        with pytest.raises(ValueError, match="no debug user"):
            authenticator_for(config)


@pytest.mark.parametrize("mode", list(SecurityMode))
async def test_where_tokens_are_on_nobody_gets_in_without_one(mode: SecurityMode, tmp_path: Path) -> None:
    config = SecurityConfig(
        mode=mode, environment="testing", issuer=ISSUER, audience=AUDIENCE, jwks_url="http://127.0.0.1:1/certs",
        test_key_dir=tmp_path,
    )  # fmt: skip
    for token in (None, "", "a.b.c"):
        with pytest.raises(Unauthenticated):
            await authenticator_for(config).identify(token)


async def test_a_good_token_whose_key_server_is_away_is_neither_let_in_nor_called_bad(key: IssuerKey) -> None:
    config = SecurityConfig(
        mode=SecurityMode.DEVELOPMENT,
        environment="development",
        issuer=ISSUER,
        audience=AUDIENCE,
        jwks_url="http://127.0.0.1:1/certs",
    )
    with pytest.raises(KeysUnavailable):
        await authenticator_for(config).identify(key.token())


async def test_a_good_token_gives_its_holder(key: IssuerKey) -> None:
    config = SecurityConfig(mode=SecurityMode.DEVELOPMENT, environment="development", issuer=ISSUER, audience=AUDIENCE)
    identity = await authenticator_for(config, keys=FixedKeys(key.jwks())).identify(key.token())
    assert identity.principal.subject == "5f0c-anna"
