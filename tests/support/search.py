"""Sections to search, and search stores that fail."""

from collections.abc import Iterable, Iterator, Sequence

from shared.database.base import SearchStore
from shared.errors import Unavailable
from shared.models.document import Section, SectionHit, StoredSection
from shared.models.search import SearchLeg


def a_section(
    document_id: str,
    ordinal: int,
    text: str,
    heading: str = "",
    *,
    version: int = 1,
    number: str = "",
    abbreviation: str = "",
    source: str = "amt",
) -> StoredSection:
    """A section of a document with a neutral title."""
    section = Section(ordinal, heading, text, 0, len(text), number)
    section_id = f"{document_id}:{version}:{ordinal}"
    return StoredSection(section_id, document_id, version, "Titel", abbreviation, source, "pfad.md", section)


def sections_of(document_id: str, *texts: str, version: int = 1, source: str = "amt") -> list[StoredSection]:
    """A document of these texts."""
    return [a_section(document_id, n, text, version=version, source=source) for n, text in enumerate(texts)]


def found(store: SearchStore, query: str, *, top_k: int = 100, sources: Sequence[str] = ()) -> list[str]:
    """Ids of the sections found, in order."""
    return [hit.section_id for hit in store.search(query, top_k=top_k, sources=sources)]


class BrokenSearchStore:
    """A store whose server is down."""

    leg = SearchLeg.KEYWORD

    def __init__(self, name: str = "broken") -> None:
        self.name = name

    def apply(self, document_id: str, version: int, sections: Sequence[StoredSection]) -> None:
        """Fail."""
        raise Unavailable("connection refused")

    def apply_many(self, batch: Sequence[tuple[str, int, Sequence[StoredSection]]]) -> None:
        """Fail."""
        raise Unavailable("connection refused")

    def rebuild(self, batches: Iterable[tuple[str, int, Sequence[StoredSection]]]) -> int:
        """Fail."""
        raise Unavailable("connection refused")

    def search(self, query_text: str, *, top_k: int, sources: Sequence[str] = ()) -> Iterator[SectionHit]:
        """Fail when the first hit is drawn, as a lazy driver does."""
        raise Unavailable("connection refused")
        yield

    def check(self) -> str:
        """Why it cannot serve."""
        return "connection refused"
