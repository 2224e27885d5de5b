import pytest

from backend.datasets.language.fluency import vocabulary
from backend.datasets.language.fluency.vocabulary import Vocabulary
from backend.datasets.language.fluency.words import (
    BEFORE_FIRST,
    COMPOUND,
    DAMAGED,
    FIRST_WORD,
    NUMBER,
    START,
    UNKNOWN,
)

_WORDS = ("und", "gebühren", "verwaltung", "ordnung", "verfahren", "gesetz", "der")


@pytest.fixture
def known() -> Vocabulary:
    return Vocabulary(_WORDS, len(_WORDS))


def test_known_words_have_the_numbers_of_their_places(known: Vocabulary) -> None:
    assert [known[word] for word in _WORDS] == list(range(FIRST_WORD, FIRST_WORD + len(_WORDS)))
    assert known[BEFORE_FIRST] == START


@pytest.mark.parametrize("word", ["gebührenordnung", "verwaltungsverfahren", "verwaltungsverfahrensgesetz"])
def test_compounds_of_known_words_are_known(known: Vocabulary, word: str) -> None:
    assert known[word] == COMPOUND


@pytest.mark.parametrize("word", ["verwaltngsverfahren", "undundund", "gebührenx"])
def test_a_compound_with_a_wrong_piece_is_none(known: Vocabulary, word: str) -> None:
    assert known[word] != COMPOUND


@pytest.mark.parametrize("word", ["gesez", "gesetzt", "gesets", "gestez", "dr", "derr", "uud"])
def test_a_word_one_letter_beside_a_frequent_one_is_damaged(known: Vocabulary, word: str) -> None:
    assert known[word] == (DAMAGED if len(word) > 2 else UNKNOWN)


def test_a_word_that_resembles_nothing_is_unknown(known: Vocabulary) -> None:
    assert known["agapornis"] == UNKNOWN


@pytest.mark.parametrize("word", ["12", "3a", "f780997", "x"])
def test_numbers_footnote_marks_and_single_letters_are_numbers(known: Vocabulary, word: str) -> None:
    assert known[word] == NUMBER


def test_lumps_without_a_space_are_unknown_and_not_kept(known: Vocabulary) -> None:
    assert known["gesetz" * 100_000] == UNKNOWN
    assert len(known) == len(_WORDS) + 1


def test_what_was_worked_out_is_forgotten_before_it_grows_without_end(
    known: Vocabulary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vocabulary, "_KEPT", 10)
    for number in range(100):
        assert known[f"qx{'y' * number}"] == UNKNOWN
    assert len(known) <= len(_WORDS) + 1 + 12
    assert known["gesetz"] == FIRST_WORD + 5
