"""Where a signal begins to cost and where it rejects a text, from texts that a model has not seen.

A corpus is accepted as it is, so what rejects its own texts is wrong by definition: a hard limit lies where next to
none of its unseen texts are. How far out that is, a few extreme ones say badly; so the tail beyond the soft limit is
taken to fall off exponentially by its mean excess, which all of it says together (peaks over threshold).

A corpus of one kind of text would forbid every other word, and one of lists would let anything pass. So hard limits
stay within `_RANGES`, which half of the federal laws, misread and shuffled, have shown to be right for German.

A handful of extreme texts from some fifty documents say little about the next thousand documents: of a small corpus
they set limits that rejected .5 % of unseen sections beside what a profile rejects. So the fewer texts were held out,
the more a limit is one of `_WIDE`, beyond which next to no section of unseen laws was, by models of 250 of them. It
finds less that is spoilt, and a corpus that grows brings its limits nearer.

Source: Pickands 1975, https://doi.org/10.1214/aos/1176343003
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from backend.datasets.language.fluency.model import FluencySignals

_SOFT = 0.01
# share of unseen texts that each hard limit rejects; damage and order tell most, so most of it is theirs
_BUDGET = {"out_of_vocabulary": 0.0001, "damaged_words": 0.0007, "bits_per_word": 0.0001, "order_gain": 0.0005}
_RANGES = {
    "out_of_vocabulary": (0.3, 0.9),
    "damaged_words": (0.03, 0.08),
    "bits_per_word": (13.0, math.inf),
    "order_gain": (-0.5, 0.5),
}
_WIDE = {"out_of_vocabulary": 0.7, "damaged_words": 0.15, "bits_per_word": 13.0, "order_gain": -1.1}
_ENOUGH = 5_000  # texts, fifty of which lie beyond the soft limit; as many speak for themselves
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
    known = values[~np.isnan(values)] * (-1 if is_minimum else 1)
    soft = float(np.quantile(known, 1 - _SOFT, method="higher"))
    beyond = known[known > soft] - soft
    hard = soft + (float(beyond.mean()) if len(beyond) else 0.0) * math.log(_SOFT / share)
    if is_minimum:
        soft, hard = -soft, -hard
    return FluencyLimit(signal, soft, _widened(signal, hard, len(known)), is_minimum)


def _widened(signal: str, hard: float, texts: int) -> float:
    """The limit that so many texts tell, within the range of its signal, nearer to a wide one for few."""
    least, most = _RANGES[signal]
    told = min(max(hard, least), most)
    trust = min(texts / _ENOUGH, 1.0)
    return trust * told + (1 - trust) * _WIDE[signal]
