"""Markdown, above all laws."""

import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.ingest.base import ReadContext, UnreadableFile
from backend.datasets.ingest.readers.markdown_reader import MarkdownReader, markdown_headings, plain_fields
from shared.models.document import ParsedDocument
from shared.utils.yaml_safe import load_yaml
from tests.contracts.reader_contract import ReaderContract, assert_nothing_is_lost
from tests.support.files import LAW, read


def law(source: str) -> ParsedDocument:
    """The one document of a Markdown text."""
    (document,) = read(MarkdownReader(), source.encode(), "datei.md")
    return document


class TestMarkdownReader(ReaderContract):
    reader = MarkdownReader()

    def sample(self) -> bytes:
        return LAW.replace("Blindenhunde", "Hundesteuer").encode()


def test_a_law_is_cut_into_its_sections() -> None:
    document = law(LAW)

    assert (document.title, document.abbreviation) == ("Gesetz über Hunde", "HundeG")
    assert [(section.number, section.heading, section.text) for section in document.sections[1:]] == [
        ("§ 1", "Zweck", "Dieses Gesetz regelt das Halten\nvon Hunden."),
        ("§ 2", "(weggefallen)", ""),
        ("§ 3a", "Ausnahmen vom Anwendungsbereich", "(1) Blindenhunde sind ausgenommen."),
        ("Anlage 1", "Gebühren", "-"),
    ]
    assert document.sections[1].heading_path == (
        "Gesetz über Hunde (HundeG)",
        "Abschnitt 1 - Allgemeines",
        "§ 1 Zweck",
    )
    assert document.sections[3].heading_path == (
        "Gesetz über Hunde (HundeG)",
        "§ 3a Ausnahmen vom Anwendungsbereich",
    )


def test_facts_below_the_title_are_metadata_and_stay_in_the_text() -> None:
    document = law(LAW)

    assert document.metadata["ausfertigungsdatum"] == "2020-05-01"
    assert document.metadata["fundstelle"] == "BGBl I: 2020, 17"
    assert document.metadata["slug"] == "hundeg"
    assert "2020-05-01" in document.sections[0].text


def test_a_fact_that_is_said_twice_is_a_list() -> None:
    document = law(
        "# T (TG)\n\nStand\n:   eins\n\nStand\n:   zwei\n    geht weiter\n\n## § 1\n\nText\n\nStand\n:   drei\n"
    )

    assert document.metadata["stand"] == ["eins", "zwei geht weiter"]


def test_validity_comes_from_the_front_matter() -> None:
    document = law("---\nvalid_from: 2024-01-01\nvalid_to: '2025-12-31'\n---\n# T\n\n## § 1\n\nText\n")

    assert {(section.valid_from, section.valid_to) for section in document.sections} == {
        (date(2024, 1, 1), date(2025, 12, 31))
    }
    assert document.metadata["valid_from"] == "2024-01-01"


def test_title_and_abbreviation_come_from_the_first_heading_without_front_matter() -> None:
    document = law("# Bürgerliches Gesetzbuch (BGB)\n\nText")

    assert (document.title, document.abbreviation) == ("Bürgerliches Gesetzbuch", "BGB")


def test_text_without_headings_is_one_section_under_the_file_name() -> None:
    document = law("Nur Text.\n\nNoch mehr.\n")

    assert document.title == "datei"
    assert [section.text for section in document.sections] == ["Nur Text.\n\nNoch mehr."]


@pytest.mark.parametrize("broken", ["a: [1\n", "a: &x 1\nb: *x", "!!python/object:os.system {}", "- liste", "a: b: c"])
def test_front_matter_that_is_no_mapping_stays_in_the_text(broken: str) -> None:
    document = law(f"---\n{broken}\n---\nText")

    assert broken in document.text


def test_a_title_torn_by_the_front_matter_is_put_together() -> None:
    torn = (
        "Gesetz\nüber den Aufenthalt\n---\nTitle: und die Integration\njurabk: AufenthG\n---\n\n#  (AufenthG)\n\nText\n"
    )
    document = law(torn)

    assert (document.title, document.abbreviation) == ("Gesetz über den Aufenthalt und die Integration", "AufenthG")
    assert document.text.startswith("Gesetz\nüber den Aufenthalt\n")
    assert "jurabk" not in document.text


def test_lines_between_rules_are_text_like_any_other() -> None:
    assert law("Vorwort\n---\nname: wert\n---\nText\n").text == "Vorwort\n---\nname: wert\n---\nText\n"


def test_marks_in_fenced_code_are_no_headings() -> None:
    headings = markdown_headings("# A\n```\n# kein Titel\n```\n## B\n~~~\n# auch nicht")

    assert [heading.text for heading in headings] == ["A", "B"]


def test_headings_may_be_indented_bold_closed_or_empty() -> None:
    headings = markdown_headings("   # **A** ##\n#\n#kein\n    # auch nicht\nText # hier\n###### F\n####### G")

    assert [(heading.level, heading.text) for heading in headings] == [(1, "A"), (1, ""), (6, "F")]


def test_a_file_in_windows_encoding_is_read() -> None:
    (document,) = read(MarkdownReader(), "# Gebührenordnung\n\nfür Hunde".encode("cp1252"))

    assert document.title == "Gebührenordnung"


def test_a_megabyte_of_heading_marks_is_read_in_no_time() -> None:
    (document,) = read(MarkdownReader(), b"#" * (1 << 20) + b"\n" + b"# \n" * 1000 + b"Text")

    assert document.sections[-1].text == "Text"


@given(st.text(alphabet="abÄß019 :.-,;()\n#[]'\"&*!|>%@`{}yYnNo~_", max_size=60))
def test_plain_front_matter_says_what_yaml_says(source: str) -> None:
    fields = plain_fields(source)

    if fields:
        assert fields == load_yaml(source)


@given(st.text(alphabet=st.sampled_from(list("# §1\n\t`~-:abÄ\r*\u2028(")), max_size=200))
def test_no_text_is_lost(source: str) -> None:
    try:
        documents = list(MarkdownReader().read(io.BytesIO(source.encode()), ReadContext("x.md")))
    except UnreadableFile:
        assert not source.strip()
        return
    assert_nothing_is_lost(documents[0])
