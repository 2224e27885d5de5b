"""Numbers, sizes and times as people read them."""

from datetime import UTC, datetime, timedelta

import pytest

from frontend.cli import formats

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("size_bytes", "expected"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KB"), (150 << 20, "150 MB"), (5 << 50, "5120 TB")],
)
def test_sizes_take_the_fitting_unit(size_bytes: int, expected: str) -> None:
    assert formats.size(size_bytes) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.25, "0.2 s"), (59.6, "1 min 00 s"), (42, "42 s"), (3720, "1 h 02 min"), (float("inf"), "?"), (-1, "?")],
)
def test_durations_take_the_fitting_unit(seconds: float, expected: str) -> None:
    assert formats.duration(seconds) == expected


@pytest.mark.parametrize(
    ("elapsed", "expected"),
    [
        (timedelta(seconds=1), "just now"),
        (timedelta(seconds=-30), "just now"),
        (timedelta(seconds=59), "59 s ago"),
        (timedelta(minutes=3, seconds=50), "3 min ago"),
        (timedelta(hours=30), "1 d ago"),
    ],
)
def test_moments_are_told_by_their_distance(elapsed: timedelta, expected: str) -> None:
    assert formats.ago(NOW - elapsed, NOW) == expected


def test_a_moment_without_a_zone_is_utc() -> None:
    assert formats.ago(datetime(2026, 1, 5, 11), NOW) == "1 h ago"  # noqa: DTZ001 - the case under test


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (1234567, "1,234,567"),
        (2.25, "2.250"),
        (0.0002, "2.0e-04"),
        (0.0, "0.000"),
        ("x", "x"),
        (True, "True"),
    ],
)
def test_figures_are_grouped_and_rounded(value: object, expected: str) -> None:
    assert formats.number(value) == expected
