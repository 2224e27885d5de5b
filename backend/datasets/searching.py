"""The document search of the dataset service: the search stores that the settings name, behind one small door."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from backend.datasets.models import SearchRequest
from backend.datasets.records.candidates import Candidate, year_of
from backend.datasets.records.licences import licence_of
from shared.database.base import DocumentStore
from shared.database.dataset_search import DatasetDocument, DatasetSearchAPI, DatasetSearchQuery
from shared.database.search_store import HeldDocument
from shared.database.uds3_client import Uds3Client

_HELD_AT_ONCE = 16
"""No more: who reads slowly is not to be given what was erased long ago."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gives.

    Args:
        hits: Sections with what the search knows of them, the best first, drawn as they are read.
        degraded: Store or kind of search -> why it did not take part.
        everything: Where everything is found: all documents in the order of their sections, for who needs no texts.
    """

    hits: Iterator[DatasetDocument]
    degraded: Mapping[str, str]
    everything: Iterator[HeldDocument] | None = None

    @property
    def candidates(self) -> Iterator[Candidate]:
        """The same as parts of records to be, each with the licence of the very version that was found."""
        return (replace(candidate_of(hit), licence=_licence(hit)) for hit in self.hits)


class DocumentSearch:
    """Finds sections for datasets and keeps the search stores up with the truth.

    Args:
        client: The search stores.
        documents: The truth.
    """

    def __init__(self, client: Uds3Client, documents: DocumentStore) -> None:
        self._client = client
        self._documents = documents
        self._api = DatasetSearchAPI(client, documents)

    @property
    def fed_stores(self) -> tuple[str, ...]:
        """Names of the stores that are fed from the truth."""
        return tuple(self._client.fed_stores)

    def find(self, request: SearchRequest, *, after_rank: int = 0) -> Found:
        """Search; the first hits are drawn before this returns, so a store that is down says so here.

        Raises:
            Unavailable: If no store can answer.
        """
        query = DatasetSearchQuery(
            query_text=request.query_text,
            top_k=request.top_k,
            filters=request.filters.as_filters(),
            search_types=tuple(request.search_types),
            weights=request.weights,
        )
        result = self._api.search(query, after_rank=after_rank)
        if query.is_everything and not after_rank:
            return Found(result, result.degraded, self._documents.iter_held(at_once=_HELD_AT_ONCE))
        return Found(result, result.degraded)

    def catch_up(self, store: str) -> int:
        """Take everything out of the outbox that is there for a store; returns the number of document versions.

        Raises:
            Unavailable: If the truth cannot be read.
        """
        total = 0
        while taken := self._client.drain_store(store):
            total += taken
        return total

    def status(self) -> Mapping[str, str]:
        """Store -> "ok" or the reason why it cannot serve."""
        return self._client.status()

    def close(self) -> None:
        """Give connections back."""
        self._client.close()


def candidate_of(hit: DatasetDocument) -> Candidate:
    """A hit as a part of records to be."""
    return Candidate(hit.stored, hit.relevance_score, year=_year(hit))


def _licence(hit: DatasetDocument) -> str:
    return licence_of(hit.document.metadata) if hit.document else ""


def _year(hit: DatasetDocument) -> str:
    return year_of(hit.stored.section, hit.document.metadata if hit.document else {})
