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
    assert "a list" in rows[2].problem


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
    ("name", "content", "reason"),
    [
        ("a.json", b"{}", "it must hold a list of records, found an object"),
        ("a.json", b"[", "it is not JSON: Expecting value at line 1 column 2"),
        ("a.json", b'[{"text": "a"}\n{"text": "b"}]', "it is not JSON: line 2 should go on with a comma or end"),
        ("a.json", b"[] []", "it is not JSON: something follows the list in line 1"),
        ("a.json", b'{"text": 1}\n{"text": 2}', "it holds one object after the other, not a list"),
        ("a.json", b'["\xff"]', "it is not UTF-8"),
        ("a.jsonl", b"[\n]", "it holds a JSON list"),
        ("a.parquet", b"PAR1 nicht", "it is damaged and cannot be read as Parquet"),
        ("a.csv", b"text\n\xff\n", "it is not UTF-8"),
        ("a.csv", b'text\n"a\n', "it is not CSV: line 2: unexpected end of data"),
        ("a.csv", b"prompt;completion\na;b\n", "its header is separated by semicolons"),
        ("a.csv", b"prompt\tcompletion\na\tb\n", "its header is separated by tabs"),
        ("a.csv", b"text,text\na,b\n", "its header names text twice"),
        ("a.csv", b"text,\na,b\n", "a column of its header has no name"),
        ("a.xlsx", b"x", "its name ends in none of .jsonl, .json, .parquet, .csv"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableFile) as caught:
        list(read_rows(tmp_path / name))
    assert caught.value.message.startswith(f"{name} cannot be read as training data: {reason}")


def test_columns_of_the_same_name_are_refused(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"])
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(UnreadableFile, match="columns name text twice"):
        list(read_rows(tmp_path / "a.parquet"))


def test_a_line_without_end_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "a.jsonl").open("wb") as stream:
        stream.write(b'{"text": "a"}\n')
        stream.truncate(80 << 20)  # a hole in the file: zeros that take no room
    rows = read_rows(tmp_path / "a.jsonl")
    assert next(rows).record == {"text": "a"}
    with pytest.raises(UnreadableFile, match="line 2 is longer than 64 MiB; split the record"):
        next(rows)


def test_items_of_a_json_list_are_judged_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('\ufeff[{"text": "a"},\r\n {"text": NaN}, 7, {"text": "a", "text": "b"}, {"text": "c"}]\n', "utf-8")
    assert [(row.line, row.problem) for row in read_rows(path)] == [
        (1, ""),
        (2, "holds NaN, which is not JSON"),
        (3, "must be an object with fields, found a number"),
        (4, "names text twice in one object"),
        (5, ""),
    ]


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.csv"])
def test_a_file_without_content_has_no_rows(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("\n\n" if name != "a.csv" else "text\n", encoding="utf-8")
    assert list(read_rows(tmp_path / name)) == []


def test_line_ends_of_windows_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes('\ufeff{"text": "ä"}\r\n\r\n{"text": "b"}\r\n'.encode())
    (tmp_path / "a.csv").write_bytes("\ufefftext\r\nä\r\n\r\nb\r\n".encode())
    for name in ("a.jsonl", "a.csv"):
        assert [row.record for row in read_rows(tmp_path / name)] == [{"text": "ä"}, {"text": "b"}]


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(TrainFileMissing):
        list(read_rows(tmp_path / "fehlt.jsonl"))
