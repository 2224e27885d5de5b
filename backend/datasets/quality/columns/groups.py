"""Which of many keys are equal."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Repeated:
    """Keys that occur twice or more.

    Args:
        places: Of these keys, ascending, shape (places,).
        groups: Equal numbers for equal keys, 0, 1, 2 … in the order of the keys, shape (places,).
        first: Place of the first key of each group, shape (groups,).
        counts: How many keys are in each group, shape (groups,).
    """

    places: NDArray[np.int64]
    groups: NDArray[np.int64]
    first: NDArray[np.int64]
    counts: NDArray[np.int64]

    @property
    def later(self) -> NDArray[np.int64]:
        """Places of keys that have an equal one before them, ascending."""
        is_later: NDArray[np.bool_] = self.places != self.first[self.groups]
        return self.places[is_later]


class Groups:
    """Equal keys.

    Args:
        keys: 64-bit numbers, shape (keys,).
    """

    def __init__(self, keys: NDArray[np.uint64] | NDArray[np.int64]) -> None:
        self._order = np.argsort(keys)
        ordered = keys[self._order]
        # whether another group begins before each key in this order, and after the last one
        self._is_seam = np.ones(len(keys) + 1, np.bool_)
        np.not_equal(ordered[1:], ordered[:-1], out=self._is_seam[1:-1])

    @property
    def one_of_each(self) -> NDArray[np.int64]:
        """Place of some key of each group, in the order of the keys, shape (groups,)."""
        some: NDArray[np.int64] = self._order[self._is_seam[:-1]]
        return some

    @cached_property
    def repeated(self) -> Repeated:
        """The groups of more than one key."""
        is_repeated = ~(self._is_seam[:-1] & self._is_seam[1:])
        order = self._order[is_repeated]
        is_new = self._is_seam[:-1][is_repeated]
        starts = np.flatnonzero(is_new)
        group_of_key = np.full(len(self._order), -1)
        group_of_key[order] = np.cumsum(is_new) - 1
        places = np.flatnonzero(group_of_key >= 0)
        first = np.minimum.reduceat(order, starts) if len(order) else order
        return Repeated(places, group_of_key[places], first, np.diff(starts, append=len(order)))


def keys_within_texts(text: NDArray[np.int64], hashes: NDArray[np.uint64], text_count: int) -> NDArray[np.uint64]:
    """Keys that are equal for equal hashes of one text only, in the order of the texts.

    A thousand texts leave 54 bits for the hash: among a million words of one text, two are confused in one of 36,000.
    """
    bits = (text_count - 1).bit_length()
    if not bits:
        return hashes
    return (text.astype(np.uint64) << np.uint64(64 - bits)) | (hashes >> np.uint64(bits))
