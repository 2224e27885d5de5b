"""Running figures of a walk through steps, safe to put into JSON."""

import math
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

# figures of one run are compared with each other over about this many steps
_DEFAULT_WINDOW = 20


class RunningLoss:
    """Weighted mean of the newest values: smooth enough to read, young enough to show what happens now.

    Args:
        window: Values remembered.
    """

    def __init__(self, window: int = _DEFAULT_WINDOW) -> None:
        self._values: deque[tuple[float, float]] = deque(maxlen=window)

    def add(self, loss: float, weight: float = 1.0) -> None:
        """Remember a value; `weight` is the number of tokens it is a mean over."""
        self._values.append((loss, weight))

    @property
    def mean(self) -> float:
        """Mean of what is remembered; NaN before the first value."""
        total = sum(weight for _, weight in self._values)
        return sum(loss * weight for loss, weight in self._values) / total if total else math.nan


class Throughput:
    """Tokens per second and time left, over the newest steps.

    Args:
        clock: Monotonic seconds.
        window: Steps remembered.
    """

    def __init__(self, clock: Callable[[], float], window: int = _DEFAULT_WINDOW) -> None:
        self._clock = clock
        self._marks: deque[tuple[float, int]] = deque([(clock(), 0)], maxlen=window + 1)
        self._tokens = 0

    def add(self, tokens: int) -> None:
        """One step over `tokens` tokens has just ended."""
        self._tokens += tokens
        self._marks.append((self._clock(), self._tokens))

    @property
    def tokens_per_s(self) -> float:
        """Speed over the window; 0 before the first step."""
        (first_s, first), (last_s, last) = self._marks[0], self._marks[-1]
        return (last - first) / (last_s - first_s) if last_s > first_s else 0.0

    def eta_s(self, steps_left: int) -> float:
        """Seconds that `steps_left` steps take at the present pace; 0 before the first step."""
        (first_s, _), (last_s, _) = self._marks[0], self._marks[-1]
        done = len(self._marks) - 1
        return (last_s - first_s) / done * steps_left if done else 0.0


def json_safe(figures: Mapping[str, Any]) -> dict[str, Any]:
    """The figures with NaN and infinity as None (JSON has neither), in mappings and lists too."""
    return {name: _safe(value) for name, value in figures.items()}


def _safe(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return json_safe(value)
    if isinstance(value, list | tuple):
        return [_safe(item) for item in value]
    return value


def perplexity(loss: float) -> float:
    """`exp(loss)`, infinite where that overflows.

    Args:
        loss: Mean negative log-likelihood in nats per token.
    """
    try:
        return math.exp(loss)
    except OverflowError:
        return math.inf
