"""Where a signal begins to cost and where it rejects a text, from quantiles of texts that a model has not seen.

A corpus is accepted as it is, so what rejects its own texts is wrong by definition: hard limits lie where all of them
together reject 0.23 % of unseen texts at most. Damage and order tell most, so most of that is theirs. A corpus of one
kind of text would forbid every other word, so no hard limit is stricter than `_MILDEST` says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from backend.datasets.language.fluency.model import FluencySignals

_SOFT = 0.01
# share of unseen texts that each hard limit rejects
_BUDGET = {"out_of_vocabulary": 0.0003, "damaged_words": 0.001, "bits_per_word": 0.0002, "order_gain": 0.0008}
_MILDEST = {"out_of_vocabulary": 0.3, "damaged_words": 0.03, "bits_per_word": 13.0, "order_gain": 0.5}
_MINIMA = frozenset(("order_gain",))


@dataclass(frozen=True, slots=True)
class FluencyLimit:
    """Limits of one signal.

    Args:
        signal: Name of the signal.
        soft: Last value that costs nothing; 1 % of unseen texts lie beyond it.
        hard: Last value that is not rejected.
        is_minimum: Whether small values are the bad ones.
    """

    signal: str
    soft: float
    hard: float
    is_minimum: bool

    def rejects(self, value: float) -> bool:
        """Whether a value lies beyond the hard limit; NaN never does."""
        return value < self.hard if self.is_minimum else value > self.hard


def limits_of(signals: "FluencySignals") -> tuple[FluencyLimit, ...]:
    """Limits from signals of texts that a model has not seen; some must not be NaN."""
    return tuple(_limit(signal, getattr(signals, signal), share) for signal, share in _BUDGET.items())


def rejected(signals: "FluencySignals", limits: "Sequence[FluencyLimit]") -> "NDArray[np.bool]":
    """Whether any limit rejects a text, shape (texts,); a NaN never does."""
    import numpy as np

    verdicts = np.zeros(len(signals.words), dtype=bool)
    for limit in limits:
        values = getattr(signals, limit.signal)
        verdicts |= values < limit.hard if limit.is_minimum else values > limit.hard
    return verdicts


def _limit(signal: str, values: "NDArray[np.float64]", share: float) -> FluencyLimit:
    import numpy as np

    is_minimum = signal in _MINIMA
    # the limit itself is a value that was met, and is not rejected
    shares = (_SOFT, share) if is_minimum else (1 - _SOFT, 1 - share)
    soft, hard = map(float, np.quantile(values[~np.isnan(values)], shares, method="lower" if is_minimum else "higher"))
    mildest = min(hard, _MILDEST[signal]) if is_minimum else max(hard, _MILDEST[signal])
    return FluencyLimit(signal, soft, mildest, is_minimum)
