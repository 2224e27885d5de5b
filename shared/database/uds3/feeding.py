"""Feeds one store from the outbox of the truth: at least once, newest states only, in batches of bounded size."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from shared.database.base import DocumentStore, OutboxEntry, StoreNotBuilt
from shared.database.embeddings.base import Embedder
from shared.database.search_store import DocumentChange, SearchStore
from shared.errors import Unavailable

logger = logging.getLogger(__name__)

_BATCH_ENTRIES = 100
_BATCH_CHARS = 4 << 20
_MAX_REBUILT_ENTRIES = 100_000

OnProgress = Callable[[int], None]
"""Called with the number of documents that were handed over so far."""


def _silent(_count: int) -> None:
    """Tell nobody."""


class Feeder:
    """Keeps one store up with the truth.

    Args:
        documents: The truth.
        store: What is fed.
        embedder: Makes the vectors of stores that take them.
    """

    def __init__(self, documents: DocumentStore, store: SearchStore, embedder: Embedder | None = None) -> None:
        if store.takes_vectors and embedder is None:
            raise ValueError(f"The store '{store.name}' takes vectors, so an embedder is needed.")
        self._documents = documents
        self._store = store
        self._embedder = embedder
        self._trouble = ""

    @property
    def trouble(self) -> str:
        """Why the last drain could not feed the store; empty if it could."""
        return self._trouble

    @property
    def store(self) -> SearchStore:
        """The store that is fed."""
        return self._store

    def drain(self, *, limit: int) -> int:
        """Take at most `limit` entries out of the outbox; returns how many were acknowledged.

        A store that has never been built is built from the truth. One that fails keeps its entries for the next call.

        Raises:
            Unavailable: If the truth cannot be read.
        """
        if self._store.takes_vectors and self._is_idle():
            return 0
        done = 0
        try:
            self._apply(())  # says so if the store must be built, even while the outbox is empty
            while done < limit:
                entries = self._documents.outbox(self._store.name, limit=min(_BATCH_ENTRIES, limit - done))
                if not entries:
                    break
                self._take(entries)
                done += len(entries)
        except StoreNotBuilt:
            return done + self._build()
        except _StoreFailed as failure:
            self._in_trouble(failure.reason)
            return done
        self._trouble = ""
        return done

    def rebuild(self, *, on_progress: OnProgress = _silent) -> int:
        """Fill the store anew from the truth; returns the number of documents, erased ones included.

        Raises:
            Unavailable: If the store cannot be written or the truth cannot be read.
        """
        # what stands in the outbox now is in the truth already, so the rebuild covers it
        covered = [entry.entry_id for entry in self._documents.outbox(self._store.name, limit=_MAX_REBUILT_ENTRIES)]
        count = self._store.rebuild(_counted(self._embedded(self._documents.iter_states()), on_progress))
        for start in range(0, len(covered), _BATCH_ENTRIES):
            self._documents.acknowledge(self._store.name, covered[start : start + _BATCH_ENTRIES])
        logger.info("search.store_rebuilt", extra={"store": self._store.name, "documents": count})
        return count

    def bring(self, document_ids: Sequence[str]) -> int:
        """Hand over the newest states of these documents, whatever the outbox says; returns how many changed.

        Raises:
            Unavailable: If the store cannot be written or the truth cannot be read.
        """
        written = 0
        for start in range(0, len(document_ids), _BATCH_ENTRIES):
            states = self._documents.states(document_ids[start : start + _BATCH_ENTRIES])
            for batch in _bounded(states):
                written += self._store.apply_many(list(self._embedded(batch)))
        return written

    def _is_idle(self) -> bool:
        """Whether there is nothing at all: what makes vectors is not loaded to find that out."""
        return not (self._documents.outbox_size(self._store.name) or self._documents.count())

    def _build(self) -> int:
        before = self._documents.outbox_size(self._store.name)
        try:
            self.rebuild()
        except Unavailable as exc:
            self._in_trouble(exc.message)
            return 0
        self._trouble = ""
        return before

    def _in_trouble(self, reason: str) -> None:
        self._trouble = reason
        logger.warning("outbox.store_failed", extra={"store": self._store.name, "reason": reason})

    def _take(self, entries: Sequence[OutboxEntry]) -> None:
        """Apply the newest states of what entries name; all are acknowledged when the store holds them durably."""
        states = self._documents.states([entry.document_id for entry in entries])
        for batch in _bounded(states):
            self._apply(batch)
        self._documents.acknowledge(self._store.name, [entry.entry_id for entry in entries])

    def _apply(self, batch: Sequence[DocumentChange]) -> None:
        try:
            self._store.apply_many(list(self._embedded(batch)))
        except StoreNotBuilt:
            raise
        except Unavailable as exc:
            raise _StoreFailed(exc.message) from exc

    def _embedded(self, changes: Iterable[DocumentChange]) -> Iterator[DocumentChange]:
        """The changes, with vectors where the store takes them; texts are embedded many at a time."""
        if self._embedder is None or not self._store.takes_vectors:
            yield from changes
            return
        for batch in _bounded(changes):
            texts = [passage for change in batch for passage in _passages(change)]
            vectors = self._embedder.embed_passages(texts) if texts else None
            start = 0
            for change in batch:
                end = start + len(change.sections)
                yield change if vectors is None else replace(change, vectors=vectors[start:end])
                start = end


class _StoreFailed(Exception):
    """A search store, and not the truth, failed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _passages(change: DocumentChange) -> Iterator[str]:
    """What is embedded of each section: its heading stands over its text, as people read it."""
    for stored in change.sections:
        section = stored.section
        yield "\n".join(part for part in (section.heading, section.text) if part)


def _bounded(changes: Iterable[DocumentChange]) -> Iterator[list[DocumentChange]]:
    batch: list[DocumentChange] = []
    chars = 0
    for change in changes:
        batch.append(change)
        chars += sum(len(stored.section.text) for stored in change.sections)
        if chars >= _BATCH_CHARS or len(batch) >= _BATCH_ENTRIES:
            yield batch
            batch, chars = [], 0
    if batch:
        yield batch


def _counted(changes: Iterable[DocumentChange], on_progress: OnProgress) -> Iterator[DocumentChange]:
    for count, change in enumerate(changes, start=1):
        yield change
        on_progress(count)
