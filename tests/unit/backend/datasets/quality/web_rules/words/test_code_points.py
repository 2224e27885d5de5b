"""Classes of characters as the rules see them."""

import re
import unicodedata

import pytest

from backend.datasets.quality.web_rules.words.code_points import (
    code_points,
    icons,
    letters,
    lower_letters,
    regex_class,
    upper_letters,
)


def test_ranges_are_written_in_hexadecimal() -> None:
    assert list(code_points("41-43 5a")) == ["A", "B", "C", "Z"]


def test_a_class_matches_its_characters_and_no_others() -> None:
    wanted = set("abcx-]^\\ 😀")
    pattern = re.compile(f"[{regex_class(wanted)}]")
    assert {char for char in map(chr, range(0x20000)) if pattern.fullmatch(char)} == wanted


@pytest.mark.parametrize("char", ["a", "ß", "é", "ж", "ω", "ʔ"])
def test_small_letters_are_lower_case_only(char: str) -> None:
    assert char in lower_letters()
    assert char not in upper_letters()


@pytest.mark.parametrize("char", ["A", "Ä", "Ж", "Ω"])
def test_capitals_are_upper_case_only(char: str) -> None:
    assert char in upper_letters()
    assert char not in lower_letters()


@pytest.mark.parametrize("char", ["日", "ع", "한", "ก"])
def test_scripts_without_case_count_as_both_where_the_rules_know_them(char: str) -> None:
    is_known = char != "ก"
    assert (char in lower_letters()) is is_known
    assert (char in upper_letters()) is is_known
    assert bool(re.match(f"[{letters()}]", char)) is is_known


def test_icons_are_symbols_but_not_every_symbol_is_one() -> None:
    assert {"😀", "→", "©", "°"} - icons() == {"→"}
    assert all(unicodedata.category(char) == "So" for char in icons())
    assert "🦾" not in icons(), "an emoji of 2019 is no mark of its own to the rules"
