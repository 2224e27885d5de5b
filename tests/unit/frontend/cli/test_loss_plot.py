"""The loss curve in the terminal."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend.cli.loss_plot import loss_plot

FLOATS = st.floats(allow_nan=True, allow_infinity=True)


def test_a_falling_loss_falls_from_the_upper_left_to_the_lower_right() -> None:
    lines = loss_plot([(step, 100 - step) for step in range(100)], width=40, height=5).splitlines()
    columns = [next(n for n, sign in enumerate(line[6:]) if sign not in " ⠀") for line in lines[:5]]
    assert columns == sorted(columns)
    assert columns[0] < 2 < 25 < columns[-1]


def test_the_ranges_of_loss_and_step_are_written_at_the_axes() -> None:
    lines = loss_plot([(5, 4.25), (120, 0.5)], width=40, height=7).splitlines()
    assert lines[0].startswith("4.25 ┤")
    assert lines[6].lstrip().startswith("0.5 ┤")
    assert lines[-1].split() == ["5", "120"]


@given(st.lists(st.tuples(FLOATS, FLOATS), max_size=50), st.integers(-5, 120), st.integers(-5, 30))
def test_no_line_is_wider_than_asked_and_no_figure_breaks_it(
    points: list[tuple[float, float]], width: int, height: int
) -> None:
    plot = loss_plot(points, width=width, height=height)
    assert bool(plot) == any(math.isfinite(x) and math.isfinite(y) for x, y in points)
    assert all(len(line) <= max(width, 20) for line in plot.splitlines())


@pytest.mark.parametrize("points", [[(1, 2.0)], [(1, 2.0), (2, 2.0)], [(3, 1.0), (3, 2.0)]])
def test_single_points_flat_curves_and_equal_steps_are_drawn(points: list[tuple[float, float]]) -> None:
    drawn = loss_plot(points)
    assert any(0x2800 < ord(sign) <= 0x28FF for sign in drawn)


def test_the_order_of_the_points_does_not_matter() -> None:
    points = [(step, math.exp(-step / 9)) for step in range(40)]
    assert loss_plot(points) == loss_plot(list(reversed(points)))
