"""Both languages have a word for everything, and write figures in their own way."""

import string

import pytest

from backend.datasets.report.subject import Language
from backend.datasets.report.wording import REASONS, WORDS, Wording


@pytest.mark.parametrize("key", sorted(WORDS))
def test_both_sentences_ask_for_the_same_values(key: str) -> None:
    asked = [{name for _, name, _, _ in string.Formatter().parse(words) if name} for words in WORDS[key]]

    assert asked[0] == asked[1]


def test_every_reason_has_two_names() -> None:
    assert all(german and english for german, english in REASONS.values())
    assert Wording(Language.GERMAN).reason("something_new") == "something new"


def test_figures_have_the_decimal_sign_of_the_language() -> None:
    german, english = Wording(Language.GERMAN), Wording(Language.ENGLISH)

    assert (german.number(0.976), english.number(0.976)) == ("0,976", "0.976")
    assert german.number(1234567) == "1\u202f234\u202f567"
    assert (german.percent(0.125), english.percent(0.125)) == ("12,5\u202f%", "12.5\u202f%")
    assert german.number(None) == "–"
