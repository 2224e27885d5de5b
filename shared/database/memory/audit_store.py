"""The audit log in memory."""

from collections.abc import Sequence
from dataclasses import replace

from shared.database.memory.state import MemoryState
from shared.models.audit import AuditFilter, AuditRecord
from shared.models.audit_chain import GENESIS, AuditHead, AuditLink
from shared.models.events import AuditEntry
from shared.models.storable_text import storable


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
        found = self.records(AuditFilter(object_id=object_id), limit=limit, before=after)
        return [(record.seq, record.entry) for record in found]

    def records(
        self,
        wanted: AuditFilter = AuditFilter(),  # noqa: B008 - frozen and empty
        *,
        limit: int = 100,
        before: int | None = None,
        after: int | None = None,
    ) -> Sequence[AuditRecord]:
        """See `AuditStore.records`."""
        with self._state.lock:
            numbered = list(enumerate(zip(self._state.audit, self._state.audit_links, strict=True), start=1))
        found = [
            AuditRecord(seq, replace(entry, detail=storable(entry.detail)), link.hash)
            for seq, (entry, link) in (reversed(numbered) if after is None else numbered)
            if wanted.wants(entry) and (before is None or seq < before) and (after is None or seq > after)
        ]
        return found[:limit]

    def head(self) -> AuditHead:
        """See `AuditStore.head`."""
        with self._state.lock:
            links = self._state.audit_links
            return AuditHead(links[-1].seq, links[-1].hash) if links else AuditHead(0, GENESIS)

    def links(self, *, after: int = 0, limit: int = 1000) -> Sequence[AuditLink]:
        """See `AuditStore.links`."""
        with self._state.lock:
            start = max(after, 0)
            return self._state.audit_links[start : start + limit]
