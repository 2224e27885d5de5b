"""What a search may ask for: kinds of search, the ranked lists behind them, and filters, whatever store answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from shared.models.document import Document, Section


class SearchLeg(StrEnum):
    """The `search_types` of the contract: nearness in meaning, links between documents, words."""

    VECTOR = "vector"
    GRAPH = "graph"
    KEYWORD = "keyword"


class RankedList(StrEnum):
    """A way of ranking sections that stores can offer; lists are fused into one."""

    CITATION = "citation"  # exactly the norm or ruling that a query names
    KEYWORD = "keyword"  # words
    COMPOUND = "compound"  # pieces of long words
    VECTOR = "vector"  # nearness of embeddings
    GRAPH = "graph"  # citations and structure around what the other lists found


LISTS_OF_LEG: Mapping[SearchLeg, tuple[RankedList, ...]] = {
    SearchLeg.KEYWORD: (RankedList.CITATION, RankedList.KEYWORD, RankedList.COMPOUND),
    SearchLeg.VECTOR: (RankedList.VECTOR,),
    SearchLeg.GRAPH: (RankedList.GRAPH,),
}


@dataclass(frozen=True, slots=True)
class SearchFilters:
    """What hits must fulfil; every store applies all of them itself. Empty: no condition.

    Args:
        source: Sources to search in.
        media_type: Media types of the source files.
        abbreviation: Short names of laws ("VwVfG"), compared exactly.
        document_id: Documents to search in.
        valid_on: A day on which the section is in force; a section without dates always is.
        ingested_from: First moment of registration of the document version, inclusive.
        ingested_until: First moment that is too late.
    """

    source: tuple[str, ...] = ()
    media_type: tuple[str, ...] = ()
    abbreviation: tuple[str, ...] = ()
    document_id: tuple[str, ...] = ()
    valid_on: date | None = None
    ingested_from: datetime | None = None
    ingested_until: datetime | None = None

    @property
    def is_empty(self) -> bool:
        """Whether everything passes."""
        return self == _NO_FILTERS

    def admit(self, document: Document, section: Section) -> bool:
        """Whether a section of a document passes: what every store's own filter must agree with."""
        return self.admit_document(document) and self.admit_dates(section.valid_from, section.valid_to)

    def admit_document(self, document: Document) -> bool:
        """Whether the conditions on documents hold."""
        chosen = (
            (self.source, document.source),
            (self.media_type, document.media_type),
            (self.abbreviation, document.abbreviation),
            (self.document_id, document.document_id),
        )
        if any(allowed and value not in allowed for allowed, value in chosen):
            return False
        if self.ingested_from is not None and document.ingested_at < self.ingested_from:
            return False
        return self.ingested_until is None or document.ingested_at < self.ingested_until

    def admit_dates(self, valid_from: date | None, valid_to: date | None) -> bool:
        """Whether a section with these dates is in force on `valid_on`."""
        if self.valid_on is None:
            return True
        return (valid_from is None or valid_from <= self.valid_on) and (valid_to is None or self.valid_on <= valid_to)


_NO_FILTERS = SearchFilters()
