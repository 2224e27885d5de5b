"""Counts of pairs to probabilities: absolute discounting, interpolated with how many words a word follows.

    p(w | v) = max(c(v w) - D, 0) / c(v)  +  free(v) * p(w)
    p(w)     = (words that w follows + 1/2) / (pairs + words / 2)

`free(v)` is what the first term leaves over, so probabilities after `v` sum to 1. Pairs seen less than `MIN_COUNT`
times are not kept: what they would have gets `p(w)`, too. D = 0.8.

Source: Kneser and Ney 1995, https://doi.org/10.1109/ICASSP.1995.479394
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from backend.datasets.language.fluency.counting import Counted
from backend.datasets.language.fluency.words import FIRST_WORD

DISCOUNT = 0.8
MIN_COUNT = 2


class Smoothed(NamedTuple):
    """Logarithms (base 2) of probabilities.

    Args:
        alone: Of a word by itself, shape (numbers,), float32.
        free: What is left for unseen pairs after a word, shape (numbers,), float32.
        keys: Kept pairs, shape (pairs,), uint64.
        together: Of the second word after the first, shape (pairs,), float16.
    """

    alone: NDArray[np.float32]
    free: NDArray[np.float32]
    keys: NDArray[np.uint64]
    together: NDArray[np.float16]


def smoothed(counted: Counted) -> Smoothed:
    """Probabilities of what was counted."""
    size = FIRST_WORD + len(counted.words)
    first, second, counts = counted.pairs.first, counted.pairs.second, counted.pairs.counts
    alone = (np.bincount(second, minlength=size) + 0.5) / (len(counts) + size / 2)
    total = np.maximum(np.bincount(first, counts, size), 1e-9)
    kept = counts >= MIN_COUNT
    first, second, counts = first[kept], second[kept], counts[kept]
    held = np.bincount(first, counts - DISCOUNT, size)
    free = np.maximum(total - held, 1e-9) / total
    together = (counts - DISCOUNT) / total[first] + free[first] * alone[second]
    return Smoothed(
        np.log2(alone).astype(np.float32),
        np.log2(free).astype(np.float32),
        counted.pairs.keys[kept],
        np.log2(together).astype(np.float16),
    )
