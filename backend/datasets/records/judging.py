"""Found sections with what the profile says of them and what a person decided, who has the last word."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from backend.datasets.quality.apart import Judge
from backend.datasets.quality.batches import batched
from backend.datasets.quality.normalise import normalise
from backend.datasets.quality.pipeline import Assessment, Decision
from backend.datasets.records.candidates import Candidate
from shared.models.review import ReviewState, text_key_of

REJECTED_BY_REVIEW = "rejected_by_review"

RulingsOf = Callable[[Sequence[str]], Mapping[str, ReviewState]]
"""What people decided about texts, by `text_key_of`: `ReviewStore.rulings`."""


@dataclass(frozen=True, slots=True)
class JudgedSection:
    """A found section that was judged.

    Args:
        candidate: With its words, its score, and whether a ruling spares it.
        text: Normalised.
        text_key: Its identity, by which rulings are found.
        assessment: Of the profile.
        ruling: Of a person, if there is one.
    """

    candidate: Candidate
    text: str
    text_key: str
    assessment: Assessment
    ruling: ReviewState | None

    @property
    def reason_to_drop(self) -> str | None:
        """Why it must not be used, whatever score the dataset asks for; None if it may be."""
        if self.ruling is ReviewState.REJECTED:
            return REJECTED_BY_REVIEW
        is_rejected = self.assessment.decision is Decision.REJECT and not self.candidate.is_spared
        return self.assessment.reasons[0] if is_rejected else None


def judged_sections(found: Iterable[Candidate], pipeline: Judge, rulings_of: RulingsOf) -> Iterator[JudgedSection]:
    """Judge sections while they pass by, in their order; rulings are looked up for many texts at once."""
    assessed = pipeline.assess_each(found, text_of=lambda each: normalise(each.section.text))
    for batch in batched(assessed, size_of=lambda each: len(each[1])):
        keys = [text_key_of(text) for _, text, _ in batch]
        rulings = rulings_of(keys)
        for key, (candidate, text, assessment) in zip(keys, batch, strict=True):
            ruling = rulings.get(key)
            judged = replace(
                candidate,
                words=int(assessment.signals["words"]),
                quality=assessment.score,
                is_spared=ruling is ReviewState.KEPT,
                normalised=text,
            )
            yield JudgedSection(judged, text, key, assessment, ruling)
