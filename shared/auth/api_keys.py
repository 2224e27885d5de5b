"""Keys for scripts, accepted wherever access tokens are.

A verdict is remembered for `REMEMBERED_S`: that is how long a revoked key may go on being accepted, and how seldom the
database is asked. Uses are counted in memory and written by whoever collects them, not once per request.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from shared.auth.models import Authenticator, Identity, Unauthenticated
from shared.errors import Unavailable
from shared.models.api_key import PREFIX, ApiKey, StoredKey, key_id_of
from shared.models.users import Principal
from shared.utils.clock import Clock, utc_now

logger = logging.getLogger(__name__)

REMEMBERED_S = 5.0
"""A revoked key is refused by every process after this time at the latest."""

LONGEST_BELIEF_S = 3600.0
"""A connection that stays open (WebSocket, events) is asked for its key again after this time."""

_MAX_REMEMBERED = 1024

Find = Callable[[str], StoredKey | None]


class ApiKeyAuthenticator:
    """Recognises keys and leaves every other token to the authenticator behind it.

    Args:
        tokens: Knows access tokens, and what to say where nothing was sent.
        find: Looks a key up; blocks, so it is called in a thread. None until `look_up_with` is told.
        clock: Now, for the expiry.
        monotonic: Seconds that never jump.
    """

    def __init__(
        self,
        tokens: Authenticator,
        find: Find | None = None,
        *,
        clock: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tokens = tokens
        self._find = find
        self._clock = clock
        self._monotonic = monotonic
        self._remembered: OrderedDict[str, tuple[float, StoredKey | None]] = OrderedDict()
        self._uses: dict[str, datetime] = {}

    def look_up_with(self, find: Find) -> None:
        """Take the store of a service that has just opened it."""
        self._find = find
        self._remembered.clear()

    async def identify(self, token: str | None) -> Identity:
        """The identity of a key, or of whatever else the token is.

        Raises:
            Unauthenticated: If the key is unknown, wrong, revoked or expired.
            Unavailable: If the database cannot be asked.
        """
        if token is None or not token.startswith(PREFIX):
            return await self._tokens.identify(token)
        key_id = key_id_of(token)
        if key_id is None:
            raise Unauthenticated("not the form of a key")
        stored = await self._stored(key_id)
        if stored is None or not stored.is_of(token):
            raise Unauthenticated("unknown key")
        now = self._clock()
        if not stored.key.is_good_at(now):
            raise Unauthenticated("key revoked" if stored.key.revoked_at else "key expired")
        self._uses[key_id] = now
        return _identity(stored.key, now)

    def take_uses(self) -> Mapping[str, datetime]:
        """When keys were last used since the last call; they are forgotten here."""
        uses, self._uses = self._uses, {}
        return uses

    async def _stored(self, key_id: str) -> StoredKey | None:
        until, stored = self._remembered.get(key_id, (0.0, None))
        now = self._monotonic()
        if now < until:
            return stored
        if self._find is None:
            raise Unavailable("Keys cannot be checked before the service has opened its database; try again.")
        stored = await asyncio.to_thread(self._find, key_id)
        # from before the question: what was revoked while it was answered counts from then on
        self._remembered[key_id] = (now + REMEMBERED_S, stored)
        self._remembered.move_to_end(key_id)
        if len(self._remembered) > _MAX_REMEMBERED:
            self._remembered.popitem(last=False)
        return stored


def key_principal(key: ApiKey) -> Principal:
    """Who a key is: its own subject, and a name by which people know it in lists and in the audit log."""
    return Principal(subject=f"key:{key.key_id}", email=f"{key.name} (key {key.key_id})", roles=key.roles)


def _identity(key: ApiKey, now: datetime) -> Identity:
    expires_at = min(key.expires_at.astimezone(UTC).timestamp(), now.timestamp() + LONGEST_BELIEF_S)
    return Identity(key_principal(key), expires_at)
