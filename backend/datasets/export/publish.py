"""Export a finished dataset: every split through one exporter into a folder that appears whole, proved equal."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from backend.datasets.export.base import BaseExporter, ExportOptions, Row
from backend.datasets.export.card import write_card
from backend.datasets.export.registry import exporter_for
from backend.datasets.records.content import ContentHash
from backend.datasets.records.schema import Column, columns
from shared.errors import Unavailable
from shared.models.dataset import RecordFormat, Split
from shared.storage import Manifest, stage


class ExportNotEqual(Unavailable):
    """What was read back from an export is not what was written."""

    code = "export_not_equal"

    def __init__(self, export_format: str) -> None:
        super().__init__(
            f"The {export_format} export read back differs from the dataset; it was discarded. Check the disk, retry.",
            format=export_format,
        )


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """What to export.

    Args:
        records_dir: Folder with the canonical `<split>.jsonl`.
        target: Folder to publish; must not exist.
    """

    dataset_id: str
    dataset_name: str
    records_dir: Path
    target: Path
    export_format: str
    record_format: RecordFormat
    options: ExportOptions = field(default_factory=ExportOptions)


def export_dataset(order: ExportOrder) -> Manifest:
    """Write, read back, compare and publish; nothing is visible before all of it is done.

    Raises:
        UnknownExportFormat: If no exporter writes the format.
        ExportNotEqual: If the read-back differs.
        AlreadyPublished: If the target exists.
    """
    shape = columns(order.record_format, include_metadata=order.options.include_metadata)
    exporter = exporter_for(order.export_format)(shape, order.options)
    written, read_back = ContentHash(), ContentHash()
    with stage(order.target) as staged:
        rows = {split: _export_split(order, exporter, split, staged.path, written, read_back) for split in Split}
        if written.hex != read_back.hex:
            raise ExportNotEqual(order.export_format)
        write_card(staged.path, order.dataset_name, exporter, rows)
        return staged.publish(
            {
                "dataset_id": order.dataset_id,
                "format": order.export_format,
                "record_format": order.record_format.value,
                "options": asdict(order.options),
                "columns": [asdict(column) for column in shape],
                "rows": {split.value: count for split, count in rows.items()},
                "content_sha256": written.hex,
                "notes": dict(exporter.notes()),
            }
        )


def _export_split(
    order: ExportOrder,
    exporter: BaseExporter,
    split: Split,
    folder: Path,
    written: ContentHash,
    read_back: ContentHash,
) -> int:
    source = order.records_dir / f"{split.value}.jsonl"
    # an empty file has no types: readers stumble over it, so an empty split has none
    if source.stat().st_size == 0:
        return 0
    target = folder / f"{split.value}.{exporter.extension}"
    exporter.write(_counted(read_records(source), exporter.columns, written), target)
    count = 0
    for row in exporter.read(target):
        read_back.add(row)
        count += 1
    return count


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    """Records of a canonical file, streamed."""
    with path.open(encoding="utf-8", newline="\n") as stream:
        for line in stream:
            yield json.loads(line)


def _counted(rows: Iterable[Row], shape: Sequence[Column], written: ContentHash) -> Iterator[Row]:
    names = [column.name for column in shape]
    for row in rows:
        selected = {name: row[name] for name in names}
        written.add(selected)
        yield selected
