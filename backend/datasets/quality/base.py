"""The contract of a quality filter: measure signals, and say with limits what they cost.

A new filter is one new file in `filters/` with one subclass of `BaseFilter`; the pipeline finds it. It states its
limits as class data, calibrated on German law (profile `legal-de`, datasets.md b.3). To calibrate on another corpus,
construct the filter with other limits: `DigitShareFilter([Limit.at_most("digit_share", soft=0.2, hard=0.4)])`.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from backend.datasets.quality.reading import Reading


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

    @classmethod
    def at_least(
        cls,
        signal: str,
        *,
        soft: float,
        hard: float,
        reason: str = "",
        min_words: int = 0,
        max_words: float = math.inf,
    ) -> "Limit":
        """A signal whose small values are bad."""
        return cls(signal, soft, hard, reason or signal, is_minimum=True, min_words=min_words, max_words=max_words)

    @classmethod
    def at_most(
        cls,
        signal: str,
        *,
        soft: float,
        hard: float,
        reason: str = "",
        min_words: int = 0,
        max_words: float = math.inf,
    ) -> "Limit":
        """A signal whose large values are bad."""
        return cls(signal, soft, hard, reason or signal, is_minimum=False, min_words=min_words, max_words=max_words)

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


class BaseFilter(ABC):
    """One family of signals with their limits."""

    name: ClassVar[str]
    limits: ClassVar[Sequence[Limit]]
    precedence: ClassVar[int] = 50
    """Whose reason is named where several filters reject a text: the lowest number's."""

    def __init__(self, limits: Sequence[Limit] | None = None) -> None:
        self.active_limits = tuple(self.limits if limits is None else limits)

    @abstractmethod
    def measure(self, reading: Reading) -> Mapping[str, float]:
        """Signals of a text by name; a signal that makes no sense for it (too short) is left out."""

    def verdict(self, signals: Mapping[str, float], word_count: int) -> str | None:
        """None to keep the text, or the short reason to drop it."""
        for limit in self.active_limits:
            if limit.signal in signals and limit.applies(word_count) and limit.rejects(signals[limit.signal]):
                return limit.reason
        return None

    def penalties(self, signals: Mapping[str, float], word_count: int) -> Mapping[str, float]:
        """Weighted penalty per signal that costs something."""
        costs: dict[str, float] = {}
        for limit in self.active_limits:
            if limit.signal in signals and limit.applies(word_count):
                cost = limit.weight * limit.penalty(signals[limit.signal])
                if cost > 0:
                    costs[limit.signal] = costs.get(limit.signal, 0.0) + cost
        return costs
