"""ChromaDB, server or embedded: our own collections of vectors; those of users are read by `chroma_foreign.py`.

The sections lie in one collection; a second one is the register of documents, with versions, hashes and tombstones.
Chroma has no transactions, so the order of writes makes every interruption visible: sections first, then what is stale
goes, the register comes last, and `held` counts the sections that are there.

Source: behaviour of chromadb 1.5.9; `upsert` over ids that are there is avoided where it can be, since a kill in its
middle may leave vectors that are counted but not found (github.com/chroma-core/chroma/issues/7678).
"""

import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from shared.database.adapters.chroma_connection import ChromaConnection, ChromaFailed, ChromaPlace, NoSuchCollection
from shared.database.adapters.chroma_foreign import ForeignChromaSource
from shared.database.adapters.chroma_where import section_metadata, where
from shared.database.adapters.vector_demands import require_vectors, vector_asked_for
from shared.database.base import StoreNotBuilt
from shared.database.embeddings.errors import EmbeddingModelChanged
from shared.database.search_store import DocumentChange, HeldDocument, Question, RankedSection, newest_of_each
from shared.errors import Unavailable
from shared.models.search import RankedList

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

_MODEL, _STATE, _BUILT = "clara_model", "clara_state", "built"
_DEEPEST = 10_000
_DIGITS = 5
_PAGE = 5000
_WRITE = 500
_LOOK_UP = 200

__all__ = ["ChromaPlace", "ChromaStore", "ForeignChromaSource"]


class ChromaStore:
    """The vector list on ChromaDB; safe to share between threads. Opened by its first use.

    Args:
        place: Server or folder.
        model_key: Of the embedding model whose vectors these are.
        dimension: Numbers per vector.
        collection: Name before `_sections` and `_documents`: 3 to 400 of [a-zA-Z0-9._-].
        timeout_s: Of a search or a check.
        write_timeout_s: Of each write; a batch is several.
    """

    name = "chromadb"
    lists = frozenset({RankedList.VECTOR})
    takes_vectors = True

    def __init__(
        self,
        place: ChromaPlace,
        model_key: str,
        dimension: int,
        *,
        collection: str = "clara",
        timeout_s: float = 1.5,
        write_timeout_s: float = 30.0,
    ) -> None:
        self._connection = ChromaConnection(place, timeout_s=timeout_s)
        self._model_key = model_key
        self._dimension = dimension
        self._sections_name, self._documents_name = f"{collection}_sections", f"{collection}_documents"
        self._timeout_s = timeout_s
        self._write_timeout_s = write_timeout_s
        self._writing = threading.Lock()
        self._known: tuple[Collection, Collection] | None = None

    def apply_many(self, changes: Sequence[DocumentChange]) -> int:
        """Take these states over; see `SearchStore.apply_many`."""
        require_vectors(self.name, changes, self._dimension)
        with self._writing:
            return self._apply(newest_of_each(changes))

    def rebuild(self, changes: Iterable[DocumentChange]) -> int:
        """Make both collections anew; until the last change is in, they say that they are not built."""
        build, offered = uuid.uuid4().hex, 0
        with self._writing:
            sections, documents = self._recreated(build)
            batch: list[DocumentChange] = []
            for change in changes:
                require_vectors(self.name, [change], self._dimension)
                offered += 1
                batch.append(change)
                if sum(len(each.sections) + 1 for each in batch) >= _WRITE:
                    self._write(sections, documents, newest_of_each(batch))
                    batch = []
            self._write(sections, documents, newest_of_each(batch))
            self._finish(documents, build)
        return offered

    def rank(self, wanted: RankedList, question: Question, *, top_k: int) -> Iterator[RankedSection]:
        """Nearest sections first, by Chroma's approximate index; never deeper than 10,000."""
        asked = vector_asked_for(self.name, wanted, question, model_key=self._model_key, dimension=self._dimension)
        if top_k < 1:
            return
        vector = asked.tolist()

        def ask() -> Any:
            return self._collections()[0].query(
                query_embeddings=[vector],
                n_results=min(top_k, _DEEPEST),
                where=where(question.filters),
                include=["distances"],
            )

        answer = self._asked(ask)
        scored = zip(answer["ids"][0], answer["distances"][0], strict=True)
        near = [(round(1 - float(distance), _DIGITS), section_id) for section_id, distance in scored]
        for score, section_id in sorted(near, key=lambda each: (-each[0], each[1])):
            if score > 0:
                document_id, version = _parts(section_id)
                yield RankedSection(section_id, document_id, version, score)

    def check(self) -> str:
        """Return "ok", or why the store cannot serve."""
        try:
            self._asked(lambda: [self._fresh_collections()[0].count()])
        except Unavailable as exc:
            return exc.message
        return "ok"

    def held(self) -> Iterator[HeldDocument]:
        """What is registered, and what lies there without being; sections are counted one by one."""
        registered = {
            document_id: metadata
            for document_id, metadata in self._pages(1, with_metadata=True)
            if metadata is not None
        }
        counts: dict[str, int] = {}
        loose: dict[str, int] = {}
        for section_id, _ in self._pages(0, with_metadata=False):
            document_id, version = _parts(section_id)
            counts[document_id] = counts.get(document_id, 0) + 1
            if document_id not in registered:
                loose[document_id] = max(version, loose.get(document_id, 0))
        for document_id in sorted({*registered, *loose}):
            told = registered.get(document_id) or {"version": loose.get(document_id, 0)}
            yield HeldDocument(
                document_id,
                int(told["version"]),
                str(told.get("sha256", "")),
                counts.get(document_id, 0),
                bool(told.get("is_erased", False)),
            )

    def forget(self, document_ids: Sequence[str]) -> None:
        """Drop documents with their tombstones; see `SearchStore.forget`."""
        with self._writing:
            for some in _chunks(list(document_ids), _LOOK_UP):
                there = [section_id for sections in self._held_sections(some).values() for section_id in sections]
                self._delete(0, there)
                self._delete(1, some)

    def close(self) -> None:
        """Give connections and the folder back; the next call opens anew."""
        self._known = None
        self._connection.close()

    def _apply(self, changes: Sequence[DocumentChange]) -> int:
        self._asked(self._fresh_collections, self._write_timeout_s)
        applied = 0
        for some in _chunks(list(changes), _LOOK_UP):
            names = [change.document_id for change in some]
            known, there = self._registered(names), self._held_sections(names)
            due = [
                change
                for change in some
                if not _is_settled(known.get(change.document_id), change, there.get(change.document_id, frozenset()))
            ]
            sections, documents = self._asked(self._collections, self._write_timeout_s)
            self._write(sections, documents, due, there)
            applied += len(due)
        return applied

    def _write(
        self,
        sections: "Collection",
        documents: "Collection",
        changes: Sequence[DocumentChange],
        there: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        """Sections, then away with the stale ones, then the register."""
        held = there or {}
        kept = {stored.section_id for change in changes for stored in change.sections}
        for rows in _chunks(list(_rows(changes)), _WRITE):
            self._put(sections, rows)
        stale = [each for change in changes for each in held.get(change.document_id, ()) if each not in kept]
        for some in _chunks(sorted(stale), _WRITE):
            self._asked(partial(sections.delete, ids=some), self._write_timeout_s)
        for part in _chunks(list(map(_registration, changes)), _WRITE):
            self._put(documents, part)

    def _put(self, collection: "Collection", rows: Sequence[tuple[str, Any, dict[str, Any]]]) -> None:
        """Records as id, vector and metadata."""
        ids, vectors, metadatas = (list(column) for column in zip(*rows, strict=True))
        self._asked(partial(collection.upsert, ids=ids, embeddings=vectors, metadatas=metadatas), self._write_timeout_s)

    def _recreated(self, build: str) -> "tuple[Collection, Collection]":
        self._known = None

        def make() -> "tuple[Collection, Collection]":
            connection = self._connection
            connection.require_database()
            for name in (self._documents_name, self._sections_name):
                connection.delete(name)
            marks = {_MODEL: self._model_key, _STATE: build}
            sections = connection.create(self._sections_name, metadata=marks, space="cosine")
            return sections, connection.create(self._documents_name, metadata=marks, space="l2")

        made: tuple[Collection, Collection] = self._asked(make, self._write_timeout_s)
        return made

    def _finish(self, documents: "Collection", build: str) -> None:
        """Say that the collections are whole, unless somebody else has begun anew meanwhile."""

        def finish() -> None:
            found = self._connection.collection(self._documents_name)
            if found.id != documents.id or (found.metadata or {}).get(_STATE) != build:
                raise ChromaFailed(str(self._connection.place), "another rebuild took over; wait for its end")
            documents.modify(metadata={_MODEL: self._model_key, _STATE: _BUILT})

        self._asked(finish, self._write_timeout_s)

    def _registered(self, document_ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        found = self._asked(
            lambda: self._collections()[1].get(ids=list(document_ids), include=["metadatas"]), self._write_timeout_s
        )
        return dict(zip(found["ids"], found["metadatas"] or [], strict=True))

    def _held_sections(self, document_ids: Sequence[str]) -> dict[str, frozenset[str]]:
        """Ids of the sections that are there, by document."""
        found = self._asked(
            lambda: self._collections()[0].get(where={"document_id": {"$in": list(document_ids)}}, include=[]),
            self._write_timeout_s,
        )
        there: dict[str, set[str]] = {}
        for section_id in found["ids"]:
            there.setdefault(_parts(section_id)[0], set()).add(section_id)
        return {document_id: frozenset(ids) for document_id, ids in there.items()}

    def _pages(self, which: int, *, with_metadata: bool) -> Iterator[tuple[str, Mapping[str, Any] | None]]:
        """All records of the sections (0) or of the register (1)."""
        offset = 0
        while True:
            page = self._page(which, offset, ["metadatas"] if with_metadata else [])
            metadatas = page["metadatas"] or [None] * len(page["ids"])
            yield from zip(page["ids"], metadatas, strict=True)
            if len(page["ids"]) < _PAGE:
                return
            offset += _PAGE

    def _page(self, which: int, offset: int, include: Any) -> Any:
        return self._asked(
            lambda: self._collections()[which].get(limit=_PAGE, offset=offset, include=include), self._write_timeout_s
        )

    def _delete(self, which: int, ids: Sequence[str]) -> None:
        for some in _chunks(list(ids), _WRITE):
            self._asked(partial(self._delete_some, which, some), self._write_timeout_s)

    def _delete_some(self, which: int, ids: list[str]) -> None:
        self._collections()[which].delete(ids=ids)

    def _asked(self, call: Callable[[], Any], timeout_s: float | None = None) -> Any:
        """What a call answers; collections that were replaced since they were looked up are looked up once more."""
        with self._connection.within(timeout_s):
            try:
                with self._connection.driver_errors():
                    return call()
            except NoSuchCollection:
                self._known = None
            try:
                with self._connection.driver_errors():
                    return call()
            except NoSuchCollection as exc:
                self._known = None
                raise StoreNotBuilt(self.name, "was replaced meanwhile or has to be built") from exc

    def _collections(self) -> "tuple[Collection, Collection]":
        """Sections and documents, looked up once; a rebuild gives them other identities."""
        return self._known or self._fresh_collections()

    def _fresh_collections(self) -> "tuple[Collection, Collection]":
        try:
            sections = self._connection.collection(self._sections_name)
            documents = self._connection.collection(self._documents_name)
        except NoSuchCollection as exc:
            self._connection.require_database()
            raise StoreNotBuilt(self.name, "has not been built yet") from exc
        marks = documents.metadata or {}
        if marks.get(_MODEL) != self._model_key:
            raise EmbeddingModelChanged(self.name, held=str(marks.get(_MODEL)), asked=self._model_key)
        if marks.get(_STATE) != _BUILT:
            raise StoreNotBuilt(self.name, "is being built or was not built to the end")
        self._known = sections, documents
        return self._known


def _is_settled(known: Mapping[str, Any] | None, change: DocumentChange, there: frozenset[str]) -> bool:
    """Whether nothing has to be done; what lies there is looked at and not only what the register says."""
    if known is None:
        return False
    if known["version"] != change.version:
        return bool(known["version"] > change.version)
    if known["is_erased"]:
        # nothing of the same version brings it back; what lies there all the same is taken away by its erasure
        return not change.is_erased or not there
    wanted = frozenset(stored.section_id for stored in change.sections)
    return not change.is_erased and known["sha256"] == change.sha256 and there == wanted


def _rows(changes: Iterable[DocumentChange]) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Sections of several documents as id, vector and metadata."""
    for change in changes:
        for place, stored in enumerate(change.sections):
            if change.vectors is not None:
                yield stored.section_id, change.vectors[place], section_metadata(change, stored)


def _registration(change: DocumentChange) -> tuple[str, Any, dict[str, Any]]:
    """A document's line in the register; Chroma wants a vector with everything."""
    told = {"version": change.version, "sha256": change.sha256, "is_erased": change.is_erased}
    return change.document_id, [1.0], told


def _parts(section_id: str) -> tuple[str, int]:
    """Document and version of `<document_id>:<version>:<ordinal>`."""
    document_id, version, _ = section_id.rsplit(":", 2)
    return document_id, int(version)


def _chunks(items: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
