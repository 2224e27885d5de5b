"""MinHash bands: keys under which texts meet whose sets of shingles are similar.

Of 112 permutations of the shingles of a text the smallest number is kept; two texts agree in one of them with a
probability of their Jaccard similarity. Eight make a band, and texts meet if they agree in one of 14 bands: of pairs
with similarity 0.8 that are 92 %, of those with 0.9 more than 99.9 %, of those with 0.5 only 5 %.

Source: Broder 1997, https://doi.org/10.1109/SEQUEN.1997.666900; 14 x 8 as in Penedo et al. 2024,
https://arxiv.org/abs/2406.17557
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from backend.datasets.duplicates.words import mixed, random_numbers

BANDS = 14
ROWS = 8


def band_keys(shingles: NDArray[np.uint64], counts: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Keys of every text; those of texts without shingles mean nothing.

    Args:
        shingles: Hashes, text after text, shape (shingles,).
        counts: Shingles per text, shape (texts,).

    Returns:
        Shape (texts, BANDS); keys of different bands differ.
    """
    keys = np.zeros((len(counts), BANDS), dtype=np.uint64)
    filled = np.flatnonzero(counts)
    if not len(filled):
        return keys
    lowest = _minima(shingles, (np.cumsum(counts) - counts)[filled])
    weights = random_numbers(BANDS * ROWS, stream=2)[:, None]
    summed = (lowest * weights).reshape(BANDS, ROWS, len(filled)).sum(axis=1, dtype=np.uint64)
    keys[filled] = mixed(summed + random_numbers(BANDS, stream=3)[:, None]).T
    return keys


def _minima(shingles: NDArray[np.uint64], starts: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Smallest permuted number of each text, shape (BANDS * ROWS, texts)."""
    # 32 bits are enough to propose pairs, and four times as fast
    numbers = (shingles >> np.uint64(32)).astype(np.uint32)
    permuted = np.empty_like(numbers)
    lowest = np.empty((BANDS * ROWS, len(starts)), dtype=np.uint32)
    for factor, row in zip(_factors(), lowest, strict=True):
        np.multiply(numbers, factor, out=permuted)
        np.minimum.reduceat(permuted, starts, out=row)
    return lowest


@cache
def _factors() -> NDArray[np.uint32]:
    """Odd factors: multiplying by one permutes the numbers of 32 bits."""
    return (random_numbers(BANDS * ROWS, stream=1) >> np.uint64(32)).astype(np.uint32) | np.uint32(1)
