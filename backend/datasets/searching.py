"""The document search of the dataset service: the search stores that the settings name, behind one small door."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from backend.datasets.models import SearchRequest
from backend.datasets.records.candidates import Candidate
from shared.database.adapters.embedded import EmbeddedSearchStore
from shared.database.base import DocumentStore
from shared.database.dataset_search import DatasetSearchAPI, DatasetSearchQuery, SearchFilters
from shared.database.uds3_client import Uds3Client


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gives.

    Args:
        candidates: Sections, the best first, drawn as they are read.
        degraded: Store or kind of search -> why it did not take part.
    """

    candidates: Iterator[Candidate]
    degraded: Mapping[str, str]


class DocumentSearch:
    """Finds sections for datasets and keeps the search stores up with the truth.

    Args:
        client: The search stores.
        documents: The truth.
    """

    def __init__(self, client: Uds3Client, documents: DocumentStore) -> None:
        self._client = client
        self._api = DatasetSearchAPI(client, documents)

    def find(self, request: SearchRequest) -> Found:
        """Search; the first hits are drawn before this returns, so a store that is down says so here.

        Raises:
            Unavailable: If no store can answer.
        """
        result = self._api.search(
            DatasetSearchQuery(
                query_text=request.query_text,
                top_k=request.top_k,
                filters=SearchFilters(source=tuple(request.filters.source)),
                search_types=tuple(request.search_types),
                weights=request.weights,
            )
        )
        return Found((Candidate(hit.stored, hit.relevance_score) for hit in result), result.degraded)

    def catch_up(self) -> int:
        """Take everything out of the outbox that is there; returns the number of document versions.

        Raises:
            Unavailable: If the truth cannot be read.
        """
        total = 0
        while taken := self._client.drain():
            total += taken
        return total

    def status(self) -> Mapping[str, str]:
        """Store -> "ok" or the reason why it cannot serve."""
        return self._client.status()


def open_search(search_file: Path, documents: DocumentStore) -> DocumentSearch:
    """The search over the stores that are installed."""
    return DocumentSearch(Uds3Client(documents, [EmbeddedSearchStore(search_file)]), documents)


def search_file(home: Path) -> Path:
    """Where the embedded search store lies."""
    return home / "search" / "sections.db"
