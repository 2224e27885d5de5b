"""What an earlier attempt published: proved to be whole and its own; provenance of its records is told again."""

import logging
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from backend.datasets.build_plan import BuildPlan
from backend.datasets.lineage import stored_provenance
from backend.datasets.stages import EXPORTS, WORK, BuildStages, Stage
from shared.models.dataset import RecordProvenance
from shared.storage import CorruptArtefact, read_manifest, verify_folder

logger = logging.getLogger(__name__)

PROVENANCE_BATCH = 1_000


def taken_over(
    stages: BuildStages, plan: BuildPlan, keep_provenance: Callable[[Sequence[RecordProvenance]], None]
) -> Mapping[str, Any] | None:
    """What an earlier attempt told of the records that lie in the plan's folder; None if they must be written anew.

    Whatever else lies there is removed then: without word of how they ended, folders are worth nothing. So are exports
    and a report that are not whole: they are written anew.
    """
    written = stages.facts(Stage.WRITTEN)
    own = {plan.records_dir, plan.quality_dir, plan.lineage_dir}
    if written is None or not all(map(_is_whole, own)) or not _is_told(plan, written):
        _remove(_folders(plan.folder))
        return None
    exports = plan.folder / EXPORTS
    made = {*_folders(plan.folder), *_folders(exports)} - own - {exports}
    _remove(folder for folder in made if folder.name.startswith(".") or not _is_whole(folder))
    provenance = stored_provenance(plan.lineage_dir)
    while batch := list(islice(provenance, PROVENANCE_BATCH)):
        keep_provenance(batch)
    return written


def _folders(room: Path) -> list[Path]:
    return [folder for folder in room.iterdir() if folder.name != WORK] if room.is_dir() else []


def _remove(folders: Iterable[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder)


def _is_whole(folder: Path) -> bool:
    try:
        verify_folder(folder)
    except (CorruptArtefact, OSError) as exc:
        logger.warning("build.folder_damaged", extra={"folder": folder.name, "reason": str(exc)})
        return False
    return True


def _is_told(plan: BuildPlan, written: Mapping[str, Any]) -> bool:
    """Whether the records are those of which there is word."""
    return read_manifest(plan.records_dir).sha256 == str(written["manifest_sha256"])
