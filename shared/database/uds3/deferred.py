"""A store that is made when it is first needed: its driver, its numbers library or its model are not loaded before."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

from shared.database.search_store import DocumentChange, HeldDocument, Question, RankedSection, SearchStore
from shared.errors import Unavailable
from shared.models.search import RankedList


class DeferredStore:
    """Stands for a store; threads may share it. What cannot be made now is tried again by the next call.

    Args:
        name: Of the store.
        lists: That it answers.
        takes_vectors: Whether it does.
        make: Makes it.
        before: Why it cannot serve, asked as long as it was not made; empty: make it and ask itself.
    """

    def __init__(
        self,
        name: str,
        lists: frozenset[RankedList],
        make: Callable[[], SearchStore],
        *,
        takes_vectors: bool = False,
        before: Callable[[], str] = str,
    ) -> None:
        self.name = name
        self.lists = lists
        self.takes_vectors = takes_vectors
        self._make = make
        self._before = before
        self._made: SearchStore | None = None
        self._lock = threading.Lock()

    def rank(self, wanted: RankedList, question: Question, *, top_k: int) -> Iterator[RankedSection]:
        """See `SearchSource.rank`."""
        return self._store().rank(wanted, question, top_k=top_k)

    def apply_many(self, changes: Sequence[DocumentChange]) -> int:
        """See `SearchStore.apply_many`."""
        return self._store().apply_many(changes)

    def rebuild(self, changes: Iterable[DocumentChange]) -> int:
        """See `SearchStore.rebuild`."""
        return self._store().rebuild(changes)

    def held(self) -> Iterator[HeldDocument]:
        """See `SearchStore.held`."""
        return self._store().held()

    def forget(self, document_ids: Sequence[str]) -> None:
        """See `SearchStore.forget`."""
        self._store().forget(document_ids)

    def check(self) -> str:
        """See `SearchSource.check`."""
        if self._made is None and (reason := self._before()):
            return reason
        try:
            return self._store().check()
        except Unavailable as exc:
            return exc.message

    def close(self) -> None:
        """Close the store if it was made."""
        with self._lock:
            made, self._made = self._made, None
        if made is not None:
            made.close()

    def _store(self) -> SearchStore:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made
