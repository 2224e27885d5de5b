"""Found sections are judged by the profile, and by a person who has the last word."""

from collections.abc import Mapping, Sequence

import pytest

from backend.datasets.quality.batches import MAX_TEXTS
from backend.datasets.quality.normalise import normalise
from backend.datasets.quality.pipeline import QualityPipeline
from backend.datasets.records.judging import JudgedSection, judged_sections
from shared.models.review import ReviewState, text_key_of
from tests.support.legal_texts import GOOD, a_candidate, candidates

STUB = "Siehe oben."


def _judged(text: str, ruling: ReviewState | None) -> JudgedSection:
    def rulings_of(keys: Sequence[str]) -> Mapping[str, ReviewState]:
        return {key: ruling for key in keys if ruling and key == text_key_of(normalise(text))}

    (judged,) = judged_sections([a_candidate(text)], QualityPipeline(), rulings_of)
    return judged


@pytest.mark.parametrize(
    ("text", "ruling", "reason", "is_spared"),
    [
        (GOOD, None, None, False),
        (STUB, None, "stub", False),
        (GOOD, ReviewState.KEPT, None, True),
        (STUB, ReviewState.KEPT, None, True),
        (GOOD, ReviewState.REJECTED, "rejected_by_review", False),
        (STUB, ReviewState.REJECTED, "rejected_by_review", False),
    ],
)
def test_a_ruling_counts_more_than_the_profile(
    text: str, ruling: ReviewState | None, reason: str | None, is_spared: bool
) -> None:
    judged = _judged(text, ruling)

    assert judged.reason_to_drop == reason
    assert (judged.ruling, judged.candidate.is_spared) == (ruling, is_spared)


def test_sections_come_in_their_order_with_words_and_score() -> None:
    found = list(candidates(3))
    judged = list(judged_sections(found, QualityPipeline(), lambda keys: {}))

    assert [each.candidate.stored for each in judged] == [each.stored for each in found]
    assert all(each.candidate.words > 20 for each in judged)
    assert [each.candidate.quality for each in judged] == [each.assessment.score for each in judged]


def test_rulings_are_asked_for_once_per_batch() -> None:
    asked: list[int] = []

    def rulings_of(keys: Sequence[str]) -> Mapping[str, ReviewState]:
        asked.append(len(keys))
        return {}

    count = 4 * MAX_TEXTS
    found = [a_candidate(STUB, path=f"laws/{number}.xml") for number in range(count)]
    assert sum(1 for _ in judged_sections(found, QualityPipeline(), rulings_of)) == count
    assert asked == [MAX_TEXTS] * 4
