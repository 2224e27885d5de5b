"""Cutting at headings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.ingest.sections import Heading, cut, split_abbreviation, split_number


@pytest.mark.parametrize(
    ("heading", "number", "words"),
    [
        ("§ 2 Ausnahmen", "§ 2", "Ausnahmen"),
        ("§ 3a", "§ 3a", ""),
        ("§ 41 Art und Höhe der Sicherheitsleistung", "§ 41", "Art und Höhe der Sicherheitsleistung"),
        ("§§ 1 bis 37 (weggefallen)", "§§ 1 bis 37", "(weggefallen)"),
        ("(XXXX) §§ 26 u. 27", "§§ 26 u. 27", ""),
        ("Art 5", "Art 5", ""),
        ("Art 226 - Überleitungsvorschrift", "Art 226", "Überleitungsvorschrift"),
        ("Artikel IV Schluss", "Artikel IV", "Schluss"),
        ("Art der Prüfung", "", "Art der Prüfung"),
        ("Anlage 1 (zu § 3)", "Anlage 1", "(zu § 3)"),
        ("Anlage Verdichtung der Bundeswaldinventur", "Anlage", "Verdichtung der Bundeswaldinventur"),
        ("Anlagen und Muster", "", "Anlagen und Muster"),
        ("Anhang A: Liste", "Anhang A", "Liste"),
        ("Abschnitt 1 - Allgemeines", "", "Abschnitt 1 - Allgemeines"),
        ("§ 5 und 6 Kosten", "§ 5 und 6", "Kosten"),
        ("", "", ""),
    ],
)
def test_a_heading_is_split_into_number_and_words(heading: str, number: str, words: str) -> None:
    assert split_number(heading) == (number, words)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Bürgerliches Gesetzbuch (BGB)", ("Bürgerliches Gesetzbuch", "BGB")),
        ("Verordnung (EU) über Fische", ("Verordnung (EU) über Fische", "")),
        ("Ordnung (Auszug)", ("Ordnung (Auszug)", "")),
        ("(BGB)", ("(BGB)", "")),
    ],
)
def test_an_abbreviation_stands_in_brackets_at_the_end(title: str, expected: tuple[str, str]) -> None:
    assert split_abbreviation(title) == expected


def test_text_before_the_first_heading_is_a_section() -> None:
    sections = cut("Vorspruch\n\nA\nText", [Heading(1, "A", 11, 12)])

    assert [(section.heading, section.text) for section in sections] == [("", "Vorspruch"), ("A", "Text")]


def test_containers_live_in_paths_and_leaves_are_sections() -> None:
    text = "Buch\nTitel\nText\nLeer"
    headings = [Heading(1, "Buch", 0, 4), Heading(3, "Titel", 5, 10), Heading(2, "Leer", 16, 20)]

    assert [(section.heading_path, section.text) for section in cut(text, headings)] == [
        (("Buch", "Titel"), "Text"),
        (("Buch", "Leer"), ""),
    ]


@st.composite
def outlined_texts(draw: st.DrawFn) -> tuple[str, list[Heading]]:
    """A text made of headings and bodies, with where the headings are."""
    text, headings = draw(st.text(max_size=10)), []
    for _ in range(draw(st.integers(0, 6))):
        words = draw(st.text(alphabet="§Artb1 ", min_size=1, max_size=8))
        headings.append(Heading(draw(st.integers(1, 4)), words, len(text), len(text) + len(words)))
        text += words + draw(st.text(max_size=12))
    return text, headings


@given(outlined_texts())
def test_bodies_and_headings_cover_the_text(outlined: tuple[str, list[Heading]]) -> None:
    text, headings = outlined
    covered = [False] * len(text)
    sections = cut(text, headings)
    for section in sections:
        assert text[section.start : section.end] == section.text
        covered[section.start : section.end] = [True] * len(section.text)
    for heading in headings:
        covered[heading.start : heading.end] = [True] * (heading.end - heading.start)

    assert all(is_covered or letter.isspace() for letter, is_covered in zip(text, covered, strict=True))
    assert [section.ordinal for section in sections] == list(range(len(sections)))
    in_paths = {words for section in sections for words in section.heading_path}
    assert {heading.text for heading in headings} <= in_paths
