"""JSON arrays."""

import json
from pathlib import Path

from backend.datasets.export.json_exporter import JsonExporter
from shared.models.dataset import RecordFormat
from tests.contracts.exporter_contract import ExporterContract, hostile_rows


class TestJsonExporter(ExporterContract):
    exporter_type = JsonExporter

    def test_the_file_is_one_json_document(self, tmp_path: Path) -> None:
        rows = hostile_rows(RecordFormat.MESSAGES)
        self.exporter(RecordFormat.MESSAGES).write(iter(rows), tmp_path / "x")

        assert json.loads((tmp_path / "x").read_text(encoding="utf-8")) == rows

    def test_an_empty_file_is_an_empty_array(self, tmp_path: Path) -> None:
        self.exporter().write(iter(()), tmp_path / "x")

        assert json.loads((tmp_path / "x").read_text(encoding="utf-8")) == []
