"""Where a signal begins to cost and where it rejects a text."""

import math
from dataclasses import dataclass


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
    """

    signal: str
    soft: float
    hard: float
    reason: str
    is_minimum: bool
    weight: float = 1.0
    min_words: int = 0
    max_words: float = math.inf

    def applies(self, word_count: int) -> bool:
        """Whether texts of this length are judged by it."""
        return self.min_words <= word_count <= self.max_words

    def penalty(self, value: float) -> float:
        """0 up to the soft limit, 1 from the hard one on, linear in between."""
        if self.soft == self.hard:
            return float(self.rejects(value))
        return min(1.0, max(0.0, (value - self.soft) / (self.hard - self.soft)))

    def rejects(self, value: float) -> bool:
        """Whether the value lies beyond the hard limit."""
        return value < self.hard if self.is_minimum else value > self.hard
