"""Dependencies that look at the caller without demanding a role."""

from typing import Annotated

from fastapi import Depends, Request

from shared.auth.policies import authenticated_principal, identify_caller
from shared.auth.utils import bearer_token
from shared.models.users import Principal


async def optional_auth(request: Request) -> Principal | None:
    """The caller, or None where no token was sent.

    A bad token is refused, not ignored: its sender believes to be somebody.

    Raises:
        Unauthenticated: If a token was sent and is bad.
    """
    token = bearer_token(request.headers.getlist("authorization"))
    if token is None:
        return None
    return (await identify_caller(request, token)).principal


async def get_current_user_email(principal: Annotated[Principal, Depends(authenticated_principal)]) -> str:
    """The caller's address, or its subject where the token has none."""
    return principal.email
