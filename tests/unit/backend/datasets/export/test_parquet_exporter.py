"""Parquet with an explicit schema."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from backend.datasets.export import parquet_exporter
from backend.datasets.export.parquet_exporter import ParquetExporter
from shared.models.dataset import RecordFormat
from tests.contracts.exporter_contract import ExporterContract, a_row, hostile_rows


class TestParquetExporter(ExporterContract):
    exporter_type = ParquetExporter

    def test_the_types_are_those_of_the_schema_and_nothing_is_null(self, tmp_path: Path) -> None:
        self.exporter(RecordFormat.MESSAGES).write(iter(hostile_rows(RecordFormat.MESSAGES)), tmp_path / "x")

        schema = pq.read_schema(tmp_path / "x")
        assert schema.names[:3] == ["record_id", "messages", "metadata"]
        assert schema.field("quality_score").type == pa.float64()
        assert schema.field("document_version").type == pa.int64()
        assert not any(schema.field(name).nullable for name in schema.names)

    def test_row_groups_are_bounded_and_compressed(self, tmp_path: Path, monkeypatch: Any) -> None:
        monkeypatch.setattr(parquet_exporter, "GROUP_CHARACTERS", 5_000)
        rows = (a_row(number, "Die Gebühr ist fällig. " * 20, RecordFormat.TEXT) for number in range(50))
        self.exporter().write(rows, tmp_path / "x")

        metadata = pq.ParquetFile(tmp_path / "x").metadata
        assert metadata.num_rows == 50
        assert metadata.num_row_groups > 5
        assert metadata.row_group(0).column(1).compression == "ZSTD"

    def test_the_file_itself_says_which_dataset_it_is(self, tmp_path: Path) -> None:
        self.exporter().write(iter(hostile_rows(RecordFormat.TEXT)), tmp_path / "x")

        metadata = pq.read_metadata(tmp_path / "x")
        assert metadata.metadata[b"clara.dataset_id"] == b"dataset_1"
        assert metadata.row_group(0).column(0).has_offset_index
