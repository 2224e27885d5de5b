"""Records that an earlier attempt wrote: proved to be its own, and their provenance told again."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any

from backend.datasets.build_plan import BuildPlan
from backend.datasets.lineage import stored_provenance
from backend.datasets.stages import WORK, BuildStages, Stage
from shared.models.dataset import RecordProvenance
from shared.storage import CorruptArtefact, verify_folder

PROVENANCE_BATCH = 1_000


def taken_over(
    stages: BuildStages, plan: BuildPlan, keep_provenance: Callable[[Sequence[RecordProvenance]], None]
) -> Mapping[str, Any] | None:
    """What an earlier attempt told of the records that lie in the plan's folder; None if they must be written anew.

    Whatever else lies there is removed then: without word of how they ended, folders are worth nothing.
    """
    written = stages.facts(Stage.WRITTEN)
    if written is None or not _is_whole(plan, written):
        for folder in plan.folder.iterdir():
            if folder.name != WORK:
                shutil.rmtree(folder)
        return None
    provenance = stored_provenance(plan.lineage_dir)
    while batch := list(islice(provenance, PROVENANCE_BATCH)):
        keep_provenance(batch)
    return written


def _is_whole(plan: BuildPlan, written: Mapping[str, Any]) -> bool:
    try:
        verify_folder(plan.lineage_dir)
        return verify_folder(plan.records_dir).sha256 == str(written["manifest_sha256"])
    except CorruptArtefact:
        return False
