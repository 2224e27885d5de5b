"""Word documents."""

import zipfile
from io import BytesIO

import pytest

from backend.datasets.ingest.base import UnreadableFile
from backend.datasets.ingest.readers.docx_reader import DocxReader
from tests.contracts.reader_contract import ReaderContract
from tests.support.files import a_docx, a_zip, a_zip_bomb, read


class TestDocxReader(ReaderContract):
    reader = DocxReader()
    truncated_is_refused = True

    def sample(self) -> bytes:
        return a_docx(("Title", "Satzung (HStS)"), ("Heading 1", "§ 1 Zweck"), ("Normal", "Die Hundesteuer."))


def test_headings_and_tables_keep_their_order() -> None:
    raw = a_docx(
        ("Title", "Satzung über Hunde"),
        ("Heading 1", "Abschnitt 1"),
        ("Heading 2", "§ 1 Zweck"),
        ("Normal", "Ein Absatz."),
        ("Heading 1", "§ 2 Höhe"),
        table=(("Hund", "Euro"), ("erster", "50")),
    )

    (document,) = read(DocxReader(), raw)

    assert document.title == "Satzung über Hunde"
    assert [(section.number, len(section.heading_path), section.text) for section in document.sections] == [
        ("§ 1", 3, "Ein Absatz."),
        ("§ 2", 2, "Hund | Euro\nerster | 50"),
    ]


@pytest.mark.parametrize("raw", [a_zip({"word/anderes.xml": b"<x/>"}), a_zip({"[Content_Types].xml": b"<x"})])
def test_a_zip_that_is_no_word_document_is_refused(raw: bytes) -> None:
    with pytest.raises(UnreadableFile):
        read(DocxReader(), raw)


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(UnreadableFile, match="zip bomb"):
        read(DocxReader(), a_zip_bomb())


def test_a_body_that_is_no_xml_is_refused() -> None:
    source = BytesIO(a_docx(("Normal", "x")))
    with zipfile.ZipFile(source) as whole:
        members = {name: whole.read(name) for name in whole.namelist()}
    members["word/document.xml"] = b"<w:document"

    with pytest.raises(UnreadableFile):
        read(DocxReader(), a_zip(members))
