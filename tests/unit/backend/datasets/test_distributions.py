"""Quantiles without the values: right to one per cent, in flat memory."""

import random
import statistics

import pytest

from backend.datasets.distributions import Distribution


@pytest.mark.parametrize("seed", range(3))
def test_quantiles_are_right_to_one_per_cent(seed: int) -> None:
    chooser = random.Random(seed)
    values = [chooser.lognormvariate(6, 1.5) for _ in range(20_000)]
    told = Distribution((0, 10, 100, 1000))
    for value in values:
        told.add(value)
    cuts = statistics.quantiles(values, n=100, method="inclusive")

    for name, place in (("p5", 4), ("p50", 49), ("p95", 94)):
        assert told.as_json()["quantiles"][name] == pytest.approx(cuts[place], rel=0.015)
    assert told.as_json()["mean"] == pytest.approx(statistics.fmean(values))
    assert (told.as_json()["min"], told.as_json()["max"]) == (min(values), max(values))
    assert sum(told.as_json()["counts"]) == 20_000


def test_scores_of_zero_and_one_stay_what_they_are() -> None:
    told = Distribution((0.0, 0.5))
    for value in (0.0, 1.0, 1.0):
        told.add(value)

    assert told.as_json()["quantiles"]["p1"] == 0.0
    assert told.as_json()["quantiles"]["p99"] == 1.0


def test_without_values_nothing_is_claimed() -> None:
    told = Distribution((0, 1)).as_json()

    assert (told["min"], told["quantiles"], told["counts"]) == (None, {}, [0, 0])
