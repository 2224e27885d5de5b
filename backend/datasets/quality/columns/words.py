"""The words of many texts: where they are, how long, which are equal."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from backend.datasets.quality.columns.characters import Characters, runs
from backend.datasets.quality.columns.groups import Groups, keys_within_texts
from backend.datasets.quality.columns.hashing import span_hashes
from backend.datasets.quality.kinds import Kind


class Words:
    r"""Lower-cased runs of letters and digits, hyphens and apostrophes inside words kept: `[^\W_]+(?:[-'’][^\W_]+)*`.

    Args:
        characters: Of the texts; lower-cased, or such as may be lower-cased one by one.
    """

    def __init__(self, characters: Characters) -> None:
        self._characters = characters
        alphanumeric = characters.marks(Kind.ALPHANUMERIC)
        self._inner_joiners = characters.marks(Kind.JOINER)
        self._inner_joiners[1:-1] &= alphanumeric[:-2] & alphanumeric[2:]
        self.starts, self.ends = runs(alphanumeric | self._inner_joiners)

    @cached_property
    def first(self) -> NDArray[np.int64]:
        """Number of the first word of each text, and of all words at the end, shape (texts + 1,)."""
        return np.searchsorted(self.starts, self._characters.edges)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Words per text, shape (texts,)."""
        return np.diff(self.first)

    @cached_property
    def text(self) -> NDArray[np.int64]:
        """Number of its text for each word, shape (words,)."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Characters of each word, shape (words,)."""
        return self.ends - self.starts

    @property
    def are_single_letters(self) -> NDArray[np.bool_]:
        """Which words are one letter and no digit, shape (words,)."""
        is_letter = self._characters.marks(Kind.LETTER)[self.starts]
        alone: NDArray[np.bool_] = (self.lengths == 1) & is_letter
        return alone

    @cached_property
    def are_numbers(self) -> NDArray[np.bool_]:
        """Which words begin with a digit, shape (words,)."""
        return self._characters.marks(Kind.DIGIT)[self.starts]

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Letters and digits of each word, shape (words,)."""
        joined_words = np.searchsorted(self.starts, np.flatnonzero(self._inner_joiners)) - 1
        return self.lengths - np.bincount(joined_words, minlength=len(self.starts))

    @cached_property
    def hashes(self) -> NDArray[np.uint64]:
        """64 bits for each word, equal for equal words of any batch, shape (words,)."""
        return span_hashes(self._characters.codes, self.starts, self.ends)

    @cached_property
    def groups(self) -> Groups:
        """Equal words of one text, in the order of the texts."""
        return Groups(keys_within_texts(self.text, self.hashes, len(self.counts)))

    @cached_property
    def sizes_before(self) -> NDArray[np.int64]:
        """Letters and digits of all words before each one, and of all words at the end, shape (words + 1,)."""
        return np.append(0, np.cumsum(self.sizes))

    def count(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many of the numbered words are of each text, shape (texts,)."""
        return np.bincount(self.text[numbers], minlength=len(self.counts))

    def total(self, values: NDArray[np.integer | np.bool_]) -> NDArray[np.int64]:
        """Sum of a value over the words of each text, shape (texts,)."""
        return np.diff(np.append(0, np.cumsum(values))[self.first])
