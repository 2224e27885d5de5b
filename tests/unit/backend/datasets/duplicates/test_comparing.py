"""The Jaccard similarity of spooled texts."""

import io

import numpy as np
import pytest

from backend.datasets.duplicates.comparing import Comparer, jaccard
from backend.datasets.duplicates.rows import ROW


def test_similarity_is_that_of_sets() -> None:
    spool = io.BytesIO(np.array([5, 5, 1, 2, 3, 9, 3, 1], dtype="<u8").tobytes())
    rows = np.zeros(2, dtype=ROW)
    rows["shingle_place"] = [0, 40]
    rows["shingle_count"] = [5, 3]
    comparer = Comparer(spool, rows)

    left, right = comparer.shingles(0), comparer.shingles(1)

    assert (left.tolist(), right.tolist()) == ([1, 2, 3, 5], [1, 3, 9])
    assert jaccard(left, right) == pytest.approx(2 / 5)
    assert jaccard(left, left) == 1.0


def test_four_of_five_are_exactly_the_threshold() -> None:
    # no rounding may decide at 0.8
    for times in range(1, 400):
        assert jaccard(np.arange(4 * times), np.arange(5 * times)) == 0.8
