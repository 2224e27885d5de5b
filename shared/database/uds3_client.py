"""Which search stores there are: feeds them from the outbox, asks them, says which of them cannot answer.

The SQL truth knows every document; search stores are derived from it. Each is fed at least once per document version
and ignores what is not newer than what it holds, so several processes may drain at the same time.

A new store (PostgreSQL, ChromaDB, Neo4j, CouchDB) is one file in `adapters/` with one `SearchStore`; it is handed to
this client and joins through its `leg`. Ranked lists of several legs are fused in `_fused`.
"""

import itertools
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from shared.database.base import DocumentNotFound, DocumentStore, OutboxEntry, SearchStore, StoreNotBuilt
from shared.errors import Unavailable
from shared.models.document import SectionHit, StoredSection
from shared.models.search import SearchLeg

logger = logging.getLogger(__name__)

_BATCH_ENTRIES = 100
_BATCH_CHARS = 4 << 20
_MAX_REBUILT_ENTRIES = 100_000


class SearchUnavailable(Unavailable):
    """No store can answer the kinds of search that were asked for."""

    code = "search_unavailable"

    def __init__(self, degraded: Mapping[str, str]) -> None:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in degraded.items())
        super().__init__(f"No search store can answer. {reasons}", degraded=dict(degraded))


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits, best first, and what could not take part.

    Args:
        hits: Streamed from the store; an error on the way is raised, never an early end.
        degraded: Store or leg -> why it did not answer.
    """

    hits: Iterator[SectionHit]
    degraded: Mapping[str, str]


class Uds3Client:
    """The search stores behind one door.

    Args:
        documents: The truth.
        search_stores: In order of preference within a leg; names are unique.
    """

    def __init__(self, documents: DocumentStore, search_stores: Sequence[SearchStore]) -> None:
        if len({store.leg for store in search_stores}) > 1:
            raise ValueError("Stores of different legs need a fusion of their ranked lists, which is not built yet.")
        self._documents = documents
        self._stores = tuple(search_stores)

    def drain(self, *, limit: int = 1000) -> int:
        """Take at most `limit` document versions per store out of the outbox; returns how many were acknowledged.

        A store that has never been built is built from the truth. One that fails keeps its entries for the next call
        and does not hold up the others; `status` says what is wrong with it.

        Raises:
            Unavailable: If the truth cannot be read.
        """
        return sum(self._drain_store(store, limit) for store in self._stores)

    def search(
        self,
        query_text: str,
        *,
        top_k: int,
        sources: Sequence[str] = (),
        search_types: Sequence[SearchLeg] = tuple(SearchLeg),
    ) -> SearchResult:
        """Ask the first store of each leg that answers.

        Raises:
            SearchUnavailable: If no leg that was asked for has a store that answers.
        """
        degraded: dict[str, str] = {}
        answers: list[Iterator[SectionHit]] = []
        for leg in dict.fromkeys(search_types):
            stores = [store for store in self._stores if store.leg is leg]
            if not stores:
                degraded[leg] = f"no store for {leg} search is installed"
            for store in stores:
                try:
                    answers.append(_begun(store.search(query_text, top_k=top_k, sources=sources)))
                    break
                except Unavailable as exc:
                    logger.warning("search.store_failed", extra={"store": store.name, "reason": exc.message})
                    degraded[store.name] = exc.message
        if not answers:
            raise SearchUnavailable(degraded)
        return SearchResult(_fused(answers), degraded)

    def status(self) -> dict[str, str]:
        """Store name -> "ok" or the reason why it cannot serve."""
        return {store.name: store.check() for store in self._stores}

    def rebuild(self, store: SearchStore) -> int:
        """Fill a store anew from the truth; returns the number of documents.

        Raises:
            Unavailable: If the store cannot be written or the truth cannot be read.
        """
        # what stands in the outbox now is in the truth already, so the rebuild covers it
        covered = [entry.entry_id for entry in self._documents.outbox(store.name, limit=_MAX_REBUILT_ENTRIES)]
        count = store.rebuild(_by_document(self._documents.iter_sections()))
        for start in range(0, len(covered), _BATCH_ENTRIES):
            self._documents.acknowledge(store.name, covered[start : start + _BATCH_ENTRIES])
        logger.info("search.store_rebuilt", extra={"store": store.name, "documents": count})
        return count

    def _drain_store(self, store: SearchStore, limit: int) -> int:
        done = 0
        try:
            _apply(store, ())  # says so if the store must be built, even while the outbox is empty
            while done < limit:
                entries = self._documents.outbox(store.name, limit=min(_BATCH_ENTRIES, limit - done))
                if not entries:
                    break
                self._take(store, entries)
                done += len(entries)
        except StoreNotBuilt:
            done += self._build(store)
        except _StoreFailed as failure:
            logger.warning("outbox.store_failed", extra={"store": store.name, "reason": failure.reason})
        return done

    def _build(self, store: SearchStore) -> int:
        before = len(self._documents.outbox(store.name, limit=_MAX_REBUILT_ENTRIES))
        try:
            self.rebuild(store)
        except Unavailable as exc:
            logger.warning("outbox.store_failed", extra={"store": store.name, "reason": exc.message})
            return 0
        return before

    def _take(self, store: SearchStore, entries: Sequence[OutboxEntry]) -> None:
        """Apply entries in batches of bounded size; each is acknowledged when the store holds it durably."""
        batch: list[tuple[str, int, Sequence[StoredSection]]] = []
        pending: list[int] = []
        chars = 0
        for entry in entries:
            sections = self._sections(entry)
            pending.append(entry.entry_id)
            if sections:
                batch.append((entry.document_id, entry.version, sections))
                chars += sum(len(section.section.text) for section in sections)
            if chars >= _BATCH_CHARS:
                self._flush(store, batch, pending)
                chars = 0
        self._flush(store, batch, pending)

    def _flush(
        self, store: SearchStore, batch: list[tuple[str, int, Sequence[StoredSection]]], pending: list[int]
    ) -> None:
        _apply(store, batch)
        self._documents.acknowledge(store.name, pending)
        batch.clear()
        pending.clear()

    def _sections(self, entry: OutboxEntry) -> Sequence[StoredSection]:
        try:
            return self._documents.sections(entry.document_id, version=entry.version)
        except DocumentNotFound:
            return ()  # it went since; nothing is left to find


class _StoreFailed(Exception):
    """A search store, and not the truth, failed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _apply(store: SearchStore, batch: Sequence[tuple[str, int, Sequence[StoredSection]]]) -> None:
    try:
        store.apply_many(batch)
    except StoreNotBuilt:
        raise
    except Unavailable as exc:
        raise _StoreFailed(exc.message) from exc


def _by_document(sections: Iterator[StoredSection]) -> Iterator[tuple[str, int, Sequence[StoredSection]]]:
    for (document_id, version), group in itertools.groupby(sections, key=lambda s: (s.document_id, s.version)):
        yield document_id, version, list(group)


def _begun(hits: Iterator[SectionHit]) -> Iterator[SectionHit]:
    """The same hits, after the first was drawn: a store that cannot answer says so here and not at the reader."""
    first = list(itertools.islice(hits, 1))
    return itertools.chain(first, hits)


def _fused(answers: Sequence[Iterator[SectionHit]]) -> Iterator[SectionHit]:
    """One ranked list of several; there is one leg with stores today, so there is one list."""
    (hits,) = answers
    return hits
