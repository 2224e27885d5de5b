"""Rows of data files."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from backend.training.formats.rows import TrainFileMissing, UnreadableFile, read_rows

RECORDS = [{"text": "Erste Zeile\nzweite", "source": "a"}, {"text": 'Mit "Anführung", Komma', "source": "b"}]


def test_all_file_kinds_give_the_same_records(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(record) + "\n" for record in RECORDS), encoding="utf-8")
    (tmp_path / "a.json").write_text(json.dumps(RECORDS), encoding="utf-8")
    pq.write_table(pa.Table.from_pylist(RECORDS), tmp_path / "a.parquet")
    (tmp_path / "a.csv").write_text(
        'text,source\n"Erste Zeile\nzweite",a\n"Mit ""Anführung"", Komma",b\n', encoding="utf-8"
    )
    for name in ("a.jsonl", "a.json", "a.parquet", "a.csv"):
        rows = list(read_rows(tmp_path / name))
        assert [row.record for row in rows] == RECORDS, name
        assert [row.line for row in rows] == [1, 2], name


def test_a_bad_line_is_one_bad_row_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"text": "a"}\n{"text": \n\n[1]\n\xff\xfe\n{"text": "b"}\n' + b"[" * 100_000)
    rows = list(read_rows(path))
    assert [(row.line, row.record is None) for row in rows] == [
        (1, False),
        (2, True),
        (4, True),
        (5, True),
        (6, False),
        (7, True),
    ]
    assert "UTF-8" in rows[3].problem
    assert "list" in rows[2].problem


def test_structured_cells_of_a_csv_are_json(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('messages,tools\n"[{""role"": ""user""}]",\nkaputt,\n', encoding="utf-8")
    good, bad = read_rows(path)
    assert good.record == {"messages": [{"role": "user"}]}
    assert "messages is not JSON" in bad.problem


def test_a_csv_row_with_too_few_cells_is_a_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("prompt,completion\nnur eins\n", encoding="utf-8")
    assert [row.record for row in read_rows(path)] == [None]


def test_a_long_cell_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"text\n{'x' * 300_000}\n", encoding="utf-8")
    assert [len(row.record["text"]) for row in read_rows(path) if row.record] == [300_000]


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.json", b"{}"), ("a.json", b"["), ("a.parquet", b"PAR1 nicht"), ("a.csv", b"text\n\xff\n"), ("a.xlsx", b"x")],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableFile) as caught:
        list(read_rows(tmp_path / name))
    assert name in caught.value.message


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(TrainFileMissing):
        list(read_rows(tmp_path / "fehlt.jsonl"))
