"""What a route demands of its caller, as FastAPI dependencies that give it the `Principal`.

What a route depends on is the one place where its policy is written: `backend.common.access` reads the table of all
routes off these objects, shows it in OpenAPI and the docs, and refuses to build a service with a route that has none.
The authenticator is `app.state.authenticator`, put there by `build_app`: without one an application answers 500, never
200.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from starlette.requests import HTTPConnection

from shared.auth.binding import check_binding, presented_certificate
from shared.auth.models import Authenticator, Identity, RoleMissing, Unauthenticated
from shared.auth.rate import count_call
from shared.auth.utils import bearer_token
from shared.models.users import Principal, Role
from shared.utils.log_context import PRINCIPAL, bind

logger = logging.getLogger(__name__)

ANY_ROLE = frozenset(Role)
_IDENTITY = "clara.identity"


async def identify(authenticator: Authenticator, token: str | None, *, certificate: str | None = None) -> Identity:
    """Authenticate, note the caller for the log, and log a refusal with its reason (which the caller does not see).

    Args:
        authenticator: Who knows callers.
        token: What the caller sent.
        certificate: Thumbprint of the connection's client certificate; without it no bound token is good.

    Raises:
        Unauthenticated: If the token is missing or bad.
        Unavailable: If it cannot be checked now.
    """
    try:
        identity = await authenticator.identify(token)
        check_binding(identity, certificate)
    except Unauthenticated as exc:
        logger.info("auth.refused", extra={"reason": exc.reason})
        raise
    bind(**{PRINCIPAL: identity.principal.subject})
    return identity


async def identify_caller(connection: HTTPConnection, token: str | None) -> Identity:
    """The identity of who opened a connection, by its token and, where that is bound to one, its certificate.

    Raises:
        Unauthenticated: If the token is missing, bad or bound to another certificate.
        Unavailable: If it cannot be checked now.
    """
    authenticator = connection.app.state.authenticator
    return await identify(authenticator, token, certificate=presented_certificate(connection))


async def caller_of(request: Request) -> Identity:
    """Who sends a request, found out and counted once for all that ask.

    Raises:
        Unauthenticated: If the token is missing or bad.
        Unavailable: If it cannot be checked now.
        TooManyCalls: If the caller calls too often.
    """
    identity: Identity | None = request.scope.get(_IDENTITY)
    if identity is None:
        token = bearer_token(request.headers.getlist("authorization"))
        identity = await identify_caller(request, token)
        count_call(request.app.state.calls_per_user, identity.principal)
        request.scope[_IDENTITY] = identity
    return identity


class AuthenticatedPrincipal(HTTPBearer):
    """Whoever holds a good token, with or without roles; for routes that only tell callers about themselves.

    A subclass of FastAPI's scheme, so that the documentation pages show an "Authorize" button without one more level of
    dependencies on every request, each of which costs FastAPI more than the check of a token that is known.
    """

    def __init__(self) -> None:
        super().__init__(scheme_name="HTTPBearer", bearerFormat="JWT", description="Access token of the realm.")

    async def __call__(self, request: Request) -> Principal:  # type: ignore[override]  # we give more than credentials
        """The caller.

        Raises:
            Unauthenticated: If the token is missing or bad.
            Unavailable: If it cannot be checked now.
        """
        return (await caller_of(request)).principal


authenticated_principal = AuthenticatedPrincipal()


async def token_expiry(request: Request) -> float | None:
    """When the caller's token expires (seconds since the epoch; None never), for answers that last longer than it may.

    Raises:
        Unauthenticated: If the token is missing or bad.
        Unavailable: If it cannot be checked now.
    """
    return (await caller_of(request)).expires_at


def check_roles(principal: Principal, required: frozenset[Role]) -> None:
    """Let a principal pass that holds at least one of the roles.

    Raises:
        RoleMissing: Otherwise.
    """
    if not principal.has_any(*required):
        logger.info("auth.role_missing", extra={"required": sorted(required), "held": sorted(principal.roles)})
        raise RoleMissing(principal, required)


class _Scheme(AuthenticatedPrincipal):
    """What FastAPI reads off a scheme, the same for all policies, whose own fields are what they demand."""

    model = authenticated_principal.model
    scheme_name = authenticated_principal.scheme_name
    auto_error = authenticated_principal.auto_error


@dataclass(frozen=True)
class RolePolicy(_Scheme):
    """A dependency that lets principals with at least one of `roles` pass."""

    roles: frozenset[Role]

    async def __call__(self, request: Request) -> Principal:  # type: ignore[override]  # as in its parent
        """The caller, if it may.

        Raises:
            Unauthenticated: If the token is missing or bad.
            Unavailable: If it cannot be checked now.
            RoleMissing: If it may not.
        """
        principal = (await caller_of(request)).principal
        check_roles(principal, self.roles)
        return principal


@dataclass(frozen=True, slots=True)
class Actor:
    """A caller who may act, and on what.

    Args:
        principal: The caller.
        is_limited_to_own: Whether it may act on what it made itself only; the manager, which knows who made what,
            refuses the rest.
    """

    principal: Principal
    is_limited_to_own: bool


@dataclass(frozen=True)
class OwnershipPolicy(_Scheme):
    """A dependency that lets `roles` act on everything, and holders of `own` alone on what they made themselves."""

    roles: frozenset[Role]
    own: frozenset[Role]

    async def __call__(self, request: Request) -> Actor:  # type: ignore[override]  # as in its parent
        """The caller and how far it may go.

        Raises:
            Unauthenticated: If the token is missing or bad.
            Unavailable: If it cannot be checked now.
            RoleMissing: If it may not act at all.
        """
        principal = (await caller_of(request)).principal
        check_roles(principal, self.roles | self.own)
        return Actor(principal, is_limited_to_own=not principal.has_any(*self.roles))


def require_roles(*roles: Role | str | Iterable[Role | str]) -> RolePolicy:
    """A dependency for routes: `principal: Annotated[Principal, Depends(require_roles(Role.ADMIN, Role.TRAINER))]`.

    Names and lists of names do as well: `require_roles("admin", "trainer")`, `require_roles(["admin", "trainer"])`.

    Raises:
        ValueError: Without a role (such a route would let nobody, or everybody, in), or for an unknown one.
    """
    named = _named(roles)
    if not named:
        raise ValueError("require_roles needs at least one role; for any user take current_principal")
    return RolePolicy(named)


def require_roles_or_own(*roles: Role, own: Iterable[Role]) -> OwnershipPolicy:
    """A dependency for routes that change one object: `roles` may change any, `own` only what they made themselves.

    Raises:
        ValueError: If either is empty, or a role is in both.
    """
    everything, limited = _named(roles), _named(own)
    if not everything or not limited or everything & limited:
        raise ValueError("require_roles_or_own needs two lists of roles that have none in common")
    return OwnershipPolicy(everything, limited)


def _named(roles: Iterable[Role | str | Iterable[Role | str]]) -> frozenset[Role]:
    flat = (role for each in roles for role in ([each] if isinstance(each, str) else each))
    return frozenset(Role(role) for role in flat)


current_principal = RolePolicy(ANY_ROLE)
"""Any user of the contract: a good token with at least one of the three roles; who has none may read nothing."""

CurrentPrincipal = Annotated[Principal, Depends(current_principal)]
