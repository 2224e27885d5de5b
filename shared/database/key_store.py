"""What CLARA asks of the store of keys for scripts; the rules of all stores in `shared/database/base.py` hold."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from shared.database.base import Page
from shared.errors import Conflict, NotFound
from shared.models.api_key import ApiKey, StoredKey
from shared.models.events import AuditEntry


class KeyNotFound(NotFound):
    """There never was a key with this id."""

    code = "key_not_found"

    def __init__(self, key_id: str) -> None:
        super().__init__(f"There is no key '{key_id}'. `clara admin keys list` shows all.", key_id=key_id)


class KeyRevoked(Conflict):
    """The key was revoked before."""

    code = "key_revoked"

    def __init__(self, key: ApiKey) -> None:
        super().__init__(f"The key '{key.key_id}' was revoked by {key.revoked_by} already.", key_id=key.key_id)


class KeyStore(Protocol):
    """Keys for scripts. A revoked key stays in the list, since the audit log names it."""

    def add(self, key: StoredKey, *, audit: AuditEntry) -> ApiKey:
        """Keep a new key, with its audit entry.

        Raises:
            Conflict: If there is one with this id.
        """
        ...

    def find(self, key_id: str) -> StoredKey | None:
        """A key with its hash, whether it is good or not; None if there is none."""
        ...

    def page(self, *, limit: int = 50, after: str | None = None) -> Page[ApiKey]:
        """Keys, newest first.

        Raises:
            KeyNotFound: If `after` names none.
        """
        ...

    def revoke(self, key_id: str, *, by: str, audit: AuditEntry) -> ApiKey:
        """End a key for ever, with its audit entry.

        Raises:
            KeyNotFound: If there is none.
            KeyRevoked: If that was done before.
        """
        ...

    def note_uses(self, uses: Mapping[str, datetime]) -> None:
        """When keys were last accepted, by id: never earlier than what is known; unknown ids are left out."""
        ...
