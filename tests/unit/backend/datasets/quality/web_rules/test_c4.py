"""C4's rules: which lines stay, and whether enough is left."""

import pytest

from backend.datasets.quality.web_rules.c4 import c4

GOOD = [f"Here is sentence number {number}." for number in ("one", "two", "three", "four", "five")]


def _left(line: str) -> list[str]:
    """What is left of a line among five good ones."""
    text = c4("\n".join([*GOOD, line])).text
    assert text is not None
    return text.split("\n")[len(GOOD) :]


def test_five_sentences_are_enough_wherever_they_stand() -> None:
    assert c4("\n".join(GOOD)).reason is None
    assert c4(" ".join(GOOD)).reason is None
    assert c4("\n".join(GOOD[:4])).reason == "too_few_sentences"
    assert c4(" ".join(GOOD[:4])).reason == "too_few_sentences"
    assert c4("").reason == "too_few_sentences"


def test_a_dropped_text_has_nothing_left() -> None:
    assert c4("\n".join(GOOD[:4])).text is None


@pytest.mark.parametrize(
    "line",
    [
        "This line has no end",
        "This line trails off...",
        "This line trails off…",
        "Two words.",
        f"A b {'l' * 1000}.",
        "Please turn JavaScript on.",
        "Read our Privacy Policy first.",
        "This site uses cookies daily.",
        "Its terms [4]of use hold.",
        "",
    ],
)
def test_these_lines_are_left_out(line: str) -> None:
    assert _left(line) == []


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("  Three short words?\t", "Three short words?"),
        ('He said "three words"', 'He said "three words"'),
        ("Cookies are baked here.", "Cookies are baked here."),
        (f"A word is not too {'l' * 999}.", f"A word is not too {'l' * 999}."),
        ("It was shown[12][edit] here [citation needed].", "It was shown here ."),
        ("It was shown [by us].", "It was shown [by us]."),
        ("It ended so.[3]", "It ended so."),
        ("See [1] [2].", "See  ."),
    ],
)
def test_what_is_left_of_a_line(line: str, left: str) -> None:
    assert _left(line) == [left]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("It begins with Lorem Ipsum always.", "lorem_ipsum"),
        ("It begins with lorem [1]ipsum always.", "lorem_ipsum"),
        ("It is written {here} always.", "curly_bracket"),
        ("It begins with lorem ipsum always", None),
        ("It is written {here} always", None),
        ("Lorem ipsum.", None),
        ("A javascript has { in it.", None),
    ],
)
def test_phrases_in_lines_that_would_stay_drop_the_text(line: str, reason: str | None) -> None:
    assert c4("\n".join([*GOOD, line])).reason == reason


def test_lines_end_at_every_line_break_of_unicode() -> None:
    assert c4("\u2028".join(GOOD)).text == "\n".join(GOOD)
