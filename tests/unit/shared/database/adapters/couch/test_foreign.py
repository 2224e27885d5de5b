"""What is asked of a foreign database: words as expressions, and how hits are scored."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.database.adapters.couch.foreign import _asked_words, _expression, _score


@pytest.mark.parametrize(
    ("word", "texts"),
    [
        ("beschluss", ["Der Beschluß", "BESCHLUSS", "beschlüsse: beschluss"]),
        ("übergang", ["Übergang", "ÜBERGANG"]),
        ("35a", ["§ 35A", "§35a"]),
    ],
)
def test_an_expression_finds_a_word_in_every_spelling(word: str, texts: list[str]) -> None:
    for text in texts:
        assert re.search(_expression(word), text)
        # CouchDB compares the bytes of UTF-8
        assert re.search(_expression(word).encode(), text.encode())


@given(st.text())
def test_whatever_is_asked_the_expressions_find_what_was_asked(query: str) -> None:
    for word in _asked_words(query):
        assert re.search(_expression(word), word)
        assert not set(word) & set(".*+?^$()[]{}|\\")


def test_short_words_count_only_where_there_are_no_others() -> None:
    assert _asked_words("in der Stadt an") == ["der", "stadt"]
    assert _asked_words("§ 4 A") == ["4", "a"]
    assert len(_asked_words(" ".join(f"wort{n}" for n in range(1000)))) == 16


def test_whole_words_count_more_than_beginnings_and_middles_count_nothing() -> None:
    row = {"text": "Hundesteuer und Katze", "title": "Satzung"}

    assert _score(row, ["katze", "satzung"]) == 4
    assert _score(row, ["hunde"]) == 1
    assert _score(row, ["steuer"]) == 0
