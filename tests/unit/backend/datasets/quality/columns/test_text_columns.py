"""Columns that filters share."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.quality.columns import TextColumns
from backend.datasets.quality.kinds import Kind


@given(st.lists(st.text(), max_size=6))
def test_tokens_are_what_stands_between_white_space(texts: list[str]) -> None:
    columns = TextColumns(texts)
    starts, ends = columns.tokens

    assert columns.count_places(starts).tolist() == [len(text.split()) for text in texts]
    assert (ends - starts).tolist() == [len(token) for text in texts for token in text.split()]


def test_characters_are_counted_by_kind_and_text() -> None:
    columns = TextColumns(["§ 12", "", "3 Äpfel"])

    assert columns.lengths.tolist() == [4, 0, 7]
    assert columns.count(Kind.DIGIT).tolist() == [2, 0, 1]
    assert columns.count(Kind.SYMBOL).tolist() == [1, 0, 0]


def test_a_running_count_holds_what_stands_at_a_place_and_before() -> None:
    columns = TextColumns(["1a2"])

    # a separator stands on either side
    assert columns.running_count(Kind.DIGIT).tolist() == [0, 1, 1, 2, 2]


def test_a_share_of_nothing_is_no_number() -> None:
    shares = TextColumns.share(np.array([1, 0]), np.array([4, 0]))

    assert shares[0] == 0.25
    assert np.isnan(shares[1])


def test_words_and_tokens_are_found_once() -> None:
    columns = TextColumns(["Ein Wort"])

    assert columns.words is columns.words
    assert columns.words.groups is columns.words.groups
    assert columns.tokens is columns.tokens
