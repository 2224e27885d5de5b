"""What feedback teaches, and what it never does."""

import pytest

from shared.models.feedback import FeedbackState
from shared.models.targets import PreferencePair, preference_pair_of, target_of
from tests.support.store_values import some_feedback

REJECTED = {"state": FeedbackState.REJECTED, "reason": "answer_empty"}


@pytest.mark.parametrize(("score", "is_target"), [(1.0, True), (0.5, True), (0.49, False), (0.0, False), (-1.0, False)])
def test_only_a_praised_answer_is_a_target(score: float, is_target: bool) -> None:
    item = some_feedback(1, score=score)
    assert target_of(item) == (item.answer if is_target else None)


@pytest.mark.parametrize("score", [1.0, 0.0, -1.0])
def test_a_correction_is_the_target_and_never_the_answer_it_corrects(score: float) -> None:
    assert target_of(some_feedback(1, score=score, correction="Sieben Euro.")) == "Sieben Euro."


def test_the_threshold_can_be_chosen() -> None:
    item = some_feedback(1, score=0.3)
    assert target_of(item, min_score=0.3) == item.answer
    assert target_of(some_feedback(1, score=-1.0), min_score=-0.9) is None


def test_what_was_rejected_teaches_nothing() -> None:
    assert target_of(some_feedback(1, **REJECTED)) is None
    assert target_of(some_feedback(1, correction="Sieben Euro.", **REJECTED)) is None
    assert preference_pair_of(some_feedback(1, correction="Sieben Euro.", **REJECTED)) is None


def test_a_correction_is_preferred_over_its_answer() -> None:
    item = some_feedback(1, correction="Sieben Euro.", score=-1.0)
    assert preference_pair_of(item) == PreferencePair(item.prompt, chosen="Sieben Euro.", rejected=item.answer)
    assert preference_pair_of(some_feedback(1, score=-1.0)) is None


def test_there_is_no_pair_with_an_empty_side() -> None:
    assert preference_pair_of(some_feedback(1, correction="Sieben Euro.", answer=" \n")) is None
