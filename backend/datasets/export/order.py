"""What an export is ordered with, and what it turned out to hold."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backend.datasets.export.options import ExportOptions
from backend.datasets.export.sharding import SHARD_BYTES
from backend.datasets.export.sources import SourceLedger
from shared.models.dataset import RecordFormat, Split

_DESCRIBED = ("sections", "personal_data", "contamination", "split_leak", "splits", "tokens", "quality_profile")


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """What to export.

    Args:
        records_dir: Folder with the canonical `<split>.jsonl`.
        target: Folder to publish; must not exist.
        description: What the dataset is for.
        request: The order that the dataset was built by, as plain JSON.
        statistics: Gives what its build counted, as plain JSON; asked once the records are written.
        shard_bytes: Largest file.
    """

    dataset_id: str
    dataset_name: str
    records_dir: Path
    target: Path
    export_format: str
    record_format: RecordFormat
    options: ExportOptions = field(default_factory=ExportOptions)
    description: str = ""
    request: Mapping[str, Any] = field(default_factory=dict)
    statistics: Callable[[], Mapping[str, Any]] = dict
    shard_bytes: int = SHARD_BYTES

    @property
    def described(self) -> dict[str, Any]:
        """The figures of the build that an export repeats: the same, whenever it is written."""
        told = self.statistics()
        return {name: told[name] for name in _DESCRIBED if name in told}


@dataclass(frozen=True, slots=True)
class WrittenSplit:
    """What was written of one split.

    Args:
        files: Name -> rows, in order; none for an empty split.
        size_bytes: Of its records as canonical JSON lines.
    """

    files: Mapping[str, int] = field(default_factory=dict)
    size_bytes: int = 0

    @property
    def rows(self) -> int:
        """Records of the split."""
        return sum(self.files.values())

    @property
    def names(self) -> Sequence[str]:
        """Files in order."""
        return list(self.files)


@dataclass(frozen=True, slots=True)
class Written:
    """Everything that was written before the manifest.

    Args:
        content_sha256: Over all records as they were written.
        records: Properties of the manifest of the canonical records.
    """

    splits: Mapping[Split, WrittenSplit]
    sources: SourceLedger
    content_sha256: str
    records: Mapping[str, Any]
