"""Texts meet with the probability that 14 bands of 8 promise."""

import numpy as np
import pytest

from backend.datasets.duplicates.signatures import BANDS, band_keys

PAIRS = 1_000


def _keys_of_pairs(similarity: float, size: int) -> np.ndarray:
    """Keys of pairs of random sets, shape (PAIRS, 2, BANDS)."""
    rng = np.random.default_rng(7)
    common = round(2 * size * similarity / (1 + similarity))
    drawn = rng.integers(0, 1 << 64, size=(PAIRS, 2, size), dtype=np.uint64)
    drawn[:, 1, :common] = drawn[:, 0, :common]
    return band_keys(drawn.ravel(), np.full(2 * PAIRS, size)).reshape(PAIRS, 2, BANDS)


@pytest.mark.parametrize("size", [20, 150])
@pytest.mark.parametrize("similarity", [0.5, 0.7, 0.8, 0.9])
def test_pairs_meet_as_often_as_their_similarity_says(similarity: float, size: int) -> None:
    keys = _keys_of_pairs(similarity, size)
    common = round(2 * size * similarity / (1 + similarity))
    true_similarity = common / (2 * size - common)

    meet = (keys[:, 0] == keys[:, 1]).any(axis=1).mean()

    promised = 1 - (1 - true_similarity**8) ** BANDS
    assert meet == pytest.approx(promised, abs=4 * (promised * (1 - promised) / PAIRS) ** 0.5 + 0.002)


def test_keys_depend_on_the_set_of_shingles_alone() -> None:
    rng = np.random.default_rng(3)
    shingles = rng.integers(0, 1 << 64, size=50, dtype=np.uint64)
    shuffled = np.concatenate([rng.permutation(shingles), shingles[:7]])
    others = rng.integers(0, 1 << 64, size=30, dtype=np.uint64)

    alone = band_keys(shingles, np.array([50]))[0]
    among_others = band_keys(np.concatenate([others, shuffled]), np.array([0, 30, 0, 57, 0]))[3]

    assert alone.tolist() == among_others.tolist()


def test_bands_have_keys_of_their_own() -> None:
    keys = band_keys(np.full(3, 5, dtype=np.uint64), np.array([3]))

    assert len(np.unique(keys)) == BANDS


def test_no_texts_have_no_keys() -> None:
    assert band_keys(np.empty(0, np.uint64), np.zeros(0, np.int64)).shape == (0, BANDS)
    assert band_keys(np.empty(0, np.uint64), np.zeros(2, np.int64)).shape == (2, BANDS)
