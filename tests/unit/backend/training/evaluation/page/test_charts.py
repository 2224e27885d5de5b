"""Curves and their axes."""

import math
import re

import pytest

from backend.training.evaluation.page.charts import Series, chart, series_of, thinned
from backend.training.evaluation.page.scales import scale_for


def drawn(*points: tuple[float, float], **options: bool) -> str:
    found = chart("Loss", "nats", [Series("train", "training", points, **options)], shown=str)
    assert found is not None
    return str(found.plot)


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([0.0, 1.0], [0.0, 0.25, 0.5, 0.75, 1.0]),
        ([5.84, 5.99], [5.8, 5.85, 5.9, 5.95, 6.0]),
        ([0.0, 0.0002], [0.0, 0.00005, 0.0001, 0.00015, 0.0002]),
        ([900.0, 8100.0], [0.0, 2000.0, 4000.0, 6000.0, 8000.0, 10000.0]),
        ([-3.0, 2.0], [-4.0, -2.0, 0.0, 2.0]),
    ],
)
def test_ticks_are_round_and_hold_all_values(values: list[float], ticks: list[float]) -> None:
    scale = scale_for(values)
    assert list(scale.ticks) == pytest.approx(ticks)
    assert scale.low <= min(values) <= max(values) <= scale.high


@pytest.mark.parametrize("value", [0.0, 3.0, -7.0, 1e-9])
def test_one_value_alone_lies_in_the_middle(value: float) -> None:
    assert 0.2 < scale_for([value]).share(value) < 0.8


def test_a_tight_scale_ends_with_its_values() -> None:
    scale = scale_for([3.0, 147.0], ticks=6, is_tight=True)
    assert (scale.low, scale.high) == (3.0, 147.0)
    assert list(scale.ticks) == [25.0, 50.0, 75.0, 100.0, 125.0]


def test_a_higher_value_is_drawn_higher_and_a_later_step_further_right() -> None:
    corners = re.search('points="(.*?)"', drawn((1, 2.0), (5, 4.0)))
    assert corners is not None
    (left, low), (right, high) = (map(float, corner.split(",")) for corner in corners[1].split())
    assert (left, right) == (0.0, 1000.0)
    assert low > high


def test_a_marked_point_tells_its_value() -> None:
    assert "<title>step 5: 4.0</title>" in drawn((5, 4.0), has_dots=True)


def test_values_that_are_no_numbers_are_left_out_and_nothing_is_no_chart() -> None:
    assert "nan" not in drawn((1, math.nan), (2, 1.0), (3, math.inf))
    assert chart("Loss", "nats", [Series("train", "training", [(1, math.nan)])], shown=str) is None


def test_a_hundred_thousand_steps_are_drawn_with_a_few_hundred_points_and_no_spike_is_lost() -> None:
    points = [(float(step), 1.0) for step in range(100_000)]
    points[31_415] = (31_415.0, 9.0)
    kept = thinned(points)
    assert len(kept) <= 602
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    assert (31_415.0, 9.0) in kept
    assert list(kept) == sorted(kept)


def test_an_amount_is_drawn_from_zero() -> None:
    found = chart(
        "Memory", "", [Series("train", "m", [(1, 430.0), (2, 431.0)])], shown="{:g}".format, is_from_zero=True
    )
    assert found is not None
    assert ">0</text>" in found.plot


def test_a_series_is_what_was_logged_of_a_figure() -> None:
    rows = [{"step": 1, "loss": 2.0}, {"step": 2, "loss": None}, {"step": 2, "eval_loss": 3.0}, {"loss": 1.0}]
    assert series_of(rows, "loss") == [(1.0, 2.0)]
