"""Datasets that the real service builds from one ordered folder: undisturbed, or killed and built to their end."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shared.database.stores import Stores, open_stores
from shared.models.dataset import DatasetStatus
from shared.models.dataset_events import DatasetEventType
from tests.benchmarks._law_datasets import DATASET_ID, law_settings
from tests.support.build_outcome import Outcome
from tests.support.dataset_service import DatasetService, running_service
from tests.support.processes import kill_tree

LONGEST_BUILD_S = 3_600.0
_SETTINGS = {"CLARA_EMBEDDING_MODEL": "none"}
_LOOK_S = 0.5


def outcome(home: Path) -> Outcome:
    """What a service has built there."""
    with _opened(home) as stores:
        return Outcome.of(stores.datasets, DATASET_ID, home / "data" / "datasets" / DATASET_ID)


def built(home: Path) -> float:
    """Start a service that builds what is ordered there; seconds from its start to the finished dataset.

    Raises:
        RuntimeError: If the build fails.
    """
    started = time.monotonic()
    with _service(home) as service:
        dataset = service.finished(DATASET_ID, within_s=LONGEST_BUILD_S, look_s=_LOOK_S)
        took_s = time.monotonic() - started
        service.stop()
    if dataset["status"] != DatasetStatus.COMPLETED:
        raise RuntimeError(f"the build failed: {dataset['error_message']}")
    return took_s


def killed_and_built(ordered: Path, target: Path, share: float, undisturbed_s: float, calm: Outcome) -> dict[str, Any]:
    """Kill a build and have it built to its end.

    Args:
        ordered: Folder in which a dataset is ordered.
        target: Where to work.
        share: How much of an undisturbed build passes before the kill.
        undisturbed_s: How long one takes. A machine may have become quicker: a build that ends before its kill tells
            how long it takes now, and the next one is killed in time.
        calm: What an undisturbed build left.
    """
    with copied(ordered, target) as home:
        began = time.monotonic()
        processes = _killed(home, share * undisturbed_s)
        took_s = time.monotonic() - began
        at = _reached(home)
        if at is not None:
            resumed_s = built(home)
            return {
                "killed_after_s": round(share * undisturbed_s, 1),
                "processes": processes,
                **at,
                "resumed_s": round(resumed_s, 1),
                "equal": outcome(home).compared(calm),
            }
    return killed_and_built(ordered, target, share, min(undisturbed_s, took_s), calm)


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
    """Start a service and kill it so many seconds later, with all that it started; how many processes that were.

    It is killed at once when the dataset is finished: nothing is left that could be killed.
    """
    deadline = time.monotonic() + moment_s
    with _service(home) as service:
        while (left_s := deadline - time.monotonic()) > 0 and not _has_ended(service):
            time.sleep(min(left_s, _LOOK_S))
        return kill_tree(service.process.pid)


def _has_ended(service: DatasetService) -> bool:
    return bool(service.call("GET", f"/api/datasets/{DATASET_ID}")["status"] == DatasetStatus.COMPLETED)


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


@contextmanager
def _opened(home: Path) -> Iterator[Stores]:
    stores = open_stores(law_settings(home).database_url_resolved)
    try:
        yield stores
    finally:
        stores.close()
