"""What a login gives."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of one login; their text is in no `repr`.

    Args:
        issuer: Who issued them.
        access: Access token, shown to services.
        access_expires_at: Seconds since the epoch.
        refresh: Refresh token, shown to the issuer alone; None: when the access token ends, so does the login.
        refresh_expires_at: Seconds since the epoch; None: the issuer did not say.
    """

    issuer: str
    access: str = field(repr=False)
    access_expires_at: float
    refresh: str | None = field(default=None, repr=False)
    refresh_expires_at: float | None = None

    @property
    def claims(self) -> Mapping[str, Any]:
        """What the access token says of its owner, unverified: for showing to that owner, never for decisions."""
        try:
            payload = self.access.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        except (IndexError, ValueError):
            return {}
        return claims if isinstance(claims, dict) else {}
