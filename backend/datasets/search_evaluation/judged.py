"""What a search is judged by: queries, and which sections answer them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from shared.database.search_store import DocumentChange
from shared.errors import InvalidInput

Documents = Callable[[], Iterator[DocumentChange]]


class UnusableSet(InvalidInput):
    """Judged queries cannot be read, or cannot be made from what is there."""

    code = "unusable_evaluation_set"


@dataclass(frozen=True, slots=True)
class JudgedQuery:
    """A query with its answers.

    Args:
        query_id: Unique within its set and equal in every run, so that two runs can be compared query by query.
        relevant: Section id -> grade, 1 or more; sections that are not named are not relevant.
        kind: What the query tries, e.g. a way of writing a citation; figures are told per kind.
        contrary: Sections that say the opposite; each must stand below every relevant one.
    """

    query_id: str
    text: str
    relevant: Mapping[str, int]
    kind: str = ""
    contrary: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """Queries and the sections among which they search.

    Args:
        documents: Starts the documents anew with every call; changes come without vectors.
        index_key: Sets with the same key hold the same documents and share one index.
    """

    name: str
    queries: tuple[JudgedQuery, ...]
    documents: Documents
    index_key: str
