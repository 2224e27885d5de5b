"""The true Jaccard similarity of two texts, read back from the spool."""

from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray


class Comparer:
    """Compares spooled texts.

    Two different shingles of a pair have the same 64 bits with a probability under 10^-12 for texts of 10,000 words.

    Args:
        spool: Shingles, where `rows` says.
        rows: Of dtype `ROW`.
    """

    def __init__(self, spool: BinaryIO, rows: NDArray[np.void]) -> None:
        self._spool = spool
        self._places: list[int] = rows["shingle_place"].tolist()
        self._counts: list[int] = rows["shingle_count"].tolist()

    def shingles(self, number: int) -> NDArray[np.uint64]:
        """The set of shingles of a row, ascending."""
        self._spool.seek(self._places[number])
        return np.unique(np.frombuffer(self._spool.read(8 * self._counts[number]), dtype="<u8"))


def jaccard(left: NDArray[np.uint64], right: NDArray[np.uint64]) -> float:
    """Share of what both sets have in what either has; both ascend, and one of them is not empty."""
    common = len(np.intersect1d(left, right, assume_unique=True))
    return common / (len(left) + len(right) - common)
