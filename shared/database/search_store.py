"""What is asked of the stores behind a search: ranked lists, and, of those that we feed, the upkeep of their content.

A `SearchSource` answers; that is all we ask of a database that belongs to somebody else. A `SearchStore` is also fed
from the outbox of the truth: at least once, by versions, a newer one over an older one, and an erased document stays
out whatever arrives late.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from shared.models.document import Document, StoredSection
from shared.models.search import RankedList, SearchFilters

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Seed:
    """A section around which the graph list looks.

    Args:
        weight: 0 … 1; how well the section fits the query.
    """

    section_id: str
    weight: float


@dataclass(frozen=True, slots=True)
class Question:
    """What a store is asked.

    Args:
        text: The query as the user wrote it.
        filters: Conditions that the store applies itself.
        vector: Embedding of the query, shape (dimension,), unit length; given where the vector list is wanted.
        seeds: Given where the graph list is wanted, best first.
    """

    text: str
    filters: SearchFilters = field(default_factory=SearchFilters)
    vector: "NDArray[np.float32] | None" = None
    seeds: tuple[Seed, ...] = ()


@dataclass(frozen=True, slots=True)
class RankedSection:
    """One line of a ranked list.

    Args:
        section_id: `<document_id>:<version>:<ordinal>`.
        score: Higher is better; comparable within one answer only.
        section: The section itself, where the truth does not have it: from a database that is not ours.
    """

    section_id: str
    document_id: str
    version: int
    score: float
    section: StoredSection | None = None


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """The newest state of one document, as a store is to hold it.

    Args:
        document: None if the document was erased: the store drops its content and keeps id and version.
        vectors: Embeddings of the sections, shape (sections, dimension), unit length; None for stores that take none.
    """

    document_id: str
    version: int
    document: Document | None
    sections: Sequence[StoredSection] = ()
    vectors: "NDArray[np.float32] | None" = None

    @property
    def is_erased(self) -> bool:
        """Whether the document is gone for good."""
        return self.document is None

    @property
    def sha256(self) -> str:
        """Of the source bytes; empty for an erased document."""
        return self.document.sha256 if self.document else ""


def newest_of_each(changes: Iterable[DocumentChange]) -> list[DocumentChange]:
    """Of each document the newest state, in order of ids; of one version the erasure, else the later one."""
    chosen: dict[str, DocumentChange] = {}
    for change in changes:
        rival = chosen.get(change.document_id)
        if rival is None or (change.version, change.is_erased) >= (rival.version, rival.is_erased):
            chosen[change.document_id] = change
    return [chosen[document_id] for document_id in sorted(chosen)]


@dataclass(frozen=True, slots=True)
class HeldDocument:
    """What a store holds of a document, for comparison with the truth.

    Args:
        section_count: Counted from what would be found, not noted when it was written.
    """

    document_id: str
    version: int
    sha256: str
    section_count: int
    is_erased: bool = False


class SearchSource(Protocol):
    """Answers ranked lists.

    Args:
        name: Unique; how it is called in the outbox, in `/health` and in `degraded`.
        lists: The ranked lists that it can answer.
    """

    name: str
    lists: frozenset[RankedList]

    def rank(self, wanted: RankedList, question: Question, *, top_k: int) -> Iterator[RankedSection]:
        """Best sections first, ties by section id; at most `top_k`. Empty means that nothing matched, never a failure.

        Nothing in the question's text is syntax. Sections that the list scores 0 are left out. A store that cannot
        answer says so within the time-out it was made with.

        Raises:
            StoreNotBuilt: If the store has to be built from the truth first.
            Unavailable: If the store cannot answer, also on the way.
        """
        ...

    def check(self) -> str:
        """Return "ok", or within the time-out the reason why it cannot serve."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...


class SearchStore(SearchSource, Protocol):
    """A source that is fed from the outbox and can be rebuilt at will; threads and processes may share it.

    Args:
        takes_vectors: Whether changes must carry the embeddings of their sections.
    """

    takes_vectors: bool

    def apply_many(self, changes: Sequence[DocumentChange]) -> int:
        """Hold these states durably, unless a newer version is there; returns how many documents changed.

        Each document is replaced as a whole: after a crash it is there in one version or the other, or it is reported
        by `held` with a section count that tells. The same version with the same hash and sections changes nothing.

        Raises:
            StoreNotBuilt: If the store has to be built from the truth first; also for no changes at all.
            Unavailable: If the store cannot be written; what was written may stay, and is repeated.
        """
        ...

    def rebuild(self, changes: Iterable[DocumentChange]) -> int:
        """Make the store from nothing, or anew, so that it holds exactly `changes`; returns how many there were.

        Killed on the way it is continued by the next rebuild or says `StoreNotBuilt`; it never passes for whole.

        Raises:
            Unavailable: If the store cannot be written.
        """
        ...

    def held(self) -> Iterator[HeldDocument]:
        """Everything that is held, erased documents included, in order of document ids (by code points).

        Raises:
            StoreNotBuilt: If the store has to be built from the truth first.
            Unavailable: If the store cannot be read.
        """
        ...

    def forget(self, document_ids: Sequence[str]) -> None:
        """Drop documents with all memory of their versions; unknown ones are passed over. Only `reconcile` needs it.

        Raises:
            Unavailable: If the store cannot be written.
        """
        ...
