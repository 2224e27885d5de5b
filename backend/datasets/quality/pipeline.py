"""All installed filters over texts, judged by a profile: a score in 0..1, a decision and its reasons.

score = exp(-sum of weight * clip((x - soft) / (hard - soft), 0, 1))
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from backend.datasets.language.identify import MIN_WORDS, UNKNOWN, identify
from backend.datasets.quality import filters as filter_folder
from backend.datasets.quality.base import BaseFilter, Signals
from backend.datasets.quality.batches import MAX_TEXTS, batched
from backend.datasets.quality.fluency_filter import FluencyFilter
from backend.datasets.quality.markup import VERSION as MARKUP_VERSION
from backend.datasets.quality.markup import without_markup
from backend.datasets.quality.normalise import VERSION as NORMALISE_VERSION
from backend.datasets.quality.profile import DEFAULT, InvalidProfile, Judgement, Profile, built_in
from backend.datasets.quality.signal_table import SignalTable, joined
from shared.utils.discovery import classes_in

T = TypeVar("T")

_ALWAYS = "words"  # every user of an assessment may ask how long the text is


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
        language: As `language.identify` names it.
    """

    score: float
    decision: Decision
    reasons: tuple[str, ...]
    signals: Mapping[str, float]
    profile_version: str
    language: str = UNKNOWN


class QualityPipeline:
    """Measures with every filter and judges by one profile.

    Args:
        profile: None for the default.
        installed: Filters to use; None for every one in the folder.
        fluency: Also judges by a model of the accepted corpus, with the model's limits, unless the profile is for
            another language or says that nothing learnt judges.

    Raises:
        InvalidProfile: If it has limits for a signal that no filter measures.
    """

    def __init__(
        self,
        profile: Profile | None = None,
        *,
        installed: Sequence[BaseFilter] | None = None,
        fluency: FluencyFilter | None = None,
    ) -> None:
        chosen = profile or built_in(DEFAULT)
        filters = installed_filters(chosen.language) if installed is None else installed
        filters = [each for each in filters if _is_wanted(each, chosen)]
        fluency = fluency if fluency is not None and _judges_for(chosen, fluency) else None
        self.profile = chosen if fluency is None else replace(chosen, limits=(*chosen.limits, *fluency.limits))
        self._filters = (*filters, *([fluency] if fluency else []))
        self.profile_version = self.profile.key
        ways = [each.way for each in self._filters]
        self.measuring_version = " ".join([f"normalise-{NORMALISE_VERSION}", f"markup-{MARKUP_VERSION}", *ways])
        self._counts = {signal for each in self._filters for signal in each.counts}
        measured = {signal for each in self._filters for signal in each.signals}
        if unknown := sorted({limit.signal for limit in self.profile.limits} - measured):
            known = ", ".join(sorted(measured))
            raise InvalidProfile(self.profile.name, f"no filter measures {', '.join(unknown)}; measured are {known}")

    @property
    def language(self) -> str:
        """Language that texts should be in."""
        return self.profile.language

    def assess(self, text: str) -> Assessment:
        """Judge a normalised text."""
        (assessment,) = self.assess_many([text])
        return assessment

    def assess_many(self, texts: Iterable[str]) -> list[Assessment]:
        """Judge normalised texts; each as if it were alone."""
        return [assessment for _, _, assessment in self.assess_each(texts, text_of=str)]

    def assess_each(
        self, items: Iterable[T], *, text_of: Callable[[T], str], at_once: int = MAX_TEXTS
    ) -> Iterator[tuple[T, str, Assessment]]:
        """Judge whatever has a text while it passes by, in its order, with its normalised text.

        Args:
            items: Read ahead of what is yielded, `at_once` of them at most.
            text_of: Gives the normalised text of an item; called once for each.
            at_once: More are faster, up to some hundred.
        """
        with_texts = ((item, text_of(item)) for item in items)
        for batch in batched(with_texts, size_of=lambda each: len(each[1]), max_items=at_once):
            assessments = self.judge(self._measured([text for _, text in batch]))
            for (item, text), assessment in zip(batch, assessments, strict=True):
                yield item, text, self._with_language(assessment, text)

    def measure(self, texts: Iterable[str]) -> SignalTable:
        """Signals of normalised texts, whatever the profile's limits are."""
        return joined([self._measured(batch) for batch in batched(texts, size_of=len)])

    def judge(self, table: SignalTable) -> Iterator[Assessment]:
        """What the profile says of texts that were measured, now or long ago."""
        judgements = self.profile.judge(table.values, table.words)
        for judged, measured in zip(judgements, self._rows(table.values), strict=True):
            score = round(math.exp(-sum(judged.penalties.values())), 6)
            costly = sorted(judged.penalties, key=lambda signal: (-judged.penalties[signal], signal))
            reasons = tuple(judged.rejections or costly)
            yield Assessment(score, self._decision(score, judged), reasons, measured, self.profile_version)

    def _with_language(self, assessment: Assessment, text: str) -> Assessment:
        """That of the profile where nothing else was measured; the few others have to be looked at again."""
        otherness = assessment.signals.get("other_language")
        if otherness is None or assessment.signals["words"] < MIN_WORDS:
            return assessment
        return replace(assessment, language=identify(text).language if otherness else self.language)

    def _measured(self, texts: Sequence[str]) -> SignalTable:
        from backend.datasets.quality.columns import TextColumns

        columns = TextColumns([without_markup(text) for text in texts], texts)
        signals = {name: values for each in self._filters for name, values in each.measure(columns).items()}
        return SignalTable(signals, columns.word_counts)

    def _rows(self, signals: Signals) -> Iterator[dict[str, float]]:
        """The signals of each text, without those that make no sense for it."""
        columns = [values.tolist() for values in signals.values()]
        # NaN is the one value that is not equal to itself
        for row in zip(*columns, strict=True):
            known = {name: value for name, value in zip(signals, row, strict=True) if value == value}
            yield known | {name: int(known[name]) for name in self._counts & known.keys()}

    def _decision(self, score: float, judged: Judgement) -> Decision:
        if judged.rejections:
            return Decision.REJECT
        return Decision.REVIEW if score < self.profile.review_below else Decision.KEEP


def _is_wanted(each: BaseFilter, profile: Profile) -> bool:
    """Whether a filter measures for a profile: all do by default, those that are optional where they are judged."""
    is_judged = any(limit.signal in each.signals for limit in profile.limits)
    return is_judged or each.name == _ALWAYS or not (each.is_optional or profile.measures_judged_only)


def _judges_for(profile: Profile, fluency: FluencyFilter) -> bool:
    """Words of another language are unknown to a model, so it would reject them all."""
    return profile.heeds_learnt and fluency.language == profile.language


def installed_filters(language: str = "de") -> list[BaseFilter]:
    """One of every filter in the folder."""
    return [cls(language) for cls in classes_in(filter_folder, BaseFilter)]  # type: ignore[type-abstract]  # mypy#4717
