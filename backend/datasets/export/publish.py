"""Export a finished dataset: every split through one exporter into a folder that appears whole, proved equal."""

import platform
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from backend.common.version import VERSION
from backend.datasets.export.base import Row
from backend.datasets.export.card import write_card
from backend.datasets.export.conversations import ConversationCheck
from backend.datasets.export.order import ExportOrder, Written, WrittenSplit
from backend.datasets.export.registry import exporter_for
from backend.datasets.export.sharding import ShardedRecords
from backend.datasets.export.sources import SourceLedger
from backend.datasets.records.content import ContentHash, json_bytes
from backend.datasets.records.schema import columns
from backend.datasets.tokens import UnicodeWordCounter
from shared.errors import Unavailable
from shared.models.dataset import Split
from shared.storage import MANIFEST_NAME, Manifest, read_manifest, sha256_file, stage

__all__ = ["ExportNotEqual", "ExportOrder", "export_dataset"]

CHECKSUMS_FILE = "SHA256SUMS"
_LIBRARIES = ("orjson", "pyarrow")


class ExportNotEqual(Unavailable):
    """What was read back from an export is not what was written."""

    code = "export_not_equal"

    def __init__(self, export_format: str) -> None:
        super().__init__(
            f"The {export_format} export read back differs from the dataset; it was discarded. Check the disk, retry.",
            format=export_format,
        )


def export_dataset(order: ExportOrder) -> Manifest:
    """Write, read back, compare and publish; nothing is visible before all of it is done.

    Raises:
        UnknownExportFormat: If no exporter writes the format.
        NotExportable: If the format cannot hold these records, or does not know an option.
        BrokenConversation: If a record cannot be learnt from.
        ExportNotEqual: If the read-back differs.
        AlreadyPublished: If the target exists.
    """
    return _Export(order).run()


class _Export:
    """One export on its way."""

    def __init__(self, order: ExportOrder) -> None:
        self._order = order
        self._records = _properties(order.records_dir)
        self._shape = columns(order.record_format, include_metadata=order.options.include_metadata)
        self._exporter = exporter_for(order.export_format)(self._shape, order.options, self._about())
        self._check = ConversationCheck(self._shape, UnicodeWordCounter(), max_tokens=order.options.max_tokens)
        self._sources = SourceLedger()
        self._written, self._read_back = ContentHash(), ContentHash()

    def run(self) -> Manifest:
        """All of it."""
        with stage(self._order.target) as staged:
            splits = {split: self._split(split, staged.path) for split in Split}
            if self._written.hex != self._read_back.hex:
                raise ExportNotEqual(self._order.export_format)
            written = Written(splits, self._sources, self._written.hex, self._records)
            named = {split: part.names for split, part in splits.items()}
            for name, content in self._exporter.companions(named).items():
                (staged.path / name).write_text(content, encoding="utf-8", newline="\n")
            write_card(staged.path, self._order, self._exporter, written)
            _write_checksums(staged.path)
            return staged.publish(self._properties(written))

    def _about(self) -> dict[str, str]:
        about = {
            "dataset_id": self._order.dataset_id,
            "version": self._records.get("content_sha256", ""),
            "quality_profile": self._records.get("quality_profile", ""),
        }
        return {name: value for name, value in about.items() if value}

    def _split(self, split: Split, folder: Path) -> WrittenSplit:
        limit = int(self._order.shard_bytes / self._exporter.growth)
        records = ShardedRecords(self._order.records_dir / f"{split.value}.jsonl", limit_bytes=limit)
        parts: list[tuple[Path, int]] = []
        # an empty file has no types: readers stumble over it, so an empty split has none
        while not records.is_exhausted:
            part = folder / f".{split.value}-{len(parts)}"
            self._exporter.write(self._passing(records.shard()), part)
            parts.append((part, self._compared(self._exporter.read(part))))
        files = {}
        for number, (part, rows) in enumerate(parts):
            name = self._exporter.file_name(split, number, len(parts))
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            part.rename(folder / name)
            files[name] = rows
        return WrittenSplit(files, records.size_bytes)

    def _passing(self, records: Iterable[Row]) -> Iterator[Row]:
        """The records on their way into a file: counted, checked, hashed, and without what was not asked for."""
        names = [column.name for column in self._shape]
        for record in records:
            self._sources.add(record)
            row = {name: record[name] for name in names}
            self._check.check(row)
            self._written.add(row)
            yield row

    def _compared(self, rows: Iterable[Row]) -> int:
        count = 0
        for row in rows:
            self._read_back.add(row)
            count += 1
        return count

    def _properties(self, written: Written) -> dict[str, Any]:
        order, records = self._order, self._records
        shape = [{"name": column.name, "kind": column.kind.value} for column in self._shape]
        return {
            "dataset_id": order.dataset_id,
            "version": records.get("content_sha256", ""),
            "format": order.export_format,
            "record_format": order.record_format.value,
            "options": order.options.as_json(),
            "columns": shape,
            "schema_sha256": sha256(json_bytes({"columns": shape})).hexdigest(),
            "rows": {split.value: part.rows for split, part in written.splits.items()},
            "file_rows": {name: rows for part in written.splits.values() for name, rows in part.files.items()},
            "content_sha256": written.content_sha256,
            "sources": written.sources.as_json(),
            "request": dict(order.request),
            "quality": records.get("quality", {}),
            "quality_profile": records.get("quality_profile", ""),
            "personal_data_policy": records.get("personal_data_policy", ""),
            "split": records.get("split", {}),
            "statistics": order.described,
            "lengths": self._check.as_json(),
            "tools": {"clara": VERSION, "python": platform.python_version(), **{n: version(n) for n in _LIBRARIES}},
            "notes": dict(self._exporter.notes()),
        }


def _properties(records_dir: Path) -> Mapping[str, Any]:
    """What the build said of the canonical records; nothing where they were not published by one."""
    return read_manifest(records_dir).properties if (records_dir / MANIFEST_NAME).exists() else {}


def _write_checksums(folder: Path) -> None:
    """Digests in the form of `sha256sum --check`; the manifest, which comes last, names itself."""
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    lines = "".join(f"{sha256_file(folder / name)}  {name}\n" for name in files)
    (folder / CHECKSUMS_FILE).write_text(lines, encoding="utf-8", newline="\n")
