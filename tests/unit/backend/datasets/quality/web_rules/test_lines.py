"""Paragraphs and lines, as regular expressions would split them but faster."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.datasets.quality.web_rules.lines import lines_of, paragraphs_of, repeated

TEXTS = st.text(alphabet="ab \n\t", max_size=30)


@given(TEXTS)
@example("a\n\n\nb")
@example("")
def test_paragraphs_stand_between_two_or_more_line_feeds(text: str) -> None:
    assert list(paragraphs_of(text)) == re.split(r"\n{2,}", text.strip())


@given(TEXTS)
@example("\n\n")
@example("\n")
def test_lines_stand_between_line_feeds(text: str) -> None:
    assert list(lines_of(text)) == re.split(r"\n+", text)


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [([], (0, 0)), (["a", "b"], (0, 0)), (["ab", "ab"], (1, 2)), (["ab", "c", "ab", "ab", "c"], (3, 5))],
)
def test_every_piece_after_its_first_like_counts(pieces: list[str], expected: tuple[int, int]) -> None:
    assert repeated(pieces) == expected
