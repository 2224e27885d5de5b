"""How often words and pairs of neighbours occur in a stream of texts, in bounded memory.

Counts do not depend on the order of texts until a bound is reached: then rare pairs are dropped, and words that come
late count as rare ones.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from backend.datasets.language.fluency.words import (
    BEFORE_FIRST,
    COMPOUND,
    FIRST_WORD,
    LONGEST_WORD,
    NUMBER,
    START,
    is_number,
    words_of,
)

MAX_WORDS = 1_000_000
MAX_PAIRS = 6_000_000
_BUFFERED_WORDS = 1 << 17
_BUFFERED_NUMBERS = 1 << 22
_LONGEST_KEPT_NUMBER = 4
_BITS = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


class Pairs(NamedTuple):
    """Pairs of neighbours that rise, and how often each occurs.

    Args:
        keys: Shape (pairs,), uint64: number of the first word << 32 | number of the second.
        counts: Shape (pairs,), int64.
    """

    keys: NDArray[np.uint64]
    counts: NDArray[np.int64]

    @property
    def first(self) -> NDArray[np.int64]:
        """Numbers of the first words."""
        return (self.keys >> _BITS).astype(np.int64)

    @property
    def second(self) -> NDArray[np.int64]:
        """Numbers of the second words."""
        return (self.keys & _LOW).astype(np.int64)


class Counted(NamedTuple):
    """What was counted, with the numbers that words have for good.

    Args:
        words: Known ones, the most frequent first; the first has the number `FIRST_WORD`.
        counts: Of `words`, shape (words,).
        pairs: Of all words; those that are not known have the number `COMPOUND`.
    """

    words: list[str]
    counts: NDArray[np.int64]
    pairs: Pairs


class WordCounts:
    """Counts words and pairs of texts.

    Args:
        max_words: Words that are told apart.
        max_pairs: Pairs that are kept after a flush.
    """

    def __init__(self, *, max_words: int = MAX_WORDS, max_pairs: int = MAX_PAIRS) -> None:
        self._numbers = _Numbers(max_words)
        self._max_pairs = max_pairs
        self._buffer: list[str] = []
        self._chunks: list[NDArray[np.uint32]] = []
        self._counts = np.zeros(0, dtype=np.int64)
        self._pairs = Pairs(np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64))

    def add(self, text: str) -> None:
        """Count the words of a text."""
        self._buffer.append(BEFORE_FIRST)
        self._buffer += words_of(text)
        if len(self._buffer) >= _BUFFERED_WORDS:
            self._number()
        if sum(map(len, self._chunks)) >= _BUFFERED_NUMBERS:
            self._flush()

    def counted(self, *, min_count: int) -> Counted:
        """What was counted so far; words that occur less than `min_count` times are not known.

        Words of equal counts are in the order of their letters, so the numbers do not depend on the order of texts.
        """
        self._flush()
        words = self._numbers.words()
        order = [n for n in words if self._counts[n] >= min_count]
        order.sort(key=lambda n: (-int(self._counts[n]), words[n]))
        final = np.zeros(len(self._counts), dtype=np.uint64)
        final[[NUMBER, START]] = NUMBER, START
        final[order] = np.arange(FIRST_WORD, FIRST_WORD + len(order), dtype=np.uint64)
        keys = final[self._pairs.first] << _BITS | final[self._pairs.second]
        return Counted([words[n] for n in order], self._counts[order], _summed(keys, self._pairs.counts))

    def _number(self) -> None:
        """Words to numbers, which are smaller."""
        numbers = map(self._numbers.__getitem__, self._buffer)
        self._chunks.append(np.fromiter(numbers, dtype=np.uint32, count=len(self._buffer)))
        self._buffer = []

    def _flush(self) -> None:
        self._number()
        numbers = np.concatenate(self._chunks)
        self._chunks = []
        counts = np.bincount(numbers, minlength=max(len(self._counts), self._numbers.next_number))
        counts[: len(self._counts)] += self._counts
        self._counts = counts
        follows = numbers[1:] != START
        keys, often = np.unique((numbers[:-1].astype(np.uint64) << _BITS | numbers[1:])[follows], return_counts=True)
        self._pairs = self._bounded(
            _summed(np.concatenate((self._pairs.keys, keys)), np.concatenate((self._pairs.counts, often)))
        )

    def _bounded(self, pairs: Pairs) -> Pairs:
        """Without the rarest pairs if there are too many."""
        least = 1
        while len(pairs.keys) > self._max_pairs:
            kept = pairs.counts > least
            pairs = Pairs(pairs.keys[kept], pairs.counts[kept])
            least += 1
        return pairs


class _Numbers(dict[str, int]):
    """Numbers of words in the order of their first occurrence."""

    def __init__(self, max_words: int) -> None:
        super().__init__({BEFORE_FIRST: START})
        self._end = FIRST_WORD + max_words
        self.next_number = FIRST_WORD

    def __missing__(self, word: str) -> int:
        if is_number(word):
            if len(word) <= _LONGEST_KEPT_NUMBER:
                self[word] = NUMBER
            return NUMBER
        if self.next_number == self._end or len(word) > LONGEST_WORD:
            return COMPOUND
        number = self[word] = self.next_number
        self.next_number += 1
        return number

    def words(self) -> dict[int, str]:
        """Words by number."""
        return {number: word for word, number in self.items() if number >= FIRST_WORD}


def _summed(keys: NDArray[np.uint64], counts: NDArray[np.int64]) -> Pairs:
    unique, place = np.unique(keys, return_inverse=True)
    sums = np.bincount(place, counts, minlength=len(unique)).astype(np.int64)
    return Pairs(unique, sums)
