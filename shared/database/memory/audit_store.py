"""The audit log in memory."""

from collections.abc import Sequence

from shared.database.memory.state import MemoryState
from shared.models.events import AuditEntry


class MemoryAuditStore:
    """`AuditStore` in memory."""

    def __init__(self, state: MemoryState) -> None:
        self._state = state

    def append(self, entry: AuditEntry) -> None:
        """See `AuditStore.append`."""
        with self._state.lock:
            self._state.write_audit(entry)

    def page(
        self, *, object_id: str | None = None, limit: int = 100, after: int | None = None
    ) -> Sequence[tuple[int, AuditEntry]]:
        """See `AuditStore.page`."""
        with self._state.lock:
            numbered = list(enumerate(self._state.audit, start=1))
        wanted = [
            (seq, entry)
            for seq, entry in reversed(numbered)
            if (object_id is None or entry.object_id == object_id) and (after is None or seq < after)
        ]
        return wanted[:limit]
