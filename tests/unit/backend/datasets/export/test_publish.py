"""Exports appear whole and proved equal, or not at all."""

import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.export.base import ExportOptions, Row
from backend.datasets.export.conversations import BrokenConversation
from backend.datasets.export.jsonl_exporter import JsonlExporter
from backend.datasets.export.order import ExportOrder
from backend.datasets.export.publish import ExportNotEqual, export_dataset
from backend.datasets.export.registry import installed_exporters
from backend.datasets.records.content import json_line
from shared.models.dataset import RecordFormat, Split
from shared.storage import AlreadyPublished, read_manifest, verify_folder
from tests.contracts.exporter_contract import a_row, hostile_rows, lopsided_rows

OF_TEXTS = [name for name in installed_exporters() if name not in ("alpaca", "sharegpt")]


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


@pytest.mark.parametrize("export_format", OF_TEXTS)
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
        for export_format in OF_TEXTS
    }

    assert len(hashes) == 1


@pytest.mark.parametrize("export_format", OF_TEXTS)
def test_the_same_export_twice_is_the_same_bytes(records_dir: Path, export_format: str) -> None:
    one = export_dataset(_order(records_dir, export_format, "one"))
    two = export_dataset(_order(records_dir, export_format, "two"))

    assert one.sha256 == two.sha256


def test_an_empty_split_has_no_file(records_dir: Path) -> None:
    export_dataset(_order(records_dir, "parquet"))

    assert sorted(read_manifest(records_dir.parent / "x").files) == [
        "README.md",
        "SHA256SUMS",
        "test.parquet",
        "train.parquet",
    ]


def test_a_published_export_is_never_overwritten(records_dir: Path) -> None:
    export_dataset(_order(records_dir, "jsonl"))

    with pytest.raises(AlreadyPublished):
        export_dataset(_order(records_dir, "jsonl"))


@pytest.mark.parametrize("export_format", OF_TEXTS)
def test_a_large_split_becomes_numbered_shards_that_hold_all_of_it(records_dir: Path, export_format: str) -> None:
    whole = export_dataset(_order(records_dir, export_format, "whole"))
    cut = export_dataset(replace(_order(records_dir, export_format, "cut"), shard_bytes=4_000))
    shards = [name for name in cut.properties["file_rows"] if "train" in name]

    assert len(shards) > 3
    assert shards[1].endswith(f"train-00001-of-{len(shards):05d}{Path(shards[1]).suffix}")
    assert sum(cut.properties["file_rows"][name] for name in shards) == cut.properties["rows"]["train"]
    assert cut.properties["content_sha256"] == whole.properties["content_sha256"]


@pytest.mark.parametrize("export_format", installed_exporters())
def test_no_file_is_larger_than_the_largest_whatever_its_rows_are_like(tmp_path: Path, export_format: str) -> None:
    (tmp_path / "records").mkdir()
    # none of them is too large by itself
    found = [row for rows in lopsided_rows(RecordFormat.INSTRUCTION) for row in rows if len(json_line(row)) < 5_000]
    for split in Split:
        lines = "".join(json_line(row) + "\n" for row in found if split is Split.TRAIN)
        (tmp_path / "records" / f"{split}.jsonl").write_text(lines, encoding="utf-8")
    order = _order(tmp_path / "records", export_format)
    cut = export_dataset(replace(order, record_format=RecordFormat.INSTRUCTION, shard_bytes=100_000))
    files = cut.properties["file_rows"]

    assert len(files) > 2
    assert max((tmp_path / "x" / name).stat().st_size for name in files) <= 100_000


def test_checksums_hold_for_every_file_but_the_manifest(records_dir: Path) -> None:
    export_dataset(_order(records_dir, "huggingface"))
    folder = records_dir.parent / "x"
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert len(checked.stdout.splitlines()) == len(read_manifest(folder).files) - 1


def test_the_manifest_says_what_an_auditor_asks(records_dir: Path) -> None:
    order = replace(
        _order(records_dir, "jsonl"),
        request={"search_query": {"query_text": "Gebühr"}},
        statistics=lambda: {
            "sections": {"found": 9, "kept": 5, "dropped": {"stub": 4}},
            "degraded": {"vector": "down"},
        },
    )
    properties = export_dataset(order).properties

    assert properties["statistics"] == {"sections": {"found": 9, "kept": 5, "dropped": {"stub": 4}}}
    assert properties["file_rows"] == {"train.jsonl": len(hostile_rows(RecordFormat.TEXT)), "test.jsonl": 1}
    assert properties["sources"]["documents"] == len(hostile_rows(RecordFormat.TEXT)) + 1
    assert properties["request"]["search_query"]["query_text"] == "Gebühr"
    assert set(properties["tools"]) == {"clara", "python", "orjson", "pyarrow"}
    assert len(properties["schema_sha256"]) == 64


def test_a_conversation_that_is_broken_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "records"
    folder.mkdir()
    broken = {**a_row(1, "x", RecordFormat.MESSAGES), "messages": [{"role": "assistant", "content": "Guten Tag."}]}
    for split in Split:
        (folder / f"{split}.jsonl").write_text(json_line(broken) + "\n" if split is Split.TRAIN else "")

    with pytest.raises(BrokenConversation, match="turn 1"):
        export_dataset(replace(_order(folder, "jsonl"), record_format=RecordFormat.MESSAGES))
    assert [path.name for path in tmp_path.iterdir()] == ["records"]


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
