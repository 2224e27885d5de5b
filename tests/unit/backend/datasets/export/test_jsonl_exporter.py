"""JSON Lines."""

from pathlib import Path

import pytest

from backend.datasets.export.base import ExportOptions
from backend.datasets.export.jsonl_exporter import JsonlExporter
from backend.datasets.export.options import Compression
from shared.models.dataset import RecordFormat
from tests.contracts.exporter_contract import HOSTILE, ExporterContract, hostile_rows


class TestJsonlExporter(ExporterContract):
    exporter_type = JsonlExporter

    def test_every_row_is_one_line_even_to_readers_that_break_at_odd_characters(self, tmp_path: Path) -> None:
        self.exporter().write(iter(hostile_rows(RecordFormat.TEXT)), tmp_path / "x")
        content = (tmp_path / "x").read_bytes()

        assert len(content.decode("utf-8").splitlines()) == len(HOSTILE)
        assert content.endswith(b"}\n")
        assert not content.startswith(b"\xef\xbb\xbf")

    @pytest.mark.parametrize(
        ("compression", "suffix"), [(Compression.GZIP, ".jsonl.gz"), (Compression.ZSTD, ".jsonl.zst")]
    )
    def test_packed_it_reads_back_and_its_name_says_so(
        self, compression: Compression, suffix: str, tmp_path: Path
    ) -> None:
        exporter = self.exporter(options=ExportOptions(compression=compression))
        exporter.write(iter(hostile_rows(RecordFormat.TEXT)), tmp_path / "x")

        assert list(exporter.read(tmp_path / "x")) == hostile_rows(RecordFormat.TEXT)
        assert exporter.suffix == suffix
