"""Collects parsed documents and registers them many at a time: one durable commit per batch, bounded memory."""

from backend.datasets.ingest.progress import IngestProgress
from shared.database.base import DocumentInput, DocumentStore

_MAX_DOCUMENTS = 64
_MAX_CHARS = 4 << 20


class Batch:
    """Documents that wait for their commit."""

    def __init__(self, store: DocumentStore, progress: IngestProgress) -> None:
        self._store = store
        self._progress = progress
        self._waiting: dict[str, DocumentInput] = {}
        self._chars = 0

    def add(self, item: DocumentInput) -> None:
        """Take one more document; commits when enough have come together.

        Raises:
            Unavailable: If the store cannot take them.
        """
        self._waiting[item.path] = item
        self._chars += len(item.parsed.text)
        if len(self._waiting) >= _MAX_DOCUMENTS or self._chars >= _MAX_CHARS:
            self.commit()

    def commit(self) -> None:
        """Make everything that waits durable.

        Raises:
            Unavailable: If the store cannot take them.
        """
        self._leave_out_erased()
        results = self._store.put_many(list(self._waiting.values())) if self._waiting else ()
        written = [document for document, is_written in results if is_written]
        self._waiting.clear()
        self._chars = 0
        new = sum(document.version == 1 for document in written)
        self._progress.committed(
            new=new,
            updated=len(written) - new,
            unchanged=len(results) - len(written),
            sections=sum(document.section_count for document in written),
        )

    def _leave_out_erased(self) -> None:
        for source in {item.source for item in self._waiting.values()}:
            for path in self._store.erased(source, list(self._waiting)):
                del self._waiting[path]
                # a failure: whoever brings it again shall know, and take it out of where it came from
                self._progress.failed(path, "it was erased (clara erase) and is not taken in again")
