"""What is put under test: the search as the services use it, over stores of its own or over those of the settings."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backend.datasets.search_evaluation.judged import Documents
from shared.database.memory.document_store import MemoryDocumentStore
from shared.database.memory.state import MemoryState
from shared.database.search_store import DocumentChange
from shared.database.uds3_client import SearchPlan, SearchUnavailable, Uds3Client
from shared.errors import Unavailable
from shared.models.search import LISTS_OF_LEG, RankedList

_TRIES = 5


class SearchDegraded(Unavailable):
    """A store did not answer, so an answer would measure something else than was asked."""

    code = "search_degraded"


@dataclass(frozen=True, slots=True)
class ListPlan(SearchPlan):
    """A plan of single lists, where users choose kinds of search.

    Args:
        chosen: The lists that are asked.
        list_weights: Weights that differ from those of the search.
    """

    chosen: tuple[RankedList, ...] = ()
    list_weights: Mapping[RankedList, float] = field(default_factory=dict)

    def lists(self) -> list[RankedList]:
        """The lists themselves."""
        return list(self.chosen)

    def weights(self, usual: Mapping[RankedList, float]) -> Mapping[RankedList, float]:
        """Weight of every list in the fusion."""
        return {**usual, **self.list_weights}


class ClientSearcher:
    """The search of the services, list by list.

    Args:
        client: The stores.
        weights: Weights that differ from those of the search.
        fill: Puts documents into the stores and returns the number of sections.
        described: What the stores are, for the figures.
    """

    def __init__(
        self,
        client: Uds3Client,
        fill: Callable[[Documents], int],
        *,
        weights: Mapping[RankedList, float],
        described: Mapping[str, Any],
    ) -> None:
        self._client = client
        self._fill = fill
        self._weights = dict(weights)
        self._described = dict(described)
        answered = {each for status in client.describe() for each in status.lists}
        self.lists = tuple(each for each in RankedList if each in answered)

    def index(self, documents: Documents) -> int:
        """Fill the stores."""
        return self._fill(documents)

    def ask(self, query: str, lists: Sequence[RankedList], *, top_k: int) -> list[str]:
        """Section ids, best first; a store that was late is asked again.

        Raises:
            SearchDegraded: If a store fails time and again.
        """
        legs = tuple(leg for leg, members in LISTS_OF_LEG.items() if not set(members).isdisjoint(lists))
        plan = ListPlan(top_k, search_types=legs, chosen=tuple(lists), list_weights=self._weights)
        degraded: Mapping[str, str] = {}
        for _ in range(_TRIES):
            try:
                result = self._client.search(query, plan)
                found = [hit.section_id for hit in result.hits]
            except SearchUnavailable as exc:
                # the search takes silence of the citations alone for no answer; here it is one, and it is empty
                if not exc.context["degraded"]:
                    return []
                degraded = {"search": exc.message}
            else:
                if not result.degraded:
                    return found
                degraded = result.degraded
            self._client.status()  # a store that answers this is asked again at once
        reasons = "; ".join(f"{store}: {reason}" for store, reason in degraded.items())
        raise SearchDegraded(f"The evaluation was ended, since not all stores answer. {reasons}")

    def describe(self) -> Mapping[str, Any]:
        """Stores, their lists, and the weights that count."""
        stores = {status.name: [str(each) for each in status.lists] for status in self._client.describe()}
        weights = {str(each): weight for each, weight in {**self._client.list_weights, **self._weights}.items()}
        return {**self._described, "stores": stores, "weights": weights}

    def close(self) -> None:
        """Close the stores."""
        self._client.close()


class EvaluationTruth(MemoryDocumentStore):
    """Stands where the registered documents stand otherwise, and streams those of an evaluation.

    Args:
        documents: Starts them anew with every call.
    """

    def __init__(self) -> None:
        super().__init__(MemoryState(), ())
        self.documents: Documents = lambda: iter(())
        self.section_count = 0

    def iter_states(self) -> Iterator[DocumentChange]:
        """The documents, their sections counted as they pass."""
        self.section_count = 0
        for change in self.documents():
            self.section_count += len(change.sections)
            yield change


def fill_from(truth: EvaluationTruth, client: Uds3Client) -> Callable[[Documents], int]:
    """What builds every store of the client from the documents of an evaluation."""

    def fill(documents: Documents) -> int:
        truth.documents = documents
        for name in client.fed_stores:
            client.rebuild(name)
        return truth.section_count

    return fill
