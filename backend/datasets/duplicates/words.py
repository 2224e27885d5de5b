"""Texts to hashes of their words, without a Python object per word.

Words are those of the quality filters (`quality.reading`): runs of letters and digits, single hyphens and apostrophes
inside words kept. The hash of a word is a polynomial in its letters modulo 2^64, which prefix sums give for all words
of a batch at once: sum of T[letter] * B^position over the word, divided by B^start. T is a table of random numbers,
and B has an inverse since it is odd.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

_CODE_POINTS = 0x110000
_LETTER, _JOINER = 1, 2
_WINDOW_BITS = 18  # characters at once: their arrays stay in the processor's cache
# 5 modulo 8: its powers come back as late as they can
_BASE = 0x9E3779B97F4A7C15
_SPACE = re.compile(r"\s")


@dataclass(frozen=True, slots=True)
class Words:
    """Words of several texts, one text after the other.

    Args:
        hashes: 64 bits per word, shape (words,).
        starts: Where each begins, counted from the beginning of its text, shape (words,).
        ends: Where each ends, shape (words,).
        counts: Words per text, shape (texts,).
    """

    hashes: NDArray[np.uint64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    counts: NDArray[np.int64]


def words_of(lowered: Sequence[str]) -> Words:
    """Words of lower-cased texts."""
    joined = "\n".join(lowered)
    found = [_in_window(joined[start:end], start) for start, end in _windows(joined)]
    hashes = np.concatenate([np.empty(0, np.uint64), *(hashes for hashes, _, _ in found)])
    starts = np.concatenate([np.empty(0, np.int64), *(starts for _, starts, _ in found)])
    ends = np.concatenate([np.empty(0, np.int64), *(ends for _, _, ends in found)])
    sizes = np.fromiter(map(len, lowered), np.int64, len(lowered)) + 1
    text_starts = np.cumsum(sizes) - sizes
    counts = np.diff(np.searchsorted(starts, text_starts), append=len(starts))
    offsets = np.repeat(text_starts, counts)
    return Words(hashes, starts - offsets, ends - offsets, counts)


def mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """64 bits each of which depends on all of the given ones.

    Source: the end of splitmix64, Steele et al. 2014, https://doi.org/10.1145/2714064.2660195
    """
    numbers = (numbers ^ numbers >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ numbers >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return numbers ^ numbers >> np.uint64(31)


def random_numbers(count: int, *, stream: int) -> NDArray[np.uint64]:
    """Pseudo-random constants, equal on every machine and for ever; each stream has its own."""
    return mixed((np.arange(1, count + 1, dtype=np.uint64) + np.uint64(stream << 32)) * np.uint64(0x9E3779B97F4A7C15))


def _windows(text: str) -> Iterator[tuple[int, int]]:
    """Pieces of some size that end before white space or with the text: no word is cut."""
    start = 0
    while start < len(text):
        space = _SPACE.search(text, start + (1 << _WINDOW_BITS))
        end = space.start() if space else len(text)
        yield start, end
        start = end


def _in_window(text: str, offset: int) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]]:
    """Hashes, starts and ends of words; places are counted from `offset`."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    edges = np.flatnonzero(np.diff(_is_in_word(codes)))
    starts, ends = edges[::2], edges[1::2]
    powers, inverses = _powers(max(_WINDOW_BITS + 1, len(codes).bit_length()))
    sums = np.zeros(len(codes) + 1, dtype=np.uint64)
    np.cumsum(_letter_numbers()[codes] * powers[: len(codes)], out=sums[1:])
    hashes = mixed((sums[ends] - sums[starts]) * inverses[starts])
    return hashes, starts + offset, ends + offset


def _is_in_word(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Which characters belong to words, with one more on either side that does not."""
    kinds = np.zeros(len(codes) + 2, dtype=np.uint8)
    kinds[1:-1] = _kinds()[codes]
    inside: NDArray[np.bool_] = kinds == _LETTER
    joiners = np.flatnonzero(kinds == _JOINER)
    inside[joiners[(kinds[joiners - 1] == _LETTER) & (kinds[joiners + 1] == _LETTER)]] = True
    return inside


@cache
def _kinds() -> NDArray[np.uint8]:
    kinds = np.fromiter((chr(code).isalnum() for code in range(_CODE_POINTS)), np.uint8, _CODE_POINTS)
    kinds[[ord(joiner) for joiner in "-'’"]] = _JOINER
    return kinds


@cache
def _letter_numbers() -> NDArray[np.uint64]:
    return random_numbers(_CODE_POINTS, stream=0)


@lru_cache(maxsize=2)
def _powers(bits: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """2^bits powers of the base and of its inverse, from the power 0 on."""
    bases = _BASE, pow(_BASE, -1, 1 << 64)
    powers = [np.full(1 << bits, base, dtype=np.uint64) for base in bases]
    for each in powers:
        each[0] = 1
        np.multiply.accumulate(each, out=each)
    return powers[0], powers[1]
