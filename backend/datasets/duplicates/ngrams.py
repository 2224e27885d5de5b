"""Words to n-grams: runs of words inside one text, each as one number."""

import numpy as np
from numpy.typing import NDArray

from backend.datasets.duplicates.words import mixed

_FACTOR = np.uint64(0xD1342543DE82EF95)


def ngrams_of(
    words: NDArray[np.uint64], counts: NDArray[np.int64], size: int
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Hashes of all n-grams, text after text, and how many each text has: none where it has fewer words.

    Args:
        words: Hashes of words, text after text, shape (words,).
        counts: Words per text, shape (texts,).
        size: Words per n-gram.

    Returns:
        Hashes of shape (n-grams,) and counts of shape (texts,).
    """
    total = len(words) - size + 1
    if total <= 0:
        return np.empty(0, np.uint64), np.zeros(len(counts), np.int64)
    hashes = words[:total].copy()
    for place in range(1, size):
        hashes *= _FACTOR
        hashes += words[place : place + total]
    is_whole = np.ones(total, dtype=bool)
    ends = np.cumsum(counts)
    for place in range(1, size):
        # an n-gram that begins less than its size before the end of a text would run into the next one
        cut = np.maximum(ends - place, ends - counts)
        is_whole[cut[(counts > 0) & (cut < total)]] = False
    return mixed(hashes[is_whole]), np.maximum(counts - size + 1, 0)
