"""Characters of many texts in one array."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.quality.columns.characters import Characters, every_code_point, kinds_of_code_points, runs
from backend.datasets.quality.kinds import Kind

CHARACTERS = every_code_point()


def all_that(said: np.ndarray) -> list[str]:
    return [CHARACTERS[place] for place in np.flatnonzero(said)]


@pytest.mark.parametrize(
    ("kind", "is_of_kind"),
    [
        (Kind.ALPHANUMERIC, str.isalnum),
        (Kind.DIGIT, str.isdecimal),
        (Kind.LETTER, lambda character: character.isalnum() and not character.isdecimal()),
        (Kind.SPACE, str.isspace),
        (Kind.SYMBOL, lambda character: not character.isalnum() and not character.isspace()),
        (Kind.JOINER, lambda character: character in "-'’"),
    ],
)
def test_a_character_is_of_the_kinds_that_python_says(kind: Kind, is_of_kind: object) -> None:
    assert callable(is_of_kind)
    said = np.fromiter(map(is_of_kind, CHARACTERS), np.bool_, sys.maxunicode + 1)

    assert all_that(said != ((kinds_of_code_points() & np.uint8(kind)) != 0)) == []


def test_capitals_are_of_the_kinds_of_their_small_letters() -> None:
    small = np.array([ord(character.lower()) for character in CHARACTERS.replace("İ", "i")])
    kinds = kinds_of_code_points()

    assert all_that(kinds[small] != kinds) == []


def test_only_one_letter_becomes_two_when_it_is_lower_cased() -> None:
    assert [character for character in CHARACTERS if len(character.lower()) != 1] == ["İ"]


@given(st.lists(st.text(st.characters())))
def test_every_character_of_every_text_is_there(texts: list[str]) -> None:
    characters = Characters(texts)

    assert "".join(map(chr, characters.codes)) == characters.joined
    assert [
        characters.joined[start : end - 1] for start, end in zip(characters.edges, characters.edges[1:], strict=False)
    ] == texts


@given(st.lists(st.text("a1 \n🙂", max_size=6)))
def test_marked_characters_are_counted_for_the_text_they_are_in(texts: list[str]) -> None:
    characters = Characters(texts)
    digits = characters.marks(Kind.DIGIT)
    owners = characters.text_of(np.flatnonzero(digits))

    assert characters.count(digits).tolist() == [text.count("1") for text in texts]
    assert np.bincount(owners, minlength=len(texts)).tolist() == [text.count("1") for text in texts]


def test_runs_are_where_marks_stand_together() -> None:
    marks = np.array([False, True, True, False, True, False, False])

    assert [places.tolist() for places in runs(marks)] == [[1, 4], [3, 5]]
