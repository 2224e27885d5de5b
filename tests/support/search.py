"""Documents to search, and search stores that fail."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from shared.database.search_store import DocumentChange, HeldDocument, Question, RankedSection, SearchStore, Seed
from shared.errors import Unavailable
from shared.models.document import Document, Section, StoredSection
from shared.models.search import RankedList, SearchFilters

DIMENSION = 64
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def vector_of(text: str) -> NDArray[np.float32]:
    """A unit vector in which texts that share words are near: bag of words, hashed."""
    vector = np.full(DIMENSION, 1e-3, dtype=np.float32)
    for word in text.lower().split():
        vector[hashlib.sha256(word.encode("utf-8", "surrogatepass")).digest()[0] % DIMENSION] += 1.0
    return vector / np.linalg.norm(vector)


def a_document(
    document_id: str,
    section_count: int = 1,
    *,
    version: int = 1,
    sha256: str | None = None,
    source: str = "amt",
    title: str = "Titel",
    abbreviation: str = "",
    media_type: str = "text/markdown",
    ingested_at: datetime = _EPOCH,
) -> Document:
    """A registered document."""
    return Document(
        document_id=document_id,
        source=source,
        path=f"{document_id}.md",
        title=title,
        media_type=media_type,
        version=version,
        sha256=f"sha-{document_id}-{version}" if sha256 is None else sha256,
        size_bytes=1,
        section_count=section_count,
        ingested_at=ingested_at,
        ingested_by="kim@amt.example",
        abbreviation=abbreviation,
    )


def change_of(document: Document, sections: Sequence[Section]) -> DocumentChange:
    """The state of a document with these sections, vectors included."""
    stored = [StoredSection.of(document, section) for section in sections]
    vectors = np.array([vector_of(section.text) for section in sections], dtype=np.float32).reshape(-1, DIMENSION)
    return DocumentChange(document.document_id, document.version, document, stored, vectors)


def a_change(
    document_id: str, *texts: str, version: int = 1, sha256: str | None = None, source: str = "amt"
) -> DocumentChange:
    """A document of these texts, without headings or numbers."""
    document = a_document(document_id, len(texts), version=version, sha256=sha256, source=source)
    return change_of(document, [Section(n, "", text, 0, len(text)) for n, text in enumerate(texts)])


def a_law(
    document_id: str,
    abbreviation: str,
    *numbers: str,
    text: str = "Ein Absatz",
    version: int = 1,
    source: str = "amt",
    media_type: str = "text/markdown",
    ingested_at: datetime = _EPOCH,
    valid: Sequence[tuple[date | None, date | None]] = (),
) -> DocumentChange:
    """A law with one section per number ("§ 1")."""
    document = a_document(
        document_id,
        len(numbers),
        version=version,
        source=source,
        abbreviation=abbreviation,
        media_type=media_type,
        ingested_at=ingested_at,
    )
    dates = [*valid, *[(None, None)] * (len(numbers) - len(valid))]
    sections = [
        Section(n, "", text, 0, len(text), number, valid_from=dates[n][0], valid_to=dates[n][1])
        for n, number in enumerate(numbers)
    ]
    return change_of(document, sections)


def an_erasure(document_id: str, *, version: int) -> DocumentChange:
    """The state of a document that was erased."""
    return DocumentChange(document_id, version, None)


def seeds(*section_ids: str) -> tuple[Seed, ...]:
    """Seeds of falling weight."""
    return tuple(Seed(section_id, 1.0 / (n + 1)) for n, section_id in enumerate(section_ids))


def found(
    store: SearchStore,
    wanted: RankedList,
    query: str,
    *,
    top_k: int = 100,
    seeds: tuple[Seed, ...] = (),
    filters: SearchFilters | None = None,
) -> list[str]:
    """Ids of the sections found, in order."""
    question = Question(query, filters or SearchFilters(), vector_of(query), seeds)
    return [hit.section_id for hit in store.rank(wanted, question, top_k=top_k)]


def held_ids(store: SearchStore) -> list[str]:
    """Ids of what a store holds."""
    return [held.document_id for held in store.held()]


class BrokenSearchStore:
    """A store whose server is down."""

    takes_vectors = False

    def __init__(self, name: str = "broken", lists: Iterable[RankedList] = (RankedList.KEYWORD,)) -> None:
        self.name = name
        self.lists = frozenset(lists)

    def apply_many(self, changes: Sequence[DocumentChange]) -> int:
        """Fail."""
        raise Unavailable("connection refused")

    def rebuild(self, changes: Iterable[DocumentChange]) -> int:
        """Fail."""
        raise Unavailable("connection refused")

    def rank(self, wanted: RankedList, question: Question, *, top_k: int) -> Iterator[RankedSection]:
        """Fail when the first hit is drawn, as a lazy driver does."""
        raise Unavailable("connection refused")
        yield

    def held(self) -> Iterator[HeldDocument]:
        """Fail when the first is drawn."""
        raise Unavailable("connection refused")
        yield

    def forget(self, document_ids: Sequence[str]) -> None:
        """Fail."""
        raise Unavailable("connection refused")

    def check(self) -> str:
        """Why it cannot serve."""
        return "connection refused"

    def close(self) -> None:
        """Nothing to give back."""
