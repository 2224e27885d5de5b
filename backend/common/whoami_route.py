"""The route that tells callers who they are for a service: for keys, which say nothing by themselves."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from shared.auth.policies import authenticated_principal, token_expiry
from shared.models.users import Principal, Role

WHOAMI = "/api/whoami"


class WhoAmI(BaseModel):
    """A caller, as this service knows it."""

    model_config = ConfigDict(frozen=True)

    subject: str
    email: str = Field(description="Address; of a key for scripts its name and id.")
    roles: list[Role] = Field(description="Those of admin, trainer and analyst that count here; may be none.")
    believed_until: datetime | None = Field(
        description="Open connections must prove it anew then: the end of a token, for a key an hour; null: never."
    )


def whoami_router() -> APIRouter:
    """`GET /api/whoami`."""
    router = APIRouter(tags=["service"])

    @router.get(WHOAMI)
    async def who_am_i(
        principal: Annotated[Principal, Depends(authenticated_principal)],
        expires_at: Annotated[float | None, Depends(token_expiry)],
    ) -> WhoAmI:
        """Who the caller is for this service, and with which roles; for callers without any, too."""
        return WhoAmI(
            subject=principal.subject,
            email=principal.email,
            roles=sorted(principal.roles),
            believed_until=None if expires_at is None else datetime.fromtimestamp(expires_at, UTC),
        )

    return router
