"""Figures that end a run with a named reason instead of an adapter that is worth nothing."""

import math
import statistics
from collections.abc import Mapping
from typing import Any, Self

from backend.training.training_config import TrainingSection
from shared.errors import InvalidInput

_USUAL_STEPS = 50
_LEAST_STEPS = 20
_PATIENCE = 5
_LEAST_LOSS_RISE = 1.0


class RunDiverged(InvalidInput):
    """A run whose weights are of no use any more, or that learns nothing."""

    code = "run_diverged"

    def __init__(self, step: int, what: str, advice: str) -> None:
        super().__init__(f"{what} at step {step}. {advice}", step=step)
        self.step = step

    def with_checkpoint(self, name: str | None) -> Self:
        """The same error, naming the newest checkpoint from which the run could go on."""
        self.message += f" The last checkpoint before it is {name}." if name else " There is no checkpoint before it."
        self.args = (self.message,)
        return self


class LossNotFinite(RunDiverged):
    """The loss or its gradient became NaN or infinite."""

    code = "loss_not_finite"

    def __init__(self, step: int, what: str) -> None:
        advice = "Lower training.learning_rate, lengthen the warm-up or use float32."
        super().__init__(step, f"The {what} became NaN or infinite", advice)


class LossZero(RunDiverged):
    """The loss is exactly zero: nothing is trained, or the data are a single repeated token."""

    code = "loss_zero"

    def __init__(self, step: int) -> None:
        advice = (
            "The model learns nothing from these records. Check that they are not empty repetitions and that prompt "
            "and completion are not swapped."
        )
        super().__init__(step, "The loss is exactly 0", advice)


class LossSpike(RunDiverged):
    """The loss left its usual range and did not come back."""

    code = "loss_spike"

    def __init__(self, step: int, loss: float, usual: float) -> None:
        advice = (
            "Lower training.learning_rate or training.max_grad_norm, or look for records unlike the others; "
            "training.loss_spike_factor sets what counts as too far."
        )
        super().__init__(
            step, f"The loss is {loss:.3g}, usual were {usual:.3g}, for {_PATIENCE} steps in a row", advice
        )


class GradientSpike(RunDiverged):
    """The norm of the gradient left its usual range and did not come back."""

    code = "grad_norm_spike"

    def __init__(self, step: int, norm: float, usual: float) -> None:
        advice = (
            "Lower training.learning_rate or look for records unlike the others; training.grad_norm_spike_factor sets "
            "what counts as too far."
        )
        what = f"The norm of the gradient is {norm:.3g}, usual were {usual:.3g}, for {_PATIENCE} steps in a row"
        super().__init__(step, what, advice)


def check_figures(step: int, *, loss: float, grad_norm: float) -> None:
    """Let a step pass only if its loss and gradient norm are finite and the loss is not exactly zero.

    Raises:
        LossNotFinite: If one of them is NaN or infinite.
        LossZero: If the loss is 0.
    """
    if not math.isfinite(loss):
        raise LossNotFinite(step, "loss")
    if loss == 0:
        raise LossZero(step)
    if not math.isfinite(grad_norm):
        raise LossNotFinite(step, "gradient norm")


class UsualRange:
    """Whether a figure stays near the median of its last 50 usual values.

    One value outside says nothing: batches differ. Five in a row, each further outside than `factor` times the median,
    do. Values outside never become usual.

    Args:
        factor: How many times the median is too far; None: nothing is.
        least_rise: A value is never too far if it is less than this above the median.
    """

    def __init__(self, factor: float | None, *, least_rise: float = 0.0) -> None:
        self._factor = factor
        self._least_rise = least_rise
        self._usual: list[float] = []
        self._outside = 0

    @property
    def is_left(self) -> bool:
        """Whether the newest value was outside."""
        return self._outside > 0

    @property
    def median(self) -> float:
        """Of the usual values; NaN before the first."""
        return statistics.median(self._usual) if self._usual else math.nan

    def is_left_for_good(self, value: float) -> bool:
        """Take the next value; whether it is one too many outside."""
        if self._is_outside(value):
            self._outside += 1
            return self._outside >= _PATIENCE
        self._outside = 0
        self._usual = [*self._usual[1 - _USUAL_STEPS :], value]
        return False

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"usual": self._usual, "outside": self._outside}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where `state` was taken."""
        self._usual, self._outside = list(state["usual"]), int(state["outside"])

    def _is_outside(self, value: float) -> bool:
        if self._factor is None or len(self._usual) < _LEAST_STEPS:
            return False
        return value > max(self._factor * self.median, self.median + self._least_rise)


class Watchdog:
    """Looks at every step of a run."""

    def __init__(self, training: TrainingSection) -> None:
        self._ranges = {
            "loss": UsualRange(training.loss_spike_factor, least_rise=_LEAST_LOSS_RISE),
            "grad_norm": UsualRange(training.grad_norm_spike_factor),
        }

    @property
    def is_suspicious(self) -> bool:
        """Whether the newest step was outside: no moment to save, since the spike would be saved with it."""
        return any(usual.is_left for usual in self._ranges.values())

    def look(self, step: int, *, loss: float, grad_norm: float) -> None:
        """Let a step pass, or end the run.

        Raises:
            RunDiverged: In one of its kinds, with what to change.
        """
        check_figures(step, loss=loss, grad_norm=grad_norm)
        usual_loss, usual_norm = self._ranges["loss"], self._ranges["grad_norm"]
        is_loss_lost, is_norm_lost = usual_loss.is_left_for_good(loss), usual_norm.is_left_for_good(grad_norm)
        if is_loss_lost:
            raise LossSpike(step, loss, usual_loss.median)
        if is_norm_lost:
            raise GradientSpike(step, grad_norm, usual_norm.median)

    def state(self) -> dict[str, Any]:
        """For a checkpoint: a run that goes on judges as one that was never cut."""
        return {name: usual.state() for name, usual in self._ranges.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where `state` was taken."""
        for name, usual in self._ranges.items():
            usual.restore(state[name])
