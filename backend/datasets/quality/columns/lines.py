"""The lines of many texts."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from backend.datasets.quality.columns.characters import SEPARATOR, Characters
from backend.datasets.quality.columns.groups import Groups, grouped, keys_within_texts

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

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Lines per text, shape (texts,)."""
        return np.bincount(self.text, minlength=len(self._characters.lengths))

    def total(self, values: NDArray[np.integer | np.bool_]) -> NDArray[np.int64]:
        """Sum of a value over the lines of each text, shape (texts,)."""
        return np.bincount(self.text, values, minlength=len(self._characters.lengths)).astype(np.int64)

    def longest_runs(self) -> NDArray[np.float64]:
        """Most equal lines one after the other, shape (texts,); NaN for a text without lines."""
        longest = np.full(len(self._characters.lengths), np.nan)
        if not len(self.text):
            return longest
        keys = keys_within_texts(self.text, self._hashes, len(self._characters.lengths))
        starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
        runs = np.diff(np.append(starts, len(keys)))
        # `fmax` takes the number where the other one is NaN
        np.fmax.at(longest, self.text[starts], runs)
        return longest

    @cached_property
    def groups(self) -> Groups:
        """Equal lines of one text."""
        return grouped(keys_within_texts(self.text, self._hashes, len(self._characters.lengths)))

    @cached_property
    def _hashes(self) -> NDArray[np.uint64]:
        _, *lines, _ = self._characters.joined.split(SEPARATOR)
        return np.fromiter(map(hash, lines), np.int64, len(lines)).view(np.uint64)[self._is_line]
