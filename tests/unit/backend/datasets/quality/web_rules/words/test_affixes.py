"""Marks before, after and inside words."""

import pytest

from backend.datasets.quality.web_rules.words.affixes import infixes, prefix_length, suffix_length


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("word", 0),
        ("(word", 1),
        ("§5", 1),
        ("...word", 3),
        (".word", 0),
        ("US$5", 3),
        ("C$5", 2),
        ("U$5", 0),
        ("+x", 1),
        ("+5", 0),
        ("……", 1),
        ("", 0),
    ],
)
def test_what_is_cut_off_before(text: str, length: int) -> None:
    assert prefix_length(text, 0, len(text)) == length


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("word", 0),
        ("word)", 1),
        ("word.", 1),
        ("Word.", 1),
        ("USA.", 1),
        ("A.", 0),
        ("word....", 4),
        ("……", 2),
        ("anna's", 2),
        ("anna’S", 2),
        ("5km", 2),
        ("5km²", 3),
        ("5mbar", 4),
        ("5اكواب", 5),
        ("5km²)", 1),
        ("xkm", 0),
        ("5US$", 3),
        ("5+", 1),
        ("x+", 0),
        ("5|.", 1),
        ("", 0),
    ],
)
def test_what_is_cut_off_after(text: str, length: int) -> None:
    assert suffix_length(text, 0, len(text)) == length


def test_what_stands_before_the_part_is_not_seen() -> None:
    assert suffix_length("5km", 0, 3) == 2
    assert suffix_length("5km", 1, 3) == 0


def test_what_stands_after_the_part_is_not_seen() -> None:
    assert prefix_length("+5", 0, 2) == 0
    assert prefix_length("+5", 0, 1) == 1


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("well-known", ["-"]),
        ("a--b", ["--"]),
        ("a----b", []),
        ("one,two", [","]),
        ("1,000", []),
        ("end.Next", ["."]),
        ("end.next", []),
        ("5-6", ["-"]),
        ("5/6", []),
        ("a/b", ["/"]),
        ("a...b", ["..."]),
        ("a😀b", ["😀"]),
        ("word", []),
    ],
)
def test_what_is_cut_inside(text: str, marks: list[str]) -> None:
    assert [text[first:last] for first, last in infixes(text)] == marks
