import pytest

from backend.datasets.language.fluency.words import is_number, words_of


def test_words_are_runs_of_letters_and_digits_in_lower_case() -> None:
    assert words_of("Nach § 35a VwVfG gilt: Bund-Länder_Recht!") == [
        "nach",
        "35a",
        "vwvfg",
        "gilt",
        "bund",
        "länder",
        "recht",
    ]


@pytest.mark.parametrize(
    ("word", "expected"), [("12", True), ("3a", True), ("f78", True), ("co2", False), ("ab", False)]
)
def test_what_begins_with_a_digit_or_has_several_is_a_number(word: str, expected: bool) -> None:
    assert is_number(word) is expected
