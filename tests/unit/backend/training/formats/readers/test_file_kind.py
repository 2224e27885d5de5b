"""Files that are something else than their name says."""

import gzip
from pathlib import Path

import pytest

from backend.training.formats.readers.file_kind import unlike_its_name

RECORD = '{"text": "Die Behörde"}\n'


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.jsonl", gzip.compress(RECORD.encode(), mtime=0), "it is compressed with gzip; unpack it"),
        (
            "a.json",
            b"PK\x03\x04 zip",
            "it is a zip archive, as spreadsheets are; unpack it, or export the sheet as CSV",
        ),
        ("a.parquet", b"BZh9", "it is compressed with bzip2; unpack it"),
        ("a.csv", b"PAR1 and more", "it is a Parquet file; let its name end in .parquet"),
        ("a.parquet", RECORD.encode(), "it is not a Parquet file, which begins with the letters PAR1"),
        ("a.jsonl", RECORD.encode("utf-16"), "it is UTF-16 or UTF-32; save it as UTF-8"),
        ("a.jsonl", RECORD.encode("utf-16-le"), "it is UTF-16 or UTF-32; save it as UTF-8"),
        ("a.csv", RECORD.encode("utf-16-be"), "it is UTF-16 or UTF-32; save it as UTF-8"),
        (
            "a.jsonl",
            f"\ufeff\n[\n{RECORD}]".encode(),
            "it holds a JSON list, not one object per line; let its name end in .json",
        ),
    ],
)
def test_the_first_bytes_tell_another_kind(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert unlike_its_name(tmp_path / name) == reason


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", RECORD.encode()),
        ("a.jsonl", RECORD.encode("utf-8-sig")),
        ("a.jsonl", b""),
        ("a.json", b"[]"),
        ("a.parquet", b"PAR1"),
        ("a.csv", b"text\nx\n"),
    ],
)
def test_a_file_that_is_what_its_name_says_is_left_alone(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert unlike_its_name(tmp_path / name) == ""
