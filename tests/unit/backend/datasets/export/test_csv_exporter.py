"""CSV for people with a spreadsheet."""

import csv
from pathlib import Path

from backend.datasets.export.base import ExportOptions
from backend.datasets.export.csv_exporter import CsvExporter
from shared.models.dataset import RecordFormat
from tests.contracts.exporter_contract import HOSTILE, ExporterContract, hostile_rows


def _cells(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


class TestCsvExporter(ExporterContract):
    exporter_type = CsvExporter

    def test_no_cell_can_act_as_a_formula(self, tmp_path: Path) -> None:
        self.exporter(RecordFormat.PROMPT_COMPLETION).write(
            iter(hostile_rows(RecordFormat.PROMPT_COMPLETION)), tmp_path / "x"
        )

        live = [cell for row in _cells(tmp_path / "x") for cell in row if cell.strip()[:1] in tuple("=+-@")]
        assert live == []

    def test_the_guard_can_be_left_out_and_the_manifest_says_which(self, tmp_path: Path) -> None:
        guarded, unguarded = self.exporter(), self.exporter(options=ExportOptions(spreadsheet_safe=False))
        unguarded.write(iter(hostile_rows(RecordFormat.TEXT)), tmp_path / "x")

        assert [row[1] for row in _cells(tmp_path / "x")[1:]] == list(HOSTILE)
        assert guarded.notes()["remove_one_leading_apostrophe"] is True
        assert unguarded.notes()["remove_one_leading_apostrophe"] is False
        assert list(unguarded.read(tmp_path / "x")) == hostile_rows(RecordFormat.TEXT)

    def test_a_german_excel_gets_semicolons_and_a_byte_order_mark(self, tmp_path: Path) -> None:
        exporter = self.exporter(options=ExportOptions(delimiter=";", byte_order_mark=True))
        exporter.write(iter(hostile_rows(RecordFormat.TEXT)), tmp_path / "x")
        raw = (tmp_path / "x").read_bytes()

        assert raw.startswith(b'\xef\xbb\xbf"record_id";"text";')
        assert raw.count(b'\xef\xbb\xbf"record_id') == 1
        assert list(exporter.read(tmp_path / "x")) == hostile_rows(RecordFormat.TEXT)
        assert exporter.notes()["delimiter"] == ";"
