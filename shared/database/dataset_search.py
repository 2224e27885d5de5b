"""Search for datasets: one query over the search stores, every hit checked against the truth, streamed."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from shared.database.base import DocumentStore
from shared.database.uds3_client import Uds3Client
from shared.errors import InvalidInput
from shared.models.document import Document, SectionHit, StoredSection
from shared.models.search import SearchLeg

logger = logging.getLogger(__name__)

MAX_TOP_K = 100_000
_BATCH = 200


class InvalidSearchQuery(InvalidInput):
    """A query that no store could answer."""

    code = "invalid_search_query"


@dataclass(frozen=True, slots=True)
class SearchFilters:
    """What hits must fulfil.

    Args:
        source: Sources to search in; empty for all.
    """

    source: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DatasetSearchQuery:
    """What to look for.

    Args:
        query_text: Words, any of which may occur; "*" for everything.
        top_k: Most hits, 1 … 100,000.
        filters: Limits on where to look.
        search_types: Legs to ask; those without a store are named in `degraded`.
        weights: Weight per leg when ranked lists are fused; legs that are not named weigh 1.
    """

    query_text: str
    top_k: int = 100
    filters: SearchFilters = SearchFilters()
    search_types: tuple[SearchLeg, ...] = tuple(SearchLeg)
    weights: Mapping[SearchLeg, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what cannot be asked.

        Raises:
            InvalidSearchQuery: Naming the field, what was given and what is possible.
        """
        if not self.query_text.strip():
            raise InvalidSearchQuery("query_text is empty; give words to look for, or '*' for everything.")
        if not 1 <= self.top_k <= MAX_TOP_K:
            raise InvalidSearchQuery(f"top_k is {self.top_k}; it must lie in 1 … {MAX_TOP_K}.", top_k=self.top_k)
        if not self.search_types:
            raise InvalidSearchQuery(f"search_types is empty; possible are {', '.join(SearchLeg)}.")
        if any(weight < 0 for weight in self.weights.values()):
            raise InvalidSearchQuery("A weight is negative; weights are 0 or more.")


@dataclass(frozen=True, slots=True)
class DatasetDocument:
    """A section that was found, with where it comes from and how well it fits.

    Args:
        stored: The section in its document version.
        document: That document, in its newest version, which is the section's.
        relevance_score: 0 … 1; the best hit of a search has 1.
        rank: 1 for the best.
        legs: Rank per leg that found it.
    """

    stored: StoredSection
    document: Document
    relevance_score: float
    rank: int
    legs: Mapping[str, int]

    @property
    def text(self) -> str:
        """The section's body."""
        return self.stored.section.text

    @property
    def title(self) -> str:
        """Title of the document."""
        return self.stored.document_title


class DatasetSearchResult(Iterator[DatasetDocument]):
    """Documents as they are found.

    Args:
        found: Drawn as they are read.
        degraded: Store or leg -> why it did not take part.
    """

    def __init__(self, found: Iterator[DatasetDocument], degraded: Mapping[str, str]) -> None:
        self._found = found
        self.degraded = degraded

    def __next__(self) -> DatasetDocument:
        """The next best document."""
        return next(self._found)


class DatasetSearchAPI:
    """Searches sections and hands them out with their provenance."""

    def __init__(self, client: Uds3Client, documents: DocumentStore) -> None:
        self._client = client
        self._documents = documents

    def search(self, query: DatasetSearchQuery) -> DatasetSearchResult:
        """Best sections first, read in batches; hits that a newer document version replaced are left out.

        Raises:
            SearchUnavailable: If no store can answer; a search that fails is never an empty success.
        """
        result = self._client.search(
            query.query_text, top_k=query.top_k, sources=query.filters.source, search_types=query.search_types
        )
        return DatasetSearchResult(self._checked(result.hits), result.degraded)

    def _checked(self, hits: Iterator[SectionHit]) -> Iterator[DatasetDocument]:
        best: float | None = None
        while batch := list(islice(hits, _BATCH)):
            best = batch[0].score if best is None else best
            yield from self._resolved(batch, best)

    def _resolved(self, batch: Sequence[SectionHit], best: float) -> Iterator[DatasetDocument]:
        sections = self._documents.sections_by_id([hit.section_id for hit in batch])
        documents = self._documents.newest(list({hit.document_id for hit in batch}))
        stale = 0
        for hit in batch:
            stored, document = sections.get(hit.section_id), documents.get(hit.document_id)
            if stored is None or document is None or document.version != hit.version:
                stale += 1
                continue
            # "*" ranks nothing: every section fits it entirely
            relevance = min(1.0, max(0.0, hit.score / best)) if best > 0 else 1.0
            yield DatasetDocument(stored, document, relevance, hit.rank, hit.legs)
        if stale:
            logger.info("search.stale_hits", extra={"count": stale})
