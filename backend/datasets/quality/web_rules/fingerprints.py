"""Fingerprints of character sequences that can be joined and cut: equal joined characters, equal fingerprint.

A sequence c_0, c_1, … has the fingerprint sum of value(c_k) * BASE**k modulo 2**64. A running sum of such terms over a
long row gives the fingerprint of any part of it, shifted by a power of BASE; 64 bits of mixed values make an accidental
collision within one text a matter of one in billions of billions.

Source: Karp and Rabin 1987, https://doi.org/10.1147/rd.312.0249
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 2**64)
_LOW_BITS = 12


def mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """64 bits each of which depends on all of the given ones: the end of splitmix64."""
    numbers = (numbers + np.uint64(1)) * np.uint64(0xD1342543DE82EF95)
    numbers = (numbers ^ numbers >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ numbers >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return numbers ^ numbers >> np.uint64(31)


def shifts(offsets: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Factors that move fingerprints to these offsets in characters."""
    return _powers(offsets, _BASE)


def unshifts(offsets: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Factors that move fingerprints from these offsets back to the beginning."""
    return _powers(offsets, _INVERSE)


def fingerprints(words: Sequence[str]) -> NDArray[np.uint64]:
    """One per word; no word is empty."""
    sizes = np.fromiter(map(len, words), np.int64, len(words))
    starts = np.cumsum(sizes) - sizes
    joined = np.frombuffer("".join(words).encode("utf-32-le", "surrogatepass"), np.uint32)
    offsets = np.arange(len(joined)) - np.repeat(starts, sizes)
    terms = mixed(joined.astype(np.uint64)) * shifts(offsets)
    sums: NDArray[np.uint64] = np.add.reduceat(terms, starts)
    return sums


def _powers(exponents: NDArray[np.int64], base: int) -> NDArray[np.uint64]:
    """Two small tables instead of one as long as the text."""
    if not len(exponents):
        return np.empty(0, np.uint64)
    low = _table(base, 1 << _LOW_BITS)
    rows = int(exponents.max()) >> _LOW_BITS
    high = _table(pow(base, 1 << _LOW_BITS, 2**64), 1 << rows.bit_length())
    powers: NDArray[np.uint64] = low[exponents & (len(low) - 1)] * high[exponents >> _LOW_BITS]
    return powers


@lru_cache(maxsize=16)
def _table(base: int, size: int) -> NDArray[np.uint64]:
    factors = np.full(size, base, np.uint64)
    factors[0] = 1
    return np.multiply.accumulate(factors)
