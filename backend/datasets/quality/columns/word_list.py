"""Finding the words of a list among many words."""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from backend.datasets.quality.columns.characters import Characters
from backend.datasets.quality.columns.words import Words

_FILTER_BITS = 16


class WordList:
    """Words to look for.

    Args:
        listed: Lower-cased single words (`Words`), each once.
    """

    def __init__(self, listed: Collection[str]) -> None:
        self._hashes = np.sort(Words(Characters(list(listed))).hashes)
        # most other words are told apart by their first bits
        self._is_beginning = np.zeros(1 << _FILTER_BITS, np.bool_)
        self._is_beginning[_beginnings(self._hashes)] = True

    def places_of(self, hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which of the words (`Words.hashes`) are listed, ascending, and the number that each has in the list."""
        candidates = np.flatnonzero(self._is_beginning[_beginnings(hashes)])
        numbers = np.searchsorted(self._hashes, hashes[candidates])
        numbers[numbers == len(self._hashes)] = 0
        is_listed = self._hashes[numbers] == hashes[candidates]
        return candidates[is_listed], numbers[is_listed]


def _beginnings(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return hashes >> np.uint64(64 - _FILTER_BITS)
