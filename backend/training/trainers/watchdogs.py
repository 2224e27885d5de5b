"""Figures that end a run with a named reason instead of an adapter that is worth nothing."""

import math

from shared.errors import InvalidInput


class LossNotFinite(InvalidInput):
    """The loss or its gradient became NaN or infinite: the weights are of no use any more."""

    code = "loss_not_finite"

    def __init__(self, step: int, what: str) -> None:
        super().__init__(
            f"The {what} became NaN or infinite at step {step}. Lower training.learning_rate, lengthen the warm-up or "
            "use float32; the last checkpoint before it is intact.",
            step=step,
            what=what,
        )


class LossZero(InvalidInput):
    """The loss is exactly zero: nothing is trained, or the data are a single repeated token."""

    code = "loss_zero"

    def __init__(self, step: int) -> None:
        super().__init__(
            f"The loss is exactly 0 at step {step}: the model learns nothing from these records. Check that they are "
            "not empty repetitions and that prompt and completion are not swapped.",
            step=step,
        )


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
