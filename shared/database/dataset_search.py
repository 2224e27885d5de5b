"""Search for datasets: one query over all stores, every hit of ours checked against the truth, streamed."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from shared.database.base import DocumentStore
from shared.database.search_store import DocumentChange
from shared.database.uds3.snippets import snippet
from shared.database.uds3_client import SearchPlan, Uds3Client
from shared.errors import InvalidInput
from shared.models.document import Document, ListPlace, SectionHit, StoredSection
from shared.models.search import SearchFilters, SearchLeg

logger = logging.getLogger(__name__)

MAX_TOP_K = 100_000
EVERYTHING = "*"
_BATCH = 200


class InvalidSearchQuery(InvalidInput):
    """A query that no store could answer."""

    code = "invalid_search_query"


@dataclass(frozen=True, slots=True)
class DatasetSearchQuery:
    """What to look for.

    Args:
        query_text: Words, any of which may occur; "*" for everything.
        top_k: Most hits, 1 … 100,000.
        filters: Conditions that hits must fulfil.
        search_types: Kinds of search to ask; those without a store are named in `degraded`.
        weights: Factor per kind when ranked lists are fused; kinds that are not named have 1.
    """

    query_text: str
    top_k: int = 100
    filters: SearchFilters = field(default_factory=SearchFilters)
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

    @property
    def is_everything(self) -> bool:
        """Whether every section of ours fits, in the order of ids."""
        return self.query_text.strip() == EVERYTHING and self.filters.is_empty


@dataclass(frozen=True, slots=True)
class DatasetDocument:
    """A section that was found, with where it comes from and how well it fits.

    Args:
        stored: The section in its document version.
        document: That document, in its newest version, which is the section's; None in a database that is not ours.
        relevance_score: 0 … 1; the best hit of a search has 1.
        rank: 1 for the best.
        places: Its place in each ranked list that found it.
        query_text: What was asked.
    """

    stored: StoredSection
    document: Document | None
    relevance_score: float
    rank: int
    places: Mapping[str, ListPlace]
    query_text: str

    @property
    def text(self) -> str:
        """The section's body."""
        return self.stored.section.text

    @property
    def snippet(self) -> str:
        """The part of the text that shows why it was found; looked for when it is wanted."""
        return snippet(self.text, self.query_text)

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

    def search(self, query: DatasetSearchQuery, *, after_rank: int = 0) -> DatasetSearchResult:
        """Best sections first, read in batches; hits that a newer document version replaced are left out.

        Args:
            query: What to look for.
            after_rank: Begin behind this rank; the search is the same, so that pages of one query fit together as long
                as nothing is registered between them.

        Raises:
            SearchUnavailable: If no store can answer; a search that fails is never an empty success.
        """
        if query.query_text.strip() == EVERYTHING:
            return DatasetSearchResult(islice(self._everything(query.filters), after_rank, query.top_k), {})
        plan = SearchPlan(query.top_k, query.filters, query.search_types, query.weights)
        result = self._client.search(query.query_text, plan)
        return DatasetSearchResult(self._checked(result.hits, query, after_rank), result.degraded)

    def _everything(self, filters: SearchFilters) -> Iterator[DatasetDocument]:
        """Every section of ours in order of ids, straight from the truth: nothing is ranked, all of it fits."""
        rank = 0
        for state in self._documents.iter_states():
            for stored in _admitted(state, filters):
                rank += 1
                yield DatasetDocument(stored, state.document, 1.0, rank, {}, "")

    def _checked(
        self, hits: Iterator[SectionHit], query: DatasetSearchQuery, after_rank: int
    ) -> Iterator[DatasetDocument]:
        first = next(hits, None)
        if first is None:
            return
        following = islice(chain([first], hits), after_rank, None)
        while batch := list(islice(following, _BATCH)):
            yield from self._resolved(batch, first.score, query)

    def _resolved(
        self, batch: Sequence[SectionHit], best: float, query: DatasetSearchQuery
    ) -> Iterator[DatasetDocument]:
        ours = [hit for hit in batch if hit.section is None]
        sections = self._documents.sections_by_id([hit.section_id for hit in ours])
        documents = self._documents.newest(list({hit.document_id for hit in ours}))
        stale = 0
        for hit in batch:
            stored, document = hit.section or sections.get(hit.section_id), documents.get(hit.document_id)
            is_newest = document is not None and document.version == hit.version
            if stored is None or not (is_newest or hit.section is not None):
                stale += 1
                continue
            relevance = min(1.0, hit.score / best) if best > 0 else 1.0
            yield DatasetDocument(stored, document, relevance, hit.rank, hit.places, query.query_text)
        if stale:
            logger.info("search.stale_hits", extra={"count": stale})


def _admitted(state: DocumentChange, filters: SearchFilters) -> Iterator[StoredSection]:
    if state.document is not None and filters.admit_document(state.document):
        for stored in state.sections:
            if filters.admit_dates(stored.section.valid_from, stored.section.valid_to):
                yield stored
