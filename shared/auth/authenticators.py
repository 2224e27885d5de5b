"""The two ways of knowing a caller, and the choice between them."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from shared.auth.api_keys import ApiKeyAuthenticator
from shared.auth.jwks import FixedKeys, KeySource, RemoteKeys
from shared.auth.models import Authenticator, Identity, SecurityConfig, SecurityMode, Unauthenticated
from shared.auth.tokens import TokenVerifier, verifier_for
from shared.models.users import Principal


class TokenAuthenticator:
    """Callers are who their access token says; without a good one there is no caller."""

    def __init__(self, verifier: TokenVerifier) -> None:
        self._verifier = verifier

    async def identify(self, token: str | None) -> Identity:
        """The identity of the token's subject.

        Raises:
            Unauthenticated: If the token is missing or bad.
            Unavailable: If there are no keys to check it with.
        """
        if token is None:
            raise Unauthenticated("no token")
        return await self._verifier.verify(token)


class FixedUserAuthenticator:
    """Everybody is the debug user, whatever they send; for development machines only."""

    def __init__(self, user: Principal) -> None:
        self._identity = Identity(user)

    async def identify(self, token: str | None) -> Identity:
        """The debug user."""
        return self._identity


def authenticator_for(
    config: SecurityConfig, *, keys: KeySource | None = None, clock: Callable[[], float] = time.time
) -> Authenticator:
    """The authenticator that the settings describe, for access tokens and for keys of scripts.

    `config.validate_for_start()` must have had nothing to say.

    Args:
        config: Resolved security settings.
        keys: Replaces the key source that the mode implies.
        clock: Seconds since the epoch, for `exp` and `iat`.

    Raises:
        ValueError: If no token is asked for, but the mode is not debug: the debug user exists nowhere else.
    """
    if not config.jwt_enabled:
        if config.mode is not SecurityMode.DEBUG or config.is_production:
            raise ValueError(f"there is no debug user in security mode {config.mode.value}")
        return FixedUserAuthenticator(config.debug_user)
    tokens = TokenAuthenticator(verifier_for(config, keys or _key_source(config), clock=clock))
    return ApiKeyAuthenticator(tokens, clock=lambda: datetime.fromtimestamp(clock(), UTC))


def _key_source(config: SecurityConfig) -> KeySource:
    if config.mode is SecurityMode.TESTING:
        from shared.auth.local_issuer import local_test_jwks

        return FixedKeys(local_test_jwks(config))
    return RemoteKeys(config.resolved_jwks_url, outgoing=config.outgoing)
