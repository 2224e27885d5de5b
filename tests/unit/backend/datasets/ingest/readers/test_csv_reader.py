"""Tables."""

import pytest

from backend.datasets.ingest.readers.csv_reader import CsvReader
from tests.contracts.reader_contract import ReaderContract
from tests.support.files import read, read_with_skips


class TestCsvReader(ReaderContract):
    reader = CsvReader()

    def sample(self) -> bytes:
        return b'id,title,text\nGT-1,Erster,"Die Hundesteuer, jaehrlich"\nGT-2,Zweiter,"Zeile 1\nZeile 2"\n'


def test_each_row_is_a_document_with_its_id_as_key() -> None:
    first, second = read(CsvReader(), TestCsvReader().sample())

    assert (first.key, first.title, first.text) == ("GT-1", "Erster", "Die Hundesteuer, jaehrlich")
    assert (second.key, second.text) == ("GT-2", "Zeile 1\nZeile 2")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_german_excel_writes_semicolons_in_any_encoding(encoding: str) -> None:
    raw = "Nr;Bezeichnung;Gebühr, in €\r\n1;Auskunft;5,00\r\n2;Abschrift;7,50\r\n".encode(encoding)

    first, second = read(CsvReader(), raw)

    assert (first.key, first.title) == ("1", "Auskunft")
    assert second.text == "Nr: 2\nBezeichnung: Abschrift\nGebühr, in €: 7,50"


def test_other_columns_of_a_text_are_metadata() -> None:
    (document,) = read(CsvReader(), b"Text\tAmt\nInhalt\tBauamt\n", "liste.tsv")

    assert (document.text, document.metadata, document.key) == ("Inhalt", {"Amt": "Bauamt"}, "1")


def test_repeated_ids_and_column_names_and_long_rows_lose_nothing() -> None:
    first, second = read(CsvReader(), b"id,wert,wert\n1,a,b,c\n1,d,e\n")

    assert first.text == "id: 1\nwert: a\nwert (2): b\ncolumn 4: c"
    assert (first.key, second.key) == ("1", "1~2")


def test_a_row_with_an_empty_text_takes_its_other_cells() -> None:
    documents, skipped = read_with_skips(CsvReader(), b"id,text\n1,\n2,da\n,\n")

    assert [document.text for document in documents] == ["id: 1", "da"]
    assert skipped == {}
