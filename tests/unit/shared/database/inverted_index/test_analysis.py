"""Words, stems and pieces of German texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.database.inverted_index.analysis import (
    MAX_ASKED_WORDS,
    NEGATIONS,
    STOP_WORDS,
    asked_pieces,
    asked_stems,
    asked_words,
    pieces,
    stems,
    words,
)


def test_words_are_composed_and_lower_case_with_double_s() -> None:
    assert words("Die Mu\u0308nz-Verordnung (§ 3) heißt STRASSE_Maß") == [
        "die",
        "münz",
        "verordnung",
        "3",
        "heisst",
        "strasse",
        "mass",
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [("Verordnung", "Verordnungen"), ("Antrag", "Anträge"), ("Gesetz", "Gesetzes"), ("genehmigt", "genehmigte")],
)
def test_forms_of_a_word_share_a_stem(one: str, other: str) -> None:
    assert set(stems(words(one)[0])) & set(stems(words(other)[0]))


@pytest.mark.parametrize(("one", "other"), [("fordern", "fördern"), ("zahlen", "zählen"), ("wurde", "würde")])
def test_words_that_an_umlaut_tells_apart_do_not_share_all_stems(one: str, other: str) -> None:
    assert stems(one) != stems(other)


def test_negations_are_no_stop_words() -> None:
    assert not NEGATIONS & STOP_WORDS
    assert list(asked_words("Was darf die Behörde nicht ohne Antrag?")) == [
        "darf",
        "behörde",
        "nicht",
        "ohne",
        "antrag",
    ]


def test_a_query_of_stop_words_is_asked_as_it_is() -> None:
    assert asked_words("Was ist das") == {"was": 1, "ist": 1, "das": 1}
    assert asked_words("?!") == {}


def test_pieces_know_the_edges_of_a_word() -> None:
    assert pieces("gebühr") == ["_gebü", "gebüh", "ebühr", "bühr_"]
    assert pieces("hund") == pieces("12345678") == []


def test_stems_of_a_word_share_its_weight() -> None:
    assert asked_stems("fördern Hund Hund") == {"ford": 0.5, "förd": 0.5, "hund": 2.0}


def test_longer_words_weigh_more_but_not_by_their_pieces() -> None:
    short, long = sum(asked_pieces("Gebühr").values()), sum(asked_pieces("Verwaltungsgebühr").values())

    assert 1 < long / short < 17 / 6


def test_a_query_is_cut_to_its_first_different_words() -> None:
    asked = asked_words("Hund HUND " + " ".join(f"wort{number}" for number in range(5000)))

    assert list(asked)[:2] == ["hund", "wort0"]
    assert asked["hund"] == 2
    assert len(asked) == MAX_ASKED_WORDS


@given(st.text(max_size=200))
def test_no_text_is_an_error(text: str) -> None:
    for word in words(text):
        assert 0 < len(word) <= 64
        assert all(stems(word))
        pieces(word)
    asked_stems(text)
