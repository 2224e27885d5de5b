"""Packed files are the same bytes for the same content."""

import gzip
from pathlib import Path

import pytest

from backend.datasets.export.options import Compression
from backend.datasets.export.packing import packed_for_reading, packed_for_writing

LINES = ["Gebühr\n".encode() * 3, b"x" * (3 << 20) + b"\n", b"end\n"]


@pytest.mark.parametrize("compression", list(Compression))
def test_what_is_packed_is_unpacked_and_equal_every_time(compression: Compression, tmp_path: Path) -> None:
    for name in ("one", "two"):
        with packed_for_writing(tmp_path / name, compression) as stream:
            for line in LINES:
                stream.write(line)
    with packed_for_reading(tmp_path / "one", compression) as stream:
        assert b"".join(stream) == b"".join(LINES)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_gzip_holds_neither_time_nor_name(tmp_path: Path) -> None:
    with packed_for_writing(tmp_path / "secret-name", Compression.GZIP) as stream:
        stream.write(b"x")
    raw = (tmp_path / "secret-name").read_bytes()

    assert raw[4:8] == b"\0\0\0\0"
    assert b"secret-name" not in raw
    assert gzip.decompress(raw) == b"x"
