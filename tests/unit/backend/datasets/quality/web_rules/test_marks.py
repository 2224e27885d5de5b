"""The sets of marks."""

import pytest

from backend.datasets.quality.web_rules.marks import SENTENCE_ENDS, SYMBOLS, TERMINAL


@pytest.mark.parametrize("mark", [".", "!", "?", "。", "؟", "।", "‽"])
def test_these_end_lines_and_sentences(mark: str) -> None:
    assert mark in TERMINAL
    assert mark in SENTENCE_ENDS


@pytest.mark.parametrize("mark", ["؞", "៕"])
def test_some_end_a_line_but_no_sentence(mark: str) -> None:
    assert mark in TERMINAL
    assert mark not in SENTENCE_ENDS


@pytest.mark.parametrize("mark", [",", "…", '"', "—", "\x1b", "„", "`"])
def test_these_are_symbols_that_end_nothing(mark: str) -> None:
    assert mark in SYMBOLS
    assert mark not in TERMINAL


@pytest.mark.parametrize("mark", ["§", "•", "a", "1", "\t", "”"])
def test_a_word_may_be_made_of_these(mark: str) -> None:
    assert (mark in SYMBOLS) is (mark == "”")
