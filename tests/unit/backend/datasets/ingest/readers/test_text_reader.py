"""Plain text in the encodings that offices use."""

import pytest

from backend.datasets.ingest.readers.text_reader import TextReader
from tests.contracts.reader_contract import ReaderContract
from tests.support.files import read


class TestTextReader(ReaderContract):
    reader = TextReader()

    def sample(self) -> bytes:
        return "Satzung\n\nDie Hundesteuer beträgt 50 €.\n".encode()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_every_encoding_gives_the_same_text(encoding: str) -> None:
    (document,) = read(TextReader(), "Gebühr\r\nfür „Hunde“: 5 €".encode(encoding))

    assert document.text == "Gebühr\nfür „Hunde“: 5 €"
    assert (document.title, len(document.sections)) == ("Gebühr", 1)


def test_a_long_first_line_is_no_title() -> None:
    (document,) = read(TextReader(), b"Wort " * 100, "ordner/bescheid.txt")

    assert document.title == "bescheid"
