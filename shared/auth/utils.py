"""Find the bearer token in what a caller sent."""

from collections.abc import Sequence

from shared.auth.models import Unauthenticated

SUBPROTOCOL_PREFIX = "bearer."


def bearer_token(authorization_headers: Sequence[str]) -> str | None:
    """The token of `Authorization: Bearer …`; None without the header.

    Raises:
        Unauthenticated: If there are several such headers or another scheme: guessing which is meant would be unsafe.
    """
    if not authorization_headers:
        return None
    if len(authorization_headers) > 1:
        raise Unauthenticated("several Authorization headers")
    scheme, _, token = authorization_headers[0].partition(" ")
    if scheme.lower() != "bearer" or not token or token != token.strip():
        raise Unauthenticated("no bearer token in the Authorization header")
    return token


def subprotocol_token(offered: Sequence[str]) -> str | None:
    """The token of a WebSocket subprotocol `bearer.<token>`: browsers cannot set headers on a handshake."""
    tokens = [name.removeprefix(SUBPROTOCOL_PREFIX) for name in offered if name.startswith(SUBPROTOCOL_PREFIX)]
    return tokens[0] if tokens else None
