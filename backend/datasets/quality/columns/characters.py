"""All characters of some texts in one array, each with its kinds."""

import re
import sys
from collections.abc import Sequence
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from backend.datasets.quality.kinds import PATTERNS, Kind

SEPARATOR = "\n"
"""Stands before, between and after the texts: it ends lines, tokens and words, and belongs to none of them."""


class Characters:
    """Texts joined by separators.

    Args:
        texts: Any texts, lone surrogates and all.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.joined = SEPARATOR.join(("", *texts, ""))
        self.lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        # where each text begins; one more for the end, so that text t is [edges[t], edges[t + 1] - 1)
        self.edges = np.cumsum(np.append(1, self.lengths + 1))

    @cached_property
    def codes(self) -> NDArray[np.unsignedinteger]:
        """Code points of `joined`, two bytes each where none needs more."""
        raw = self.joined.encode("utf-16-le", "surrogatepass")
        if len(raw) == 2 * len(self.joined):
            return np.frombuffer(raw, "<u2")
        return np.frombuffer(self.joined.encode("utf-32-le", "surrogatepass"), "<u4")

    @cached_property
    def kinds(self) -> NDArray[np.uint8]:
        """Bits of `Kind` for each character."""
        return kinds_of_code_points().take(self.codes)

    def marks(self, kind: Kind) -> NDArray[np.bool_]:
        """Which characters are of a kind."""
        marked: NDArray[np.bool_] = (self.kinds & np.uint8(kind)) != 0
        return marked

    def count(self, marks: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Marked characters per text, shape (texts,); marks on separators count for the text before."""
        return np.diff(np.searchsorted(np.flatnonzero(marks), self.edges))

    def text_of(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Number of the text in which each place lies."""
        return np.searchsorted(self.edges, places, side="right") - 1


def runs(marks: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each run of marked characters begins, and one past its end; the first and last must not be marked."""
    changes = np.flatnonzero(marks[1:] != marks[:-1]) + 1
    return changes[0::2], changes[1::2]


def every_code_point() -> str:
    """A string in which each character stands at the place of its number."""
    return np.arange(sys.maxunicode + 1, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")


@cache
def kinds_of_code_points() -> NDArray[np.uint8]:
    """Bits of `Kind` by code point."""
    kinds = np.zeros(sys.maxunicode + 1, np.uint8)
    characters = every_code_point()
    for kind, pattern in PATTERNS.items():
        for run in re.finditer(pattern, characters):
            kinds[run.start() : run.end()] |= np.uint8(kind)
    parts = (Kind.ALPHANUMERIC, Kind.DIGIT, Kind.SPACE)
    is_alphanumeric, is_digit, is_space = ((kinds & np.uint8(part)) != 0 for part in parts)
    kinds[is_alphanumeric & ~is_digit] |= np.uint8(Kind.LETTER)
    kinds[~(is_alphanumeric | is_space)] |= np.uint8(Kind.SYMBOL)
    return kinds
