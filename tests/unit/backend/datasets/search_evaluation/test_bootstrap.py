"""The paired bootstrap."""

import time

import numpy as np
import pytest

from backend.datasets.search_evaluation.bootstrap import paired_bootstrap


def test_no_difference_is_no_difference() -> None:
    (judged,) = paired_bootstrap(np.zeros((50, 1)), resamples=1_000, seed=1)
    assert (judged.difference, judged.low, judged.high, judged.p_value) == (0, 0, 0, 1)


def test_a_difference_on_every_query_is_certain() -> None:
    (judged,) = paired_bootstrap(np.full((50, 1), 0.25), resamples=1_000, seed=1)
    assert judged.low == judged.high == pytest.approx(0.25)
    assert judged.p_value == pytest.approx(2 / 1_001)


def test_interval_and_p_value_are_near_those_of_a_normal_mean() -> None:
    differences = np.random.default_rng(3).normal(0.02, 0.2, size=(400, 1))
    (judged,) = paired_bootstrap(differences, resamples=10_000, seed=1)
    half = 1.96 * differences.std() / np.sqrt(400)
    assert judged.difference == pytest.approx(float(differences.mean()))
    assert judged.low == pytest.approx(float(differences.mean()) - half, abs=0.001)
    assert judged.high == pytest.approx(float(differences.mean()) + half, abs=0.001)


def test_a_chance_difference_is_significant_about_as_often_as_it_should_be() -> None:
    generator = np.random.default_rng(5)
    columns = generator.normal(0, 1, size=(200, 300))
    judged = paired_bootstrap(columns, resamples=1_000, seed=1)
    share = np.mean([one.p_value < 0.05 for one in judged])
    assert 0.01 < share < 0.10


def test_equal_seeds_give_equal_figures_and_columns_do_not_disturb_each_other() -> None:
    differences = np.random.default_rng(3).normal(size=(30, 2))
    both = paired_bootstrap(differences, resamples=2_000, seed=7)
    assert both == paired_bootstrap(differences, resamples=2_000, seed=7)
    assert both != paired_bootstrap(differences, resamples=2_000, seed=8)
    alone = paired_bootstrap(differences[:, 1:], resamples=2_000, seed=7)
    assert alone[0].low == pytest.approx(both[1].low)


def test_ten_thousand_resamples_of_fifteen_hundred_queries_take_seconds() -> None:
    started = time.monotonic()
    paired_bootstrap(np.random.default_rng(1).normal(size=(1_500, 6)), resamples=10_000, seed=1)
    assert time.monotonic() - started < 20
