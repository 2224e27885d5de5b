import subprocess
import sys

import pytest

from backend.datasets.language.identify import LANGUAGES, UNKNOWN, Identified, identify, sample_of
from tests.support.foreign_texts import PARAGRAPHS, stretches
from tests.support.legal_texts import GOOD

_SCRIPTS = {"ru": "und-Cyrl", "el": "und-Grek", "ar": "und-Arab", "zh": "und-Hani"}


def test_german_prose_is_german() -> None:
    assert identify(GOOD) == Identified("de", 1.0)


@pytest.mark.parametrize("code", sorted(set(PARAGRAPHS) & set(LANGUAGES)))
def test_each_language_of_the_set_is_told(code: str) -> None:
    found = identify(PARAGRAPHS[code])
    assert found.language == code
    assert found.probability > 0.9


@pytest.mark.parametrize(("code", "expected"), _SCRIPTS.items())
def test_another_script_is_told_by_its_letters(code: str, expected: str) -> None:
    assert identify(PARAGRAPHS[code]) == Identified(expected, 1.0)


@pytest.mark.parametrize("code", sorted(set(PARAGRAPHS) - set(LANGUAGES) - set(_SCRIPTS)))
def test_a_language_outside_the_set_is_not_taken_for_german(code: str) -> None:
    assert all(identify(each).language != "de" for each in stretches(PARAGRAPHS[code]))


def test_too_few_words_are_unknown() -> None:
    assert identify("Die Gemeinde erhebt Gebühren") == Identified(UNKNOWN, 0.0)
    assert identify("") == Identified(UNKNOWN, 0.0)


def test_a_sentence_without_frequent_words_is_still_told() -> None:
    assert identify("Betroffene Eigentümer erhalten angemessene Entschädigungszahlungen").language == "de"


def test_tables_list_marks_and_short_lines_are_no_prose() -> None:
    text = "| a | b | c d e f |\nTotal 2016\n(1) Der Rat tagt im Saal.\n12 34 56 78 90\n- Die Sitzung leitet er."
    assert sample_of(text) == "Der Rat tagt im Saal.\nDie Sitzung leitet er."


def test_where_nothing_is_prose_the_beginning_decides() -> None:
    assert identify("Name der Gemeinde\nHöhe der Steuer\nTag der Zahlung").language == "de"


def test_only_the_first_thousand_characters_of_prose_count() -> None:
    assert identify(f"{GOOD}\n{GOOD}\n" + PARAGRAPHS["en"] * 20).language == "de"
    assert identify(PARAGRAPHS["en"] * 3 + GOOD * 20).language == "en"


def test_citations_do_not_make_a_text_foreign() -> None:
    assert (
        identify("Art. 5 Abs. 2 GG, BVerfGE 7, 198; BGBl. I S. 12 betreffend Meinungsäußerungen Dritter").language
        == "de"
    )


def test_lingua_is_loaded_by_the_first_text_that_needs_it() -> None:
    script = f"""
import sys
from backend.datasets.language.identify import identify
assert identify({GOOD!r}).language == "de"
assert "lingua" not in sys.modules
assert identify({PARAGRAPHS["en"]!r}).language == "en"
assert "lingua" in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_lone_surrogates_do_not_stop_it() -> None:
    text = "zwrot opłaty \ud800 następuje na wniosek strony złożony w terminie trzech miesięcy od dnia wydania decyzji"

    assert identify(text).language == "pl"
