"""All installed filters over one text, judged by a profile: a score in 0..1, a decision and its reasons.

score = exp(-sum of weight * clip((x - soft) / (hard - soft), 0, 1))
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from backend.datasets.quality import filters
from backend.datasets.quality.base import BaseFilter
from backend.datasets.quality.profile import DEFAULT, InvalidProfile, Judgement, Profile, built_in
from backend.datasets.quality.reading import Reading
from shared.utils.discovery import classes_in


class Decision(StrEnum):
    """What a profile says about a text; the threshold of a dataset is applied on top."""

    KEEP = "keep"
    REVIEW = "review"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is known about the quality of one text.

    Args:
        score: 1 where nothing was found, falling towards 0.
        reasons: For a rejection the reasons of the profile, else the signals that cost something, the dearest first.
        signals: Every measured value.
        profile_version: `Profile.key`.
    """

    score: float
    decision: Decision
    reasons: tuple[str, ...]
    signals: Mapping[str, float]
    profile_version: str


class QualityPipeline:
    """Measures with every filter and judges by one profile.

    Args:
        profile: None for the default.
        installed: Filters to use; None for every one in the folder.

    Raises:
        InvalidProfile: If it has limits for a signal that no filter measures.
    """

    def __init__(self, profile: Profile | None = None, *, installed: Sequence[BaseFilter] | None = None) -> None:
        self._profile = profile or built_in(DEFAULT)
        self._filters = tuple(installed_filters(self._profile.language) if installed is None else installed)
        self.profile_version = self._profile.key
        measured = {signal for each in self._filters for signal in each.signals}
        if unknown := sorted({limit.signal for limit in self._profile.limits} - measured):
            known = ", ".join(sorted(measured))
            raise InvalidProfile(self._profile.name, f"no filter measures {', '.join(unknown)}; measured are {known}")

    def assess(self, text: str) -> Assessment:
        """Judge a normalised text."""
        reading = Reading(text)
        signals = {name: value for each in self._filters for name, value in each.measure(reading).items()}
        judged = self._profile.judge(signals, reading.word_count)
        score = round(math.exp(-sum(judged.penalties.values())), 6)
        costly = sorted(judged.penalties, key=lambda signal: (-judged.penalties[signal], signal))
        reasons = tuple(judged.rejections or costly)
        return Assessment(score, self._decision(score, judged), reasons, signals, self.profile_version)

    def _decision(self, score: float, judged: Judgement) -> Decision:
        if judged.rejections:
            return Decision.REJECT
        return Decision.REVIEW if score < self._profile.review_below else Decision.KEEP


def installed_filters(language: str = "de") -> list[BaseFilter]:
    """One of every filter in the folder."""
    return [cls(language) for cls in classes_in(filters, BaseFilter)]  # type: ignore[type-abstract]  # mypy#4717
