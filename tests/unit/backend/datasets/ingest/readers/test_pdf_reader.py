"""PDF files, written by hand."""

import pytest

from backend.datasets.ingest.base import UnreadableFile
from backend.datasets.ingest.readers.pdf_reader import PdfReader
from tests.contracts.reader_contract import ReaderContract
from tests.support.files import a_pdf, an_encrypted_pdf, read


class TestPdfReader(ReaderContract):
    reader = PdfReader()

    def sample(self) -> bytes:
        return a_pdf("Die Hundesteuer", "Zweite Seite", title="Bescheid")


def test_pages_follow_each_other_and_the_title_is_taken() -> None:
    (document,) = read(PdfReader(), a_pdf("Gebühr\nfällig", "Seite 2", title="Bescheid"))

    assert document.text == "Gebühr\nfällig\n\nSeite 2"
    assert (document.title, document.metadata) == ("Bescheid", {"pages": 2})


def test_a_scan_is_refused_with_what_to_do() -> None:
    with pytest.raises(UnreadableFile, match="OCR"):
        read(PdfReader(), a_pdf("", ""))


def test_a_protected_file_is_refused() -> None:
    with pytest.raises(UnreadableFile, match="password"):
        read(PdfReader(), an_encrypted_pdf())
