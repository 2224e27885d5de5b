import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.language.sentences import sentences
from tests.support.legal_texts import GOOD

_PIECES = (
    "Abs.",
    "Art. 3",
    "z.B.",
    "Der",
    "Antrag",
    "2.",
    "§",
    "(",
    ")",
    "„",
    "“",
    "…",
    "!",
    "?",
    ".",
    "II.",
    "ß",
    "\u2028",
)
_TEXTS = st.lists(st.one_of(st.sampled_from((*_PIECES, " ", " ", "\n", "\n\n", "\t")), st.text(max_size=5))).map(
    "".join
)


def _split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@given(_TEXTS)
def test_between_before_and_behind_sentences_is_white_space_only(text: str) -> None:
    place = 0
    for start, end in sentences(text):
        assert text[place:start].strip() == ""
        assert text[start:end] == text[start:end].strip() != ""
        place = end
    assert text[place:].strip() == ""


@given(_TEXTS)
def test_a_sentence_ends_where_a_mark_or_a_line_ends(text: str) -> None:
    for span in sentences(text)[:-1]:
        rest = text[span.end :]
        gap = rest[: len(rest) - len(rest.lstrip())]
        assert gap
        assert "\n" in gap or any(mark in text[max(span.start, span.end - 8) : span.end] for mark in ".!?…")


@pytest.mark.parametrize(
    "whole",
    [
        "Die Klage ist nach Art. 3 Abs. 1 GG i.V.m. § 35 VwVfG begründet.",
        "Der 25. Senat entschied am 3. Mai 2016 über die 2. Anlage.",
        "Das gilt, vgl. BGH, Urteil vom 04. 08. 2015 - XI ZR 24/19, Rn. 15 ff. m.w.N., auch hier.",
        "Z. B. Hunde, Katzen usw. sind Tiere; Prof. Dr. K. Müller sieht das anders.",
        "7. Die Beschwerde wird verworfen.",
        "II. 1. Der Antrag ist zulässig.",
        "a) Der Antrag ist zulässig.",
        "Er zahlte ... 300 Euro.",
        "Die Firma X & Co. KG klagt gegen die Y GmbH.",
    ],
)
def test_abbreviations_dates_ordinals_and_list_marks_end_nothing(whole: str) -> None:
    assert _split(whole) == [whole]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Die Klage ist unbegründet.", "Der Kläger trägt die Kosten."),
        ("Es gilt Abs. 2.", "Die Frist beginnt mit der Zustellung."),
        ("Er gilt seit dem 1. Januar 2016.", "Davor galt ein anderer."),
        ("Das Gericht wies die Klage ab.", "2. Die Berufung blieb ohne Erfolg."),
        ("Dagegen wendet er sich (vgl. § 5 Abs. 2 BGB).", "Das Gericht folgt dem nicht."),
        ("Er sagte: „Das stimmt nicht.“", "Sie widersprach."),
        ("Dazu zählen Hunde, Katzen usw.", "Die Steuer beträgt 50 Euro."),
        ("Ist das zulässig?", "Nein."),
        ("So liegt der Fall hier.", "b) Die Revision rügt das zu Unrecht."),
        ("Die Klage ist unbegründet .", "Der Kläger trägt die Kosten ."),
        ("Er beruft sich auf BVerwG 6 C 12.19.", "Das trifft nicht zu."),
    ],
)
def test_a_full_stop_before_a_new_beginning_ends_a_sentence(first: str, second: str) -> None:
    assert _split(f"{first} {second}") == [first, second]


def test_headings_and_items_on_lines_of_their_own_are_sentences() -> None:
    text = "§ 7 Umfang des Schutzes\n\nDer Antrag enthält\n1. den Namen,\n2. die Anschrift."
    assert _split(text) == ["§ 7 Umfang des Schutzes", "Der Antrag enthält", "1. den Namen,", "2. die Anschrift."]


def test_a_list_mark_alone_on_its_line_belongs_to_what_follows() -> None:
    assert _split("a)\nDer Antrag ist zulässig.") == ["a)\nDer Antrag ist zulässig."]


@pytest.mark.parametrize("lump", ["." * 200_000, "(" * 200_000, "1." * 100_000, "\n" * 200_000, ". " * 100_000])
def test_lumps_of_marks_are_gone_through_once(lump: str) -> None:
    started = time.process_time()
    sentences(f"Inhalt {lump}x Seite")
    assert time.process_time() - started < 2


def test_a_text_of_white_space_has_no_sentences() -> None:
    assert sentences(" \n\t ") == []


def test_administrative_prose_falls_into_its_sentences() -> None:
    prose = GOOD.replace("\nden", " den").replace("\nhaften", " haften").replace("\nspäterer", " späterer")
    assert len(sentences(prose.replace("\nFalles", " Falles"))) == 5
