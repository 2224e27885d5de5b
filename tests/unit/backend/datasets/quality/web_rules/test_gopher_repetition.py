"""Gopher's repetition rules, each on both sides of its threshold."""

import math
from collections.abc import Sequence

import pytest

from backend.datasets.quality.web_rules.batch import batch_of
from backend.datasets.quality.web_rules.gopher_repetition import MOST_FREQUENT, MOST_IN_RUNS, gopher_repetition
from backend.datasets.quality.web_rules.vocabulary import Vocabulary
from tests.support.web_texts import different_words

# the first run of words counts as the most frequent one where none comes again
SHORT = "a e i o"
LONG = [letter * 100 for letter in "abcdefgh"]
TWICE = [LONG[0], LONG[0], LONG[1], LONG[2]]


def _reason(text: str) -> str | None:
    return gopher_repetition([text], batch_of([text], Vocabulary()))[0]


def _twice(runs: Sequence[Sequence[str]]) -> str:
    """Each run two times, with a word between that comes once."""
    between = iter(different_words(4 * len(runs), size=7))
    pieces = [piece for _ in range(2) for run in runs for piece in (*run, next(between))]
    return " ".join([SHORT, *pieces])


def _padded(text: str, size: int) -> str:
    return f"{text} {'z' * (size - len(text) - 1)}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("\n\n\n".join([SHORT, *LONG[:5], "x", "x", "x", "x"]), None),
        ("\n\n".join([SHORT, *LONG[:5], "x", "x", "x", "x", "x"]), "dup_para_frac"),
        ("\n\n".join([SHORT, *TWICE, "y" * 83]), None),
        ("\n\n".join([SHORT, *TWICE, "y" * 82]), "dup_para_char_frac"),
        ("\n".join([SHORT, *LONG[:5], "x", "x", "x", "x"]), None),
        ("\n".join([SHORT, *LONG[:5], "x", "x", "x", "x", "x"]), "dup_line_frac"),
        ("\n".join([SHORT, *TWICE, "y" * 88]), None),
        ("\n".join([SHORT, *TWICE, "y" * 87]), "dup_line_char_frac"),
        ("\n", "dup_line_frac"),
        ("\n".join(["", SHORT, *LONG, ""]), None),
        (" ", None),
        ("word", None),
        ("two words", "top_2_gram"),
    ],
)
def test_the_reason_of_a_text(text: str, reason: str | None) -> None:
    assert _reason(text) == reason


@pytest.mark.parametrize("size", MOST_FREQUENT)
def test_the_most_frequent_run_of_words_may_have_only_its_share(size: int) -> None:
    run = different_words(size, size=6)
    characters = 2 * len(" ".join(run))
    enough = math.ceil(characters / MOST_FREQUENT[size])
    assert _reason(_padded(_twice([run]), enough)) is None
    assert _reason(_padded(_twice([run]), enough - 1)) == f"top_{size}_gram"


@pytest.mark.parametrize("size", MOST_IN_RUNS)
def test_repeated_runs_of_words_may_have_only_their_share(size: int) -> None:
    words = different_words(6 * size, size=4)
    runs = [words[first : first + size] for first in range(0, len(words), size)]
    enough = math.ceil(4 * len(words) / MOST_IN_RUNS[size])
    assert _reason(_padded(_twice(runs), enough)) is None
    assert _reason(_padded(_twice(runs), enough - 1)) == f"duplicated_{size}_n_grams"


def test_runs_are_equal_where_their_joined_words_are() -> None:
    one, other = [["bada", "ge", "kila", "mo", "punu"], ["bad", "age", "kil", "amo", "punu"]]
    text = " ".join([SHORT, *one, "x", *other])
    assert _reason(_padded(text, 106)) == "duplicated_5_n_grams"
    assert _reason(_padded(text.replace("punu", "pina", 1), 106)) is None
