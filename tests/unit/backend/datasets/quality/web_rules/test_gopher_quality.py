"""Gopher's quality rules, each on both sides of its threshold."""

import pytest

from backend.datasets.quality.web_rules.batch import batch_of
from backend.datasets.quality.web_rules.gopher_quality import gopher_quality
from backend.datasets.quality.web_rules.vocabulary import Vocabulary
from tests.support.web_texts import different_words

STOP_WORDS = ["the", "and"]


def _reason(text: str) -> str | None:
    return gopher_quality([text], batch_of([text], Vocabulary()))[0]


def _words(number: int, *, size: int = 5) -> str:
    return " ".join([*STOP_WORDS, *different_words(number - 2, size=size)])


def _lines(marked: int, plain: int, *, before: str = "", after: str = "") -> str:
    line = "the quick fox jumps and runs over dogs again"
    return "\n".join([f"{before}{line}{after}"] * marked + [line] * plain)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (_words(49), "gopher_short_doc"),
        (_words(50), None),
        (_words(49) + " ... ,", "gopher_short_doc"),
        ("the and house " * 33_333 + "tree", None),
        ("the and house " * 33_333 + "tree house", "gopher_long_doc"),
        (_words(49, size=3) + " be", "gopher_below_avg_threshold"),
        (_words(50, size=3), None),
        (_words(49, size=10) + " " + "a" * 24, None),
        (_words(49, size=10) + " " + "a" * 25, "gopher_above_avg_threshold"),
        (_words(90) + " #" * 10, None),
        (_words(90) + " #" * 11, "gopher_too_many_hashes"),
        (_words(45) + " ..." * 5 + " …" * 5 + " " + _words(45), None),
        (_words(45) + " ..." * 5 + " …" * 6 + " " + _words(45), "gopher_too_many_ellipsis"),
        (_lines(9, 1, before=" - "), None),
        (_lines(10, 0, before=" - "), "gopher_too_many_bullets"),
        (_lines(10, 0, before="•"), "gopher_too_many_bullets"),
        (_lines(10, 0, before="– "), None),
        (_lines(3, 7, after="… "), None),
        (_lines(4, 6, after="... "), "gopher_too_many_end_ellipsis"),
        (_words(80) + " 12" * 20, None),
        (_words(79) + " 12" * 21, "gopher_below_alpha_threshold"),
        ("the " * 5 + " ".join(different_words(50)), "gopher_enough_stop_words"),
        ("the of " + " ".join(different_words(50)), None),
        ("", "gopher_short_doc"),
    ],
)
def test_the_reason_of_a_text(text: str, reason: str | None) -> None:
    assert _reason(text) == reason


def test_words_with_capitals_are_no_stop_words() -> None:
    assert _reason("The And " + " ".join(different_words(50))) == "gopher_enough_stop_words"


def test_the_first_rule_that_is_broken_names_the_reason() -> None:
    assert _reason("# " * 30) == "gopher_short_doc"
    assert _reason("# 12 " * 60) == "gopher_below_avg_threshold"
