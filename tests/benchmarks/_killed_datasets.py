"""Datasets that the real service builds from one ordered folder: undisturbed, or killed and built to their end."""

import hashlib
import random
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from shared.database.stores import Stores, open_stores
from shared.models.dataset import Dataset, DatasetStatus
from shared.models.dataset_events import DatasetEventType
from tests.benchmarks._law_datasets import DATASET_ID, law_settings
from tests.support.dataset_service import DatasetService, running_service
from tests.support.killed_builds import digests
from tests.support.processes import kill_tree

LONGEST_BUILD_S = 1_200.0
_SETTINGS = {"CLARA_EMBEDDING_MODEL": "none"}
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
    def of(cls, home: Path) -> Self:
        """Read it where a service has built."""
        (attempt,) = (home / "data" / "datasets" / DATASET_ID).iterdir()
        with _opened(home) as stores:
            dataset = stores.datasets.get(DATASET_ID)
            origins = _origins(stores)
        folders = {f"{path.relative_to(attempt).as_posix()}/": "" for path in attempt.rglob("*") if path.is_dir()}
        files = {**digests(attempt), **folders}
        return cls(dataset.content_sha256, dataset.version_sha256, files, _told(dataset, attempt), origins)

    def compared(self, other: Self) -> dict[str, bool]:
        """Name of each part -> whether it is equal."""
        mine, theirs = asdict(self), asdict(other)
        return {name: mine[name] == theirs[name] for name in mine}


def built(home: Path) -> float:
    """Start a service that builds what is ordered there; seconds from its start to the finished dataset.

    Raises:
        RuntimeError: If the build fails.
    """
    started = time.monotonic()
    with _service(home) as service:
        dataset = service.finished(DATASET_ID, within_s=LONGEST_BUILD_S)
        took_s = time.monotonic() - started
        service.stop()
    if dataset["status"] != DatasetStatus.COMPLETED:
        raise RuntimeError(f"the build failed: {dataset['error_message']}")
    return took_s


def killed_and_built(ordered: Path, target: Path, moment_s: float, calm: Outcome, chance: random.Random) -> Any:
    """Kill a build and have it built; one that was quicker than its kill is done again, and killed earlier."""
    with copied(ordered, target) as home:
        processes = _killed(home, moment_s)
        at = _reached(home)
        if at is not None:
            resumed_s = built(home)
            return {
                "killed_after_s": round(moment_s, 1),
                "processes": processes,
                **at,
                "resumed_s": round(resumed_s, 1),
                "equal": Outcome.of(home).compared(calm),
            }
    return killed_and_built(ordered, target, chance.uniform(0.5, 1.0) * moment_s, calm, chance)


@contextmanager
def copied(ordered: Path, target: Path) -> Iterator[Path]:
    """A copy of the folder for as long as a `with` block."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(ordered, target)
    try:
        yield target
    finally:
        shutil.rmtree(target)


@contextmanager
def _service(home: Path) -> Iterator[DatasetService]:
    with running_service(home, _SETTINGS) as service:
        yield service


def _killed(home: Path, moment_s: float) -> int:
    """Start a service and kill it so many seconds later, with all that it started; how many processes that were."""
    started = time.monotonic()
    with _service(home) as service:
        time.sleep(max(0.0, started + moment_s - time.monotonic()))
        return kill_tree(service.process.pid)


def _reached(home: Path) -> dict[str, str] | None:
    """What was finished and what was told last when all was killed; None if there was nothing left to do."""
    with _opened(home) as stores:
        if stores.datasets.get(DATASET_ID).status is DatasetStatus.COMPLETED:
            return None
        events = list(stores.datasets.events(DATASET_ID))
        while page := stores.datasets.events(DATASET_ID, after=events[-1].seq):
            events += page
    finished = [event.payload["stage"] for event in events if event.type is DatasetEventType.STAGE]
    told = [event.payload["stage"] for event in events if event.type is DatasetEventType.PROGRESS]
    return {"finished": finished[-1] if finished else "nothing", "last_told": told[-1] if told else "nothing"}


def _told(dataset: Dataset, attempt: Path) -> str:
    exports = {name: Path(path).relative_to(attempt).as_posix() for name, path in sorted(dataset.export_paths.items())}
    numbers = dataset.document_count, dataset.record_count, dataset.total_tokens, dataset.quality_score_avg
    records = Path(str(dataset.path)).relative_to(attempt)
    told = dataset.manifest_sha256, records.as_posix(), exports, numbers, dataset.statistics
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _origins(stores: Stores) -> str:
    digest = hashlib.sha256()
    last: str | None = None
    while page := stores.datasets.provenance(DATASET_ID, after=last, limit=_ROWS):
        digest.update("".join(f"{row}\n" for row in page).encode())
        last = page[-1].record_id
    return digest.hexdigest()


@contextmanager
def _opened(home: Path) -> Iterator[Stores]:
    stores = open_stores(law_settings(home).database_url_resolved)
    try:
        yield stores
    finally:
        stores.close()
