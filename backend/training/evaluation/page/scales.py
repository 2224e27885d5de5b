"""Where values lie on an axis, and which of them are written beside it."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Scale:
    """A stretch of numbers on an axis.

    Args:
        low: Value at the beginning of the axis.
        high: Value at its end; greater than `low`.
        ticks: Values that are written beside it.
    """

    low: float
    high: float
    ticks: Sequence[float]

    def share(self, value: float) -> float:
        """How far along the axis a value lies, 0 … 1."""
        return (value - self.low) / (self.high - self.low)


def scale_for(values: Iterable[float], *, ticks: int = 4, is_tight: bool = False) -> Scale:
    """A scale with about so many round ticks that holds all values.

    Args:
        values: Finite numbers; none: 0 … 1.
        ticks: Ticks wanted.
        is_tight: Whether the axis ends with the values instead of the next tick.
    """
    found = list(values) or [0.0, 1.0]
    low, high = min(found), max(found)
    if low == high:
        margin = abs(low) / 2 or 0.5
        low, high = low - margin, high + margin
    step = _round_step((high - low) / ticks)
    first, last = math.floor(low / step), math.ceil(high / step)
    marks = [number * step for number in range(first, last + 1)]
    if not is_tight:
        return Scale(marks[0], marks[-1], marks)
    return Scale(low, high, [mark for mark in marks if low <= mark <= high])


def _round_step(wanted: float) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that is not below `wanted`."""
    power: float = 10.0 ** math.floor(math.log10(wanted))
    return next(step * power for step in _STEPS if step * power >= wanted * (1 - 1e-9))
