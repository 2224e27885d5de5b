"""Keys for scripts in memory."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from shared.database.base import Page
from shared.database.key_store import KeyNotFound, KeyRevoked
from shared.database.memory.state import MemoryState, newest_first
from shared.errors import Conflict
from shared.models.api_key import ApiKey, StoredKey
from shared.models.events import AuditEntry


class MemoryKeyStore:
    """`KeyStore` in memory."""

    def __init__(self, state: MemoryState) -> None:
        self._state = state

    def add(self, key: StoredKey, *, audit: AuditEntry) -> ApiKey:
        """See `KeyStore.add`."""
        with self._state.lock:
            if key.key.key_id in self._state.api_keys:
                raise Conflict(f"A key with the id '{key.key.key_id}' exists already.", key_id=key.key.key_id)
            self._state.api_keys[key.key.key_id] = key
            self._state.write_audit(audit)
        return key.key

    def find(self, key_id: str) -> StoredKey | None:
        """See `KeyStore.find`."""
        with self._state.lock:
            return self._state.api_keys.get(key_id)

    def page(self, *, limit: int = 50, after: str | None = None) -> Page[ApiKey]:
        """See `KeyStore.page`."""
        with self._state.lock:
            keys = [stored.key for stored in self._state.api_keys.values()]

        def find(asked: str) -> ApiKey:
            return self._get(asked).key

        return newest_first(keys, lambda key: key.key_id, limit=limit, after=after, find=find)

    def revoke(self, key_id: str, *, by: str, audit: AuditEntry) -> ApiKey:
        """See `KeyStore.revoke`."""
        with self._state.lock:
            stored = self._get(key_id)
            if stored.key.revoked_at is not None:
                raise KeyRevoked(stored.key)
            key = replace(stored.key, revoked_at=self._state.clock(), revoked_by=by)
            self._state.api_keys[key_id] = replace(stored, key=key)
            self._state.write_audit(audit)
        return key

    def note_uses(self, uses: Mapping[str, datetime]) -> None:
        """See `KeyStore.note_uses`."""
        with self._state.lock:
            for key_id, moment in uses.items():
                stored = self._state.api_keys.get(key_id)
                if stored and (stored.key.last_used_at is None or stored.key.last_used_at < moment):
                    self._state.api_keys[key_id] = replace(stored, key=replace(stored.key, last_used_at=moment))

    def _get(self, key_id: str) -> StoredKey:
        if key_id not in self._state.api_keys:
            raise KeyNotFound(key_id)
        return self._state.api_keys[key_id]
