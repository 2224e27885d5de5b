"""The lines of many texts."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from backend.datasets.quality.columns.characters import SEPARATOR, Characters
from backend.datasets.quality.columns.groups import Groups, keys_within_texts

_SHORTEST = 2


class Lines:
    """Lines that are not blank and more than a lone list mark.

    Args:
        characters: Of the texts.
    """

    def __init__(self, characters: Characters) -> None:
        self._characters = characters
        breaks = np.flatnonzero(characters.codes == ord(SEPARATOR))
        all_lengths = np.diff(breaks) - 1
        self._is_line = all_lengths >= _SHORTEST
        self.lengths = all_lengths[self._is_line]
        self.text = characters.text_of(breaks[:-1][self._is_line] + 1)

    @property
    def counts(self) -> NDArray[np.int64]:
        """Lines per text, shape (texts,)."""
        return self.count(slice(None))

    def count(self, numbers: NDArray[np.int64] | slice) -> NDArray[np.int64]:
        """How many of the numbered lines are of each text, shape (texts,)."""
        return np.bincount(self.text[numbers], minlength=len(self._characters.lengths))

    def characters(self, numbers: NDArray[np.int64] | slice) -> NDArray[np.int64]:
        """Characters of the numbered lines by text, shape (texts,)."""
        return np.bincount(self.text[numbers], self.lengths[numbers], len(self._characters.lengths)).astype(np.int64)

    def longest_runs(self) -> NDArray[np.float64]:
        """Most equal lines one after the other, shape (texts,); NaN for a text without lines."""
        longest = np.full(len(self._characters.lengths), np.nan)
        if not len(self.text):
            return longest
        keys = self._keys
        starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
        runs = np.diff(np.append(starts, len(keys)))
        # `fmax` takes the number where the other one is NaN
        np.fmax.at(longest, self.text[starts], runs)
        return longest

    @cached_property
    def groups(self) -> Groups:
        """Equal lines of one text."""
        return Groups(self._keys)

    @cached_property
    def _keys(self) -> NDArray[np.uint64]:
        """Equal for equal lines of one text."""
        _, *lines, _ = self._characters.joined.split(SEPARATOR)
        hashes = np.fromiter(map(hash, lines), np.int64, len(lines)).view(np.uint64)[self._is_line]
        return keys_within_texts(self.text, hashes, len(self._characters.lengths))
