"""Running figures."""

import math

from backend.training.utils.metrics import RunningLoss, Throughput, json_safe, perplexity


def test_the_running_loss_is_weighted_and_forgets() -> None:
    running = RunningLoss(window=2)
    assert math.isnan(running.mean)
    running.add(9.0, 100)
    running.add(1.0, 3)
    running.add(2.0, 1)
    assert running.mean == 1.25


def test_speed_and_time_left_follow_the_newest_steps() -> None:
    now = [0.0]
    throughput = Throughput(lambda: now[0], window=2)
    assert (throughput.tokens_per_s, throughput.eta_s(5)) == (0.0, 0.0)
    for seconds in (100.0, 2.0, 2.0):
        now[0] += seconds
        throughput.add(50)
    assert throughput.tokens_per_s == 25.0
    assert throughput.eta_s(5) == 10.0


def test_figures_that_json_cannot_hold_become_none() -> None:
    assert json_safe({"a": math.nan, "b": {"c": [1.0, math.inf]}, "d": 2}) == {
        "a": None,
        "b": {"c": [1.0, None]},
        "d": 2,
    }


def test_perplexity_is_the_exponential_and_never_overflows() -> None:
    assert perplexity(0.0) == 1.0
    assert perplexity(1e6) == math.inf
