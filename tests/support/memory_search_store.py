"""A search store in memory: words by counting, vectors by comparing with all, citations by their keys."""

import re
import threading
from collections.abc import Iterable, Iterator, Sequence

from shared.database.base import StoreNotBuilt
from shared.database.citations import asked_keys, identity_keys
from shared.database.search_store import DocumentChange, HeldDocument, Question, RankedSection
from shared.models.document import StoredSection
from shared.models.search import RankedList

_WORD = re.compile(r"[^\W_]+")


class MemorySearchStore:
    """Passes the contract of search stores; ranks words by how many of the query's a section holds.

    Args:
        lists: What it offers: keyword, citation and vector are possible.
    """

    takes_vectors = True

    def __init__(
        self,
        name: str = "memory",
        lists: Iterable[RankedList] = (RankedList.KEYWORD, RankedList.CITATION, RankedList.VECTOR),
    ) -> None:
        self.name = name
        self.lists = frozenset(lists)
        self._held: dict[str, DocumentChange] | None = None
        self._lock = threading.RLock()

    def apply_many(self, changes: Sequence[DocumentChange]) -> int:
        """See `SearchStore.apply_many`."""
        with self._lock:
            held, written = self._built(), 0
            for change in changes:
                known = held.get(change.document_id)
                if known and (known.version, known.sha256) == (change.version, change.sha256):
                    continue
                if known and known.version > change.version:
                    continue
                held[change.document_id] = change
                written += 1
            return written

    def rebuild(self, changes: Iterable[DocumentChange]) -> int:
        """See `SearchStore.rebuild`."""
        held = {change.document_id: change for change in changes}
        with self._lock:
            self._held = held
        return len(held)

    def rank(self, wanted: RankedList, question: Question, *, top_k: int) -> Iterator[RankedSection]:
        """See `SearchSource.rank`."""
        with self._lock:
            states = list(self._built().values())
        scored = [
            (score, stored)
            for state in states
            if state.document is not None
            for number, stored in enumerate(state.sections)
            if question.filters.admit(state.document, stored.section)
            and (score := self._score(wanted, question, state, number, stored)) > 0
        ]
        scored.sort(key=lambda each: (-each[0], each[1].section_id))
        for score, stored in scored[:top_k]:
            yield RankedSection(stored.section_id, stored.document_id, stored.version, score)

    def held(self) -> Iterator[HeldDocument]:
        """See `SearchStore.held`."""
        with self._lock:
            states = sorted(self._built().values(), key=lambda each: each.document_id)
        for each in states:
            yield HeldDocument(each.document_id, each.version, each.sha256, len(each.sections), each.is_erased)

    def forget(self, document_ids: Sequence[str]) -> None:
        """See `SearchStore.forget`."""
        with self._lock:
            for document_id in document_ids:
                self._built().pop(document_id, None)

    def check(self) -> str:
        """See `SearchSource.check`."""
        return "ok" if self._held is not None else "has not been built yet"

    def close(self) -> None:
        """See `SearchSource.close`."""

    def _built(self) -> dict[str, DocumentChange]:
        if self._held is None:
            raise StoreNotBuilt(self.name, "has not been built yet")
        return self._held

    def _score(
        self, wanted: RankedList, question: Question, state: DocumentChange, number: int, stored: StoredSection
    ) -> float:
        assert state.document is not None
        if wanted is RankedList.VECTOR:
            assert state.vectors is not None
            assert question.vector is not None
            return float(state.vectors[number] @ question.vector)
        if wanted is RankedList.CITATION:
            asked = asked_keys(question.text)
            return float(max((asked.get(key, 0) for key in identity_keys(state.document, stored.section)), default=0))
        words = set(_WORD.findall(f"{stored.section.heading} {stored.section.text}".lower()))
        return float(len(words & set(_WORD.findall(question.text.lower()))))
