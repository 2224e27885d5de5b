"""64 bits for each of many pieces of a text, equal for equal pieces whatever their case.

The sum of number(c_i) * BASE^i over the characters of a piece, modulo 2^64. Its running sums give every piece at the
cost of two look-ups; dividing by BASE^start makes a piece the same wherever it stands. Two different pieces have the
same hash by chance once in 2^64 pairs.

Source: Karp and Rabin 1987, https://doi.org/10.1147/rd.312.0249
"""

import sys
from functools import cache

import numpy as np
from numpy.typing import NDArray

from backend.datasets.quality.columns.characters import every_code_point

_BLOCK = 1 << 16
_BMP, _ALL = 1 << 16, sys.maxunicode + 1
_MODULUS = 1 << 64
_BASE = 0xD6E8FEB86659FD93
_INVERSE = pow(_BASE, -1, _MODULUS)
_STEP, _STEP_BACK = pow(_BASE, _BLOCK, _MODULUS), pow(_INVERSE, _BLOCK, _MODULUS)


def span_hashes(
    codes: NDArray[np.unsignedinteger], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Hash of each span [start, end) of `codes`, shape (spans,); spans are in order and do not overlap."""
    before, through = np.empty(len(starts), np.uint64), np.empty(len(ends), np.uint64)
    to_front = np.empty(len(starts), np.uint64)
    powers, inverses = _powers(_BASE), _powers(_INVERSE)
    numbers = _numbers(_BMP if codes.dtype.itemsize == 2 else _ALL)
    sums = np.zeros(_BLOCK + 1, np.uint64)
    total, scale, unscale = 0, 1, 1
    # in blocks that stay in the processor's cache, each with powers counted from its own beginning
    for at in range(0, len(codes), _BLOCK):
        block = codes[at : at + _BLOCK]
        np.cumsum(numbers.take(block) * powers[: len(block)], out=sums[1 : len(block) + 1])
        here = slice(*np.searchsorted(starts, (at, at + _BLOCK)))
        places = starts[here] - at
        before[here] = sums[places] * np.uint64(scale) + np.uint64(total)
        to_front[here] = inverses[places] * np.uint64(unscale)
        here = slice(*np.searchsorted(ends, (at, at + _BLOCK), side="right"))
        through[here] = sums[ends[here] - at] * np.uint64(scale) + np.uint64(total)
        total = (total + int(sums[len(block)]) * scale) % _MODULUS
        scale, unscale = scale * _STEP % _MODULUS, unscale * _STEP_BACK % _MODULUS
    return (through - before) * to_front


@cache
def _powers(base: int) -> NDArray[np.uint64]:
    """base^0, base^1 … for one block."""
    powers = np.full(_BLOCK, base, np.uint64)
    powers[0] = 1
    return np.cumprod(powers)


@cache
def _numbers(count: int) -> NDArray[np.uint64]:
    """A random number for each of so many code points; capitals have that of their small letter.

    Nearly all texts do with the first 65,536, which take half a megabyte instead of nine.
    """
    # İ alone becomes two characters: texts with it are lower-cased before they come here
    lowered = every_code_point()[:count].replace("İ", "i").lower().encode("utf-32-le", "surrogatepass")
    return mixed(np.frombuffer(lowered, "<u4").astype(np.uint64))


def mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """64 bits each of which depends on all of the given ones: splitmix64."""
    numbers = (numbers + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    numbers = (numbers ^ numbers >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ numbers >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return numbers ^ numbers >> np.uint64(31)
