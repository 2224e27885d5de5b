"""A small search to try the evaluation on: sections by the number of words that they share with the query."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from backend.datasets.search_evaluation.judged import Documents
from shared.models.search import RankedList

_WORD = re.compile(r"\w+")


class WordSearcher:
    """`keyword` counts shared words, `compound` shared beginnings of five letters; it has nothing else.

    Args:
        ignores: Words that it takes for nothing.
    """

    def __init__(self, *, ignores: Sequence[str] = ()) -> None:
        self.lists = (RankedList.KEYWORD, RankedList.COMPOUND)
        self.ignores = frozenset(ignores)
        self.held: dict[str, frozenset[str]] = {}
        self.asked: list[tuple[str, tuple[RankedList, ...]]] = []
        self.is_closed = False

    def index(self, documents: Documents) -> int:
        """Keep the words of every section."""
        self.held = {
            stored.section_id: self._words(f"{stored.section.number} {stored.section.heading} {stored.section.text}")
            for change in documents()
            for stored in change.sections
        }
        return len(self.held)

    def ask(self, query: str, lists: Sequence[RankedList], *, top_k: int) -> list[str]:
        """Most shared words first, ties by id."""
        self.asked.append((query, tuple(lists)))
        words = self._words(query)
        scores = {section_id: self._score(words, held, lists) for section_id, held in self.held.items()}
        found = [section_id for section_id, score in scores.items() if score]
        return sorted(found, key=lambda section_id: (-scores[section_id], section_id))[:top_k]

    def describe(self) -> Mapping[str, Any]:
        """Its name."""
        return {"store": "words"}

    def close(self) -> None:
        """Say that it was closed."""
        self.is_closed = True

    def _words(self, text: str) -> frozenset[str]:
        return frozenset(_WORD.findall(text.lower())) - self.ignores

    def _score(self, words: frozenset[str], held: frozenset[str], lists: Sequence[RankedList]) -> float:
        score = float(len(words & held)) if RankedList.KEYWORD in lists else 0.0
        if RankedList.COMPOUND in lists:
            score += 0.1 * len({word[:5] for word in words} & {word[:5] for word in held})
        return score
