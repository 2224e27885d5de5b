"""Which of many keys are equal."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Groups:
    """Equal keys, numbered in the order of the keys.

    Args:
        of: Group of each key, shape (keys,).
        first: Place of the first key of each group, shape (groups,).
        counts: How many keys are in each group, shape (groups,).
    """

    of: NDArray[np.int64]
    first: NDArray[np.int64]
    counts: NDArray[np.int64]

    @property
    def is_later(self) -> NDArray[np.bool_]:
        """Whether an equal key comes before, shape (keys,)."""
        later = np.ones(len(self.of), np.bool_)
        later[self.first] = False
        return later


def grouped(keys: NDArray[np.uint64]) -> Groups:
    """Find equal keys."""
    order = np.argsort(keys)
    ordered = keys[order]
    is_new = np.ones(len(keys), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=is_new[1:])
    starts = np.flatnonzero(is_new)
    of = np.empty(len(keys), np.int64)
    of[order] = np.cumsum(is_new) - 1
    first = np.minimum.reduceat(order, starts) if len(keys) else order
    return Groups(of, first, np.diff(starts, append=len(keys)))


def keys_within_texts(text: NDArray[np.int64], hashes: NDArray[np.uint64], text_count: int) -> NDArray[np.uint64]:
    """Keys that are equal for equal hashes of one text only, in the order of the texts.

    A thousand texts leave 54 bits for the hash: among a million words of one text, two are confused in one of 36,000.
    """
    bits = (text_count - 1).bit_length()
    if not bits:
        return hashes
    return (text.astype(np.uint64) << np.uint64(64 - bits)) | (hashes >> np.uint64(bits))
