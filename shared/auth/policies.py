"""What a route demands of its caller, as FastAPI dependencies that give it the `Principal`.

The authenticator is `app.state.authenticator`, put there by `build_app`: without one an application answers 500, never
200.
"""

import logging
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from shared.auth.models import Authenticator, Identity, RoleMissing, Unauthenticated
from shared.auth.rate import count_call
from shared.auth.utils import bearer_token
from shared.models.users import Principal, Role
from shared.utils.log_context import PRINCIPAL, bind

logger = logging.getLogger(__name__)

ANY_ROLE = frozenset(Role)


async def identify(authenticator: Authenticator, token: str | None) -> Identity:
    """Authenticate, note the caller for the log, and log a refusal with its reason (which the caller does not see).

    Raises:
        Unauthenticated: If the token is missing or bad.
        Unavailable: If it cannot be checked now.
    """
    try:
        identity = await authenticator.identify(token)
    except Unauthenticated as exc:
        logger.info("auth.refused", extra={"reason": exc.reason})
        raise
    bind(**{PRINCIPAL: identity.principal.subject})
    return identity


class AuthenticatedPrincipal(HTTPBearer):
    """Whoever holds a good token, with or without roles; for routes that only tell callers about themselves.

    A subclass of FastAPI's scheme, so that the documentation pages show an "Authorize" button without one more level of
    dependencies on every request.
    """

    def __init__(self) -> None:
        super().__init__(scheme_name="HTTPBearer", bearerFormat="JWT", description="Access token of the realm.")

    async def __call__(self, request: Request) -> Principal:  # type: ignore[override]  # we give more than credentials
        """The caller.

        Raises:
            Unauthenticated: If the token is missing or bad.
            Unavailable: If it cannot be checked now.
        """
        token = bearer_token(request.headers.getlist("authorization"))
        principal = (await identify(request.app.state.authenticator, token)).principal
        count_call(request.app.state.calls_per_user, principal)
        return principal


authenticated_principal = AuthenticatedPrincipal()


async def token_expiry(request: Request) -> float | None:
    """When the caller's token expires (seconds since the epoch; None never), for answers that last longer than it may.

    Raises:
        Unauthenticated: If the token is missing or bad.
        Unavailable: If it cannot be checked now.
    """
    token = bearer_token(request.headers.getlist("authorization"))
    return (await identify(request.app.state.authenticator, token)).expires_at


def check_roles(principal: Principal, required: frozenset[Role]) -> None:
    """Let a principal pass that holds at least one of the roles.

    Raises:
        RoleMissing: Otherwise.
    """
    if not principal.has_any(*required):
        logger.info("auth.role_missing", extra={"required": sorted(required), "held": sorted(principal.roles)})
        raise RoleMissing(principal, required)


@dataclass(frozen=True)
class RolePolicy:
    """A dependency that lets principals with at least one of `roles` pass; tests read `roles` off the routes."""

    roles: frozenset[Role]

    async def __call__(self, principal: Annotated[Principal, Depends(authenticated_principal)]) -> Principal:
        """The caller, if it may.

        Raises:
            RoleMissing: If it may not.
        """
        check_roles(principal, self.roles)
        return principal


def require_roles(*roles: Role) -> RolePolicy:
    """A dependency for routes: `principal: Annotated[Principal, Depends(require_roles(Role.ADMIN, Role.TRAINER))]`.

    Raises:
        ValueError: Without a role (such a route would let nobody, or everybody, in), or for an unknown one.
    """
    if not roles:
        raise ValueError("require_roles needs at least one role; for any user take current_principal")
    return RolePolicy(frozenset(Role(role) for role in roles))


current_principal = RolePolicy(ANY_ROLE)
"""Any user of the contract: a good token with at least one of the three roles; who has none may read nothing."""

CurrentPrincipal = Annotated[Principal, Depends(current_principal)]
