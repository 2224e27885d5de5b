"""Authentication in the WebSocket handshake: CORS does not protect WebSockets, so the Origin is checked here."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import WebSocket

from shared.auth.models import Identity, Unauthenticated
from shared.auth.policies import ANY_ROLE, check_roles, identify_caller
from shared.auth.rate import count_call
from shared.auth.utils import SUBPROTOCOL_PREFIX, bearer_token, subprotocol_token
from shared.errors import NotPermitted
from shared.models.users import Principal, Role

logger = logging.getLogger(__name__)


class OriginRefused(NotPermitted):
    """A web page of a site that is not configured tried to open a WebSocket with its visitor's rights."""

    code = "origin_refused"

    def __init__(self, origin: str) -> None:
        super().__init__(
            f"Web pages of {origin} may not connect here; an administrator can add it to CLARA_CORS_ORIGINS.",
            origin=origin,
        )


@dataclass(frozen=True, slots=True)
class Handshake:
    """A handshake that may be accepted.

    Args:
        principal: The caller.
        expires_at: Seconds since the epoch at which the connection must end; None never.
        subprotocol: What to pass to `websocket.accept(subprotocol=…)`; browsers insist on an answer to their offer.
    """

    principal: Principal
    expires_at: float | None
    subprotocol: str | None


async def authenticate_websocket(websocket: WebSocket, *roles: Role) -> Handshake:
    """Check Origin, token and roles before `accept`.

    The token comes from the Authorization header, the subprotocol `bearer.<token>` or `?token=`. Raised before
    `accept`, the errors reach the client as HTTP answers to its handshake.

    Args:
        websocket: The connection, not yet accepted.
        roles: At least one of them is needed; none given means any user.

    Raises:
        OriginRefused: If a browser comes from a site that is not configured.
        Unauthenticated: If the token is missing or bad.
        RoleMissing: If the caller may not.
        Unavailable: If the token cannot be checked now.
        TooManyCalls: If the caller calls too often.
    """
    identity = await websocket_caller(websocket)
    check_roles(identity.principal, frozenset(roles) or ANY_ROLE)
    return Handshake(identity.principal, identity.expires_at, _answered_subprotocol(websocket))


async def websocket_caller(websocket: WebSocket) -> Identity:
    """Who opens a WebSocket, with whatever roles; counted as a call.

    Raises:
        OriginRefused: If a browser comes from a site that is not configured.
        Unauthenticated: If the token is missing or bad.
        Unavailable: If the token cannot be checked now.
        TooManyCalls: If the caller calls too often.
    """
    state = websocket.app.state
    check_origin(websocket, state.allowed_origins)
    identity = await identify_caller(websocket, _token(websocket))
    count_call(state.calls_per_user, identity.principal)
    return identity


@dataclass(frozen=True)
class HandshakePolicy:
    """The dependency of a WebSocket route: opens to principals with at least one of `roles`."""

    roles: frozenset[Role]

    async def __call__(self, websocket: WebSocket) -> Handshake:
        """The handshake, if it may be accepted (see `authenticate_websocket`)."""
        return await authenticate_websocket(websocket, *self.roles)


current_handshake = HandshakePolicy(ANY_ROLE)
"""Dependency of WebSocket routes that any user may open."""


def check_origin(websocket: WebSocket, allowed: Collection[str]) -> None:
    """Let programs (no Origin), our own pages (Origin = Host) and configured sites pass.

    Raises:
        OriginRefused: For every other site, `null` included.
    """
    origin = websocket.headers.get("origin")
    if origin is None or origin in allowed:
        return
    ours = _host_of(origin) == websocket.headers.get("host") and origin != "null"
    # a page that came in the clear is not ours where we speak TLS
    if not ours or (websocket.url.scheme == "wss" and not origin.startswith("https:")):
        raise OriginRefused(origin)


def _host_of(origin: str) -> str | None:
    """Host and port; None where it is no origin at all."""
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None


def _token(websocket: WebSocket) -> str | None:
    found = {
        bearer_token(websocket.headers.getlist("authorization")),
        subprotocol_token(websocket.scope.get("subprotocols", ())),
        *websocket.query_params.getlist("token"),
    } - {None}
    if len(found) > 1:
        raise Unauthenticated("several different tokens")
    return found.pop() if found else None


def _answered_subprotocol(websocket: WebSocket) -> str | None:
    """The first offer that is no token, else the token's own entry, as RFC 6455 wants one of the offers echoed."""
    offered: list[str] = list(websocket.scope.get("subprotocols", ()))
    plain = [name for name in offered if not name.startswith(SUBPROTOCOL_PREFIX)]
    return next(iter(plain or offered), None)
