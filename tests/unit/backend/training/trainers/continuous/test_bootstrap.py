"""Bounds that hold as often as they promise."""

import numpy as np
import pytest

from backend.training.trainers.continuous.bootstrap import estimate


def test_the_mean_is_one_over_tokens_not_over_records() -> None:
    found = estimate(np.array([10.0, 0.0]), np.array([10, 90]), np.array([0, 1]), confidence=0.95)
    assert found.mean == pytest.approx(0.1)
    assert (found.low, found.high, found.groups) == (0.0, 1.0, 2)


def test_equal_differences_leave_no_doubt() -> None:
    found = estimate(np.full(20, 5.0), np.full(20, 10), np.arange(20), confidence=0.99)
    assert (found.mean, found.low, found.high) == pytest.approx((0.5, 0.5, 0.5))


def test_the_same_arrays_give_the_same_bounds() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=50)
    assert estimate(values, np.full(50, 3), np.arange(50), confidence=0.9) == estimate(
        values, np.full(50, 3), np.arange(50), confidence=0.9
    )


def test_records_of_one_group_are_one_witness() -> None:
    rng = np.random.default_rng(1)
    values, tokens = np.repeat(rng.normal(size=20), 10), np.full(200, 1)
    alone = estimate(values, tokens, np.arange(200), confidence=0.95)
    together = estimate(values, tokens, np.repeat(np.arange(20), 10), confidence=0.95)
    assert together.groups == 20
    assert together.high - together.low > 2 * (alone.high - alone.low)


@pytest.mark.parametrize("size", [30, 100])
def test_noise_passes_a_bound_about_as_rarely_as_promised(size: int) -> None:
    rng = np.random.default_rng(7)
    tokens, groups = rng.integers(5, 60, size), np.arange(size)
    above = sum(
        estimate(rng.normal(size=size) * tokens**0.5, tokens, groups, confidence=0.95).low > 0 for _ in range(300)
    )
    # 5 % are promised; a percentile bootstrap of few groups is a little too sure
    assert above <= 0.09 * 300
