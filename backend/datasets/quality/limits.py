"""Where a signal begins to cost and where it rejects a text."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TABLE_SHARE = "table_share"
"""Signal that tells which texts limits that spare tables do not reject."""
MOSTLY = 0.5
"""From this share on a text is a table."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Where a signal begins to cost (`soft`) and where it rejects the text (`hard`).

    Args:
        signal: Name of the signal.
        soft: Last value that costs nothing.
        hard: Last value that is not rejected; between the two the penalty rises from 0 to 1.
        reason: Short reason of a rejection.
        is_minimum: Whether small values are the bad ones.
        weight: Factor of the penalty in the score.
        min_words: The limit is silent for shorter texts.
        max_words: The limit is silent for longer texts.
        spares_tables: Costs, but does not reject, where most of a text stands in tables whose cells are marked.
    """

    signal: str
    soft: float
    hard: float
    reason: str
    is_minimum: bool
    weight: float = 1.0
    min_words: int = 0
    max_words: float = math.inf
    spares_tables: bool = False

    def applies(self, word_counts: "NDArray[np.int64]") -> "NDArray[np.bool_]":
        """Which texts are of a length that it judges, shape (texts,)."""
        return (word_counts >= self.min_words) & (word_counts <= self.max_words)

    def penalties(self, values: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """0 up to the soft limit, 1 from the hard one on, linear in between; NaN for NaN, shape (texts,)."""
        if self.soft == self.hard:
            return self.rejects(values).astype(float)
        return ((values - self.soft) / (self.hard - self.soft)).clip(0.0, 1.0)

    def rejects(self, values: "NDArray[np.float64]") -> "NDArray[np.bool_]":
        """Which values lie beyond the hard limit, shape (texts,)."""
        return values < self.hard if self.is_minimum else values > self.hard

    def rejected(self, signals: "Mapping[str, NDArray[np.float64]]") -> "NDArray[np.bool_]":
        """Which texts it rejects by their signals, its own among them, shape (texts,)."""
        beyond = self.rejects(signals[self.signal])
        if self.spares_tables and TABLE_SHARE in signals:
            return beyond & ~(signals[TABLE_SHARE] >= MOSTLY)
        return beyond
