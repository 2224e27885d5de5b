"""JSON lines."""

import pytest

from backend.datasets.ingest.base import UnreadableFile
from backend.datasets.ingest.readers.jsonl_reader import JsonlReader
from tests.contracts.reader_contract import ReaderContract
from tests.support.files import read, read_with_skips


class TestJsonlReader(ReaderContract):
    reader = JsonlReader()

    def sample(self) -> bytes:
        first = b'{"id":"a","title":"Erster","text":"Die Hundesteuer"}'
        return first + b'\n\n{"id":"b","content":"Zweites","jahr":2024}\n'


def test_each_line_is_a_document() -> None:
    first, second = read(JsonlReader(), TestJsonlReader().sample(), "export.jsonl")

    assert (first.key, first.title, first.text) == ("a", "Erster", "Die Hundesteuer")
    assert (second.key, second.title, second.text, second.metadata) == ("b", "export 2", "Zweites", {"jahr": 2024})


def test_a_record_without_text_keeps_all_its_fields() -> None:
    (document,) = read(JsonlReader(), b'{"frage": "Wie?", "liste": [1, 2], "leer": null}')

    assert document.text == "frage: Wie?\nliste: [1, 2]"


@pytest.mark.parametrize(
    "line", [b"{kaputt", b"[1]", b'{"text": NaN}', b'{"text": ""}', b"\xff\xfe\x00", b"[" * 100_000, b'{"a":' * 5000]
)
def test_a_broken_line_is_skipped_by_number_and_the_rest_is_read(line: bytes) -> None:
    documents, skipped = read_with_skips(JsonlReader(), b'{"text": "vorher"}\n' + line + b'\n{"text": "nachher"}\n')

    assert [document.text for document in documents] == ["vorher", "nachher"]
    assert list(skipped) == ["line 2"]


def test_a_file_without_any_record_is_refused() -> None:
    with pytest.raises(UnreadableFile, match="line 1"):
        read(JsonlReader(), b"kein JSON\nauch nicht\n")


def test_what_no_database_takes_is_replaced() -> None:
    (document,) = read(
        JsonlReader(), rb'{"id": "\ud800", "text": "a\u0000b\ud800c", "title": "t\udfff", "x": "\u0000"}'
    )

    assert (document.key, document.text, document.title) == ("\ufffd", "a\ufffdb\ufffdc", "t\ufffd")
    assert document.metadata == {"x": "\ufffd"}
