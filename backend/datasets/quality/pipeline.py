"""All installed filters over one text: a score in 0..1, a decision and its reasons.

score = exp(-sum of weight * clip((x - soft) / (hard - soft), 0, 1))
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from backend.datasets.quality import filters
from backend.datasets.quality.base import BaseFilter
from backend.datasets.quality.reading import Reading
from shared.utils.discovery import classes_in

PROFILE = "legal-de-1"
REVIEW_BELOW = 0.7
"""Kept texts with a lower score deserve a look."""


class Decision(StrEnum):
    """What the filters say about a text; the threshold of a dataset is applied on top."""

    KEEP = "keep"
    REVIEW = "review"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is known about the quality of one text.

    Args:
        score: 1 where nothing was found, falling towards 0.
        reasons: For a rejection the filters' reasons, else the signals that cost something, the dearest first.
        signals: Every measured value.
        profile_version: Name of the profile and a digest of all its limits.
    """

    score: float
    decision: Decision
    reasons: tuple[str, ...]
    signals: Mapping[str, float]
    profile_version: str


class QualityPipeline:
    """Filters in order of precedence.

    Args:
        installed: Filters to use; None for every one in the folder with its own limits.
    """

    def __init__(self, installed: Sequence[BaseFilter] | None = None) -> None:
        chosen = installed_filters() if installed is None else installed
        self._filters = sorted(chosen, key=lambda each: (each.precedence, each.name))
        self.profile_version = f"{PROFILE}+{_digest(self._filters)}"

    def assess(self, text: str) -> Assessment:
        """Judge a normalised text."""
        reading = Reading(text)
        signals: dict[str, float] = {}
        rejections: list[str] = []
        penalties: dict[str, float] = {}
        for each in self._filters:
            measured = each.measure(reading)
            reason = each.verdict(measured, reading.word_count)
            if reason is not None and reason not in rejections:
                rejections.append(reason)
            penalties.update(each.penalties(measured, reading.word_count))
            signals.update(measured)
        score = round(math.exp(-sum(penalties.values())), 6)
        costly = sorted(penalties, key=lambda signal: (-penalties[signal], signal))
        return Assessment(score, _decide(score, rejections), tuple(rejections or costly), signals, self.profile_version)


def installed_filters() -> list[BaseFilter]:
    """One of every filter in the folder, with its own limits."""
    return [cls() for cls in classes_in(filters, BaseFilter)]  # type: ignore[type-abstract]  # mypy#4717


def _decide(score: float, rejections: Sequence[str]) -> Decision:
    if rejections:
        return Decision.REJECT
    return Decision.REVIEW if score < REVIEW_BELOW else Decision.KEEP


def _digest(used: Sequence[BaseFilter]) -> str:
    limits = repr([(each.name, each.active_limits) for each in used])
    return hashlib.blake2b(limits.encode(), digest_size=4).hexdigest()
