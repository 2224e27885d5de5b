"""Figures that end a run, and figures that must not."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.training.trainers.run.watchdogs import (
    GradientSpike,
    LossNotFinite,
    LossSpike,
    LossZero,
    RunDiverged,
    UsualRange,
    Watchdog,
    check_figures,
)
from backend.training.training_config import TrainingSection


def test_figures_that_end_a_run() -> None:
    check_figures(1, loss=0.5, grad_norm=1.0)
    for loss, norm, what in ((float("nan"), 1.0, "loss"), (float("inf"), 1.0, "loss"), (1.0, float("nan"), "norm")):
        with pytest.raises(LossNotFinite, match=f"{what} became NaN or infinite at step 7"):
            check_figures(7, loss=loss, grad_norm=norm)
    with pytest.raises(LossZero, match="step 7"):
        check_figures(7, loss=0.0, grad_norm=1.0)


def watch(losses: list[float], norms: list[float] | None = None, **training: float | None) -> int:
    """The step at which a run with these figures ends; 0 if it does not."""
    watchdog = Watchdog(TrainingSection(**training))  # type: ignore[arg-type]  # names are checked by the model
    for step, (loss, norm) in enumerate(zip(losses, norms or [1.0] * len(losses), strict=True), start=1):
        try:
            watchdog.look(step, loss=loss, grad_norm=norm)
        except RunDiverged:
            return step
    return 0


@given(st.lists(st.floats(0.5, 1.5), min_size=1, max_size=120))
def test_noise_ends_no_run(losses: list[float]) -> None:
    assert watch(losses, losses) == 0


def test_four_spikes_in_a_row_are_no_end_and_five_are() -> None:
    calm, spike = [1.0] * 30, [9.0]
    assert watch([*calm, *spike * 4, *calm, *spike * 4, *calm]) == 0
    assert watch([*calm, *spike * 5]) == 35
    assert watch(calm + [1.0] * 5, [1.0] * 30 + [101.0] * 5) == 35


def test_a_spike_is_told_from_the_rise_of_a_tiny_loss() -> None:
    assert watch([0.01] * 30 + [0.5] * 30) == 0
    assert watch([0.01] * 30 + [1.5] * 30) == 35


def test_nothing_is_judged_before_it_is_known_what_is_usual() -> None:
    assert watch([1.0] * 10 + [9.0] * 60) == 0


def test_what_counts_as_too_far_can_be_set_or_left_out() -> None:
    losses = [1.0] * 30 + [9.0] * 30
    assert watch(losses, loss_spike_factor=10) == 0
    assert watch(losses, loss_spike_factor=None) == 0
    assert watch([1.0] * 60, losses, grad_norm_spike_factor=5) == 35


def test_the_errors_say_what_was_usual_and_what_to_change() -> None:
    assert "3.5, usual were 1," in LossSpike(7, 3.5, 1.0).message
    assert "training.learning_rate" in GradientSpike(7, 3.5, 1.0).message
    assert "step-000005.e1" in LossNotFinite(7, "loss").with_checkpoint("step-000005.e1").message
    assert "no checkpoint" in LossZero(1).with_checkpoint(None).message


@given(
    losses=st.lists(st.sampled_from([1.0, 9.0]), min_size=30, max_size=60),
    cut=st.integers(0, 60),
)
def test_a_watch_that_goes_on_from_its_state_judges_as_one_that_was_never_cut(losses: list[float], cut: int) -> None:
    whole, parts = UsualRange(3.0), UsualRange(3.0)
    for number, loss in enumerate([1.0] * 20 + losses):
        if number == cut:
            state, parts = parts.state(), UsualRange(3.0)
            parts.restore(state)
        assert whole.is_left_for_good(loss) == parts.is_left_for_good(loss)
        assert (whole.median, whole.is_left) == (parts.median, parts.is_left)
    assert math.isfinite(whole.median)
