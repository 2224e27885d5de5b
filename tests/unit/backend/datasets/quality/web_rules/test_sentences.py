"""Sentences of a line are counted."""

import pytest

from backend.datasets.quality.web_rules.sentences import sentence_count


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("One sentence", 1),
        ("One. Two.", 2),
        ("One! (Two?) Three.", 3),
        ("Dr. Who is here.", 1),
        ("One...", 1),
        ("One ... two.", 1),
        ('He said "Go." Then he went.', 2),
        ("One.Two.", 2),
        ("一。二", 1),
        ("One . ! two.", 2),
        ("One .  ! two.", 3),
        ("One.\tTwo.", 2),
    ],
)
def test_a_sentence_begins_where_a_word_follows_an_end(line: str, count: int) -> None:
    assert sentence_count(line) == count
