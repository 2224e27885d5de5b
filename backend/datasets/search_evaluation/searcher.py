"""The thing under test: takes documents, answers queries with ranked sections."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from backend.datasets.search_evaluation.judged import Documents
from shared.models.search import RankedList


class Searcher(Protocol):
    """A search that can be told which of its ranked lists to use.

    Args:
        lists: All that it can answer, in a fixed order.
    """

    lists: tuple[RankedList, ...]

    def index(self, documents: Documents) -> int:
        """Hold exactly these documents; returns the number of sections. Vectors are made here where they are needed.

        Args:
            documents: Starts the documents anew with every call: each store of a search reads them for itself.

        Raises:
            Unavailable: If a store cannot be written.
        """
        ...

    def ask(self, query: str, lists: Sequence[RankedList], *, top_k: int) -> list[str]:
        """Ids of the best sections, best first, from the fusion of these lists alone.

        A list that looks around what others found (graph) gets its start from all lists of the searcher, so that it
        can be judged alone.

        Raises:
            Unavailable: If a store cannot answer; an evaluation never goes on without one.
        """
        ...

    def describe(self) -> Mapping[str, Any]:
        """What it is made of (stores, weights, embedding model), for the figures."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...
