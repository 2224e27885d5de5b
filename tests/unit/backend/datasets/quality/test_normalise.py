"""Text is brought into one shape before anything is measured."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.quality.normalise import normalise


def test_hard_wrapped_lines_of_a_paragraph_are_joined() -> None:
    assert normalise("Dieses Gesetz gilt für die\nöffentliche Verwaltung\nder Länder.") == (
        "Dieses Gesetz gilt für die öffentliche Verwaltung der Länder."
    )


@pytest.mark.parametrize("mark", ["(1)", "(2a)", "1.", "12.", "a)", "aa)", "-", "•", "| Zelle", "## Titel", "1)"])
def test_a_line_that_begins_an_item_keeps_its_line(mark: str) -> None:
    assert normalise(f"Folgendes gilt:\n{mark} ein Fall") == f"Folgendes gilt:\n{mark} ein Fall"


def test_a_date_at_the_beginning_of_a_line_is_no_item() -> None:
    assert normalise("Das Gesetz tritt am\n1. Januar 2020 in Kraft.") == "Das Gesetz tritt am 1. Januar 2020 in Kraft."


def test_lines_after_a_heading_stay_below_it() -> None:
    assert normalise("## Zweck\nDie Satzung regelt\nalles.") == "## Zweck\nDie Satzung regelt alles."


def test_a_line_after_a_table_row_begins_anew_and_goes_on() -> None:
    assert normalise("| Zelle |\nDie Satzung\nregelt alles.") == "| Zelle |\nDie Satzung regelt alles."


def test_spaces_between_words_and_around_lines_are_one() -> None:
    assert normalise("1.   Wer  bezahlt,   \n    hat  Rechte.\n    a)    ein  Fall") == (
        "1. Wer bezahlt, hat Rechte.\na) ein Fall"
    )


def test_a_divided_word_is_put_together() -> None:
    assert normalise("die Verwal-\ntung") == "die Verwaltung"


@pytest.mark.parametrize("wrapped", ["Vor-\nund Nachteile", "Ein-\noder Ausfuhr"])
def test_a_suspended_hyphen_is_kept(wrapped: str) -> None:
    assert normalise(wrapped) == wrapped.replace("\n", " ")


def test_a_hyphen_before_a_capital_is_part_of_the_word() -> None:
    assert normalise("Baden-\nWürttemberg") == "Baden- Württemberg"


def test_paragraphs_stay_apart_by_one_blank_line() -> None:
    assert normalise("eins\n\n\n\n zwei \n\n") == "eins\n\nzwei"


def test_invisible_characters_go_and_odd_spaces_become_spaces() -> None:
    assert normalise("Ver\u00adwal\u200btung\u00a0§\u20093\tAbs.\x00 1") == "Verwaltung § 3 Abs. 1"


def test_line_ends_of_other_systems_are_line_feeds() -> None:
    assert normalise("(1) a\r\n(2) b\r(3) c\u2028(4) d") == "(1) a\n(2) b\n(3) c\n(4) d"


def test_letters_are_composed() -> None:
    assert normalise(unicodedata.normalize("NFD", "Gebühr")) == "Gebühr"


@pytest.mark.parametrize(
    ("extracted", "meant"),
    [
        ("die \ufb01nanzielle P\ufb02icht", "die finanzielle Pflicht"),
        ("&sect; 1 &Auml;nderung &amp; Berichtigung", "§ 1 Änderung & Berichtigung"),
        ("\x84Zitat\x93 \x96 ohne Rest", "„Zitat“ – ohne Rest"),
        ("\uff11\uff12 Euro", "12 Euro"),
        ("ein\ud83d\ude00Bild", "ein\U0001f600Bild"),
        ("\x1b[36;44mFarbe", "Farbe"),
    ],
    ids=["ligatures", "entities", "C1 controls", "full width", "surrogates", "terminal escapes"],
)
def test_letters_that_extraction_spoilt_are_put_right(extracted: str, meant: str) -> None:
    assert normalise(extracted) == meant


@pytest.mark.parametrize("text", ["„So“ sagt ‚er‘", "R&D und Q&A; mehr", "½ m² Ⅳ", "<p>&amp;</p>"])
def test_letters_that_are_right_stay(text: str) -> None:
    assert normalise(text) == text


def test_damage_of_an_encoding_stays_to_be_seen() -> None:
    assert normalise("fÃ¼r die BehÃ¶rde") == "fÃ¼r die BehÃ¶rde"


def test_a_paragraph_of_very_many_lines_is_joined() -> None:
    assert normalise("wort\n" * 200_000) == " ".join(["wort"] * 200_000)


@given(st.text())
def test_normalising_twice_changes_nothing_more_in_the_characters(text: str) -> None:
    once = normalise(text)

    assert normalise(once).split() == once.split() or "-" in text
    assert unicodedata.is_normalized("NFC", once)
    assert "\r" not in once
    assert "\u00a0" not in once
