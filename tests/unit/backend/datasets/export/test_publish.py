"""Exports appear whole and proved equal, or not at all."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.export.base import ExportOptions, Row
from backend.datasets.export.jsonl_exporter import JsonlExporter
from backend.datasets.export.publish import ExportNotEqual, ExportOrder, export_dataset
from backend.datasets.export.registry import installed_exporters
from backend.datasets.records.content import json_line
from shared.models.dataset import RecordFormat
from shared.storage import AlreadyPublished, read_manifest, verify_folder
from tests.contracts.exporter_contract import a_row, hostile_rows


@pytest.fixture
def records_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "records"
    folder.mkdir()
    parts = {"train": hostile_rows(RecordFormat.TEXT), "validation": [], "test": [a_row(99, "z", RecordFormat.TEXT)]}
    for split, rows in parts.items():
        (folder / f"{split}.jsonl").write_text("".join(json_line(row) + "\n" for row in rows), encoding="utf-8")
    return folder


def _order(records_dir: Path, export_format: str, name: str = "x", **options: Any) -> ExportOrder:
    return ExportOrder(
        dataset_id="dataset_1",
        dataset_name='Satzungen "2026": alle',
        records_dir=records_dir,
        target=records_dir.parent / name,
        export_format=export_format,
        record_format=RecordFormat.TEXT,
        options=ExportOptions(**options),
    )


@pytest.mark.parametrize("export_format", list(installed_exporters()))
def test_an_export_is_a_verified_folder_with_its_counts(records_dir: Path, export_format: str) -> None:
    manifest = export_dataset(_order(records_dir, export_format))

    assert verify_folder(records_dir.parent / "x").properties["rows"] == {
        "train": len(hostile_rows(RecordFormat.TEXT)),
        "validation": 0,
        "test": 1,
    }
    assert manifest.properties["format"] == export_format


def test_every_format_has_the_same_content_hash(records_dir: Path) -> None:
    hashes = {
        export_dataset(_order(records_dir, export_format, export_format)).properties["content_sha256"]
        for export_format in installed_exporters()
    }

    assert len(hashes) == 1


@pytest.mark.parametrize("export_format", list(installed_exporters()))
def test_the_same_export_twice_is_the_same_bytes(records_dir: Path, export_format: str) -> None:
    one = export_dataset(_order(records_dir, export_format, "one"))
    two = export_dataset(_order(records_dir, export_format, "two"))

    assert one.sha256 == two.sha256


def test_an_empty_split_has_no_file(records_dir: Path) -> None:
    export_dataset(_order(records_dir, "parquet"))

    assert sorted(read_manifest(records_dir.parent / "x").files) == ["README.md", "test.parquet", "train.parquet"]


def test_a_published_export_is_never_overwritten(records_dir: Path) -> None:
    export_dataset(_order(records_dir, "jsonl"))

    with pytest.raises(AlreadyPublished):
        export_dataset(_order(records_dir, "jsonl"))


class _LossyExporter(JsonlExporter):
    """Forgets the last row."""

    def read(self, path: Path) -> Iterator[dict[str, Any]]:
        yield from list(super().read(path))[:-1]


class _FailingExporter(JsonlExporter):
    """Breaks in the middle."""

    def write(self, rows: Iterable[Row], path: Path) -> None:
        super().write([next(iter(rows))], path)
        raise RuntimeError("power failure")


@pytest.mark.parametrize(("exporter", "error"), [(_LossyExporter, ExportNotEqual), (_FailingExporter, RuntimeError)])
def test_an_export_that_fails_leaves_nothing(
    records_dir: Path, exporter: type[JsonlExporter], error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.datasets.export.publish.exporter_for", lambda _: exporter)

    with pytest.raises(error):
        export_dataset(_order(records_dir, "jsonl"))

    assert [path.name for path in records_dir.parent.iterdir()] == ["records"]
