"""Documents, their versions and sections in memory."""

from collections.abc import Iterator, Mapping, Sequence, Set

from shared.database.audit.entries import registered
from shared.database.base import DocumentErased, DocumentInput, DocumentNotFound, OutboxEntry, Page
from shared.database.document_changes import next_version, section_key
from shared.database.memory.document_erasure import MemoryDocumentErasure
from shared.database.memory.state import MemoryState
from shared.database.search_store import DocumentChange, HeldDocument
from shared.models.document import Document, ParsedDocument, StoredSection
from shared.utils.ids import new_id


class MemoryDocumentStore(MemoryDocumentErasure):
    """`DocumentStore` in memory.

    Args:
        state: What the in-memory stores share.
        derived_stores: Names of the search stores that are fed from the outbox.
    """

    def __init__(self, state: MemoryState, derived_stores: Sequence[str] = ("embedded",)) -> None:
        self._state = state
        self._derived_stores = tuple(derived_stores)

    def put(
        self, parsed: ParsedDocument, *, source: str, path: str, sha256: str, size_bytes: int, ingested_by: str
    ) -> tuple[Document, bool]:
        """See `DocumentStore.put`."""
        return self.put_many([DocumentInput(parsed, source, path, sha256, size_bytes, ingested_by)])[0]

    def put_many(self, items: Sequence[DocumentInput]) -> Sequence[tuple[Document, bool]]:
        """See `DocumentStore.put_many`."""
        with self._state.lock:
            now, newest = self._state.clock(), dict(self._state.documents)
            results, written = [], []
            for item in items:
                key = item.source, item.path
                if key in self._state.erased:
                    raise DocumentErased(*key)
                document = next_version(item, newest.get(key), new_id=new_id("doc"), now=now)
                if document is not None:
                    newest[key] = document
                    written.append((document, item))
                results.append((newest[key], document is not None))
            for document, item in written:
                self._store(document, item)
            for entry in registered(document for document, _ in written):
                self._state.write_audit(entry)
        return results

    def erased(self, source: str, paths: Sequence[str]) -> Set[str]:
        """See `DocumentStore.erased`."""
        with self._state.lock:
            return {path for path in paths if (source, path) in self._state.erased}

    def known(self, source: str, paths: Sequence[str]) -> Mapping[str, str]:
        """See `DocumentStore.known`."""
        with self._state.lock:
            found = {path: self._state.documents.get((source, path)) for path in paths}
        return {path: document.sha256 for path, document in found.items() if document is not None}

    def get(self, document_id: str) -> Document:
        """See `DocumentStore.get`."""
        found = self.newest([document_id])
        if not found:
            raise DocumentNotFound(document_id)
        return found[document_id]

    def newest(self, document_ids: Sequence[str]) -> Mapping[str, Document]:
        """See `DocumentStore.newest`."""
        wanted = set(document_ids)
        return {document.document_id: document for document in self._ordered(None) if document.document_id in wanted}

    def page(self, *, source: str | None = None, limit: int = 50, after: str | None = None) -> Page[Document]:
        """See `DocumentStore.page`."""
        ordered = self._ordered(source)
        following = [document for document in ordered if after is None or document.document_id > after]
        items = following[:limit]
        more = len(following) > limit
        return Page(items, next_after=items[-1].document_id if more and items else None, total=len(ordered))

    def sections(self, document_id: str, *, version: int | None = None) -> Sequence[StoredSection]:
        """See `DocumentStore.sections`."""
        with self._state.lock:
            wanted = self.get(document_id).version if version is None else version
            found = self._state.sections.get((document_id, wanted))
        if not found:
            raise DocumentNotFound(document_id if version is None else f"{document_id}:{version}")
        return list(found)

    def sections_by_id(self, section_ids: Sequence[str]) -> Mapping[str, StoredSection]:
        """See `DocumentStore.sections_by_id`."""
        found: dict[str, StoredSection] = {}
        with self._state.lock:
            for key in filter(None, map(section_key, section_ids)):
                candidates = self._state.sections.get(key[:2], [])
                found.update({item.section_id: item for item in candidates if item.section.ordinal == key[2]})
        return found

    def iter_sections(self, *, source: str | None = None) -> Iterator[StoredSection]:
        """See `DocumentStore.iter_sections`."""
        for document in self._ordered(source):
            yield from self.sections(document.document_id)

    def states(self, document_ids: Sequence[str]) -> Sequence[DocumentChange]:
        """See `DocumentStore.states`."""
        with self._state.lock:
            known = self.newest(document_ids)
            versions = dict(self._state.erased.values())
            states: list[DocumentChange] = []
            for document_id in dict.fromkeys(document_ids):
                if document_id in known:
                    document = known[document_id]
                    sections = self._state.sections[document_id, document.version]
                    states.append(DocumentChange(document_id, document.version, document, list(sections)))
                elif document_id in versions:
                    states.append(DocumentChange(document_id, versions[document_id], None))
        return states

    def iter_states(self) -> Iterator[DocumentChange]:
        """See `DocumentStore.iter_states`."""
        with self._state.lock:
            ids = [document.document_id for document in self._state.documents.values()]
            ids += [document_id for document_id, _ in self._state.erased.values()]
        for document_id in sorted(ids):
            yield from self.states([document_id])

    def iter_held(self, *, at_once: int = 2_000) -> Iterator[HeldDocument]:
        """See `DocumentStore.iter_held`."""
        for state in self.iter_states():
            count = len(state.sections)
            yield HeldDocument(state.document_id, state.version, state.sha256, count, is_erased=state.is_erased)

    def count(self) -> int:
        """See `DocumentStore.count`."""
        with self._state.lock:
            return len(self._state.documents)

    def outbox(self, store: str, *, limit: int = 200) -> Sequence[OutboxEntry]:
        """See `DocumentStore.outbox`."""
        with self._state.lock:
            return [entry for name, entry in self._state.outbox.values() if name == store][:limit]

    def outbox_size(self, store: str) -> int:
        """See `DocumentStore.outbox_size`."""
        with self._state.lock:
            return sum(name == store for name, _ in self._state.outbox.values())

    def acknowledge(self, store: str, entry_ids: Sequence[int]) -> None:
        """See `DocumentStore.acknowledge`."""
        with self._state.lock:
            for entry_id in entry_ids:
                if self._state.outbox.get(entry_id, ("", None))[0] == store:
                    del self._state.outbox[entry_id]

    def _ordered(self, source: str | None) -> list[Document]:
        with self._state.lock:
            values = list(self._state.documents.values())
        wanted = [document for document in values if source is None or document.source == source]
        return sorted(wanted, key=lambda document: document.document_id)

    def _store(self, document: Document, item: DocumentInput) -> None:
        state = self._state
        state.documents[document.source, document.path] = document
        state.sections[document.document_id, document.version] = [
            StoredSection.of(document, section) for section in item.parsed.sections
        ]
        self._enqueue(document.document_id, document.version)

    def _enqueue(self, document_id: str, version: int) -> None:
        state = self._state
        for store in self._derived_stores:
            state.last_entry_id += 1
            entry = OutboxEntry(state.last_entry_id, document_id, version)
            state.outbox[entry.entry_id] = (store, entry)
