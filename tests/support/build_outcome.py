"""What a finished build left on the disk and in the database, to be compared with another one."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from shared.database.base import DatasetStore
from shared.models.dataset import Dataset
from tests.support.killed_builds import digests

_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a finished build left.

    Args:
        files: Everything below the dataset's folder: path -> SHA-256, or nothing for a folder.
        told: SHA-256 over what the database knows of the dataset, but for times, claims and places.
        origins: SHA-256 over the provenance of all records.
    """

    content_sha256: str | None
    version_sha256: str | None
    files: Mapping[str, str]
    told: str
    origins: str

    @classmethod
    def of(cls, datasets: DatasetStore, dataset_id: str, folder: Path) -> Self:
        """Read it from the database and the folder of a dataset, which must hold one attempt and nothing else."""
        (attempt,) = folder.iterdir()
        dataset = datasets.get(dataset_id)
        folders = {f"{path.relative_to(attempt).as_posix()}/": "" for path in attempt.rglob("*") if path.is_dir()}
        files = {**digests(attempt), **folders}
        told, origins = _told(dataset, attempt), _origins(datasets, dataset_id)
        return cls(dataset.content_sha256, dataset.version_sha256, files, told, origins)

    def compared(self, other: Self) -> dict[str, bool]:
        """Name of each part -> whether it is equal."""
        mine, theirs = asdict(self), asdict(other)
        return {name: mine[name] == theirs[name] for name in mine}


def _told(dataset: Dataset, attempt: Path) -> str:
    exports = {name: Path(path).relative_to(attempt).as_posix() for name, path in sorted(dataset.export_paths.items())}
    numbers = dataset.document_count, dataset.record_count, dataset.total_tokens, dataset.quality_score_avg
    records = Path(str(dataset.path)).relative_to(attempt)
    told = dataset.manifest_sha256, records.as_posix(), exports, numbers, dataset.statistics
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _origins(datasets: DatasetStore, dataset_id: str) -> str:
    digest = hashlib.sha256()
    last: str | None = None
    while page := datasets.provenance(dataset_id, after=last, limit=_ROWS):
        digest.update("".join(f"{row}\n" for row in page).encode())
        last = page[-1].record_id
    return digest.hexdigest()
