"""Stretches of time, by name."""

from backend.training.utils.laps import Laps


def test_a_lap_is_the_time_since_the_one_before() -> None:
    times = iter([10.0, 10.25, 12.0, 12.5, 15.0])
    laps = Laps(lambda: next(times))
    laps.lap("imports")
    laps.lap("model")
    laps.lap("imports")
    assert laps.seconds == {"imports": 0.75, "model": 1.75}


def test_a_time_that_was_measured_elsewhere_counts_as_it_is() -> None:
    times = iter([0.0, 5.0, 6.0])
    laps = Laps(lambda: next(times))
    laps.lap("process", seconds=0.4567)
    laps.lap("order")
    assert laps.seconds == {"process": 0.457, "order": 1.0}
