"""The n-grams of evaluation texts, laid out so that those of a training text are looked up all at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.datasets.duplicates.ngrams import ngrams_of
from backend.datasets.duplicates.texts import ComparedText
from backend.datasets.duplicates.words import Words, words_of

NGRAM_WORDS = 13
LEAST_WORDS = 5
_PLACES_PER_NGRAM = 16
_MOST_PLACES_BITS = 26


@dataclass(frozen=True, slots=True)
class Matches:
    """N-grams that training texts share with evaluation texts, each once per training text and place.

    Args:
        training: Number of the training text in its batch, shape (matches,).
        evaluation: Number of the evaluation text, shape (matches,).
        first_words: Where the n-gram begins, counted in words of all evaluation texts, shape (matches,).
    """

    training: NDArray[np.int64]
    evaluation: NDArray[np.int64]
    first_words: NDArray[np.int64]


class EvaluationIndex:
    """Evaluation texts, cut into n-grams.

    A text of fewer words than an n-gram is one n-gram as a whole, down to `LEAST_WORDS`; shorter ones stand in many
    texts by chance and are not looked for.

    Args:
        texts: All of them; they stay in memory as hashes and places of words.
        ngram_words: Words per n-gram.
    """

    def __init__(self, texts: Iterable[ComparedText], *, ngram_words: int = NGRAM_WORDS) -> None:
        given = list(texts)
        self.ids: Sequence[str] = [text.id for text in given]
        self.words: Words = words_of([text.text.lower() for text in given])
        self.sizes: NDArray[np.int64] = np.minimum(self.words.counts, ngram_words)
        self.first_words: NDArray[np.int64] = np.cumsum(self.words.counts) - self.words.counts
        looked_for = np.unique(self.sizes[self.sizes >= min(LEAST_WORDS, ngram_words)])
        self._tables = {size: self._table(size) for size in looked_for.tolist()}

    @property
    def unchecked(self) -> Sequence[str]:
        """Ids of texts that are too short to be looked for."""
        return [
            text_id for text_id, size in zip(self.ids, self.sizes.tolist(), strict=True) if size not in self._tables
        ]

    def matches(self, lowered: Sequence[str]) -> Matches:
        """What lower-cased training texts share with the evaluation texts, ordered by training text, text and place."""
        words = words_of(lowered)
        found = [table.matches(words) for table in self._tables.values()]
        nothing = np.empty((2, 0), dtype=np.int64)
        training, first_words = np.concatenate([nothing, *found], axis=1)
        order = np.lexsort((first_words, training))
        training, first_words = training[order], first_words[order]
        evaluation = np.searchsorted(self.first_words, first_words, side="right") - 1
        return Matches(training, evaluation, first_words)

    def _table(self, size: int) -> "_Table":
        """Of all texts whose n-grams have this size."""
        hashes, counts = ngrams_of(self.words.hashes, self.words.counts, size)
        first_words = np.arange(len(hashes)) - np.repeat(np.cumsum(counts) - counts - self.first_words, counts)
        is_meant = np.repeat(self.sizes == size, counts)
        return _Table(hashes[is_meant], first_words[is_meant], size)


class _Table:
    """N-grams of one size in the order of their hashes, behind a coarse table that most others do not pass."""

    def __init__(self, hashes: NDArray[np.uint64], first_words: NDArray[np.int64], size: int) -> None:
        order = np.argsort(hashes, kind="stable")
        self._hashes, self._first_words, self._size = hashes[order], first_words[order], size
        bits = min(_MOST_PLACES_BITS, (_PLACES_PER_NGRAM * len(hashes)).bit_length())
        self._shift = np.uint64(64 - bits)
        self._is_taken = np.zeros(1 << bits, dtype=bool)
        self._is_taken[hashes >> self._shift] = True

    def matches(self, words: Words) -> NDArray[np.int64]:
        """Training texts and first words of what was found, shape (2, matches)."""
        hashes, counts = ngrams_of(words.hashes, words.counts, self._size)
        passing = np.flatnonzero(self._is_taken[hashes >> self._shift])
        training = np.searchsorted(np.cumsum(counts), passing, side="right")
        # an n-gram that a training text has twice is found once
        wanted = np.unique(np.stack((training.astype(np.uint64), hashes[passing])), axis=1)
        first = np.searchsorted(self._hashes, wanted[1], side="left")
        found = np.searchsorted(self._hashes, wanted[1], side="right") - first
        within = np.arange(found.sum()) - np.repeat(np.cumsum(found) - found, found)
        places = np.repeat(first, found) + within
        return np.stack((np.repeat(wanted[0].astype(np.int64), found), self._first_words[places]))
