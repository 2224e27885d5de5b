"""Feedback as a value: when two items are the same."""

import pytest

from shared.models.feedback import digest_of, score_of_rating
from tests.support.store_values import some_feedback


def test_ratings_become_scores() -> None:
    assert [score_of_rating(rating) for rating in range(1, 6)] == [-1.0, -0.5, 0.0, 0.5, 1.0]


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": " Wie hoch ist  die\nGebühr Nummer 1? "},
        {"prompt": "Wie hoch ist die Gebu\u0308hr Nummer 1?"},
        {"score": -1.0, "source": "review", "importance": 3, "created_by": "b@amt.example"},
    ],
)
def test_spaces_unicode_forms_and_who_says_it_make_no_other_item(changes: dict[str, object]) -> None:
    assert some_feedback(1, **changes).content_sha256 == some_feedback(1).content_sha256


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": "wie hoch ist die gebühr nummer 1?"},
        {"answer": "Die Gebühr beträgt 1 Euro!"},
        {"correction": "Die Gebühr beträgt 1 Euro."},
        {"correction": ""},
    ],
)
def test_other_texts_make_another_item(changes: dict[str, object]) -> None:
    assert some_feedback(1, **changes).content_sha256 != some_feedback(1).content_sha256


def test_texts_cannot_be_shifted_between_fields() -> None:
    assert digest_of("a b", "c") != digest_of("a", "b c")
    assert digest_of("a", None) != digest_of("a", "")
